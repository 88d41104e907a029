"""Days and hours when a pass holds, in the local time of the policy's zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from scanner.core.claims import Window
from scanner.core.clock import ClockReading
from scanner.core.reasons import Reason

# With a clock this uncertain no statement about the hour is worth anything.
WIDEST_INTERVAL = timedelta(days=1)

_MINUTE = timedelta(minutes=1)


def holds_in_windows(windows: Sequence[Window], now: ClockReading, zone: tzinfo) -> Reason | None:
    """None: surely inside a window. WRONG_DAY, WRONG_TIME: surely outside all. CLOCK: either.

    What counts is what a clock on the wall shows, so in a night when the clocks change a window
    is longer or shorter, as it is for the people who hold the pass.
    """
    if not windows:
        return None
    if now.latest is None or now.latest - now.earliest > WIDEST_INTERVAL:
        return Reason.CLOCK
    try:
        answers = {_is_inside(windows, at.astimezone(zone)) for at in _moments(now)}
        local = now.earliest.astimezone(zone)
    except OverflowError:  # at the ends of the calendar there is no local time
        return Reason.CLOCK
    if len(answers) != 1:
        return Reason.CLOCK
    if answers == {True}:
        return None
    is_day = any(_is_on(window, local.weekday()) for window in windows)
    return Reason.WRONG_TIME if is_day else Reason.WRONG_DAY


def _moments(now: ClockReading) -> Iterator[datetime]:
    """One in each minute of the interval: windows and changes of the clocks keep whole minutes."""
    at, latest = now.earliest.astimezone(UTC), now.latest
    while latest is not None and at <= latest:
        yield at
        at = at.replace(second=0, microsecond=0) + _MINUTE


def _is_inside(windows: Sequence[Window], local: datetime) -> bool:
    today, minute = local.weekday(), 60 * local.hour + local.minute
    return any(_holds(window, today, minute) for window in windows)


def _holds(window: Window, today: int, minute: int) -> bool:
    """`to_min` < `from_min` runs past midnight and belongs to the day it starts."""
    if window.from_min <= window.to_min:
        return _is_on(window, today) and window.from_min <= minute < window.to_min
    if minute < window.to_min:
        return _is_on(window, (today - 1) % 7)
    return minute >= window.from_min and _is_on(window, today)


def _is_on(window: Window, weekday: int) -> bool:
    return bool(window.weekdays >> weekday & 1)
