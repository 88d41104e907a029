"""Days and hours, by the clock on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from scanner.core.claims import Window
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.policy import CheckpointPolicy
from scanner.core.reasons import Reason
from scanner.core.windows import holds_in_windows
from tests.core.example import AT, DAY, a_pass, reason

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
MON, TUE, WED, THU, FRI, SAT, SUN = (1 << day for day in range(7))
ANY_DAY = 127
MINUTE = timedelta(minutes=1)


def at(zone: ZoneInfo, day: int, clock: str, month: int = 4, fold: int = 0) -> datetime:
    """A time on the wall in 2020; `fold` 1: the second time it is shown."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2020, month, day, hour, minute, fold=fold, tzinfo=zone).astimezone(UTC)


def moscow(day: int, clock: str, *windows: Window) -> Reason | None:
    return holds_in_windows(windows, ClockReading.exact(at(MOSCOW, day, clock)), MOSCOW)


def between(earliest: datetime, latest: datetime, *windows: Window) -> Reason | None:
    reading = ClockReading(earliest, latest, ClockLevel.B)
    return holds_in_windows(windows, reading, MOSCOW)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("05:59", Reason.WRONG_TIME), ("06:00", None), ("21:59", None), ("22:00", Reason.WRONG_TIME)],
)
def test_a_window_holds_from_its_begin_until_just_before_its_end(
    clock: str, expected: Reason | None
) -> None:
    """Minutes of the day in the policy's zone."""
    assert moscow(29, clock, Window(WED, 360, 1320)) is expected


@pytest.mark.parametrize("day", range(27, 34))
def test_each_bit_of_the_mask_is_a_day(day: int) -> None:
    """Monday 1 to Sunday 64; 27 April 2020 was a Monday."""
    date = day if day <= 30 else day - 30
    month = 4 if day <= 30 else 5
    now = ClockReading.exact(at(MOSCOW, date, "12:00", month))
    for bit in range(7):
        expected = None if bit == day - 27 else Reason.WRONG_DAY
        assert holds_in_windows([Window(1 << bit, 0, 1440)], now, MOSCOW) is expected


def test_the_day_is_the_local_one() -> None:
    """01:00 in Moscow on Wednesday is 22:00 in Greenwich on Tuesday."""
    assert moscow(29, "01:00", Window(WED, 0, 1440)) is None
    assert moscow(29, "01:00", Window(TUE, 0, 1440)) is Reason.WRONG_DAY
    now = ClockReading.exact(at(MOSCOW, 29, "01:00"))
    assert holds_in_windows([Window(TUE, 0, 1440)], now, UTC) is None


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (29, "21:59", Reason.WRONG_TIME),
        (29, "22:00", None),
        (29, "23:59", None),
        (30, "00:00", None),
        (30, "05:59", None),
        (30, "06:00", Reason.WRONG_DAY),
        (30, "22:00", Reason.WRONG_DAY),
        (29, "05:59", Reason.WRONG_TIME),
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_it_starts(
    day: int, clock: str, expected: Reason | None
) -> None:
    """Wednesday 22:00 to Thursday 06:00, for a mask of Wednesday."""
    assert moscow(day, clock, Window(WED, 1320, 360)) is expected


def test_from_sunday_it_runs_into_monday() -> None:
    """The week is a ring."""
    assert moscow(27, "00:30", Window(SUN, 1380, 60)) is None
    assert moscow(27, "00:30", Window(MON, 1380, 60)) is Reason.WRONG_TIME


@pytest.mark.parametrize("minute", [0, 720, 1440])
def test_a_window_without_length_never_holds(minute: int) -> None:
    """from = to is nothing, not a whole day."""
    assert moscow(29, "12:00", Window(ANY_DAY, minute, minute)) is Reason.WRONG_TIME


def test_a_window_may_start_at_the_end_of_its_day() -> None:
    """1440 is the midnight after: Wednesday 24:00 to 01:00."""
    assert moscow(30, "00:59", Window(WED, 1440, 60)) is None
    assert moscow(29, "23:59", Window(WED, 1440, 60)) is Reason.WRONG_TIME


def test_any_window_will_do() -> None:
    """Two windows a day, and a window of another day."""
    windows = (Window(WED, 360, 480), Window(WED, 1020, 1140), Window(SAT, 0, 1440))
    assert moscow(29, "07:00", *windows) is None
    assert moscow(29, "18:00", *windows) is None
    assert moscow(29, "12:00", *windows) is Reason.WRONG_TIME
    assert moscow(30, "07:00", *windows) is Reason.WRONG_DAY


def test_without_windows_a_pass_holds_at_any_hour() -> None:
    """Also when nothing is known of the hour."""
    assert holds_in_windows((), ClockReading(AT, None, ClockLevel.C), MOSCOW) is None


def test_an_interval_across_an_edge_is_a_doubt() -> None:
    """The answer differs between earliest and latest possible now."""
    six, window = at(MOSCOW, 29, "06:00"), Window(WED, 360, 1320)
    assert between(six, six + 10 * MINUTE, window) is None
    assert between(six - MINUTE, six, window) is Reason.CLOCK
    assert between(six - 2 * MINUTE, six - MINUTE, window) is Reason.WRONG_TIME


