"""What the clock goes by: one look at the computer, and what is known from before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scanner.core.held_time import Held
from scanner.core.time_bounds import TimeBounds


@dataclass(frozen=True, slots=True)
class Tick:
    """What the computer says at one moment; `boot_s`: seconds since the boot."""

    at: datetime
    boot_s: float
    is_disciplined: bool = False


@dataclass(frozen=True, slots=True)
class TimeMemory:
    """What outlives the process; `held` and `by_hand` are of this boot, or None.

    signed_at: the newest signed time that was believed. newest_code: the iat of the newest time
    code taken. rtc_set_at: when the clock battery was last seen to be right, at level A. resets:
    the number of the newest clock-reset that was taken. is_floor_fresh: the floor that this boot
    found had been saved within a minute of the cut, by a clock that knew the time.
    """

    bounds: TimeBounds
    signed_at: datetime | None = None
    newest_code: datetime | None = None
    rtc_set_at: datetime | None = None
    held: Held | None = None
    by_hand: Held | None = None
    resets: int = 0
    is_floor_fresh: bool = False
