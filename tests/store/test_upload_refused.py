"""Batches that a server refuses: set aside, offered again, and never in the way of others."""

from __future__ import annotations

import pytest

from scanner.core.batch import pack_body
from scanner.core.receipt import unpad_answer
from tests.store.queued import ASIDE, BEYOND, DAY_S, NOW_S, SERVER, TAKEN, receipt_for, send
from tests.sync.sealed import SERVER_KEY, MemoryServer, SealedDevice


def test_part_of_a_batch_may_be_taken(device: SealedDevice) -> None:
    """What the receipt leaves out is sent again."""
    sent = device.queue.outgoing(NOW_S)
    device.queue.acknowledge(receipt_for(device, 2).sign(SERVER_KEY), SERVER, sent)
    assert device.queue.outgoing(NOW_S).first == 3


def test_refused_batch_stays_and_the_rest_goes_on(device: SealedDevice) -> None:
    """It is not deleted, not forgotten and not in the way."""
    server = MemoryServer()
    device.queue.set_aside(device.queue.outgoing(NOW_S).cut(1), 400, NOW_S)
    assert send(device, server).first == 2
    assert device.states() == [ASIDE, BEYOND, BEYOND]
    device.seal()
    assert send(device, server).first == 4
    assert [batch.status for batch in device.queue.status().aside] == [400]
    assert len(device.records()) == 30


@pytest.mark.parametrize("direction", [1, -1])
def test_refused_batch_is_offered_again_after_a_day(device: SealedDevice, direction: int) -> None:
    """Once it is taken the receipt goes past it; a clock that was set back keeps nobody waiting."""
    server = MemoryServer()
    device.queue.set_aside(device.queue.outgoing(NOW_S).cut(1), 400, NOW_S)
    send(device, server)
    assert device.queue.outgoing(NOW_S + direction * (DAY_S - 1)).parts == ()
    again = send(device, server, NOW_S + direction * DAY_S)
    assert (again.first, again.last, again.is_again) == (1, 1, True)
    assert device.states() == [TAKEN] * 3
    assert device.queue.status().aside == ()


def test_one_that_is_taken_brings_the_others(device: SealedDevice) -> None:
    """When the reason is gone, nobody waits another day for each of many batches."""
    server = MemoryServer()
    for day in range(3):
        device.queue.set_aside(device.queue.outgoing(NOW_S).cut(1), 413, NOW_S + day * 100)
    later = NOW_S + DAY_S
    assert [send(device, server, later).first for _ in range(3)] == [1, 2, 3]
    assert device.states() == [TAKEN] * 3


def test_batch_that_is_refused_again_waits_another_day(device: SealedDevice) -> None:
    """With the newer status, and still as one batch."""
    device.queue.set_aside(device.queue.outgoing(NOW_S), 400, NOW_S)
    again = device.queue.outgoing(NOW_S + DAY_S)
    device.queue.set_aside(again, 422, NOW_S + DAY_S)
    (batch,) = device.queue.status().aside
    assert (batch.first, batch.last, batch.status, batch.at) == (1, 3, 422, NOW_S + DAY_S)
    assert device.queue.outgoing(NOW_S + DAY_S).parts == ()


def test_rest_of_a_refused_batch_stays_set_aside(device: SealedDevice) -> None:
    """Where less fits a body than did before."""
    server = MemoryServer()
    device.queue.set_aside(device.queue.outgoing(NOW_S), 400, NOW_S)
    again = device.queue.outgoing(NOW_S + DAY_S).cut(1)
    body, _ = pack_body(device.key, device.queue.epoch, again.parts)
    answer = unpad_answer(server.take(body)[1])
    device.queue.acknowledge(answer, SERVER, again)
    (rest,) = device.queue.status().aside
    assert (rest.first, rest.last) == (2, 3)
    assert send(device, server, NOW_S + DAY_S).first == 2


def test_batch_that_was_removed_is_not_shown_as_set_aside(device: SealedDevice) -> None:
    """Its time was over; nothing is left to offer."""
    device.queue.set_aside(device.queue.outgoing(NOW_S).cut(1), 400, NOW_S)
    device.queue._db.execute("DELETE FROM segment WHERE number = 1")
    assert device.queue.status().aside == ()
    assert device.queue.outgoing(NOW_S + DAY_S).first == 2
