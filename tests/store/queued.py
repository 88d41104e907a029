"""A device whose log is sent, and a server in memory."""

from __future__ import annotations

from scanner.core.batch import pack_body
from scanner.core.receipt import Receipt, unpad_answer
from scanner.core.segment import link_of, read_segment
from scanner.core.signed_log import device_of, public_bytes
from scanner.core.upload import Outgoing
from scanner.store.upload_queue import SegmentState
from tests.sync.sealed import SERVER_KEY, MemoryServer, SealedDevice

DAY_S = 24 * 3600
NOW_S = 1_588_150_000
SERVER = SERVER_KEY.public_key()
WAITS, TAKEN, ASIDE, BEYOND = SegmentState


def send(device: SealedDevice, server: MemoryServer, now_s: int = NOW_S) -> Outgoing:
    """One body and its answer."""
    outgoing = device.queue.outgoing(now_s)
    body, count = pack_body(device.key, device.queue.epoch, outgoing.parts)
    status, answer = server.take(body)
    assert status == 200
    sent = outgoing.cut(count)
    device.queue.acknowledge(unpad_answer(answer), SERVER, sent)
    return sent


def receipt_for(device: SealedDevice, number: int) -> Receipt:
    """As an honest server would sign it for a segment."""
    part = device.queue.outgoing(NOW_S).parts[number - 1]
    return Receipt(
        device_of(public_bytes(device.key)),
        device.queue.epoch,
        number,
        read_segment(part.segment).next_seq - 1,
        link_of(part.segment),
        NOW_S,
    )