def test_a_window_or_a_gap_within_the_interval_is_a_doubt() -> None:
    """Both ends agree, but not what lies between them."""
    noon = at(MOSCOW, 29, "12:00")
    inside = Window(WED, 725, 726)
    assert between(noon, noon + 10 * MINUTE, inside) is Reason.CLOCK
    around = (Window(WED, 0, 725), Window(WED, 726, 1440))
    assert between(noon, noon + 10 * MINUTE, *around) is Reason.CLOCK


def test_midnight_is_no_edge_between_two_whole_days() -> None:
    """0 to 1440 on two days is one window over midnight."""
    late = at(MOSCOW, 29, "23:55")
    assert between(late, late + 10 * MINUTE, Window(WED | THU, 0, 1440)) is None
    assert between(late, late + 10 * MINUTE, Window(WED, 0, 1440)) is Reason.CLOCK


@pytest.mark.parametrize(
    ("latest", "expected"),
    [(DAY, None), (DAY + MINUTE, Reason.CLOCK), (None, Reason.CLOCK), (-MINUTE, Reason.CLOCK)],
)
def test_a_clock_that_knows_too_little_is_a_doubt(
    latest: timedelta | None, expected: Reason | None
) -> None:
    """A day is the most; none at all and a contradiction are doubts as well."""
    reading = ClockReading(AT, None if latest is None else AT + latest, ClockLevel.B)
    assert holds_in_windows([Window(ANY_DAY, 0, 1440)], reading, MOSCOW) is expected


# On 29 March 2020 clocks in Berlin went from 02:00 to 03:00, on 25 October from 03:00 to 02:00.
@pytest.mark.parametrize(
    ("clock", "window", "expected"),
    [
        ("01:59", Window(SUN, 120, 180), Reason.WRONG_TIME),
        ("03:00", Window(SUN, 120, 180), Reason.WRONG_TIME),  # 02:00 to 03:00 did not exist
        ("03:00", Window(SUN, 150, 360), None),  # from 02:30: at 03:00 it has begun
        ("03:15", Window(SUN, 60, 150), Reason.WRONG_TIME),  # until 02:30: it is over
        ("01:59", Window(SUN, 60, 150), None),
        ("05:59", Window(SAT, 1320, 360), None),
        ("06:00", Window(SAT, 1320, 360), Reason.WRONG_DAY),
    ],
)
def test_the_night_when_clocks_go_forward(
    clock: str, window: Window, expected: Reason | None
) -> None:
    """An hour is missing, and what is left holds as the wall clock says."""
    now = ClockReading.exact(at(BERLIN, 29, clock, month=3))
    assert holds_in_windows([window], now, BERLIN) is expected


@pytest.mark.parametrize(
    ("clock", "fold", "expected"),
    [
        ("02:29", 0, Reason.WRONG_TIME),
        ("02:30", 0, None),
        ("02:59", 0, Reason.WRONG_TIME),
        ("02:29", 1, Reason.WRONG_TIME),
        ("02:30", 1, None),
        ("02:45", 1, Reason.WRONG_TIME),
    ],
)
def test_the_night_when_clocks_go_back(clock: str, fold: int, expected: Reason | None) -> None:
    """02:30 comes twice, and 02:30 to 02:45 holds both times."""
    now = ClockReading.exact(at(BERLIN, 25, clock, month=10, fold=fold))
    assert holds_in_windows([Window(SUN, 150, 165)], now, BERLIN) is expected


def test_an_interval_over_the_change_is_judged_minute_by_minute() -> None:
    """From 01:50 to 03:10 no minute lies in 02:00 to 03:00, because there is none."""
    begin, end = at(BERLIN, 29, "01:50", month=3), at(BERLIN, 29, "03:10", month=3)
    reading = ClockReading(begin, end, ClockLevel.B)
    assert end - begin == 20 * MINUTE
    assert holds_in_windows([Window(SUN, 120, 180)], reading, BERLIN) is Reason.WRONG_TIME
    assert holds_in_windows([Window(SUN, 120, 190)], reading, BERLIN) is Reason.CLOCK


@pytest.mark.parametrize("end", [datetime.min, datetime.max])
@pytest.mark.parametrize("hours", [-12, 12])
def test_at_the_ends_of_the_calendar_there_is_no_local_time(end: datetime, hours: int) -> None:
    """A doubt, not an error."""
    reading = ClockReading.exact(end.replace(tzinfo=UTC))
    zone = timezone(timedelta(hours=hours))
    is_beyond = (hours > 0) == (end is datetime.max)
    expected = Reason.CLOCK if is_beyond or end is datetime.max else None
    assert holds_in_windows([Window(ANY_DAY, 0, 1440)], reading, zone) is expected


def test_the_judge_asks_for_the_hour_in_the_policys_zone() -> None:
    """12:30 in Moscow is 09:30 in Greenwich."""
    pass_ = a_pass(windows=(Window(WED, 720, 780),))
    assert reason(pass_, policy=CheckpointPolicy(time_zone=MOSCOW)) is Reason.OK
    assert reason(pass_) is Reason.WRONG_TIME
