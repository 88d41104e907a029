"""The circuit breaker: how much of a list may change within a day before people must approve it.

A stolen online key could revoke a whole city, or give every revoked pass back. It is counted for
each list by itself, over 24 hours and over 7 days of the signed time, whatever the form in which
changes arrive. Who was away for some days may catch up on as many days.

    flips     entries that were valid and are not any more
    restores  entries that become valid again
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from scanner.core.policy import BreakerLimits
from scanner.core.revocation import StatusBits

DAY_S = 86_400
WEEK_DAYS = 7

# An index of the map, the hash of an id, or the reference of a holder.
Key = int | bytes
Changes = dict[Key, StatusBits]


@dataclass(frozen=True, slots=True)
class Tally:
    """What changed in a list at a signed time."""

    issued_at: int
    flips: int
    restores: int


@dataclass(frozen=True, slots=True)
class Room:
    """How many entries may still change."""

    flips: int
    restores: int


def room(
    limits: BreakerLimits, size: int, ledger: Iterable[Tally], at: int, since: int | None
) -> Room:
    """What may change now, at the signed time `at`, when the list was last right at `since`.

    size: indexes of the map; 0 where there is no map, and then the number counts for both.
    """
    days = WEEK_DAYS if since is None else min(WEEK_DAYS, max(1, -(-(at - since) // DAY_S)))
    past = list(ledger)
    rooms = [_within(limits, size, past, at, span) for span in {days, WEEK_DAYS}]
    return Room(min(r.flips for r in rooms), min(r.restores for r in rooms))


def _within(limits: BreakerLimits, size: int, past: list[Tally], at: int, days: int) -> Room:
    begin = at - days * DAY_S
    counted = [tally for tally in past if tally.issued_at > begin]
    flips, restores = _a_day(size, limits.flips, limits.restores, limits.restores_a_day)
    flips, restores = days * flips, days * restores
    first, last = _day(begin), _day(at)
    for raised in limits.raised:
        if first <= raised.day <= last:
            more = _a_day(size, raised.flips, raised.restores, raised.restores_a_day)
            flips, restores = flips + more[0], restores + more[1]
    flips -= sum(tally.flips for tally in counted)
    restores -= sum(tally.restores for tally in counted)
    return Room(max(0, flips), max(0, restores))


def _a_day(size: int, flips: float, restores: float, most: int) -> tuple[int, int]:
    if size == 0:
        return most, most
    return int(flips * size), min(int(restores * size), most)


def _day(at: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)).date()


@dataclass(frozen=True, slots=True)
class Sifted:
    """Changes parted: those that apply now, those held anew, and those that stay held."""

    applied: Changes = field(default_factory=dict)
    held: Changes = field(default_factory=dict)
    still_held: Changes = field(default_factory=dict)
    flips: int = 0
    restores: int = 0
    held_flips: int = 0
    held_restores: int = 0


def sift(
    changes: Mapping[Key, StatusBits],
    before: Callable[[Key], StatusBits],
    held: Mapping[Key, StatusBits],
    may: Room,
) -> Sifted:
    """What of these changes is within the room; flips and restores each as a whole.

    Entries that have their value already are left out. A change that is held already is not
    counted again, so that what comes after a held one applies.
    """
    sifted: Sifted = Sifted()
    flips: Changes = {}
    restores: Changes = {}
    for key, to in changes.items():
        was = before(key)
        if was is to:
            continue
        if held.get(key) is to:
            sifted.still_held[key] = to
        elif was is StatusBits.VALID:
            flips[key] = to
        elif to is StatusBits.VALID:
            restores[key] = to
        else:
            sifted.applied[key] = to
    return _parted(sifted, flips, restores, may)


def _parted(sifted: Sifted, flips: Changes, restores: Changes, may: Room) -> Sifted:
    takes_flips, takes_restores = len(flips) <= may.flips, len(restores) <= may.restores
    (sifted.applied if takes_flips else sifted.held).update(flips)
    (sifted.applied if takes_restores else sifted.held).update(restores)
    return Sifted(
        sifted.applied,
        sifted.held,
        sifted.still_held,
        flips=len(flips) if takes_flips else 0,
        restores=len(restores) if takes_restores else 0,
        held_flips=0 if takes_flips else len(flips),
        held_restores=0 if takes_restores else len(restores),
    )


# Both beyond what a list can hold: for approved changes and for first lists.
ANY_NUMBER = Room(2**62, 2**62)

_VALID_BIT_OF_BYTES = 0x55


def count_differences(old: bytes, new: bytes) -> tuple[int, int]:
    """Flips and restores between two rows of a map; what the old one lacks was valid."""
    a = int.from_bytes(old.ljust(len(new), b"\0"), "little")
    b = int.from_bytes(new.ljust(len(old), b"\0"), "little")
    mask = int.from_bytes(bytes([_VALID_BIT_OF_BYTES]) * max(len(old), len(new)), "little")
    taken, taken_now = (a | a >> 1) & mask, (b | b >> 1) & mask
    return (taken_now & ~taken).bit_count(), (taken & ~taken_now).bit_count()
