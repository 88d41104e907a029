"""The scan record: 16 bytes, and nothing else."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.facts import Facts, Seen
from scanner.core.policy import CheckpointPolicy, LogPolicy
from scanner.core.reasons import Notice, Outcome, Reason
from scanner.core.record import (
    RECORD_BYTES,
    RecordFlag,
    ScanRecord,
    floored_minute,
    local_day,
    pack_row,
    record_of,
    takes_record,
    unpack,
    unpack_rows,
)
from scanner.core.verdict import Verdict
from tests.core.example import AT, FACTS, FRESH, NOW, POLICY, a_pass

# seq 0x04030201, minute 26 469 690, REFUSE, REVOKED, issuer 7, level B + list old + typed, list 5
RECORD = ScanRecord(26_469_690, Outcome.REFUSE, Reason.REVOKED, 7, 1 | 4 | 32, 5)
BYTES = bytes.fromhex("01020304 3ae59301 02 1e 07 25 05000000")
U32 = st.integers(0, 2**32 - 1)


def test_the_layout_is_that_of_the_formats() -> None:
    """seq, minute, outcome, reason, issuer, flags, list version; little-endian, 16 bytes."""
    assert RECORD.pack(0x04030201) == BYTES
    assert unpack(BYTES) == (0x04030201, RECORD)
    assert RECORD_BYTES == len(BYTES) == 16


@given(
    U32,
    st.builds(
        ScanRecord,
        U32,
        st.sampled_from(Outcome),
        st.sampled_from(Reason),
        st.integers(0, 255),
        st.integers(0, 255),
        U32,
    ),
)
def test_a_record_survives_the_round_trip(seq: int, record: ScanRecord) -> None:
    """Whatever it says."""
    assert unpack(record.pack(seq)) == (seq, record)


@pytest.mark.parametrize(
    "packed",
    [b"", BYTES[:-1], BYTES + b"\0", BYTES[:8] + b"\x09" + BYTES[9:], BYTES[:9] + b"\xff" * 7],
)
def test_what_is_no_record_is_refused(packed: bytes) -> None:
    """Other lengths, unknown outcomes, unknown reasons."""
    with pytest.raises(ValueError, match=r"."):
        unpack(packed)


def test_a_record_holds_no_identity() -> None:
    """These fields, and no other, are all that is kept of a scan."""
    assert [field.name for field in fields(ScanRecord)] == [
        "minute", "outcome", "reason", "issuer_no", "flags", "list_version",
    ]  # fmt: skip


def test_two_people_leave_the_same_bytes() -> None:
    """Same issuer, same minute, same outcome: the record does not tell them apart."""
    anna = a_pass(cti=b"a" * 16, holder_ref=b"anna-ref", index=1, plate="A123BC77", district=1)
    boris = a_pass(cti=b"b" * 16, index=2, purpose=3, batch=9)
    records = [
        record_of(Verdict(Reason.OK, pass_=person, facts=FACTS), POLICY, NOW)
        for person in (anna, boris)
    ]
    assert records[0] == records[1]


@pytest.mark.parametrize(
    ("floor_min", "clock", "expected"),
    [(15, "09:44", "09:30"), (15, "09:30", "09:30"), (5, "09:44", "09:40"), (1, "09:44", "09:44")],
)
def test_the_minute_is_floored_by_the_policy(floor_min: int, clock: str, expected: str) -> None:
    """A quarter of an hour by default."""
    at, floored = (
        datetime.fromisoformat(f"2020-04-29T{time}:59+00:00") for time in (clock, expected)
    )
    policy = CheckpointPolicy(log=LogPolicy(floor_min=floor_min))
    record = record_of(Verdict(Reason.EXPIRED), policy, ClockReading.exact(at))
    assert record.minute == int(floored.timestamp()) // 60


@pytest.mark.parametrize(
    ("year", "expected"), [(1, 0), (1969, 0), (1970, 0), (9999, 4_222_846_080)]
)
def test_any_year_gives_a_minute_that_fits(year: int, expected: int) -> None:
    """Before 1970 it is 1970; in the year 9999 it still fits in 32 bits."""
    minute = floored_minute(datetime(year, 1, 1, tzinfo=UTC), 15)
    assert minute == expected
    assert unpack(replace(RECORD, minute=minute).pack(0))[1].minute == expected


def test_the_day_is_that_of_the_place() -> None:
    """Moscow is three hours ahead: its day begins at 21:00Z, and the first day is 0."""
    at, zone = datetime(2020, 4, 28, 20, 59, tzinfo=UTC), ZoneInfo("Europe/Moscow")
    assert local_day(at, zone) + 1 == local_day(at + timedelta(minutes=1), zone)
    assert local_day(datetime(1970, 1, 1, tzinfo=UTC), UTC) == 0


@pytest.mark.parametrize("level", list(ClockLevel))
def test_the_lowest_bits_are_the_clock_level(level: ClockLevel) -> None:
    """A 0, B 1, C 2."""
    record = record_of(Verdict(Reason.CLOCK), POLICY, ClockReading(AT, None, level))
    assert record.flags == int(level)


@pytest.mark.parametrize(
    ("verdict", "flag"),
    [
        (Verdict(Reason.OK, facts=Facts(replace(FRESH, status_age_s=1e6))), RecordFlag.LIST_OLD),
        (Verdict(Reason.OK, facts=replace(FACTS, seen=Seen(ago_s=5))), RecordFlag.SEEN_BEFORE),
        (Verdict(Reason.OK, (Notice.EXTENDED,), facts=FACTS), RecordFlag.EXTENDED),
        (Verdict(Reason.OK, (Notice.CLOCK_HELD,), facts=FACTS), RecordFlag(0)),
        (Verdict(Reason.NO_LISTS, facts=Facts()), RecordFlag(0)),
    ],
)
def test_flags_tell_the_state_of_the_device(verdict: Verdict, flag: RecordFlag) -> None:
    """List old, seen before, extended by rule."""
    assert record_of(verdict, POLICY, NOW).flags == flag
    extra = RecordFlag.TYPED | RecordFlag.SIMULATED
    assert record_of(verdict, POLICY, NOW, extra).flags == flag | 32 | 128


def test_the_values_of_the_flags_are_fixed() -> None:
    """Bits 2 to 7."""
    assert [(flag.name, int(flag)) for flag in RecordFlag] == [
        ("LIST_OLD", 4), ("SEEN_BEFORE", 8), ("EXTENDED", 16), ("TYPED", 32), ("LAMP_FAULT", 64),
        ("SIMULATED", 128),
    ]  # fmt: skip


def test_issuer_and_list_are_told_only_where_they_are_known() -> None:
    """A code that did not open has neither."""
    known = record_of(Verdict(Reason.OK, pass_=a_pass(), facts=FACTS), POLICY, NOW)
    unknown = record_of(Verdict(Reason.UNKNOWN_KEY), POLICY, NOW)
    assert [(r.issuer_no, r.list_version) for r in (known, unknown)] == [(7, 5), (0, 0)]


def test_only_what_was_judged_takes_a_record() -> None:
    """The rest is counted by the hour."""
    without = {reason.name for reason in Reason if not takes_record(reason)}
    assert without == {
        "MALFORMED", "TOO_LARGE", "FORGED", "NOT_A_PASS", "SPECIMEN", "REGIME_ENDED", "UNREADABLE",
    }  # fmt: skip


def test_rows_hold_the_same_as_records() -> None:
    """In the order of the bytes; none at all is fine."""
    rows = unpack_rows(BYTES + RECORD.pack(9))
    assert rows == [(seq, 26_469_690, 2, 30, 7, 37, 5) for seq in (0x04030201, 9)]
    assert b"".join(map(pack_row, rows)) == BYTES + RECORD.pack(9)
    assert unpack_rows(b"") == []


@pytest.mark.parametrize("at", [8, 9])
def test_rows_are_refused_as_records_are(at: int) -> None:
    """Lengths that do not fit, unknown outcomes and reasons, also of one among others."""
    spoilt = BYTES[:at] + b"\xfe" + BYTES[at + 1 :]
    with pytest.raises(ValueError, match="unknown code 254"):
        unpack_rows(BYTES + spoilt)
    with pytest.raises(ValueError, match="cut off"):
        unpack_rows(BYTES + spoilt[:-1])
