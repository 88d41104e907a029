"""A segment of the scan log: up to 256 records, sealed by one signature and chained to the last.

Every minute a segment without records is the heartbeat. What happened to the log itself (an export,
a retention, a fold) is an event in a segment without records. A device's segments are numbered
from 1 in an epoch; a file that was rebuilt begins another epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core import cbor
from scanner.core.errors import LogError
from scanner.core.events import Event, event_of
from scanner.core.hashing import sha256
from scanner.core.merkle import ROOT_BYTES, Hash, merkle_root
from scanner.core.record import RECORD_BYTES
from scanner.core.signed_log import DEVICE_BYTES, Statement, read_map, sign_map

MAX_RECORDS = 256
EPOCH_BYTES = 8
BUCKETS = 16
MAX_SEGMENT_BYTES = 8 * 1024
NO_LINK = bytes(32)
_VERSION = 1


class SegmentField(IntEnum):
    """Keys of the signed map."""

    VERSION = 0
    DEVICE = 1
    EPOCH = 2
    NUMBER = 3
    BOOT = 4
    IS_CLEAN = 5
    CHECKPOINT = 6
    DAY = 7
    MINUTE = 8
    FIRST_SEQ = 9
    COUNT = 10
    ROOT = 11
    PREVIOUS = 12
    COUNTERS = 13
    HISTOGRAM = 14
    FLAGS = 15
    EVENTS = 16


class SegmentFlag(IntFlag):
    """AMBER: over a fifth of ten minutes' scans were undecided. SPACE: the log is 80 % full."""

    AMBER = 1
    SPACE = 2
    LAMP_FAULT = 4
    SIMULATED = 128


@dataclass(frozen=True, slots=True)
class Segment:
    """What stands in a segment.

    boot: how often this device has started. is_clean: whether it had been stopped in order before
    this start. day: days since 1970 where the device stands; minute: since 1970 UTC, floored as
    the records are. counters: what was counted since the segment before. histogram: scans by
    frame → lamp time, bucket n from 2ⁿ ms on (0 also below). previous: SHA-256 of the segment
    before as it was signed, NO_LINK for the first of an epoch.
    """

    device: bytes
    epoch: bytes
    number: int
    boot: int
    is_clean: bool
    checkpoint: str
    day: int
    minute: int
    first_seq: int
    count: int
    root: bytes
    previous: bytes
    counters: dict[str, int] = field(default_factory=dict)
    histogram: tuple[int, ...] = (0,) * BUCKETS
    flags: int = 0
    events: tuple[Event, ...] = ()

    @property
    def next_seq(self) -> int:
        """The first seq that is not in this segment."""
        return self.first_seq + self.count

    def sign(self, key: Ed25519PrivateKey) -> bytes:
        """As it is kept, exported and sent."""
        fields = SegmentField
        return sign_map(
            key,
            Statement.SEGMENT,
            {
                fields.VERSION: _VERSION,
                fields.DEVICE: self.device,
                fields.EPOCH: self.epoch,
                fields.NUMBER: self.number,
                fields.BOOT: self.boot,
                fields.IS_CLEAN: self.is_clean,
                fields.CHECKPOINT: self.checkpoint,
                fields.DAY: self.day,
                fields.MINUTE: self.minute,
                fields.FIRST_SEQ: self.first_seq,
                fields.COUNT: self.count,
                fields.ROOT: self.root,
                fields.PREVIOUS: self.previous,
                fields.COUNTERS: self.counters,
                fields.HISTOGRAM: list(self.histogram),
                fields.FLAGS: self.flags,
                fields.EVENTS: [event.as_map() for event in self.events],
            },
        )


