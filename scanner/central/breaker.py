"""How much may change within a day before devices hold it back, told before it is published.

Devices count for themselves, since a stolen online key asks nobody. Here the same limits keep a
slip of the hand, such as revoking a whole file of passes, from being published at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec

from scanner.central.errors import CentralError
from scanner.central.lists import map_size
from scanner.central.register import Artefact, Register, Tally

DAY = timedelta(days=1)


class Raised(msgspec.Struct, frozen=True):
    """Other limits for one day, signed before it."""

    day: date
    flips: float | None = None
    restores: float | None = None
    restores_a_day: int | None = None


class Breaker(msgspec.Struct, frozen=True):
    """Shares of the issuer's map and a number, each within 24 hours."""

    flips: float = 0.01
    restores: float = 0.001
    restores_a_day: int = 5000
    raised: tuple[Raised, ...] = ()


class _Policy(msgspec.Struct, frozen=True):
    breaker: Breaker = Breaker()


@dataclass(frozen=True, slots=True)
class Limits:
    """Entries that may change, and those of them that may become valid again."""

    flips: int
    restores: int


def limits(policy: bytes, size: int, now: datetime) -> Limits:
    """What the policy allows today for a map of `size` indexes; the day is the one in UTC."""
    breaker = msgspec.json.decode(policy, type=_Policy).breaker
    flips, restores, most = breaker.flips, breaker.restores, breaker.restores_a_day
    for raised in breaker.raised:
        if raised.day == now.date():
            flips = max(flips, raised.flips or 0)
            restores = max(restores, raised.restores or 0)
            most = max(most, raised.restores_a_day or 0)
    return Limits(int(flips * size), int(min(restores * size, most)))


def check(register: Register, policy: bytes, now: datetime) -> None:
    """Raises CentralError when what waits would be held by the devices."""
    allowed = limits(policy, map_size(register), now)
    for artefact in Artefact:
        waiting = register.pending(artefact)
        if not waiting.flips:
            continue
        before = register.published_since(artefact, now - DAY)
        _compare(waiting, before, allowed, artefact)


def _compare(waiting: Tally, before: Tally, allowed: Limits, artefact: Artefact) -> None:
    flips, restores = waiting.flips + before.flips, waiting.restores + before.restores
    if flips <= allowed.flips and restores <= allowed.restores:
        return
    raise CentralError(
        f"This is beyond the circuit breaker: {flips} changes of the {artefact.name.lower()} list "
        f"within 24 hours where {allowed.flips} are allowed, {restores} restored where "
        f"{allowed.restores} are. Devices would hold it back. If it is right, either raise the "
        "limits of this day (`scanner central policy set`, breaker.raised), or publish with "
        "--beyond-breaker and then run `scanner central approve`."
    )
