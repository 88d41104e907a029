"""What the device knows of the time and must not forget: `state.db`, shared by its processes.

The floor, the newest signed time and the newest time code never fall, but by a clock-reset that the
offline keys have signed. What was held in an earlier
boot is not held any more: seconds since the boot mean nothing after it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from scanner.core.clock_reset import ClockReset
from scanner.core.errors import TimeError
from scanner.core.held_time import Held
from scanner.core.time_bounds import NEVER_SET, Base, TimeBounds, TimeSource
from scanner.core.time_fault import TimeFault
from scanner.core.time_memory import TimeMemory
from scanner.store.database import STATE, connect, transaction, translated
from scanner.store.state import RAISE

TIME, SIGNED, TIME_CODE = "time", "signed-time", "time-code"  # floors
RESETS = "clock-reset"  # floor, and a number: of the newest one taken
OFFLINE_UNTIL, RTC_SET = "offline-until", "rtc-set"  # moments
FUTURE_CLAIM, FUTURE_TIME = "future-claim", "future-time"  # moments: signed, of the system
IMAGE_BUILT = "image-built"  # moment: of the image that was heard
# Moments: the floor that the loop's last minute left, and that with which this boot began.
SAVED, FRESH = "saved-floor", "fresh-floor"
HELD, BY_HAND, PROPOSED = "held", "by-hand", "proposed"  # slots

_KEEP_HELD = "INSERT OR REPLACE INTO held_time VALUES (?, ?, ?, ?, ?, ?, ?)"
_HELD = "SELECT source, earliest, latest, boot_s, until_s FROM held_time WHERE slot=? AND boot=?"


class KnownTime:
    """One boot's view. `boot` "": it cannot be told, and each process is a boot of its own."""

    def __init__(self, folder: Path, boot: str, boot_s: float) -> None:
        """boot_s: seconds since the boot, now. Raises StoreError."""
        self._db = connect(folder, STATE)
        self._knows_boot = bool(boot)
        # The uptime before a process that is its own boot is not known to be its own.
        self._boot, self._start_s = (boot, 0.0) if boot else (os.urandom(16).hex(), boot_s)

    def load(self) -> TimeMemory:
        """Everything there is; the first call of a boot notes the floor as it was found.

        Raises StoreError.
        """
        with transaction(self._db, STATE.name):
            return TimeMemory(
                bounds=self._bounds(),
                signed_at=self._floor(SIGNED),
                newest_code=self._floor(TIME_CODE),
                rtc_set_at=self._moment(RTC_SET),
                held=self._held(HELD),
                by_hand=self._held(BY_HAND),
                resets=self._resets(),
                is_floor_fresh=self._moment(FRESH) is not None,
            )

    def save(
        self, memory: TimeMemory, future: datetime | None = None, *, is_fresh: bool = False
    ) -> None:
        """In one transaction; floors only rise, and what other processes keep is left alone.

        future: a time of the system that is too far ahead. is_fresh: the floor is what is known of
        now, and will be fresh when the power is cut within a minute. A memory from before a
        clock-reset is not kept: the clock has to `learn` first. Raises StoreError.
        """
        with transaction(self._db, STATE.name):
            if self._resets() != memory.resets:
                return
            self._raise(TIME, memory.bounds.floor)
            if memory.bounds.base is not None and self._base() is None:
                self._keep_base(memory.bounds.base)
            self._raise(SIGNED, memory.signed_at)
            self._raise(TIME_CODE, memory.newest_code)
            self._set_moment(RTC_SET, memory.rtc_set_at)
            self._set_moment(FUTURE_TIME, future)
            self._set_moment(SAVED, self._floor(TIME) if is_fresh else None)
            if memory.held is not None:
                self._keep_held(HELD, memory.held)

    def hear(self, source: TimeSource, at: datetime, boot_s: float) -> None:
        """A time that an update or an enrolment brings; it raises the floor within the bounds.

        Raises TimeError when it is too far ahead: nothing moves, and doctor tells of it.
        Raises StoreError.
        """
        with transaction(self._db, STATE.name):
            bounds = self._bounds()
            is_refused = source is not TimeSource.OFFLINE and bounds.is_too_far(at, boot_s)
            self._set_moment(FUTURE_CLAIM, at if is_refused else None)
            if not is_refused:
                self._keep_bounds(bounds.raised(source, at, boot_s))
        if is_refused:
            raise TimeError(TimeFault.TOO_FAR_AHEAD)

    def hear_image(self, built_at: datetime, boot_s: float) -> bool:
        """When the image was made, which the offline side vouches for; True when it was new.

        Each image is heard once: its file says the same at every start, and must not undo what
        the offline keys have said since. Raises StoreError.
        """
        built_at = built_at.replace(microsecond=0)
        with transaction(self._db, STATE.name):
            if self._moment(IMAGE_BUILT) == built_at:
                return False
            self._set_moment(IMAGE_BUILT, built_at)
            self._keep_bounds(self._bounds().raised(TimeSource.OFFLINE, built_at, boot_s))
            return True

    def reset(self, reset: ClockReset, boot_s: float) -> bool:
        """The floor becomes exactly the time that the offline keys say, once; False: taken before.

        What rests on later times goes with the old floor: all that is held in this boot, the reach,
        newer signed times and time codes, and what was thought of the battery. Raises StoreError.
        """
        with transaction(self._db, STATE.name):
            if reset.number <= self._resets():
                return False
            self._db.execute(RAISE, (RESETS, reset.number))
            self._forget_after(reset.floor)
            self._raise(TIME, reset.floor)
            self._keep_base(Base(reset.floor, boot_s))
            return True

    def _forget_after(self, at: datetime) -> None:
        """The floor of time is replaced and not lowered: a trigger stops every lowering."""
        later = "DELETE FROM floor WHERE name = ? OR (name IN (?, ?) AND value > ?)"
        self._db.execute(later, (TIME, SIGNED, TIME_CODE, int(at.timestamp())))
        self._db.execute("DELETE FROM held_time")
        for name in (RTC_SET, FUTURE_CLAIM, FUTURE_TIME, SAVED, FRESH):
            self._set_moment(name, None)

    def set_offline_until(self, at: datetime) -> None:
        """When the offline targets that are installed expire. Raises StoreError."""
        with transaction(self._db, STATE.name):
            self._set_moment(OFFLINE_UNTIL, at)

    @property
    def future_claim(self) -> datetime | None:
        """A time that was claimed and is too far ahead (E-CLOCK-FUTURE). Raises StoreError."""
        with translated(STATE.name):
            return self._moment(FUTURE_CLAIM) or self._moment(FUTURE_TIME)

    def propose(self, by_hand: Held) -> None:
        """The first step of setting by hand. Raises StoreError."""
        with transaction(self._db, STATE.name):
            self._keep_held(PROPOSED, by_hand)

    @property
    def proposed(self) -> Held | None:
        """What the first step left in this boot. Raises StoreError."""
        with translated(STATE.name):
            return self._held(PROPOSED)

    def set_by_hand(self, by_hand: Held) -> None:
        """The second step; the loop takes it over within a minute. Raises StoreError."""
        with transaction(self._db, STATE.name):
            self._keep_held(BY_HAND, by_hand)
            self._db.execute("DELETE FROM held_time WHERE slot = ?", (PROPOSED,))

    def close(self) -> None:
        self._db.close()

    def _bounds(self) -> TimeBounds:
        """With the base of this boot, which its first process makes from the floor."""
        floor, base = self._floor(TIME), self._base()
        if base is None and floor is not None:
            base = Base(floor, self._start_s)
            self._begin_boot(base)
        return TimeBounds(floor or NEVER_SET, base, self._moment(OFFLINE_UNTIL))

    def _begin_boot(self, base: Base) -> None:
        """The floor is fresh when nothing has touched it since the loop's last good minute.

        Where boots cannot be told apart, the start of a process is not known to be one.
        """
        is_fresh = self._knows_boot and self._moment(SAVED) == base.at
        self._set_moment(FRESH, base.at if is_fresh else None)
        self._set_moment(SAVED, None)
        self._keep_base(base)

    def _keep_bounds(self, bounds: TimeBounds) -> None:
        self._raise(TIME, bounds.floor)
        if bounds.base is not None:
            self._keep_base(bounds.base)

    def _base(self) -> Base | None:
        query = "SELECT at, boot_s FROM time_base WHERE boot = ?"
        row = self._db.execute(query, (self._boot,)).fetchone()
        return None if row is None else Base(_moment(row[0]), float(row[1]))

    def _keep_base(self, base: Base) -> None:
        row = (self._boot, int(base.at.timestamp()), base.boot_s)
        self._db.execute("INSERT OR REPLACE INTO time_base VALUES (1, ?, ?, ?)", row)

    def _floor(self, name: str) -> datetime | None:
        row = self._db.execute("SELECT value FROM floor WHERE name = ?", (name,)).fetchone()
        return None if row is None or row[0] <= 0 else _moment(row[0])

    def _resets(self) -> int:
        row = self._db.execute("SELECT value FROM floor WHERE name = ?", (RESETS,)).fetchone()
        return 0 if row is None else int(row[0])

    def _raise(self, name: str, at: datetime | None) -> None:
        if at is not None and at > NEVER_SET:
            self._db.execute(RAISE, (name, int(at.timestamp())))

    def _moment(self, name: str) -> datetime | None:
        row = self._db.execute("SELECT at FROM moment WHERE name = ?", (name,)).fetchone()
        return None if row is None else _moment(row[0])

    def _set_moment(self, name: str, at: datetime | None) -> None:
        if at is None:
            self._db.execute("DELETE FROM moment WHERE name = ?", (name,))
        else:
            row = (name, int(at.timestamp()))
            self._db.execute("INSERT OR REPLACE INTO moment VALUES (?, ?)", row)

    def _held(self, slot: str) -> Held | None:
        row = self._db.execute(_HELD, (slot, self._boot)).fetchone()
        if row is None:
            return None
        source, earliest, latest, boot_s, until_s = row
        begin, end = (datetime.fromtimestamp(moment, UTC) for moment in (earliest, latest))
        return Held(begin, end, boot_s, until_s, TimeSource(source))

    def _keep_held(self, slot: str, held: Held) -> None:
        ends = held.earliest.timestamp(), held.latest.timestamp()
        row = (slot, self._boot, held.source.value, *ends, held.boot_s, held.until_s)
        self._db.execute(_KEEP_HELD, row)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
