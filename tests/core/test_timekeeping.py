"""Time codes, hands, batteries and liars: what each does to the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import TimeError
from scanner.core.held_time import Held
from scanner.core.time_bounds import Base, TimeBounds, TimeSource
from scanner.core.time_fault import TimeFault
from scanner.core.time_memory import Tick, TimeMemory
from scanner.core.timekeeping import Timekeeper

NOON = datetime(2026, 5, 12, 12, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FLOOR = NOON - HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MEMORY = TimeMemory(TimeBounds(FLOOR, Base(FLOOR, 0.0), NOON + 60 * DAY), signed_at=FLOOR)
A, B, C = ClockLevel.A, ClockLevel.B, ClockLevel.C


def lost(boot_s: float = 0.0) -> Tick:
    """A board without battery and network: its system believes it is 1970."""
    return Tick(EPOCH + timedelta(seconds=boot_s), boot_s)


def right(boot_s: float = 0.0, off: timedelta = timedelta(0)) -> Tick:
    """Disciplined by a time server, which may be `off`. NOON is at the boot."""
    return Tick(NOON + timedelta(seconds=boot_s) + off, boot_s, is_disciplined=True)


def fault(keeper: Timekeeper, iat: datetime, tick: Tick) -> TimeFault:
    """Why the time code is not taken."""
    with pytest.raises(TimeError) as caught:
        keeper.take_time_code(iat, tick)
    return caught.value.fault


def by_code(iat: datetime = NOON, boot_s: float = 0.0) -> Timekeeper:
    """A clock that a time code has just set."""
    keeper = Timekeeper(MEMORY)
    keeper.take_time_code(iat, lost(boot_s))
    return keeper


def test_time_code_gives_b_one_minute_after_a_power_cut() -> None:
    """No network, no battery: the code is 0 to 60 s old, and the doubt grows by 100 ppm."""
    keeper = by_code()
    assert keeper.read(lost()) == ClockReading(NOON, NOON + MINUTE, B)
    off = timedelta(seconds=0.36)
    later = ClockReading(NOON + HOUR - off, NOON + HOUR + MINUTE + off, B)
    assert keeper.read(lost(3600.0)) == later
    assert keeper.read(lost(7 * 86400.0 + 1)).level is C


def test_same_code_in_view_is_taken_for_sixty_seconds() -> None:
    """By its own count: from its first sight; and it does not set the clock back."""
    keeper = by_code()
    keeper.take_time_code(NOON, lost(60.0))
    assert keeper.read(lost(60.0)).earliest > NOON + 59 * SECOND
    assert fault(keeper, NOON, lost(60.1)) is TimeFault.SHOWN_BEFORE


def test_same_code_after_a_restart_is_too_old() -> None:
    """When it was first seen is not known any more."""
    memory = by_code().memory
    assert fault(Timekeeper(replace(memory, held=None)), NOON, lost()) is TimeFault.SHOWN_BEFORE


def test_older_code_is_refused() -> None:
    """A photo of a code from before the one that was taken, or from before the floor."""
    assert fault(by_code(), NOON - SECOND, lost(1.0)) is TimeFault.SHOWN_BEFORE
    assert fault(Timekeeper(MEMORY), FLOOR - SECOND, lost()) is TimeFault.BELOW_FLOOR


def test_replayed_code_is_found_out_by_a_newer_one() -> None:
    """A signed time that is later than the held one proves it wrong."""
    keeper = by_code(NOON)
    keeper.take_time_code(NOON + 5 * HOUR, lost(10.0))
    assert keeper.read(lost(10.0)).earliest == NOON + 5 * HOUR


def test_code_that_agrees_narrows_the_interval() -> None:
    """Two codes: what both allow."""
    keeper = by_code(NOON)
    keeper.take_time_code(NOON + 40 * SECOND, lost(30.0))
    reading = keeper.read(lost(30.0))
    assert reading.earliest == NOON + 40 * SECOND
    assert reading.latest is not None
    assert reading.latest < NOON + 91 * SECOND


def test_code_just_beside_the_interval_widens_it() -> None:
    """The issuer's clock is seconds off: what either of them says may be true."""
    keeper = by_code(NOON)
    keeper.take_time_code(NOON + 100 * SECOND, lost(30.0))
    reading = keeper.read(lost(30.0))
    assert abs(reading.earliest - (NOON + 30 * SECOND)) < SECOND
    assert reading.latest == NOON + 160 * SECOND


