"""What loop and reader say to each other over their Unix socket, and its limits.

    loop → reader   [version, slot bytes] with two memfds (SCM_RIGHTS), once
    reader → loop   [null]: a fresh worker waits; what was asked before is lost
    loop → reader   [slot, height, width, frame number]
    reader → loop   [frame number, [payload, [[x, y] × 4]] …]

One message a packet (SOCK_SEQPACKET), each one strict CBOR array. Neither side trusts the other:
the reader because crafted codes may have taken it over, the loop because a bug is cheaper to find
at the border. Imported by the loop, so no OpenCV here.
"""

from __future__ import annotations

import array
import fcntl
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import cbor2

from scanner.core.cbor import CborError, CborValue
from scanner.core.cbor import decode as decode_cbor
from scanner.core.reading import Point, Reading

VERSION = 1
SLOTS = 2  # the worker may still read the one before when the next frame is written
SLOT_BYTES = 1920 * 1080
MAX_SIDE = 8192
MAX_REQUEST_BYTES = 64
MAX_ANSWER_BYTES = 64 * 1024
MAX_READINGS = 16
MAX_PAYLOAD_BYTES = 7089  # digits in a version 40 code at level L, one byte each
MAX_NUMBER = 2**63 - 1

# Without these seals a reader could shrink a slot and kill the loop with SIGBUS,
# or write into the frame that another worker is about to read.
_SHRINK_GROW = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
_FUTURE_WRITE = 0x0010  # F_SEAL_FUTURE_WRITE, Linux 5.1; not in the fcntl module of 3.11
SEALS = _SHRINK_GROW | _FUTURE_WRITE | fcntl.F_SEAL_SEAL


class ProtocolError(Exception):
    """The other side said what the protocol does not allow; it is not spoken to again."""


@dataclass(frozen=True, slots=True)
class Request:
    """Read the frame of `height` × `width` pixels in this slot."""

    slot: int
    height: int
    width: int
    number: int

    def encode(self) -> bytes:
        return cbor2.dumps([self.slot, self.height, self.width, self.number])

    @classmethod
    def decode(cls, message: bytes) -> Request:
        """Raises ProtocolError unless the frame lies within a slot."""
        slot, height, width, number = (_whole(part) for part in _array(message, 4))
        if slot >= SLOTS or not 0 < height <= MAX_SIDE or not 0 < width <= MAX_SIDE:
            raise ProtocolError("a slot or a size out of range")
        if height * width > SLOT_BYTES:
            raise ProtocolError("a frame larger than a slot")
        return cls(slot, height, width, number)


@dataclass(frozen=True, slots=True)
class Answer:
    """The codes of one frame; `number` None: a fresh worker waits."""

    number: int | None
    readings: tuple[Reading, ...] = ()

    def encode(self) -> bytes:
        """At most 64 KiB: codes that would not fit any more are left out."""
        parts = [[reading.payload, list(reading.corners)] for reading in self.readings]
        while len(message := cbor2.dumps([self.number, *parts])) > MAX_ANSWER_BYTES:
            parts.pop()
        return message

    @classmethod
    def decode(cls, message: bytes) -> Answer:
        """Raises ProtocolError."""
        number, *parts = _array(message)
        if number is None and not parts:
            return cls(None)
        if len(parts) > MAX_READINGS:
            raise ProtocolError("too many codes in one frame")
        return cls(_whole(number), tuple(_reading(part) for part in parts))

    def lies_within(self, height: int, width: int) -> bool:
        """Whether every corner is a pixel of a frame of this size."""
        corners = [corner for reading in self.readings for corner in reading.corners]
        return all(x < width and y < height for x, y in corners)


def _array(message: bytes, length: int | None = None) -> list[CborValue]:
    if len(message) > MAX_ANSWER_BYTES:
        raise ProtocolError("a message beyond the limit")
    try:
        item = decode_cbor(message)
    except CborError as error:
        raise ProtocolError(f"not a message: {error}") from None
    if not isinstance(item, list) or not item or length not in (None, len(item)):
        raise ProtocolError("not an array of the agreed length")
    return item


def _whole(part: CborValue) -> int:
    if type(part) is not int or not 0 <= part <= MAX_NUMBER:
        raise ProtocolError("not a whole number in range")
    return part


def _reading(part: CborValue) -> Reading:
    match part:
        case [bytes(payload), [a, b, c, d]] if len(payload) <= MAX_PAYLOAD_BYTES:
            first, second, third, fourth = (_point(at) for at in (a, b, c, d))
            return Reading(payload, (first, second, third, fourth))
    raise ProtocolError("not a payload with four corners")


def _point(part: CborValue) -> Point:
    if not isinstance(part, list) or len(part) != 2:
        raise ProtocolError("not a point")
    return _whole(part[0]), _whole(part[1])


def send_slots(channel: socket.socket, fds: Sequence[int]) -> None:
    """The loop's first message."""
    message = cbor2.dumps([VERSION, SLOT_BYTES])
    channel.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])


def receive_slots(channel: socket.socket) -> list[int] | None:
    """The two slots' file descriptors, checked; None when the loop has gone. ProtocolError."""
    message, fds, flags, _ = socket.recv_fds(channel, MAX_REQUEST_BYTES, SLOTS)
    if not message and not fds:
        return None
    try:
        version, slot_bytes = (_whole(part) for part in _array(message, 2))
        if (version, slot_bytes) != (VERSION, SLOT_BYTES) or flags & socket.MSG_CTRUNC:
            raise ProtocolError("another version of the protocol")
        if len(fds) != SLOTS or not all(_is_slot(fd) for fd in fds):
            raise ProtocolError("not two sealed frame slots")
    except ProtocolError:
        for fd in fds:
            os.close(fd)
        raise
    return fds


def _is_slot(fd: int) -> bool:
    """Whether it is memory of the right size that nobody can shrink under our feet."""
    try:
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    except OSError:  # EINVAL: not a memfd
        return False
    return seals & _SHRINK_GROW == _SHRINK_GROW and os.fstat(fd).st_size == SLOT_BYTES
