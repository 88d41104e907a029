"""The end of the regime: when the device stops judging, and when it forgets everything.

Stopping can be undone, so it is done as soon as it is sure. A wipe can't: it needs a confirmed
clock a day past the date, or the floor of time two weeks later, which no single liar can push.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from scanner.core.clock import ClockLevel, ClockReading, shifted

WIPE_AFTER = timedelta(hours=24)
# For a device that meets no network any more, or whose last records nobody takes.
UNHEARD_FOR = timedelta(days=14)


class RegimeStep(Enum):
    """What to do about the end of the regime."""

    KEEP = "keep"  # judge on
    STOP = "stop"  # no pass is needed any more
    WIPE = "wipe"  # lists, logs and keys


@dataclass(frozen=True, slots=True)
class EndDate:
    """`at`: the field `x-end-of-regime` of the root with this version."""

    at: datetime
    root_version: int


def end_after(seen: EndDate | None, offered: EndDate | None) -> EndDate | None:
    """Which date holds once a root was read; `offered` None: that root has no such field.

    The earliest date seen wins. Only a newer root moves it later, by naming another date: one that
    names none has not said that the regime goes on.
    """
    if seen is None or offered is None:
        return seen or offered
    if offered.root_version > seen.root_version:
        return offered
    return min(seen, offered, key=lambda date: date.at)


def has_ended(end: datetime | None, offline_until: datetime | None, now: ClockReading) -> bool:
    """Surely past the date; or nobody renews the lists, and nobody confirms the time either.

    offline_until: when the offline targets that are installed expire.
    """
    if end is not None and now.surely_at_or_after(end):
        return True
    if offline_until is None or now.level is not ClockLevel.C:
        return False
    return now.surely_at_or_after(offline_until)


def regime_step(
    end: datetime | None,
    offline_until: datetime | None,
    now: ClockReading,
    *,
    floor: datetime,
    records_wait: bool,
    is_past_reach: bool = False,
) -> RegimeStep:
    """What to do now. floor: of time. records_wait: some have not been taken yet.

    is_past_reach: `now` rests on two witnesses, past what the device believes of one. Two thieves
    may make it stop; what cannot be undone waits for the floor.
    """
    if not has_ended(end, offline_until, now):
        return RegimeStep.KEEP
    if end is None or not now.surely_at_or_after(end):
        return RegimeStep.STOP
    past = shifted(end, WIPE_AFTER)
    is_confirmed = now.level is ClockLevel.A and not is_past_reach and now.surely_at_or_after(past)
    if (is_confirmed and not records_wait) or floor >= shifted(past, UNHEARD_FOR):
        return RegimeStep.WIPE
    return RegimeStep.STOP