def test_code_far_ahead_is_refused() -> None:
    """Beyond 48 hours past floor and uptime; nothing changes."""
    keeper = Timekeeper(MEMORY)
    assert fault(keeper, FLOOR + 2 * DAY + SECOND, lost()) is TimeFault.TOO_FAR_AHEAD
    assert (keeper.memory, keeper.read(lost()).level) == (MEMORY, C)


def test_confirmed_clock_demands_agreement() -> None:
    """At A and while held from A a time code can neither push nor pull."""
    keeper = Timekeeper(MEMORY)
    assert keeper.read(right()).level is A
    assert fault(keeper, NOON + HOUR, right()) is TimeFault.DISAGREES
    assert fault(keeper, NOON - 30 * MINUTE, right()) is TimeFault.SHOWN_BEFORE
    keeper.take_time_code(NOON - 30 * SECOND, right())
    assert keeper.read(right()) == ClockReading.exact(NOON, A)
    held = replace(right(10.0), is_disciplined=False)
    assert fault(keeper, NOON + HOUR, held) is TimeFault.DISAGREES


def test_code_gives_b_again_after_a_jump() -> None:
    """C by a jump, a fresh code, B by the crystal; the next jump is found again."""
    keeper = Timekeeper(MEMORY)
    keeper.read(right())
    assert keeper.read(right(1.0, off=HOUR)).level is C
    keeper.take_time_code(NOON + MINUTE, right(2.0, off=HOUR))
    assert keeper.read(replace(right(3.0, off=HOUR), is_disciplined=False)).level is B
    assert keeper.read(replace(right(4.0, off=2 * HOUR), is_disciplined=False)).level is C


def test_network_time_that_agrees_with_the_code_is_no_jump() -> None:
    """The system is put right from 1970: A when the lists agree."""
    keeper = by_code()
    assert keeper.read(right(10.0)).level is A
    assert keeper.read(right(11.0)).level is A


def test_network_time_against_the_code_is_a_jump() -> None:
    """One of them lies: C until something new is signed."""
    assert by_code().read(right(10.0, off=HOUR)).level is C


def test_hand_is_five_minutes_and_twelve_hours() -> None:
    """Level B by hand, counted from the first step; the floor does not move."""
    keeper = Timekeeper(MEMORY)
    keeper.take_hand(Held.from_hand(NOON, 0.0), lost(60.0))
    reading = keeper.read(lost(60.0))
    assert reading.level is B
    assert abs(reading.earliest - (NOON - 4 * MINUTE)) < SECOND
    assert reading.latest is not None
    assert abs(reading.latest - (NOON + 6 * MINUTE)) < SECOND
    assert keeper.save(lost(60.0)).bounds.floor == FLOOR
    assert keeper.read(lost(12 * 3600.0)).level is B
    assert keeper.read(lost(12 * 3600.0 + 1)) == ClockReading(FLOOR, None, C)


def test_hand_never_goes_below_the_floor() -> None:
    """Neither the time nor the interval around it."""
    keeper = Timekeeper(MEMORY)
    with pytest.raises(TimeError) as caught:
        keeper.check_hand(FLOOR - SECOND, lost())
    assert caught.value.fault is TimeFault.BELOW_FLOOR
    keeper.take_hand(Held.from_hand(FLOOR, 0.0), lost())
    assert keeper.read(lost()).earliest == FLOOR


def test_everything_signed_is_stronger_than_a_hand() -> None:
    """A code, and network time with signed lists, replace it whatever it said."""
    for hand in (NOON - 30 * MINUTE, NOON + 5 * HOUR):
        keeper = Timekeeper(MEMORY)
        keeper.take_hand(Held.from_hand(hand, 0.0), lost())
        keeper.take_time_code(NOON, lost(1.0))
        assert keeper.read(lost(1.0)).earliest == NOON
        assert keeper.source is TimeSource.TIME_CODE
        with pytest.raises(TimeError):
            keeper.check_hand(NOON, lost(2.0))


def test_hand_of_another_process_is_taken_over() -> None:
    """The command sets it, the loop learns it; and what the command did not touch stays."""
    keeper = Timekeeper(MEMORY)
    hand = Held.from_hand(NOON, 0.0)
    keeper.learn(replace(MEMORY, by_hand=hand), lost(30.0))
    assert keeper.read(lost(30.0)).level is B
    keeper.take_time_code(NOON + 30 * SECOND, lost(31.0))
    keeper.learn(replace(MEMORY, by_hand=hand), lost(60.0))
    keeper.read(lost(60.0))
    assert keeper.source is TimeSource.TIME_CODE


