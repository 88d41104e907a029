"""What loop and reader say to each other, and what neither believes the other."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.reading import Reading
from scanner.vision.messages import (
    MAX_ANSWER_BYTES,
    MAX_PAYLOAD_BYTES,
    MAX_READINGS,
    SLOT_BYTES,
    VERSION,
    Answer,
    ProtocolError,
    Request,
    receive_slots,
    send_slots,
)
from scanner.vision.slots import FrameSlots

CORNERS = ((1, 2), (30, 2), (30, 40), (1, 40))
CODE = [b"MP1:A", [list(corner) for corner in CORNERS]]


def test_a_request_arrives_as_it_was_sent() -> None:
    """Slot, size and number survive the way."""
    request = Request(1, 720, 1280, 7)
    assert Request.decode(request.encode()) == request


@pytest.mark.parametrize(
    "parts",
    [
        [2, 720, 1280, 7],
        [-1, 720, 1280, 7],
        [0, 0, 1280, 7],
        [0, 720, -5, 7],
        [0, 1081, 1920, 7],
        [0, 2**40, 2**40, 7],
        [0, 8193, 1, 7],
        [0, 720, 1280],
        [0, 720, 1280, 7, 7],
        [0, 720.0, 1280, 7],
        [True, 720, 1280, 7],
        [0, 720, 1280, None],
        [0, 720, 1280, 2**63],
        [],
        {"slot": 0},
        b"",
    ],
    ids=repr,
)
def test_a_frame_outside_its_slot_is_refused(parts: object) -> None:
    """Only a frame that lies within a slot is read."""
    with pytest.raises(ProtocolError):
        Request.decode(cbor2.dumps(parts))


@given(
    st.lists(
        st.builds(
            Reading,
            st.binary(max_size=3000),
            st.tuples(*[st.tuples(st.integers(0, 1919), st.integers(0, 1079))] * 4),
        ),
        max_size=MAX_READINGS,
    )
)
def test_an_answer_arrives_as_it_was_sent(readings: list[Reading]) -> None:
    """Payloads and corners survive the way, byte for byte."""
    answer = Answer(5, tuple(readings))
    arrived = Answer.decode(answer.encode())
    assert arrived == answer
    assert arrived.lies_within(1080, 1920)


def test_codes_beyond_the_limit_are_left_out() -> None:
    """Sixteen codes of the largest kind are answered with those that fit."""
    answer = Answer(5, (Reading(b"7" * MAX_PAYLOAD_BYTES, CORNERS),) * MAX_READINGS)
    message = answer.encode()
    assert len(message) <= MAX_ANSWER_BYTES
    assert len(Answer.decode(message).readings) == MAX_ANSWER_BYTES // (MAX_PAYLOAD_BYTES + 40)


def test_a_corner_outside_the_frame_is_noticed() -> None:
    """A frame of 40 × 31 pixels holds the corner (30, 39) but not (30, 40)."""
    answer = Answer(5, (Reading(b"MP1:A", CORNERS),))
    assert answer.lies_within(41, 31)
    assert not answer.lies_within(40, 31)
    assert not answer.lies_within(41, 30)


LIES: dict[str, bytes] = {
    "no CBOR": b"\xff\xff",
    "nothing": b"",
    "a map": cbor2.dumps({0: 1}),
    "an empty array": cbor2.dumps([]),
    "bytes after it": cbor2.dumps([1]) + b"\x00",
    "a number as text": cbor2.dumps(["1", CODE]),
    "a negative number": cbor2.dumps([-1, CODE]),
    "a notice with a code": cbor2.dumps([None, CODE]),
    "a text payload": cbor2.dumps([1, ["MP1:A", CODE[1]]]),
    "no corners": cbor2.dumps([1, [b"MP1:A"]]),
    "three corners": cbor2.dumps([1, [b"MP1:A", [[1, 2]] * 3]]),
    "a corner of three": cbor2.dumps([1, [b"MP1:A", [[1, 2, 3]] * 4]]),
    "a negative corner": cbor2.dumps([1, [b"MP1:A", [[-1, 2]] * 4]]),
    "a fractional corner": cbor2.dumps([1, [b"MP1:A", [[0.5, 2]] * 4]]),
    "a corner that is a number": cbor2.dumps([1, [b"MP1:A", [1, 2, 3, 4]]]),
    "17 codes": cbor2.dumps([1] + [CODE] * 17),
    "a payload too long": cbor2.dumps([1, [b"7" * (MAX_PAYLOAD_BYTES + 1), CODE[1]]]),
    "a message too long": cbor2.dumps([1, [b"7" * MAX_ANSWER_BYTES, CODE[1]]]),
    "a date": cbor2.dumps([cbor2.CBORTag(1, 0), CODE]),
    "a bomb of a number": cbor2.dumps([cbor2.CBORTag(5, [2**40, 1]), CODE]),
    "very deep": b"\x81" * 60000 + b"\x00",
    "an array that claims much": b"\x9b" + b"\xff" * 8,
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_wrong_answer_is_refused(lie: bytes) -> None:
    """What the protocol does not allow is a ProtocolError, whatever it looks like."""
    with pytest.raises(ProtocolError):
        Answer.decode(lie)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_refused(message: bytes) -> None:
    """No bytes raise anything but ProtocolError, on either side."""
    for kind in (Answer, Request):
        with suppress(ProtocolError):
            assert isinstance(kind.decode(message), kind)


@pytest.fixture
def channels() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection: the loop's and the reader's."""
    loop, reader = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with loop, reader:
        yield loop, reader


Channels = tuple[socket.socket, socket.socket]


def test_slots_arrive_with_their_pixels(channels: Channels) -> None:
    """The reader gets the memory that the loop writes to."""
    slots = FrameSlots()
    send_slots(channels[0], slots.fds)
    fds = receive_slots(channels[1])
    assert fds is not None
    assert [os.fstat(fd).st_ino for fd in fds] == [os.fstat(fd).st_ino for fd in slots.fds]
    for fd in fds:
        os.close(fd)
    slots.close()


def test_a_loop_that_has_gone_sends_no_slots(channels: Channels) -> None:
    """A closed connection is no error: the reader may go, too."""
    channels[0].close()
    assert receive_slots(channels[1]) is None


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("kind", ["one slot", "unsealed", "too small", "a file", "other version"])
def test_memory_that_could_hurt_the_reader_is_refused(channels: Channels, kind: str) -> None:
    """Slots that could shrink under the reader's feet are not mapped, their files are closed."""
    slots = FrameSlots()
    unsealed = os.memfd_create("unsealed")
    small = os.memfd_create("small")
    null = os.open(os.devnull, os.O_RDONLY)
    os.ftruncate(unsealed, SLOT_BYTES)
    os.ftruncate(small, 100)
    offered = {
        "one slot": slots.fds[:1],
        "unsealed": [slots.fds[0], unsealed],
        "too small": [slots.fds[0], small],
        "a file": [slots.fds[0], null],
        "other version": slots.fds,
    }[kind]
    version = VERSION + 1 if kind == "other version" else VERSION
    before = _open_files()
    socket.send_fds(channels[0], [cbor2.dumps([version, SLOT_BYTES])], offered)
    with pytest.raises(ProtocolError):
        receive_slots(channels[1])
    assert _open_files() == before
    for fd in (unsealed, small, null):
        os.close(fd)
    slots.close()
