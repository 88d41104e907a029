"""A device out of a drawer: network time and a signed time agree, far past what one may claim."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import TimeError
from scanner.core.held_time import Held
from scanner.core.time_bounds import AHEAD, Base, TimeBounds, TimeSource
from scanner.core.time_memory import Tick, TimeMemory
from scanner.core.timekeeping import Timekeeper

NOON = datetime(2026, 5, 12, 12, 0, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
# Ten days in the drawer; the offline keys have vouched for another sixty.
FLOOR, UNTIL = NOON - 10 * DAY, NOON + 60 * DAY
MEMORY = TimeMemory(TimeBounds(FLOOR, Base(FLOOR, 0.0), UNTIL), signed_at=FLOOR)
FLOOR_ONLY = ClockReading(FLOOR, None, ClockLevel.C)
A, B, C = ClockLevel.A, ClockLevel.B, ClockLevel.C


def online(boot_s: float = 0.0, off: timedelta = timedelta(0)) -> Tick:
    """Disciplined by a time server, which may be `off`. NOON is at the boot."""
    return Tick(NOON + timedelta(seconds=boot_s) + off, boot_s, is_disciplined=True)


def offline(boot_s: float = 0.0) -> Tick:
    """The same system without the time server."""
    return replace(online(boot_s), is_disciplined=False)


def hear(keeper: Timekeeper, at: datetime, tick: Tick) -> None:
    """A signed time past the reach: it is refused, whatever becomes of it."""
    with pytest.raises(TimeError):
        keeper.hear_signed(at, tick)


def confirmed(memory: TimeMemory = MEMORY) -> Timekeeper:
    """Lists of an hour ago, and network time."""
    keeper = Timekeeper(memory)
    hear(keeper, NOON - HOUR, online())
    assert keeper.read(online()) == ClockReading.exact(NOON, A)
    return keeper


def test_two_that_agree_confirm_past_the_reach() -> None:
    """Level A, exact, and still told: the device would not believe either of them alone."""
    keeper = confirmed()
    assert (keeper.source, keeper.future) == (TimeSource.NTP, NOON)


def test_floor_stays_within_the_reach() -> None:
    """It follows as far as one claim might have pushed it, and no second further."""
    keeper = confirmed()
    for boot_s in (0.0, 60.0, 3600.0):
        bounds = keeper.save(online(boot_s)).bounds
        assert bounds.floor == FLOOR + AHEAD + timedelta(seconds=boot_s)
        assert bounds.base == MEMORY.bounds.base
    assert keeper.memory.signed_at == FLOOR


def test_network_time_alone_moves_nothing() -> None:
    """Ten days ahead of the newest signed time: C, and all that is kept is as it was."""
    keeper = Timekeeper(MEMORY)
    assert keeper.read(online()) == FLOOR_ONLY
    assert keeper.save(online()) == MEMORY


def test_online_key_alone_moves_nothing() -> None:
    """Lists without network time: C, and all that is kept is as it was."""
    keeper = Timekeeper(MEMORY)
    hear(keeper, NOON, offline())
    assert keeper.read(offline()) == FLOOR_ONLY
    assert keeper.save(offline()) == MEMORY


@pytest.mark.parametrize("off", [DAY, -DAY])
def test_agreement_is_a_day_and_no_second_more(off: timedelta) -> None:
    """The same 24 hours as within the reach."""
    second = SECOND * (1 if off > timedelta(0) else -1)
    for signed_at, level in ((NOON + off, A), (NOON + off + second, C)):
        keeper = Timekeeper(MEMORY)
        hear(keeper, signed_at, online())
        assert keeper.read(online()).level is level


def test_both_together_never_pass_the_offline_expiry() -> None:
    """To the second; then C, and not even the floor follows."""
    bounds = replace(MEMORY.bounds, offline_until=NOON + HOUR)
    keeper = confirmed(replace(MEMORY, bounds=bounds))
    assert keeper.read(online(3600.0)).level is A
    after = keeper.read(online(3601.0))
    assert (after.level, after.earliest) == (C, FLOOR + AHEAD + 3601 * SECOND)


def test_unknown_offline_expiry_lets_nobody_past_the_reach() -> None:
    """Nothing bounds the two then."""
    keeper = Timekeeper(replace(MEMORY, bounds=replace(MEMORY.bounds, offline_until=None)))
    hear(keeper, NOON, online())
    assert keeper.read(online()) == FLOOR_ONLY


def test_confirmed_time_is_held_when_the_network_goes() -> None:
    """Level B by the crystal for seven days of this boot, and it is still told."""
    keeper = confirmed()
    assert keeper.read(offline(60.0)).level is B
    assert keeper.future is not None
    assert keeper.read(offline(7 * 86400.0)).level is B
    assert keeper.read(offline(7 * 86400.0 + 1)).level is C
    again = Timekeeper(confirmed().save(online(60.0)))
    assert (again.read(offline(90.0)).level, again.source) == (B, TimeSource.NTP)


def test_held_time_ends_with_the_offline_expiry() -> None:
    """What two had confirmed is held no longer than they are believed."""
    bounds = replace(MEMORY.bounds, offline_until=NOON + HOUR)
    keeper = confirmed(replace(MEMORY, bounds=bounds))
    assert keeper.read(offline(3000.0)).level is B
    assert keeper.read(offline(3700.0)).level is C


def test_reboot_begins_from_the_floor() -> None:
    """Nothing of the two outlives the boot but the reach of one claim."""
    memory = confirmed().save(online(60.0))
    floor = memory.bounds.floor
    bounds = replace(memory.bounds, base=Base(floor, 0.0))
    keeper = Timekeeper(replace(memory, bounds=bounds, held=None))
    assert keeper.read(online()) == ClockReading(floor, None, C)


def test_code_and_battery_are_claims_of_one() -> None:
    """Past the reach neither sets a clock, though a time code is signed."""
    keeper = Timekeeper(replace(MEMORY, rtc_set_at=FLOOR + 5 * DAY))
    keeper.start_from_rtc(NOON, offline())
    with pytest.raises(TimeError):
        keeper.take_time_code(NOON, offline())
    assert keeper.read(offline()) == FLOOR_ONLY


def test_only_what_two_confirmed_is_held_past_the_reach() -> None:
    """A code that was taken under other bounds is not."""
    for held, level in ((Held.exactly(NOON, 0.0), B), (Held.from_code(NOON, 0.0), C)):
        assert Timekeeper(replace(MEMORY, held=held)).read(offline(10.0)).level is level


def test_jump_needs_a_newer_witness() -> None:
    """The one heard before does not confirm what has jumped; a newer one that agrees does."""
    keeper = confirmed()
    jumped = online(60.0, off=2 * HOUR)
    assert keeper.read(jumped).level is C
    hear(keeper, NOON - HOUR, jumped)
    assert keeper.read(jumped).level is C
    hear(keeper, NOON + 30 * DAY, jumped)
    assert keeper.read(jumped).level is C
    hear(keeper, NOON + 31 * DAY, online(60.0, off=31 * DAY))
    assert keeper.read(online(60.0, off=31 * DAY)).level is A


def test_stolen_online_key_does_not_unseat_a_witness() -> None:
    """A clock that two have confirmed goes on, whatever else is signed."""
    keeper = confirmed()
    for lie in (timedelta(hours=25), 30 * DAY, 3000 * DAY):
        hear(keeper, NOON + lie, online(1.0))
    assert keeper.read(online(2.0)).level is A


def test_honest_lists_take_the_place_of_false_ones() -> None:
    """What the thief signed first does not keep the right time out."""
    keeper = Timekeeper(MEMORY)
    hear(keeper, NOON + 30 * DAY, online())
    assert keeper.read(online()).level is C
    hear(keeper, NOON, online())
    assert keeper.read(online()).level is A


def test_lists_within_the_reach_end_the_witness() -> None:
    """Other lists were installed: what the old ones said confirms nothing any more."""
    for other in (FLOOR, FLOOR + DAY):
        keeper = Timekeeper(MEMORY)
        hear(keeper, NOON, offline())
        keeper.hear_signed(other, offline())
        assert keeper.read(online()).level is C


def test_lists_signed_offline_make_it_an_ordinary_clock() -> None:
    """The floor moves up to the stick, the reach with it, and nothing has to be told."""
    keeper = confirmed()
    bounds = MEMORY.bounds.raised(TimeSource.OFFLINE, NOON - DAY, 60.0)
    keeper.learn(replace(MEMORY, bounds=bounds), online(90.0))
    assert keeper.read(online(90.0)).level is A
    assert keeper.future is None
    assert keeper.save(online(90.0)).bounds.floor == NOON + 90 * SECOND


YEAR_S = 366 * 86400.0
HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(["wait", "sign", "step"]),
        st.floats(-YEAR_S, YEAR_S) | st.floats(-86400.0, 86400.0),
    ),
    max_size=40,
)


class World:
    """Seconds go by, somebody signs, somebody sets the system; each time all is kept."""

    def __init__(self, *, is_disciplined: bool) -> None:
        self.keeper, self.tick = (
            Timekeeper(MEMORY),
            replace(online(), is_disciplined=is_disciplined),
        )

    def go_on(self, what: str, seconds: float) -> ClockReading:
        by, tick = timedelta(seconds=seconds), self.tick
        match what:
            case "wait":
                at = tick.at + abs(by)
                self.tick = replace(tick, at=at, boot_s=tick.boot_s + abs(seconds))
            case "step":
                self.tick = replace(tick, at=tick.at + by)
            case _:
                with suppress(TimeError):
                    self.keeper.hear_signed(tick.at + by, tick)
        reading, memory = self.keeper.read(self.tick), self.keeper.save(self.tick)
        ceiling = MEMORY.bounds.ceiling(self.tick.boot_s)
        assert ceiling is not None
        assert FLOOR <= memory.bounds.floor <= ceiling
        assert memory.bounds.base == MEMORY.bounds.base
        assert reading.level is not C or reading.earliest <= ceiling
        return reading


@given(HAPPENINGS)
def test_both_liars_together_are_bounded(happenings: list[tuple[str, float]]) -> None:
    """Never past the offline expiry, the floor within the reach, in whatever order they lie."""
    world = World(is_disciplined=True)
    for what, seconds in happenings:
        reading = world.go_on(what, seconds)
        assert reading.latest is None or reading.earliest <= UNTIL


@given(HAPPENINGS)
def test_online_key_alone_confirms_nothing(happenings: list[tuple[str, float]]) -> None:
    """A stolen key and a system that anybody sets: C for ever, nothing past the reach."""
    world = World(is_disciplined=False)
    for what, seconds in happenings:
        assert world.go_on(what, seconds).level is C


@given(HAPPENINGS)
def test_time_server_alone_gets_no_further_than_a_day(happenings: list[tuple[str, float]]) -> None:
    """From what was honestly signed, in all; the crystal counts on from there."""
    world = World(is_disciplined=True)
    for what, seconds in happenings:
        if what == "sign":
            continue
        reading = world.go_on(what, seconds)
        honest = FLOOR + DAY + 1.001 * world.tick.boot_s * SECOND
        assert reading.latest is None or reading.latest <= honest
