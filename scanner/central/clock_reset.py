"""The clock-reset: the sticks tell devices whose floor of time was pushed ahead that it is not so.

Its number is counted from the one that is published, which therefore stays there. Devices take it
for 30 days, and only those whose floor is wrong.
"""

from __future__ import annotations

from datetime import UTC, datetime

from tuf.api.metadata import Targets

from scanner.central.city import City
from scanner.central.documents import Documents
from scanner.central.edition import Edition
from scanner.central.errors import CentralError
from scanner.core.clock_reset import LIFE, ClockReset, newest_reset, parse_clock_reset

PREFIX = "clock-reset-"


def reset_clocks(city: City, floor: datetime) -> ClockReset:
    """Sign and publish that it is not earlier than `floor`. Raises CentralError."""
    now = city.means.now
    if not now - LIFE < floor <= now:
        raise CentralError(
            "Give a time of the last 30 days that has passed, best that of now: devices believe "
            "that it is not earlier, and take nothing older."
        )
    city.check_sticks(Targets.type)
    newest = newest_reset(city.repository.state().names(PREFIX))
    reset = ClockReset(1 + (newest[0] if newest else 0), floor.astimezone(UTC))
    parse_clock_reset(reset.name, reset.encode())  # as devices will

    def change(documents: Documents, edition: Edition) -> None:
        edition.drop(*edition.after.names(PREFIX))
        edition.put(reset.name, reset.encode())

    city.sign(change)
    return reset
