"""What the device knows of the time: an interval and how far to trust it.

A board without a battery wakes up in 1970; a verdict must then not pretend to know the hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum


class ClockLevel(IntEnum):
    """Bits 0 and 1 of a record's flags."""

    A = 0  # confirmed in this boot
    B = 1  # held since it was confirmed, or set by a time code or by hand
    C = 2  # only a floor is known


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Now lies in [earliest, latest], aware UTC; `latest` None means it is not bounded.

    is_just_rebooted: at level C, the power was cut within a minute of `earliest` and came back less
    than half an hour ago, and nothing says how long it was away.
    """

    earliest: datetime
    latest: datetime | None
    level: ClockLevel
    is_just_rebooted: bool = False

    @classmethod
    def exact(cls, at: datetime, level: ClockLevel = ClockLevel.A) -> ClockReading:
        """An interval of no length, as a confirmed clock gives."""
        return cls(at, at, level)

    # An interval that ends before it begins comes from a broken clock and proves nothing.

    def surely_before(self, moment: datetime) -> bool:
        return self.latest is not None and self.earliest <= self.latest < moment

    def surely_at_or_after(self, moment: datetime) -> bool:
        return self.earliest >= moment and (self.latest is None or self.latest >= self.earliest)


def shifted(moment: datetime, by: timedelta) -> datetime:
    """`moment` + `by`; at the ends of the calendar the first or last moment there is, UTC."""
    try:
        return moment + by
    except OverflowError:
        return (datetime.max if by > timedelta(0) else datetime.min).replace(tzinfo=UTC)
