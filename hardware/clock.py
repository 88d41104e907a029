"""The clock of the device: the only file that reads the time.

What a reading is worth, and how the levels A, B and C are won and lost, is decided in
`scanner/core/timekeeping.py`; here are the readers and the port of the loop.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from scanner.core.clock import ClockReading
from scanner.core.held_time import Held
from scanner.core.time_bounds import TimeSource
from scanner.core.time_memory import Tick, TimeMemory
from scanner.core.timekeeping import Timekeeper

RTC_SECONDS = Path("/sys/class/rtc/rtc0/since_epoch")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

# linux/timex.h
TIME_ERROR = 5
STA_UNSYNC = 0x0040


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


@cache
def _libc() -> ctypes.CDLL:
    """Once: each one makes classes of its own, and the loop reads the clock at every turn."""
    return ctypes.CDLL(None, use_errno=True)


def kernel_is_disciplined() -> bool:
    """Whether something keeps the kernel's clock right. False, too, where it may not be asked.

    A unit with ProtectClock=yes may not: that refuses adjtimex(2) even for reading.
    """
    timex = _Timex()  # modes = 0: read only
    state = _libc().adjtimex(ctypes.byref(timex))
    return 0 <= state < TIME_ERROR and not timex.status & STA_UNSYNC


def boot_seconds() -> float:
    """Seconds since the boot, sleep included where the system counts it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def system_time() -> datetime:
    """What this computer says, unconfirmed; for a desk, never for a checkpoint."""
    return datetime.fromtimestamp(time.time(), UTC)


def rtc_time(path: Path = RTC_SECONDS) -> datetime | None:
    """What the clock battery says, whole seconds; None: there is none, or it has lost its time.

    The kernel refuses to read a chip whose oscillator has stopped.
    """
    try:
        return datetime.fromtimestamp(int(path.read_text("ascii")), UTC)
    except (OSError, ValueError, OverflowError):
        return None


def has_rtc(path: Path = RTC_SECONDS) -> bool:
    """Whether a clock battery is fitted, right or wrong."""
    return path.exists()


def boot_id(path: Path = BOOT_ID) -> str:
    """The same for every process of this boot, 32 hex digits; "" when it cannot be known.

    A unit with ProcSubset=pid cannot read it, and is told by $SCANNER_BOOT_ID.
    """
    given = os.environ.get("SCANNER_BOOT_ID")
    try:
        return (given or path.read_text("ascii")).strip().replace("-", "")
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class ClockReaders:
    """Where the clock reads; tests and simulations give their own."""

    system_s: Callable[[], float] = time.time
    boot_s: Callable[[], float] = boot_seconds
    monotonic_s: Callable[[], float] = time.monotonic
    is_disciplined: Callable[[], bool] = kernel_is_disciplined
    rtc: Callable[[], datetime | None] = rtc_time


_REAL = ClockReaders()


class SystemClock:
    """Reads the time of day once for each `now()`.

    memory: what was kept of the time. keep: puts it on the disk; it is called when a time code was
    taken, so that the same one cannot be taken again after a cut of the power.
    """

    def __init__(
        self,
        memory: TimeMemory,
        keep: Callable[[TimeMemory], None] = lambda memory: None,
        readers: ClockReaders = _REAL,
    ) -> None:
        self._keeper, self._keep, self._readers = Timekeeper(memory), keep, readers
        self._keeper.start_from_rtc(readers.rtc(), self._tick())

    @property
    def memory(self) -> TimeMemory:
        """What is known of the time beside the present reading."""
        return self._keeper.memory

    @property
    def source(self) -> TimeSource | None:
        """What the last reading rests on; None at level C."""
        return self._keeper.source

    @property
    def future(self) -> datetime | None:
        """A time too far ahead to be believed, at the last reading (E-CLOCK-FUTURE)."""
        return self._keeper.future

    @property
    def network_time(self) -> datetime | None:
        """What the system says while network time disciplines it: a claim, and nothing more."""
        tick = self._tick()
        return tick.at if tick.is_disciplined else None

    def monotonic_s(self) -> float:
        """Seconds since some fixed point; never jumps."""
        return self._readers.monotonic_s()

    def now(self) -> ClockReading:
        """What is known of the time of day."""
        return self._keeper.read(self._tick())

    def take_time_code(self, iat: datetime) -> None:
        """Raises TimeError, and whatever `keep` raises."""
        self._keeper.take_time_code(iat, self._tick())
        self._keep(self._keeper.memory)

    def check_hand(self, at: datetime) -> Held:
        """The time that a person would set now. Raises TimeError."""
        tick = self._tick()
        self._keeper.check_hand(at, tick)
        return Held.from_hand(at, tick.boot_s)

    def take_hand(self, by_hand: Held) -> None:
        """Raises TimeError."""
        self._keeper.take_hand(by_hand, self._tick())

    def hear_signed(self, at: datetime) -> None:
        """The newest time that the online keys have signed. Raises TimeError, as for a witness."""
        self._keeper.hear_signed(at, self._tick())

    def learn(self, stored: TimeMemory) -> None:
        """Take over what other processes have kept."""
        self._keeper.learn(stored, self._tick())

    def save(self) -> TimeMemory:
        """What to keep; once a minute. The floor follows, and the battery is looked at."""
        tick = self._tick()
        self._keeper.watch_rtc(self._readers.rtc(), tick)
        return self._keeper.save(tick)

    def _tick(self) -> Tick:
        readers = self._readers
        at = datetime.fromtimestamp(readers.system_s(), UTC)
        return Tick(at, readers.boot_s(), readers.is_disciplined())
