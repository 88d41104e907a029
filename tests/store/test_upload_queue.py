"""What waits for the server, in which order, and what its word changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core.batch import pack_body
from scanner.core.errors import LogError
from scanner.core.reasons import Reason
from scanner.core.receipt import Receipt, unpad_answer
from scanner.core.segment import NO_LINK, read_segment, split_records
from scanner.core.upload import Outgoing, RetryState
from tests.store.queued import DAY_S, NOW_S, SERVER, TAKEN, WAITS, receipt_for, send
from tests.sync.sealed import SERVER_KEY, MemoryServer, SealedDevice


def test_what_waits_comes_in_order_with_its_records(device: SealedDevice) -> None:
    """Segments by number from the first, each with the records that it seals."""
    outgoing = device.queue.outgoing(NOW_S)
    segments = [read_segment(part.segment) for part in outgoing.parts]
    assert (outgoing.first, outgoing.last) == (1, 3)
    assert [segment.count for segment in segments] == [20, 10, 0]
    assert b"".join(part.records for part in outgoing.parts) == b"".join(device.outbox.records())


def test_an_acknowledged_segment_is_not_sent_again(device: SealedDevice) -> None:
    """And what is sealed afterwards follows; nothing is deleted by it."""
    server = MemoryServer()
    send(device, server)
    assert device.queue.outgoing(NOW_S).parts == ()
    device.seal()
    assert send(device, server).first == 4
    assert device.states() == [TAKEN] * 4
    assert len(device.records()) == 30


def test_nothing_to_send_is_acknowledged_too(tmp_path: Path) -> None:
    """A body goes each minute, also before the first segment."""
    device = SealedDevice(tmp_path)
    assert send(device, MemoryServer()).parts == ()
    assert device.queue.status().receipt != b""


def test_open_records_wait_until_they_are_sealed(device: SealedDevice) -> None:
    """What no segment holds is not sent."""
    device.scan(5)
    outgoing = device.queue.outgoing(NOW_S)
    assert sum(len(part.records) for part in outgoing.parts) == 30 * 16


def test_backlog_says_that_there_is_more(tmp_path: Path) -> None:
    """More than may fit a body is not even read."""
    device = SealedDevice(tmp_path)
    device.seal_minutes(400)
    outgoing = device.queue.outgoing(NOW_S)
    assert (outgoing.first, outgoing.has_more) == (1, True)
    assert len(outgoing.parts) < 300
    server = MemoryServer()
    batches = [send(device, server)]
    while batches[-1].has_more:
        batches.append(send(device, server))
    assert sum(len(batch.parts) for batch in batches) == 400


def test_folded_records_go_as_far_as_they_were_kept(device: SealedDevice) -> None:
    """Their segments come alone; the refusals that stayed come with the fold."""
    refused = [body for seq, body in device.records().items() if seq > 20]
    device.fold(1, 30)
    parts = device.queue.outgoing(NOW_S).parts
    assert [part.records for part in parts[:3]] == [b"", b"".join(refused), b""]
    assert split_records(parts[3].records) == refused


def test_fold_of_a_fold_brings_what_is_there_now(device: SealedDevice) -> None:
    """The first fold's records are gone; only the last one has any."""
    device.scan(5, Reason.EXPIRED)
    device.seal(whole=True)
    device.fold(1, 35)
    device.queue._db.execute("DELETE FROM record WHERE seq BETWEEN 21 AND 30")
    device.fold(1, 35)
    parts = device.queue.outgoing(NOW_S).parts
    assert [len(part.records) // 16 for part in parts] == [0, 0, 0, 5, 0, 5]


FOREIGN: dict[str, Callable[[Receipt], Receipt]] = {
    "another device": lambda receipt: replace(receipt, device=bytes(8)),
    "another epoch": lambda receipt: replace(receipt, epoch=bytes(8)),
    "another segment": lambda receipt: replace(receipt, link=bytes(range(32))),
    "another last record": lambda receipt: replace(receipt, seq=receipt.seq + 1),
    "a segment not made yet": lambda receipt: replace(receipt, segment=99),
    "nothing, and yet records": lambda receipt: replace(receipt, segment=0, link=NO_LINK),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_word_about_another_log_changes_nothing(device: SealedDevice, what: str) -> None:
    """It is a loud fault, and every record still waits."""
    sent = device.queue.outgoing(NOW_S)
    signed = FOREIGN[what](receipt_for(device, 2)).sign(SERVER_KEY)
    with pytest.raises(LogError, match="not about this log"):
        device.queue.acknowledge(signed, SERVER, sent)
    assert device.queue.outgoing(NOW_S) == sent
    assert device.queue.status().receipt == b""


def test_word_of_another_server_changes_nothing(device: SealedDevice) -> None:
    """Only the key of the enrolment counts."""
    sent = device.queue.outgoing(NOW_S)
    signed = receipt_for(device, 3).sign(Ed25519PrivateKey.from_private_bytes(b"x" * 32))
    with pytest.raises(LogError, match="not signed"):
        device.queue.acknowledge(signed, SERVER, sent)
    assert device.queue.outgoing(NOW_S) == sent


def test_older_word_does_not_take_back_a_newer_one(device: SealedDevice) -> None:
    """A server that has less than before has lost records: nobody may miss that."""
    sent, older = device.queue.outgoing(NOW_S), receipt_for(device, 1).sign(SERVER_KEY)
    newer = receipt_for(device, 3).sign(SERVER_KEY)
    device.queue.acknowledge(newer, SERVER, sent)
    with pytest.raises(LogError, match="had 3"):
        device.queue.acknowledge(older, SERVER, Outgoing())
    assert device.queue.status().receipt == newer


def test_server_that_keeps_nothing_is_found_out(device: SealedDevice) -> None:
    """An answer of "taken" without the records in the receipt is a fault, not a success."""
    sent = device.queue.outgoing(NOW_S)
    nothing = replace(receipt_for(device, 1), segment=0, seq=0, link=NO_LINK).sign(SERVER_KEY)
    with pytest.raises(LogError, match="does not keep"):
        device.queue.acknowledge(nothing, SERVER, sent)
    assert device.states() == [WAITS] * 3


def test_what_a_server_forgot_behind_a_gap_is_sent_again(device: SealedDevice) -> None:
    """It said "taken" without a receipt; only the receipt is believed in the end."""
    server = MemoryServer()
    device.queue.set_aside(device.queue.outgoing(NOW_S).cut(1), 400, NOW_S)
    send(device, server)
    log = next(iter(server.segments))
    server.segments[log].clear()
    send(device, server, NOW_S + DAY_S)
    assert device.states() == [TAKEN, WAITS, WAITS]
    assert send(device, server).first == 2
    assert device.states() == [TAKEN] * 3


def test_receipt_outlives_the_segments_it_covers(device: SealedDevice) -> None:
    """Days that are over are removed; the server's word about them is still understood."""
    server = MemoryServer()
    send(device, server)
    device.seal()
    send(device, server)
    device.seal()
    device.queue._db.execute("DELETE FROM segment WHERE number < 4")
    assert send(device, server).first == 5
    device.queue._db.execute("DELETE FROM segment")
    assert send(device, server).parts == ()


def test_receipt_for_what_was_removed_unsent_hangs_on_the_next(device: SealedDevice) -> None:
    """Segments that were removed before any receipt are told by the first that is left."""
    server = MemoryServer()
    sent = device.queue.outgoing(NOW_S).cut(2)
    body, _ = pack_body(device.key, device.queue.epoch, sent.parts)
    answer = unpad_answer(server.take(body)[1])
    device.queue._db.execute("DELETE FROM segment WHERE number < 3")
    device.queue.acknowledge(answer, SERVER, sent)
    assert device.queue.outgoing(NOW_S).first == 3


def test_new_server_gets_everything_that_is_left(device: SealedDevice) -> None:
    """Receipts of the one before are forgotten."""
    send(device, MemoryServer())
    device.queue.send_all_again()
    assert device.states() == [WAITS] * 3
    assert device.queue.status().receipt == b""
    other = MemoryServer()
    assert send(device, other).first == 1
    assert len(other.written) == 30


def test_retry_state_survives_a_restart(device: SealedDevice) -> None:
    """With what went wrong; a success clears both, and the receipt stays through failures."""
    send(device, MemoryServer())
    receipt = device.queue.status().receipt
    state = RetryState(3, 7.5, "a" * 32, 100.25)
    device.queue.keep_retry(state, "no network")
    device.queue.keep_retry(replace(state, boot_s=200.0), None)
    other = SealedDevice(device.folder)
    assert other.queue.retry() == replace(state, boot_s=200.0)
    assert (other.queue.status().fault, other.queue.status().receipt) == ("no network", receipt)
    device.seal()
    server = MemoryServer()
    device.queue.send_all_again()
    send(device, server)
    assert other.queue.retry() == RetryState()
    assert other.queue.status().fault == ""


def test_status_counts_what_waits(device: SealedDevice) -> None:
    """Segments and the records in them; what is set aside counts apart."""
    status = device.queue.status()
    assert (status.segments, status.records, status.receipt) == (3, 30, b"")
    device.queue.set_aside(device.queue.outgoing(NOW_S).cut(1), 400, NOW_S)
    status = device.queue.status()
    assert (status.segments, status.records, len(status.aside)) == (2, 10, 1)
