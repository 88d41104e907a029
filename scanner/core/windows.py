"""Days and hours when a pass holds, in the local time of the policy's zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from scanner.core.claims import Window
from scanner.core.clock import ClockReading
from scanner.core.reasons import Reason

# With a clock this uncertain no statement about the hour is worth anything.
WIDEST_INTERVAL = timedelta(days=1)

_DAY = timedelta(days=1)


def holds_in_windows(windows: Sequence[Window], now: ClockReading, zone: tzinfo) -> Reason | None:
    """None: surely inside a window. WRONG_DAY, WRONG_TIME: surely outside all. CLOCK: either.

    Wall-clock minutes become UTC by the zone, so that a night with a change of the clocks is an
    hour longer or shorter, as it is for the people who hold the pass.
    """
    if not windows:
        return None
    if now.latest is None or now.latest - now.earliest > WIDEST_INTERVAL:
        return Reason.CLOCK
    spans = _merged(sorted(_spans(windows, now.earliest, now.latest, zone)))
    if any(begin <= now.earliest and now.latest < end for begin, end in spans):
        return None
    if any(begin <= now.latest and now.earliest < end for begin, end in spans):
        return Reason.CLOCK
    today = now.earliest.astimezone(zone).date()
    return Reason.WRONG_TIME if _any_on(windows, today) else Reason.WRONG_DAY


def _spans(
    windows: Sequence[Window], earliest: datetime, latest: datetime, zone: tzinfo
) -> Iterator[tuple[datetime, datetime]]:
    """Every window as [begin, end) in UTC, on the local days that touch the interval."""
    day = earliest.astimezone(zone).date() - _DAY  # it may have begun yesterday
    last = latest.astimezone(zone).date()
    while day <= last:
        for window in windows:
            if _is_on(window, day):
                past_midnight = window.to_min < window.from_min
                begin = _moment(day, window.from_min, zone)
                end = _moment(day + _DAY if past_midnight else day, window.to_min, zone)
                yield begin, end
        day += _DAY


def _merged(spans: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Sorted spans, those that touch joined: 0–24 h on two days is one span over midnight."""
    joined: list[tuple[datetime, datetime]] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined


def _moment(day: date, minute: int, zone: tzinfo) -> datetime:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return (midnight + timedelta(minutes=minute)).astimezone(UTC)


def _is_on(window: Window, day: date) -> bool:
    return bool(window.weekdays >> day.weekday() & 1)


def _any_on(windows: Sequence[Window], day: date) -> bool:
    return any(_is_on(window, day) for window in windows)
