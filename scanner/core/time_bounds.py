"""What may raise the floor of time, and how far; the same answer for every part of the device.

The floor is what now cannot be earlier than. Who could push it could expire every pass of a city,
and a floor never falls: so what the offline keys did not sign raises it by 48 hours and the time
that this boot has lasted, never past the day to which the offline keys have vouched at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import assert_never

from scanner.core.clock import shifted
from scanner.core.errors import TimeError
from scanner.core.time_fault import TimeFault

AHEAD = timedelta(hours=48)
NEVER_SET = datetime.fromtimestamp(0, UTC)


class TimeSource(Enum):
    """Where a time comes from."""

    OFFLINE = "offline keys"  # a bundle, an image, a clock-reset
    ONLINE = "online lists"
    NTP = "network time"
    ENROLMENT = "enrolment"
    TIME_CODE = "time code"
    RTC = "clock battery"
    HAND = "hand"
    PASS = "pass"


@dataclass(frozen=True, slots=True)
class Base:
    """What the reach of claims is counted from: a time, and the seconds since the boot at it."""

    at: datetime
    boot_s: float


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """`floor` NEVER_SET and `base` None: nobody has told this device any time yet.

    base: the floor as this boot found it, or what the offline keys have signed since. Not the
    floor itself, or each of many claims would add its 48 hours. offline_until: when the installed
    offline targets expire; None: not known.
    """

    floor: datetime = NEVER_SET
    base: Base | None = None
    offline_until: datetime | None = None

    def ceiling(self, boot_s: float) -> datetime | None:
        """The latest time that can be believed without the offline keys; None: any."""
        if self.base is None:
            return self.offline_until
        reach = shifted(self._counted(self.base, boot_s), AHEAD)
        return reach if self.offline_until is None else min(reach, self.offline_until)

    def is_too_far(self, at: datetime, boot_s: float) -> bool:
        """E-CLOCK-FUTURE."""
        ceiling = self.ceiling(boot_s)
        return ceiling is not None and at > ceiling

    def lets_two_agree(self, at: datetime, boot_s: float) -> bool:
        """Whether network time and a signed time together are believed at this time.

        Past the reach of one claim, but never past the day to which the offline keys have vouched,
        and not where that day is not known. Nothing is raised by it.
        """
        if not self.is_too_far(at, boot_s):
            return True
        return self.offline_until is not None and at <= self.offline_until

    def raised(self, source: TimeSource, at: datetime, boot_s: float) -> TimeBounds:
        """The bounds after this claim. Raises TimeError(TOO_FAR_AHEAD), and then nothing moves."""
        match source:
            case TimeSource.HAND | TimeSource.PASS:
                return self
            case TimeSource.OFFLINE:
                return replace(self, floor=max(self.floor, at), base=self._based(at, boot_s))
            case (
                TimeSource.ONLINE
                | TimeSource.NTP
                | TimeSource.ENROLMENT
                | TimeSource.TIME_CODE
                | TimeSource.RTC
            ):
                if self.is_too_far(at, boot_s):
                    raise TimeError(TimeFault.TOO_FAR_AHEAD)
                first = self.base or Base(at, boot_s)
                return replace(self, floor=max(self.floor, at), base=first)
            case _:
                assert_never(source)

    def _based(self, at: datetime, boot_s: float) -> Base:
        if self.base is None or at > self._counted(self.base, boot_s):
            return Base(at, boot_s)
        return self.base

    @staticmethod
    def _counted(base: Base, boot_s: float) -> datetime:
        """Never earlier than the base, whatever the seconds since the boot seem to be."""
        return shifted(base.at, timedelta(seconds=max(0.0, boot_s - base.boot_s)))
