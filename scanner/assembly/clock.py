"""The clock of a device, joined to what the device remembers of the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.core.clock import ClockReading
from scanner.core.errors import TimeError
from scanner.core.held_time import Held
from scanner.core.policy import Checkpoint
from scanner.core.time_bounds import TimeSource
from scanner.core.time_fault import TimeFault
from scanner.core.time_memory import TimeMemory

if TYPE_CHECKING:
    from hardware.clock import SystemClock
    from scanner.store.known_time import KnownTime

CONFIRM_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ClockProbe:
    """What is known of the time now, and why. `future`: a time too far ahead to be believed."""

    now: ClockReading
    source: TimeSource | None
    memory: TimeMemory
    ceiling: datetime | None
    future: datetime | None
    has_rtc: bool

    @property
    def is_past_reach(self) -> bool:
        """Two witnesses agree on a time that neither would be believed alone."""
        return (
            self.source is TimeSource.NTP
            and self.ceiling is not None
            and self.now.earliest > self.ceiling
        )


def open_known_time(state: Path) -> KnownTime:
    """What the device remembers of the time, for this boot. Raises StoreError."""
    from hardware.clock import boot_id, boot_seconds
    from scanner.store.known_time import KnownTime

    return KnownTime(state, boot_id(), boot_seconds())


def start_clock(known: KnownTime, signed_at: datetime | None) -> SystemClock:
    """The clock of this boot; signed_at: what the installed lists say. Raises StoreError."""
    from hardware.clock import SystemClock

    clock = SystemClock(known.load(), keep=known.save)
    if signed_at is not None:
        with suppress(TimeError):  # doctor tells of it
            clock.hear_signed(signed_at)
    return clock


def tell_time(state: Path, source: TimeSource, at: datetime) -> None:
    """An update or an enrolment has brought a time: it raises the floor within the bounds.

    Raises TimeError when it is too far ahead; nothing has moved then. Raises StoreError.
    """
    from hardware.clock import boot_seconds

    with closing(open_known_time(state)) as known:
        known.hear(source, at, boot_seconds())


def hear_image(state: Path, built_at: datetime) -> bool:
    """When the image was made raises the floor, once for each image; True when it was new.

    Raises StoreError.
    """
    from hardware.clock import boot_seconds

    with closing(open_known_time(state)) as known:
        return known.hear_image(built_at, boot_seconds())


def probe_clock(state: Path) -> ClockProbe:
    """What the device's clock knows. Raises StoreError."""
    from hardware.clock import boot_seconds, has_rtc

    with _clock(state) as (clock, known):
        now, memory = clock.now(), clock.memory
        ceiling = memory.bounds.ceiling(boot_seconds())
        future = clock.future or known.future_claim
        return ClockProbe(now, clock.source, memory, ceiling, future, has_rtc())


def propose_time(state: Path, at: datetime) -> Held:
    """The first step of setting by hand. Raises TimeError when it may not be; StoreError."""
    with _clock(state) as (clock, known):
        by_hand = clock.check_hand(at)
        known.propose(by_hand)
        return by_hand


def confirm_time(state: Path, at: datetime) -> None:
    """The second step, for the time of the first; counted from then. TimeError, StoreError."""
    from hardware.clock import boot_seconds

    with _clock(state) as (clock, known):
        proposed = known.proposed
        is_same = proposed is not None and abs(proposed.middle - at) < timedelta(seconds=1)
        if proposed is None or not is_same:
            raise TimeError(TimeFault.NOT_PROPOSED)
        if boot_seconds() - proposed.boot_s > CONFIRM_WITHIN.total_seconds():
            raise TimeError(TimeFault.NOT_PROPOSED)
        clock.take_hand(proposed)
        known.set_by_hand(proposed)


@contextmanager
def _clock(state: Path) -> Iterator[tuple[SystemClock, KnownTime]]:
    """As the loop would have it, started anew; nothing is kept of what it reads."""
    from scanner.store.trust_list import SqliteLists

    with (
        closing(open_known_time(state)) as known,
        closing(SqliteLists(state, Checkpoint(), allow_test_keys=True)) as lists,
    ):
        yield start_clock(known, lists.signed_at), known
