"""A clock-reset that the lists bring: who needs it, who may ask for it, and how it is taken.

The floor of time is what a device believes against everybody else, so it takes a reset only where
the floor is shown to be wrong: network time lies below it, or a technician says so. All others
leave it alone, or a reset would make every device of a city forget what it knows of the time.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scanner.core.clock_reset import ClockReset, newest_reset, parse_clock_reset

if TYPE_CHECKING:
    from hardware.clock import SystemClock
    from scanner.store.known_time import KnownTime
    from scanner.sync.client import Offer, UpdateClient

log = logging.getLogger("scanner.sync")


@dataclass(frozen=True, slots=True)
class ResetDesk:
    """What this device knows of the time before the lists arrive. is_asked: by a technician."""

    known: KnownTime
    clock: SystemClock
    is_asked: bool

    @property
    def floor(self) -> datetime:
        return self.clock.memory.bounds.floor

    @property
    def is_due(self) -> bool:
        """Whether a reset would be taken."""
        network = self.clock.network_time
        return self.is_asked or (network is not None and network < self.floor)

    def take(self, client: UpdateClient, offer: Offer) -> ClockReset | None:
        """The newest one on offer, when it is due and newer than every one taken before.

        Raises UpdateError for one that is over or cannot be read; SyncError, StoreError.
        """
        from hardware.clock import boot_seconds

        newest = newest_reset(offer.targets)
        if newest is None or newest[0] <= self.clock.memory.resets or not self.is_due:
            return None
        _, name = newest
        client.download(name)
        reset = parse_clock_reset(name, client.read(name))
        for at in (datetime.fromtimestamp(offer.issued_at, UTC), self.clock.network_time):
            if at is not None:
                reset.check_alive(at)
        if not self.known.reset(reset, boot_seconds()):
            return None
        log.warning("clock: %s sets the floor from %s to %s", name, self.floor, reset.floor)
        return reset
