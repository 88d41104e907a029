"""The scan log beside the loop: it is sealed, told of, kept to its days and to its room.

Nothing here ends the checkpoint: what fails is said, and tried again in a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.checkpoint import ScanLoop
from scanner.core.errors import CheckpointError, NoRoomError
from scanner.core.record import NO_FLAGS, RecordFlag, local_day
from scanner.core.segment import MAX_RECORDS, SegmentFlag

if TYPE_CHECKING:
    from scanner.store.chain_end import Running
    from scanner.store.outbox import SqliteOutbox
    from scanner.store.runs import Run
    from scanner.store.segments import SegmentLog
    from scanner.store.space import LogSpace

log = logging.getLogger("scanner.log")

MINUTE_S, HOUR_S = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class LogParts:
    """What the log of a device is made of.

    capacity: bytes. floor: the time that now cannot be before, None with a simulated clock.
    keeps_days: False where time jumps about, as in the demo: nothing goes because its time is over.
    """

    state: Path
    outbox: SqliteOutbox
    loop: ScanLoop
    capacity: int
    floor: Callable[[], datetime] | None = None
    flags: RecordFlag = NO_FLAGS
    keeps_days: bool = True


@contextmanager
def scan_log(parts: LogParts) -> Iterator[LogKeeper]:
    """The log of a run. Stopped in order, all is sealed, and the next start is a clean one.

    Raises StoreError when there is no key to sign it with.
    """
    from scanner.store.device_key import provide_device_key
    from scanner.store.segments import SegmentLog

    with closing(SegmentLog(parts.state, provide_device_key(parts.state))) as chain:
        keeper = LogKeeper(parts, chain)
        try:
            yield keeper
        except CheckpointError:  # a camera that was lost, not a cut of the power
            keeper.stop()
            raise
        keeper.stop()


class LogKeeper:
    """Called at every turn of the loop; works once a minute, and when room is short."""

    def __init__(self, parts: LogParts, chain: SegmentLog) -> None:
        self._parts, self._chain = parts, chain
        self._run: Run | None = None
        self._is_over, self._is_tight = False, False
        self._space: LogSpace | None = None
        self._has_old, self._has_to_cut = False, True
        self._minute_s = self._hour_s = self._busy_s = float("-inf")
        self._day: int | None = None
        self._attempt(self._begin)

    def __call__(self, now_s: float) -> None:
        """`now_s`: monotonic seconds. Raises nothing."""
        if self._is_over:
            return
        if now_s >= self._minute_s:
            self._minute_s = now_s + MINUTE_S
            for work in (self._begin, self._look, self._seal, self._age):
                self._attempt(work)
        elif now_s >= self._busy_s and (pending := self._pending()) is not None:
            # After a failure the minute is waited for, so that a full disk is not tried each turn.
            self._busy_s = now_s if self._attempt(pending) else self._minute_s

    def stop(self) -> None:
        """In order: everything is sealed first, or the next start is an unclean one."""
        from scanner.store.runs import end_run

        if self._is_over or self._run is None:
            return
        if self._attempt(lambda: self._seal(whole=True)):
            self._attempt(lambda: end_run(self._parts.state))

    def forget(self) -> None:
        """The regime has ended and all was wiped: nothing is signed any more."""
        self._is_over = True
        self._chain.close()

    def _pending(self) -> Callable[[], None] | None:
        """What should not wait for the minute; a look at a few numbers."""
        outbox = self._parts.outbox
        if outbox.is_full or self._is_tight:
            return self._make_room
        if outbox.last_seq - self._chain.next_seq >= MAX_RECORDS - 1:
            return self._seal
        return self._retire if self._has_old else None

    def _begin(self) -> None:
        """Not at once on a full disk: until then segments are those of the run before."""
        from scanner.store.runs import begin_run

        if self._run is None:
            self._run = begin_run(self._parts.state)

    def _seal(self, *, whole: bool = False) -> None:
        tally = self._parts.loop.tally
        has_taken = self._chain.seal(
            self._now, self._running(), histogram=tally.histogram, whole=whole
        )
        if has_taken:
            tally.forget_times()

    def _look(self) -> None:
        """How much room there is; the reserve is kept while there is any."""
        from scanner.store.space import keep_reserve, look

        keep_reserve(self._parts.state)
        self._space = look(self._chain.db, self._parts.state, self._parts.capacity)
        self._is_tight = self._space.is_full

    def _make_room(self) -> None:
        from scanner.store.space import make_room

        state, outbox = self._parts.state, self._parts.outbox
        is_full = outbox.is_full or (self._space is not None and self._space.is_disk_full)
        has_made = make_room(self._chain, state, self._now, self._running(), is_disk_full=is_full)
        outbox.is_full = False
        self._look()
        if has_made:
            log.warning("no room: the oldest scan records gave way to counts by the hour")
        else:
            self._is_tight = False  # until the next minute
            log.error("no room for scan records, and none that may go. Free some room on the card.")

    def _age(self) -> None:
        """Once an hour and when a day is over: what may go does so in steps, turn by turn."""
        day = local_day(self._now, self._running().zone)
        if self._minute_s >= self._hour_s or day != self._day:
            self._hour_s, self._day = self._minute_s + HOUR_S, day
            self._has_old = self._parts.keeps_days
        elif self._has_to_cut:
            self._cut()

    def _retire(self) -> None:
        from scanner.store.retention import Age, retire

        now, running = self._now, self._running()
        surely = now if self._parts.floor is None else min(now, self._parts.floor())
        age = Age(local_day(now, running.zone), local_day(surely, running.zone))
        policy = self._parts.loop.ports.lists.policy.log
        self._has_old = retire(self._chain, now, running, policy, age)
        if not self._has_old:
            self._has_to_cut = True
            self._cut()

    def _cut(self) -> None:
        """Not on a full disk: the WAL's blocks are all that a fold would have there."""
        from scanner.store.retention import cut_wal
        from scanner.store.space import keep_reserve

        if keep_reserve(self._parts.state):
            self._has_to_cut = not cut_wal(self._chain)

    @property
    def _now(self) -> datetime:
        return self._parts.loop.ports.clock.now().earliest

    def _running(self) -> Running:
        from scanner.store.chain_end import Running
        from scanner.store.runs import present_run

        loop = self._parts.loop
        policy, run = loop.ports.lists.policy, self._run or present_run(self._parts.state)
        flags = SegmentFlag.SIMULATED if self._parts.flags & RecordFlag.SIMULATED else 0
        flags |= SegmentFlag.AMBER if loop.tally.is_amber(loop.ports.clock.monotonic_s()) else 0
        flags |= SegmentFlag.SPACE if self._space is not None and self._space.is_scarce else 0
        flags |= SegmentFlag.LAMP_FAULT if loop.ports.indicator.fault else 0
        return Running(
            checkpoint=policy.checkpoint.id,
            boot=run.boot,
            is_clean=run.is_clean,
            floor_min=policy.log.floor_min,
            zone=policy.time_zone,
            flags=int(flags),
        )

    def _attempt(self, work: Callable[[], None]) -> bool:
        """Whether it was done; a full disk is noted, so that room is made."""
        try:
            work()
        except CheckpointError as error:
            self._parts.outbox.is_full |= isinstance(error, NoRoomError)
            log.error("the scan log is seen to again in a minute: %s", error)
        except Exception as error:  # noqa: BLE001  # nothing beside the loop may end it
            log.error("the scan log is seen to again in a minute: %s", type(error).__name__)
        else:
            return True
        return False