def test_floor_of_another_process_is_taken_over() -> None:
    """A stick with lists signed offline: what was held below it was wrong."""
    keeper = by_code()
    new = TimeBounds(NOON + DAY, Base(NOON + DAY, 5.0), NOON + 90 * DAY)
    keeper.learn(replace(MEMORY, bounds=new), lost(10.0))
    assert keeper.read(lost(10.0)) == ClockReading(NOON + DAY, None, C)
    keeper.learn(MEMORY, lost(11.0))
    assert keeper.memory.bounds.floor == NOON + DAY


@pytest.mark.parametrize(
    ("rtc", "set_at", "level"),
    [
        (NOON, NOON - HOUR, B),
        (NOON, NOON - 2 * DAY, B),
        (NOON, NOON - 7 * DAY, B),
        (NOON, NOON - 7 * DAY - SECOND, C),
        (NOON, NOON + HOUR, C),
        (NOON, None, C),
        (None, NOON, C),
        (EPOCH, EPOCH, C),
        (FLOOR + 3 * DAY, FLOOR, C),
    ],
)
def test_battery_is_believed_within_seven_days_and_the_bounds(
    rtc: datetime | None, set_at: datetime | None, level: ClockLevel
) -> None:
    """Set while A, at most seven days ago, not below the floor, not beyond the ceiling."""
    keeper = Timekeeper(replace(MEMORY, rtc_set_at=set_at))
    keeper.start_from_rtc(rtc, lost())
    assert keeper.read(lost()).level is level


def test_battery_holds_for_the_rest_of_its_seven_days() -> None:
    """Reboots do not make a held time younger."""
    keeper = Timekeeper(replace(MEMORY, rtc_set_at=NOON - 6 * DAY))
    keeper.start_from_rtc(NOON, lost())
    assert keeper.read(lost(86400.0)).level is B
    assert keeper.read(lost(86401.0)).level is C


def test_battery_is_not_believed_after_a_jump() -> None:
    """The kernel may have written the lie into it."""
    keeper = Timekeeper(replace(MEMORY, rtc_set_at=NOON))
    keeper.read(right())
    keeper.watch_rtc(NOON + HOUR, right(1.0, off=HOUR))
    assert keeper.memory.rtc_set_at is None


def test_lying_time_server_is_not_believed_beyond_the_bounds() -> None:
    """It has no second witness: C, the claim is shown, the floor is untouched."""
    lie = 20 * DAY
    keeper = Timekeeper(MEMORY)
    assert keeper.read(right(off=lie)) == ClockReading(FLOOR, None, C)
    assert keeper.future == NOON + lie
    assert keeper.save(right(off=lie)).bounds.floor == FLOOR


def test_stolen_online_key_does_not_stop_a_confirmed_clock() -> None:
    """A signed time too far ahead confirms nothing and disturbs nothing."""
    keeper = Timekeeper(MEMORY)
    keeper.read(right())
    for lie in (timedelta(hours=25), 30 * DAY, 3000 * DAY):
        with pytest.raises(TimeError):
            keeper.hear_signed(NOON + lie, right(1.0))
    assert keeper.read(right(2.0)).level is A
    assert keeper.save(right(2.0)).bounds.floor == NOON + 2 * SECOND


def test_signed_time_raises_the_floor_only_where_nothing_better_is_known() -> None:
    """At A the clock raises it by itself; at C a signed time is surely past."""
    confirmed, unsure = Timekeeper(MEMORY), Timekeeper(MEMORY)
    confirmed.read(right())
    confirmed.hear_signed(NOON + HOUR, right())
    assert confirmed.memory.bounds.floor == FLOOR
    unsure.hear_signed(NOON + HOUR, lost())
    assert unsure.memory.bounds.floor == NOON + HOUR


def test_signed_time_later_than_a_replayed_code_drops_it() -> None:
    """Never green by a wrong clock: what the lists prove wrong is not held."""
    keeper = by_code()
    keeper.hear_signed(NOON + 5 * HOUR, lost(10.0))
    assert keeper.read(lost(10.0)) == ClockReading(NOON + 5 * HOUR, None, C)


def test_floor_follows_the_time_that_is_surely_past() -> None:
    """At A exactly; held by crystal less its doubt."""
    keeper = Timekeeper(MEMORY)
    assert keeper.save(right(10.0)).bounds.floor == NOON + 10 * SECOND
    held = replace(right(3610.0), is_disciplined=False)
    assert keeper.save(held).bounds.floor == NOON + 3610 * SECOND - timedelta(seconds=0.36)
