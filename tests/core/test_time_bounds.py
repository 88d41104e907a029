"""What may raise the floor of time: no online key and no time server pushes it far."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.errors import TimeError
from scanner.core.time_bounds import AHEAD, NEVER_SET, Base, TimeBounds, TimeSource

FLOOR = datetime(2020, 4, 29, tzinfo=UTC)
UNTIL = FLOOR + timedelta(days=60)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
BOUNDS = TimeBounds(FLOOR, Base(FLOOR, 0.0), UNTIL)
ONLINE = [
    TimeSource.ONLINE,
    TimeSource.NTP,
    TimeSource.ENROLMENT,
    TimeSource.TIME_CODE,
    TimeSource.RTC,
]
YEARS = 10 * 366 * 86400.0


def after(bounds: TimeBounds, source: TimeSource, at: datetime, boot_s: float = 0.0) -> TimeBounds:
    """The bounds after a claim, taken or not."""
    try:
        return bounds.raised(source, at, boot_s)
    except TimeError:
        return bounds


@pytest.mark.parametrize("source", ONLINE)
def test_claim_reaches_48_hours_past_floor_and_uptime(source: TimeSource) -> None:
    """To the second it raises the floor; a second more is E-CLOCK-FUTURE, and nothing moves."""
    uptime_s = 3600.0
    most = FLOOR + AHEAD + HOUR
    assert BOUNDS.raised(source, most, uptime_s).floor == most
    with pytest.raises(TimeError):
        BOUNDS.raised(source, most + SECOND, uptime_s)


@pytest.mark.parametrize("source", ONLINE)
def test_claim_never_passes_the_offline_expiry(source: TimeSource) -> None:
    """However long the device has run."""
    uptime_s = 365 * 86400.0
    assert BOUNDS.raised(source, UNTIL, uptime_s).floor == UNTIL
    with pytest.raises(TimeError):
        BOUNDS.raised(source, UNTIL + SECOND, uptime_s)


@pytest.mark.parametrize("source", [TimeSource.HAND, TimeSource.PASS])
def test_hand_and_pass_never_raise_it(source: TimeSource) -> None:
    """A pass's iat is what a holder shows; a hand may be wrong."""
    assert BOUNDS.raised(source, FLOOR + HOUR, 0.0) is BOUNDS


def test_offline_keys_raise_it_freely() -> None:
    """Past the 48 hours and past the expiry they themselves gave before."""
    later = UNTIL + timedelta(days=400)
    raised = BOUNDS.raised(TimeSource.OFFLINE, later, 5.0)
    assert (raised.floor, raised.base) == (later, Base(later, 5.0))


def test_old_offline_time_takes_nothing_away() -> None:
    """An old stick neither lowers the floor nor shortens the reach."""
    assert BOUNDS.raised(TimeSource.OFFLINE, FLOOR - HOUR, 100.0) == BOUNDS


def test_first_time_of_all_is_taken() -> None:
    """A device that was never told any time believes the first one, up to the offline expiry."""
    new = TimeBounds(offline_until=UNTIL)
    assert new.floor == NEVER_SET
    told = new.raised(TimeSource.ONLINE, FLOOR, 10.0)
    assert (told.floor, told.base) == (FLOOR, Base(FLOOR, 10.0))
    with pytest.raises(TimeError):
        new.raised(TimeSource.ONLINE, UNTIL + SECOND, 10.0)
    assert TimeBounds().ceiling(0.0) is None


CLAIMS = st.lists(
    st.tuples(
        st.sampled_from([*ONLINE, TimeSource.HAND, TimeSource.PASS]),
        st.floats(-YEARS, YEARS),  # against the ceiling of the moment
        st.floats(0.0, 86400.0),  # uptime until then
    ),
    max_size=50,
)


@given(CLAIMS)
def test_no_sequence_of_claims_pushes_the_floor(
    claims: list[tuple[TimeSource, float, float]],
) -> None:
    """A stolen online key and a lying time server together, as often as they like: 48 hours in all.

    The floor never falls, and never passes boot floor + uptime + 48 h nor the offline expiry.
    """
    bounds, boot_s = BOUNDS, 0.0
    for source, off_s, waited_s in claims:
        boot_s += waited_s
        ceiling = bounds.ceiling(boot_s)
        assert ceiling is not None
        raised = after(bounds, source, ceiling + timedelta(seconds=off_s), boot_s)
        assert bounds.floor <= raised.floor
        assert raised.floor <= FLOOR + timedelta(seconds=boot_s) + AHEAD
        assert raised.floor <= UNTIL
        assert raised.base == BOUNDS.base
        bounds = raised


@given(CLAIMS)
def test_steps_to_the_very_ceiling_do_not_add_up(
    claims: list[tuple[TimeSource, float, float]],
) -> None:
    """A thief who always asks for exactly as much as he may have gets no further."""
    bounds, boot_s = BOUNDS, 0.0
    for source, _, waited_s in claims:
        boot_s += waited_s
        bounds = after(bounds, source, min(FLOOR + AHEAD + boot_s * SECOND, UNTIL), boot_s)
    assert bounds.floor <= min(FLOOR + AHEAD + timedelta(seconds=boot_s), UNTIL)


@given(st.lists(st.floats(0, YEARS), max_size=20), CLAIMS)
def test_every_reboot_gives_48_hours_at_most(
    reboots: list[float], claims: list[tuple[TimeSource, float, float]]
) -> None:
    """Each boot starts from the floor that it finds; the offline expiry ends it all."""
    floor = FLOOR
    for at_s in reboots:
        bounds = TimeBounds(floor, Base(floor, 0.0), UNTIL)
        for source, off_s, boot_s in claims:
            bounds = after(bounds, source, floor + timedelta(seconds=at_s + off_s), boot_s)
        assert floor <= bounds.floor <= min(floor + AHEAD + timedelta(days=1), UNTIL)
        floor = bounds.floor


def test_seconds_since_the_boot_that_run_backwards_give_nothing() -> None:
    """The reach is never less than the base, nor more than the uptime allows."""
    bounds = TimeBounds(FLOOR, Base(FLOOR, 100.0), None)
    assert bounds.ceiling(50.0) == FLOOR + AHEAD
