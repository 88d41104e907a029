"""The clock of the device: an interval in which now lies, and how far it may be trusted.

    C ──kernel disciplined by NTP, agrees with a signed time──▶ A ──no longer──▶ B ──7 days──▶ C
                                    A, B ──a jump of more than 5 min, below the floor──▶ C

The only file that reads the time. Time codes and hand-set time will give B as well; the floor that
never falls is kept elsewhere and handed in.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scanner.core.clock import ClockLevel, ClockReading

AGREES_WITHIN = timedelta(hours=24)
HELD_FOR = timedelta(days=7)
# A crystal is worse than 50 ppm only when very cold or very old; twice that is allowed for.
DRIFT_PPM = 100
JUMP = timedelta(minutes=5)

# linux/timex.h
TIME_ERROR = 5
STA_UNSYNC = 0x0040


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A time of day known to be right, and the seconds since the boot at which it was."""

    at: datetime
    boot_s: float

    def held(self, boot_s: float) -> tuple[datetime, timedelta]:
        """The time of day now as the crystal counts it, and how far it may be off."""
        since = timedelta(seconds=boot_s - self.boot_s)
        return self.at + since, since * DRIFT_PPM / 1_000_000


class _Timex(ctypes.Structure):
    """struct timex as far as `status`; the rest is room for the kernel to write in."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def kernel_is_disciplined() -> bool:
    """Whether something keeps the kernel's clock right. False, too, where it may not be asked.

    A unit with ProtectClock=yes may not: that refuses adjtimex(2) even for reading.
    """
    timex = _Timex()  # modes = 0: read only
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    return 0 <= state < TIME_ERROR and not timex.status & STA_UNSYNC


def boot_seconds() -> float:
    """Seconds since the boot, sleep included where the system counts it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def system_time() -> datetime:
    """What this computer says, unconfirmed; for a desk, never for a checkpoint."""
    return datetime.fromtimestamp(time.time(), UTC)


class SystemClock:
    """Reads the time of day once for each `now()`.

    floor: now cannot be earlier (image build date, last good time saved). signed_at: the newest
    signed time that this device has verified; set it whenever a newer one arrives.
    """

    def __init__(
        self,
        *,
        floor: datetime,
        signed_at: datetime | None = None,
        read_time: Callable[[], float] = time.time,
        read_boot: Callable[[], float] = boot_seconds,
        read_monotonic: Callable[[], float] = time.monotonic,
        is_disciplined: Callable[[], bool] = kernel_is_disciplined,
    ) -> None:
        self._floor = floor
        self._signed_at = signed_at
        self._read_time, self._read_boot = read_time, read_boot
        self._read_monotonic, self._is_disciplined = read_monotonic, is_disciplined
        self._first: Confirmed | None = None  # jumps are measured from here
        self._last: Confirmed | None = None  # drift is measured from here
        self._has_jumped = False

    @property
    def signed_at(self) -> datetime | None:
        return self._signed_at

    @signed_at.setter
    def signed_at(self, at: datetime) -> None:
        """An older one changes nothing; a newer one may confirm anew after a jump."""
        if self._signed_at is not None and at <= self._signed_at:
            return
        self._signed_at = at
        if self._has_jumped:
            self._has_jumped, self._first = False, None

    def monotonic_s(self) -> float:
        """Seconds since some fixed point; never jumps."""
        return self._read_monotonic()

    def now(self) -> ClockReading:
        """What is known of the time of day."""
        at, boot_s = datetime.fromtimestamp(self._read_time(), UTC), self._read_boot()
        self._watch_for_jump(at, boot_s)
        if at < self._floor or self._has_jumped:
            return self._floor_only(boot_s)
        if self._is_confirmed(at):
            self._last = Confirmed(at, boot_s)
            self._first = self._first or self._last
            return ClockReading.exact(at, ClockLevel.A)
        return self._held(boot_s)

    def _is_confirmed(self, at: datetime) -> bool:
        agrees = self._signed_at is not None and abs(at - self._signed_at) <= AGREES_WITHIN
        return agrees and self._is_disciplined()

    def _watch_for_jump(self, at: datetime, boot_s: float) -> None:
        """Against the first confirmation, so that many small steps count like one large one."""
        if self._first is not None:
            counted, _ = self._first.held(boot_s)
            self._has_jumped = self._has_jumped or abs(at - counted) > JUMP

    def _held(self, boot_s: float) -> ClockReading:
        """Level B by the crystal alone: the system's time may have been stepped a little."""
        if self._last is None or boot_s - self._last.boot_s > HELD_FOR.total_seconds():
            return self._floor_only(boot_s)
        at, off = self._last.held(boot_s)
        return ClockReading(max(self._floor, at - off), at + off, ClockLevel.B)

    def _floor_only(self, boot_s: float) -> ClockReading:
        """Level C: what was right once cannot have passed backwards."""
        earliest = self._floor
        if self._last is not None:
            at, off = self._last.held(boot_s)
            earliest = max(earliest, at - off)
        return ClockReading(earliest, None, ClockLevel.C)
