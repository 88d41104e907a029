"""A segment says what it seals, and nothing else passes for one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.errors import LogError
from scanner.core.events import Event, SetAside
from scanner.core.segment import (
    BUCKETS,
    MAX_SEGMENT_BYTES,
    Segment,
    SegmentField,
    bucket_of,
    is_sealed,
    link_of,
    read_segment,
    split_records,
)
from scanner.core.signed_log import Statement, read_map, sign_map
from tests.core.chains import MINUTE, Chain, a_record, device_key

KEY = device_key()


def a_segment() -> tuple[Segment, bytes, list[bytes]]:
    chain = Chain(KEY)
    chain.seal(MINUTE)
    segment = chain.seal(
        MINUTE,
        [a_record(MINUTE)] * 3,
        counters={"NOT_A_PASS": 4},
        histogram=(0, 3, *[0] * 14),
        flags=1,
        events=[Event(SetAside(1, 2, 422))],
    )
    return segment, chain.segments[-1], list(chain.records.values())


SEGMENT, SIGNED, RECORDS = a_segment()


def test_segment_survives_the_round_trip() -> None:
    """Every field, events as well."""
    assert read_segment(SIGNED) == SEGMENT
    assert SEGMENT.next_seq == 4


@pytest.mark.parametrize(
    ("which", "value"),
    [
        (SegmentField.VERSION, 2),
        (SegmentField.DEVICE, b"short"),
        (SegmentField.EPOCH, "an epoch"),
        (SegmentField.NUMBER, 0),
        (SegmentField.NUMBER, "1"),
        (SegmentField.NUMBER, 2**63),
        (SegmentField.BOOT, True),
        (SegmentField.CHECKPOINT, "x" * 33),
        (SegmentField.CHECKPOINT, b"bridge"),
        (SegmentField.DAY, -1),
        (SegmentField.FIRST_SEQ, 0),
        (SegmentField.COUNT, 257),
        (SegmentField.ROOT, bytes(31)),
        (SegmentField.PREVIOUS, None),
        (SegmentField.COUNTERS, []),
        (SegmentField.COUNTERS, {1: 1}),
        (SegmentField.COUNTERS, {"x" * 33: 1}),
        (SegmentField.COUNTERS, {"x": -1}),
        (SegmentField.COUNTERS, {"x": "1"}),
        (SegmentField.HISTOGRAM, [0] * 15),
        (SegmentField.HISTOGRAM, [*[0] * 15, -1]),
        (SegmentField.HISTOGRAM, 0),
        (SegmentField.FLAGS, -1),
        (SegmentField.EVENTS, {}),
        (SegmentField.EVENTS, [{"what": "party"}]),
    ],
)
def test_wrong_field_is_refused(which: SegmentField, value: object) -> None:
    """Signed by the device or not."""
    fields = {**read_map(SIGNED, Statement.SEGMENT), which: value}
    with pytest.raises(LogError):
        read_segment(sign_map(KEY, Statement.SEGMENT, fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("which", list(SegmentField))
def test_missing_field_is_refused(which: SegmentField) -> None:
    """But for one that is only ever true when it is there: a start counts as unclean without."""
    fields = {
        key: part for key, part in read_map(SIGNED, Statement.SEGMENT).items() if key != which
    }
    signed = sign_map(KEY, Statement.SEGMENT, fields)  # type: ignore[arg-type]
    if which is SegmentField.IS_CLEAN:
        assert read_segment(signed) == replace(SEGMENT, is_clean=False)
        return
    with pytest.raises(LogError):
        read_segment(signed)


def test_segment_beyond_its_size_is_refused_unread() -> None:
    """Whatever it holds."""
    with pytest.raises(LogError, match="more than"):
        read_segment(bytes(MAX_SEGMENT_BYTES + 1))


@given(st.binary(max_size=300))
def test_garbage_is_an_error_of_ours(garbage: bytes) -> None:
    """No other exception leaves the reader."""
    with pytest.raises(LogError):
        read_segment(garbage)


def test_records_are_sealed_whole_unchanged_and_in_order() -> None:
    """One that is absent, changed, moved or added breaks the seal."""
    assert is_sealed(SEGMENT, RECORDS)
    changed = [RECORDS[0][:-1] + b"\xff", *RECORDS[1:]]
    for wrong in (RECORDS[:-1], [*RECORDS, RECORDS[0]], RECORDS[::-1], changed, []):
        assert not is_sealed(SEGMENT, wrong)


def test_joined_records_are_split_only_when_they_are_whole() -> None:
    """A part of a record is an error."""
    assert split_records(b"".join(RECORDS)) == RECORDS
    with pytest.raises(LogError, match="cut off"):
        split_records(RECORDS[0][:-1])


def test_link_is_the_hash_of_what_was_signed() -> None:
    """So the next segment hangs on every byte of it."""
    assert len(link_of(SIGNED)) == 32
    assert link_of(SIGNED) != link_of(SIGNED[:-1])


@pytest.mark.parametrize(
    ("latency_s", "bucket"),
    [(-1, 0), (0, 0), (0.0019, 0), (0.002, 1), (0.0039, 1), (0.004, 2), (0.1, 6), (32.767, 14),
     (32.768, 15), (1e6, 15)],
)  # fmt: skip
def test_bucket_doubles_from_two_milliseconds(latency_s: float, bucket: int) -> None:
    """0 below 2 ms, 15 from 32.8 s on."""
    assert bucket_of(latency_s) == bucket
    assert 0 <= bucket < BUCKETS
