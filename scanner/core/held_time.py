"""A time that was known once and is counted on by the crystal, with the doubt that grows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scanner.core.clock import shifted
from scanner.core.time_bounds import TimeSource
from scanner.core.time_code import LIFE

HELD_FOR = timedelta(days=7)
HAND_FOR = timedelta(hours=12)
HAND_OFF = timedelta(minutes=5)
# A crystal is worse than 50 ppm only when very cold or very old; twice that is allowed for.
DRIFT_PPM = 100
# A clock battery tells whole seconds, and the kernel sets it within half a second.
RTC_OFF = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Held:
    """Now lay in [earliest, latest] at `boot_s`; good for nothing after `until_s`.

    Both are seconds since the boot; times are aware UTC.
    """

    earliest: datetime
    latest: datetime
    boot_s: float
    until_s: float
    source: TimeSource

    @classmethod
    def exactly(cls, at: datetime, boot_s: float) -> Held:
        """A confirmed time."""
        return cls(at, at, boot_s, boot_s + HELD_FOR.total_seconds(), TimeSource.NTP)

    @classmethod
    def from_code(cls, iat: datetime, boot_s: float) -> Held:
        """A time code just seen: it may have been shown for as long as one lives."""
        until_s = boot_s + HELD_FOR.total_seconds()
        return cls(iat, shifted(iat, LIFE), boot_s, until_s, TimeSource.TIME_CODE)

    @classmethod
    def from_hand(cls, at: datetime, boot_s: float) -> Held:
        """What a person read from a watch."""
        earliest, latest = shifted(at, -HAND_OFF), shifted(at, HAND_OFF)
        return cls(earliest, latest, boot_s, boot_s + HAND_FOR.total_seconds(), TimeSource.HAND)

    @classmethod
    def from_rtc(cls, rtc: datetime, set_at: datetime, boot_s: float) -> Held | None:
        """What the battery counted since it was seen to be right; None: not to be believed."""
        age = rtc - set_at
        if not -RTC_OFF <= age <= HELD_FOR:
            return None
        off = RTC_OFF + abs(age) * DRIFT_PPM / 1_000_000
        until_s = boot_s + (HELD_FOR - age).total_seconds()
        return cls(shifted(rtc, -off), shifted(rtc, off), boot_s, until_s, TimeSource.RTC)

    @property
    def middle(self) -> datetime:
        """What a person set, or the best guess."""
        return self.earliest + (self.latest - self.earliest) / 2

    def at(self, boot_s: float) -> tuple[datetime, datetime]:
        """The interval now."""
        since = timedelta(seconds=boot_s - self.boot_s)
        off = abs(since) * DRIFT_PPM / 1_000_000
        return shifted(self.earliest, since - off), shifted(self.latest, since + off)

    def joined(self, earliest: datetime, latest: datetime) -> Held:
        """With another interval of the same moment: what both allow; else whatever either does."""
        ends = max(self.earliest, earliest), min(self.latest, latest)
        if ends[0] > ends[1]:
            ends = min(self.earliest, earliest), max(self.latest, latest)
        return Held(*ends, self.boot_s, self.until_s, self.source)
