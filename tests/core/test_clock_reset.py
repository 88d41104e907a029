"""The clock-reset: strict in what it says, short-lived, and the end of what was held before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.clock_reset import LIFE, SLACK, ClockReset, newest_reset, parse_clock_reset
from scanner.core.errors import TimeError, UpdateError
from scanner.core.held_time import Held
from scanner.core.time_bounds import Base, TimeBounds
from scanner.core.time_memory import Tick, TimeMemory
from scanner.core.timekeeping import Timekeeper
from scanner.core.update import parse_target_name

NOON = datetime(2026, 5, 12, 12, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RESET = ClockReset(7, NOON)
FAR = NOON + 40 * DAY


def test_reset_reads_as_it_was_signed() -> None:
    """Two fields, and the number stands in the name too."""
    assert RESET.name == "clock-reset-7"
    assert parse_clock_reset(RESET.name, RESET.encode()) == RESET
    assert parse_clock_reset("clock-reset-7", b'{"version": 7, "floor": 1778587200}') == RESET


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"version": 7}',
        b'{"floor": 1778587200}',
        b'{"version": 7, "floor": 1778587200, "until": 1778590000}',
        b'{"version": 7, "floor": 1778587200, "floor": 1}',
        b'{"version": 7, "floor": 1778587200.5}',
        b'{"version": "7", "floor": 1778587200}',
        b'{"version": 7, "floor": 0}',
        b'{"version": 7, "floor": 99999999999999}',
        b'{"version": 8, "floor": 1778587200}',
        b"\xff",
    ],
)
def test_reset_that_says_anything_else_is_refused(text: bytes) -> None:
    """An unknown field is a wish that this version would not fulfil; what to do comes first."""
    with pytest.raises(UpdateError, match=r"^Have another clock-reset signed .*clock-reset-7"):
        parse_clock_reset("clock-reset-7", text)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    """Nothing but UpdateError comes out, and hardly any bytes are a reset."""
    with pytest.raises(UpdateError):
        parse_clock_reset("clock-reset-7", text)


def test_reset_lives_for_thirty_days() -> None:
    """From five minutes before its time, for clocks that differ; to the second."""
    for at in (NOON - SLACK, NOON, NOON + LIFE):
        RESET.check_alive(at)
    for at in (NOON - SLACK - SECOND, NOON + LIFE + SECOND):
        with pytest.raises(UpdateError, match=f"30 days from 2026-05-12, and it is {at:%Y-%m-%d}"):
            RESET.check_alive(at)


def test_newest_reset_is_found_by_its_number() -> None:
    """Not by the order of letters, and nothing that merely looks like one counts."""
    names = ["clock-reset-9", "clock-reset-10", "clock-reset-011", "clock-reset-x", "keys-99-0"]
    assert newest_reset(names) == (10, "clock-reset-10")
    assert newest_reset(["clock-reset-0", "clock-reset-1-2", "a-clock-reset-3"]) is None


def test_reset_is_no_list() -> None:
    """A release that does not know the name leaves it alone, as with all names of later ones."""
    assert parse_target_name("clock-reset-7") is None


def lost(boot_s: float) -> Tick:
    """A board without network in 1970."""
    return Tick(datetime.fromtimestamp(boot_s, UTC), boot_s)


def pushed() -> Timekeeper:
    """Forty days ahead, and everything it knows says so."""
    held = Held.from_code(FAR, 10.0)
    bounds = TimeBounds(FAR, Base(FAR - DAY, 0.0), NOON + 60 * DAY)
    return Timekeeper(TimeMemory(bounds, FAR, FAR, FAR, held))


def test_nothing_known_before_a_reset_counts_after_it() -> None:
    """Held time, signed times, the floor: the clock begins with what was stored then."""
    keeper = pushed()
    assert keeper.read(lost(20.0)).level is ClockLevel.B
    stored = TimeMemory(TimeBounds(NOON, Base(NOON, 15.0), NOON + 60 * DAY), resets=1)
    keeper.learn(stored, lost(20.0))
    assert keeper.memory == stored
    assert keeper.read(lost(20.0)) == ClockReading(NOON, None, ClockLevel.C)
    keeper.take_time_code(NOON + HOUR, lost(30.0))
    assert keeper.read(lost(30.0)).earliest == NOON + HOUR


def test_jump_and_witness_go_with_the_reset() -> None:
    """What the lie did to the system is no jump of the time that comes after it."""
    keeper = Timekeeper(replace(pushed().memory, held=Held.exactly(FAR, 10.0)))
    with pytest.raises(TimeError):
        keeper.hear_signed(FAR + 10 * DAY, lost(20.0))
    right = Tick(NOON + MINUTE, 80.0, is_disciplined=True)
    assert keeper.read(right).level is ClockLevel.C
    bounds = TimeBounds(NOON, Base(NOON, 15.0), NOON + 60 * DAY)
    keeper.learn(TimeMemory(bounds, resets=1), right)
    keeper.hear_signed(NOON, right)
    assert keeper.read(right) == ClockReading.exact(NOON + MINUTE, ClockLevel.A)
    assert keeper.future is None


def test_stored_memory_of_the_same_reset_lowers_nothing() -> None:
    """Only a number that is new does."""
    keeper = Timekeeper(replace(pushed().memory, resets=1))
    keeper.learn(TimeMemory(TimeBounds(NOON, Base(NOON, 15.0)), resets=1), lost(20.0))
    assert keeper.memory.bounds.floor == FAR