def read_segment(signed: bytes) -> Segment:
    """Its signature not yet checked. Raises LogError."""
    if len(signed) > MAX_SEGMENT_BYTES:
        raise LogError(f"A segment has more than {MAX_SEGMENT_BYTES} bytes. Export the log again.")
    fields = read_map(signed, Statement.SEGMENT)
    if fields.get(SegmentField.VERSION) != _VERSION:
        raise LogError("This segment is of a newer release. Update the scanner.")
    segment = Segment(
        device=_bytes(fields, SegmentField.DEVICE, DEVICE_BYTES),
        epoch=_bytes(fields, SegmentField.EPOCH, EPOCH_BYTES),
        number=_number(fields, SegmentField.NUMBER),
        boot=_number(fields, SegmentField.BOOT),
        is_clean=fields.get(SegmentField.IS_CLEAN) is True,
        checkpoint=_text(fields, SegmentField.CHECKPOINT),
        day=_number(fields, SegmentField.DAY),
        minute=_number(fields, SegmentField.MINUTE),
        first_seq=_number(fields, SegmentField.FIRST_SEQ),
        count=_number(fields, SegmentField.COUNT),
        root=_bytes(fields, SegmentField.ROOT, ROOT_BYTES),
        previous=_bytes(fields, SegmentField.PREVIOUS, ROOT_BYTES),
        counters=_counters(fields),
        histogram=_histogram(fields),
        flags=_number(fields, SegmentField.FLAGS),
        events=_events(fields),
    )
    if segment.count > MAX_RECORDS or segment.number < 1 or segment.first_seq < 1:
        raise LogError("A segment counts in an impossible way. Export the log again.")
    return segment


def link_of(signed: bytes) -> bytes:
    """32 bytes: what the next segment names as `previous`."""
    return sha256(signed)


def is_sealed(segment: Segment, records: list[bytes], hash_: Hash = sha256) -> bool:
    """Whether these are all the records that the segment was sealed over, unchanged, in order."""
    return len(records) == segment.count and merkle_root(records, hash_) == segment.root


def split_records(joined: bytes) -> list[bytes]:
    """Raises LogError when the bytes are no whole number of records."""
    if len(joined) % RECORD_BYTES:
        raise LogError("A record is cut off. Export or send the log again.")
    return [joined[at : at + RECORD_BYTES] for at in range(0, len(joined), RECORD_BYTES)]


def bucket_of(latency_s: float) -> int:
    """0 below 2 ms, 1 below 4 ms … 15 from 32.8 s on."""
    return min(BUCKETS - 1, max(1, int(1000 * latency_s)).bit_length() - 1)


_Fields = dict[int | str, cbor.CborValue]


def _bad(which: SegmentField) -> LogError:
    return LogError(f"A segment has no proper {which.name.lower()}. Export the log again.")


def _number(fields: _Fields, which: SegmentField) -> int:
    value = fields.get(which)
    if type(value) is not int or not 0 <= value < 2**63:
        raise _bad(which)
    return value


def _bytes(fields: _Fields, which: SegmentField, length: int) -> bytes:
    value = fields.get(which)
    if not isinstance(value, bytes) or len(value) != length:
        raise _bad(which)
    return value


def _text(fields: _Fields, which: SegmentField) -> str:
    value = fields.get(which)
    if not isinstance(value, str) or len(value) > 32:
        raise _bad(which)
    return value


def _counters(fields: _Fields) -> dict[str, int]:
    value = fields.get(SegmentField.COUNTERS)
    if not isinstance(value, dict):
        raise _bad(SegmentField.COUNTERS)
    for name, n in value.items():
        if not isinstance(name, str) or len(name) > 32 or type(n) is not int or n < 0:
            raise _bad(SegmentField.COUNTERS)
    return cast("dict[str, int]", value)


def _histogram(fields: _Fields) -> tuple[int, ...]:
    value = fields.get(SegmentField.HISTOGRAM)
    if not isinstance(value, list) or len(value) != BUCKETS:
        raise _bad(SegmentField.HISTOGRAM)
    if any(type(n) is not int or n < 0 for n in value):
        raise _bad(SegmentField.HISTOGRAM)
    return tuple(cast("list[int]", value))


def _events(fields: _Fields) -> tuple[Event, ...]:
    value = fields.get(SegmentField.EVENTS)
    if not isinstance(value, list):
        raise _bad(SegmentField.EVENTS)
    return tuple(event_of(each) for each in value)
