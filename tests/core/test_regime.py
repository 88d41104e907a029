"""The end of the regime: stop when sure, wipe only when surer, and only a newer root delays it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.policy import CheckpointPolicy
from scanner.core.regime import EndDate, RegimeStep, end_after, regime_step

END = datetime(2020, 6, 9, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
A, B, C = ClockLevel.A, ClockLevel.B, ClockLevel.C
KEEP, STOP, WIPE = RegimeStep.KEEP, RegimeStep.STOP, RegimeStep.WIPE


def step(
    now: ClockReading,
    *,
    end: datetime | None = END,
    offline_until: datetime | None = None,
    floor: datetime = END - DAY,
    records_wait: bool = False,
    is_past_reach: bool = False,
) -> RegimeStep:
    """What is done, when one thing of the case is changed."""
    return regime_step(
        end,
        offline_until,
        now,
        floor=floor,
        records_wait=records_wait,
        is_past_reach=is_past_reach,
    )


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (END - SECOND, KEEP),
        (END, STOP),
        (END + DAY - SECOND, STOP),
        (END + DAY, WIPE),
    ],
)
def test_confirmed_clock_stops_at_the_date_and_wipes_a_day_later(
    at: datetime, expected: RegimeStep
) -> None:
    """Level A: the date, and 24 hours more."""
    assert step(ClockReading.exact(at)) is expected


def test_two_witnesses_past_the_reach_stop_and_wipe_nothing() -> None:
    """Two thieves together reach so far; what cannot be undone waits for the floor."""
    far = ClockReading.exact(END + 60 * DAY)
    assert step(far, is_past_reach=True) is STOP
    assert step(far, is_past_reach=True, floor=END + 15 * DAY) is WIPE


@pytest.mark.parametrize("level", [B, C])
def test_unconfirmed_clock_never_wipes_by_its_own_time(level: ClockLevel) -> None:
    """A hand or a code could say anything; what it may do is stop."""
    far = ClockReading(END + 1000 * DAY, None if level is C else END + 1000 * DAY, level)
    assert step(far) is STOP


@pytest.mark.parametrize(
    "now",
    [
        ClockReading(END - SECOND, None, C),
        ClockReading(END - SECOND, END + DAY, B),
        ClockReading(END + 2 * DAY, END - DAY, A),
    ],
)
def test_doubt_goes_on_judging(now: ClockReading) -> None:
    """It stops only when it is sure; an interval inside out proves nothing."""
    assert step(now, floor=END + 100 * DAY) is KEEP


@pytest.mark.parametrize("level", [A, B, C])
def test_without_network_it_wipes_fourteen_days_later(level: ClockLevel) -> None:
    """By the floor, which neither a hand nor a single liar can push there."""
    now = ClockReading(END + 15 * DAY, None if level is C else END + 15 * DAY, level)
    assert step(now, floor=END + 15 * DAY - SECOND, records_wait=True) is STOP
    assert step(now, floor=END + 15 * DAY, records_wait=True) is WIPE


def test_records_that_wait_are_not_wiped_at_once() -> None:
    """After a last upload; or, when nobody takes them, two weeks later."""
    now = ClockReading.exact(END + 3 * DAY)
    assert step(now, records_wait=True) is STOP
    assert step(now, records_wait=False) is WIPE


def test_without_a_date_nothing_ends() -> None:
    """However late it is."""
    assert step(ClockReading.exact(END + 9999 * DAY), end=None) is KEEP


def test_abandoned_device_stops_and_does_not_wipe() -> None:
    """Level C past the expiry of its last offline targets: nobody vouches for it any more."""
    past, before = ClockReading(END, None, C), ClockReading(END - SECOND, None, C)
    assert step(past, end=None, offline_until=END) is STOP
    assert step(past, end=None, offline_until=END, floor=END + 999 * DAY) is STOP
    assert step(before, end=None, offline_until=END) is KEEP
    assert step(ClockReading.exact(END), end=None, offline_until=END) is KEEP
    assert CheckpointPolicy(offline_until=END).has_ended(past)


MOMENTS = st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1))
READINGS = st.builds(ClockReading, MOMENTS, st.none() | MOMENTS, st.sampled_from(ClockLevel))


@given(READINGS, st.none() | MOMENTS, st.none() | MOMENTS, MOMENTS, st.booleans())
def test_wipe_needs_a_date_and_proof(
    now: ClockReading,
    end: datetime | None,
    until: datetime | None,
    floor: datetime,
    waits: bool,
) -> None:
    """Whatever is asked: a wipe is surely past a date, and by level A or by the floor."""
    if step(now, end=end, offline_until=until, floor=floor, records_wait=waits) is not WIPE:
        return
    assert end is not None
    assert now.surely_at_or_after(end)
    assert floor >= end + 15 * DAY or (now.level is A and now.earliest >= end + DAY and not waits)


def dated(days: int, root: int) -> EndDate:
    """So many days from END, by this version of the root."""
    return EndDate(END + days * DAY, root)


@pytest.mark.parametrize(
    ("seen", "offered", "holds"),
    [
        (None, None, None),
        (None, dated(0, 1), dated(0, 1)),
        (dated(0, 1), None, dated(0, 1)),
        (dated(0, 1), dated(5, 1), dated(0, 1)),
        (dated(0, 2), dated(5, 1), dated(0, 2)),
        (dated(0, 2), dated(-5, 1), dated(-5, 1)),
        (dated(0, 1), dated(5, 2), dated(5, 2)),
        (dated(0, 1), dated(-5, 2), dated(-5, 2)),
    ],
)
def test_only_a_newer_root_moves_the_date_later(
    seen: EndDate | None, offered: EndDate | None, holds: EndDate | None
) -> None:
    """The earliest date seen wins; a root that names none does not say that it goes on."""
    assert end_after(seen, offered) == holds
