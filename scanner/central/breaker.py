"""The circuit breaker of the devices, asked before anything is published.

Devices count for themselves, since a stolen online key asks nobody. Here the same arithmetic
keeps a slip of the hand, such as revoking a whole file of passes, from being published at all.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from scanner.central.errors import CentralError
from scanner.central.lists import map_size
from scanner.central.register import Artefact, Register, Waiting
from scanner.core.breaker import WEEK_DAYS, Room, room
from scanner.core.policy import BreakerLimits
from scanner.core.targets import parse_policy

WEEK = timedelta(days=WEEK_DAYS)


def check(register: Register, policy: bytes, now: datetime) -> None:
    """Raises CentralError when a device that is up to date would hold what waits."""
    limits, size = parse_policy(policy).breaker.to_limits(), map_size(register)
    for artefact in Artefact:
        waiting = register.pending(artefact)
        if waiting.flips or waiting.restores:
            may = room_for(register, artefact, limits, size, now)
            _compare(waiting, may, artefact)


def room_for(
    register: Register, artefact: Artefact, limits: BreakerLimits, size: int, now: datetime
) -> Room:
    """What a list may still change now; holders and ids are measured by the map as well."""
    at = int(now.timestamp())
    return room(limits, size, register.published_since(artefact, now - WEEK), at, at)


def _compare(waiting: Waiting, may: Room, artefact: Artefact) -> None:
    if waiting.flips <= may.flips and waiting.restores <= may.restores:
        return
    raise CentralError(
        f"This is beyond the circuit breaker: {waiting.flips} entries of the "
        f"{artefact.name.lower()} list would be taken back where {may.flips} still may be, and "
        f"{waiting.restores} restored where {may.restores} may. Devices would hold it back. If it "
        "is right, either raise the limits of this day (`scanner central policy set`, "
        "breaker.raised), or publish with --beyond-breaker and then run `scanner central approve`."
    )
