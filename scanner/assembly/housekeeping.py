"""What has to be done beside the loop, once a minute."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.core.errors import StoreError, TimeError
from scanner.core.grace import follows
from scanner.core.regime import RegimeStep, regime_step

if TYPE_CHECKING:
    from hardware.clock import SystemClock
    from scanner.core.time_memory import TimeMemory
    from scanner.store.known_time import KnownTime
    from scanner.store.outbox import SqliteOutbox
    from scanner.store.trust_list import SqliteLists

log = logging.getLogger("scanner.housekeeping")

EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Stores:
    """What housekeeping looks after; `keys`: key files outside the state folder."""

    lists: SqliteLists
    outbox: SqliteOutbox
    known: KnownTime
    keys: tuple[Path, ...] = ()


class Housekeeping:
    """Take over new lists and times, and save the time below which the clock is wrong.

    `clock` None: a simulated one, which learns nothing and teaches nothing. forget: whoever holds
    a key or a number of what was wiped.
    """

    def __init__(
        self,
        state: Path,
        clock: SystemClock | None,
        stores: Stores,
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        self._state, self._clock = state, clock
        self._lists, self._outbox, self._known = stores.lists, stores.outbox, stores.known
        self._keys, self._due_s, self._forget = stores.keys, 0.0, forget

    def __call__(self, now_s: float) -> None:
        """`now_s`: monotonic seconds. Raises StoreError."""
        if now_s < self._due_s:
            return
        self._due_s = now_s + EVERY_S
        self._lists.refresh()
        if self._clock is not None:
            memory = self._keep_time(self._clock)
            self._end_regime(self._clock, memory.bounds.floor)

    def _keep_time(self, clock: SystemClock) -> TimeMemory:
        stored, until = self._known.load(), self._lists.policy.offline_until
        if until is not None and until != stored.bounds.offline_until:
            self._known.set_offline_until(until)
            stored = self._known.load()
        clock.learn(stored)
        refused = _hear(clock, self._lists.signed_at)
        memory = clock.save()
        is_fresh = follows(memory.bounds.floor, clock.now())
        self._known.save(memory, refused or clock.future, is_fresh=is_fresh)
        return memory

    def _end_regime(self, clock: SystemClock, floor: datetime) -> None:
        """Wipe when it is time to, and only then."""
        from scanner.store.wipe import is_wiped, wipe

        policy, now = self._lists.policy, clock.now()
        end = policy.end_of_regime
        step = regime_step(
            end,
            policy.offline_until,
            now,
            floor=floor,
            # Counted once the date has come, and not each minute of the months before.
            records_wait=policy.has_ended(now) and self._outbox.waiting() > 0,
            is_past_reach=clock.future is not None,
        )
        if end is None or step is not RegimeStep.WIPE or is_wiped(self._state, end):
            return
        log.warning("the regime has ended: lists, scan records and keys are wiped")
        try:
            for path in wipe(self._state, end, now.earliest, self._keys):
                log.error("%s may not be removed by the scanner; remove it by hand", path)
            self._forget()
            self._outbox.reopen()
        except StoreError as error:
            # It is tried again in a minute; until then the lamps say that no pass is needed.
            log.error("%s", error)


def _hear(clock: SystemClock, signed_at: datetime | None) -> datetime | None:
    """The time of the lists, when it is too far ahead."""
    try:
        if signed_at is not None:
            clock.hear_signed(signed_at)
    except TimeError:
        return signed_at
    return None
