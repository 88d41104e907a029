"""The records of a log counted by day, quarter of an hour, outcome and reason; nothing is hidden.

What an officer decided by hand is a record of its own after the one it is about, and is counted
with the reason of that one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scanner.core.events import Folded
from scanner.core.findings import Link, bodies
from scanner.core.logbook import DeviceLog
from scanner.core.reasons import Outcome, Reason
from scanner.core.record import unpack
from scanner.core.segment import Segment

QUARTER_MIN, HOUR_MIN, DAY_MIN = 15, 60, 1440
# The last of the year 9999: what a device says is later than that is taken for it.
LAST_DAY = 2_932_896
LAST_MINUTE = LAST_DAY * DAY_MIN


@dataclass(frozen=True, slots=True)
class Place:
    """device: 8 bytes. checkpoint: where it stood."""

    device: bytes
    checkpoint: str


@dataclass(frozen=True, slots=True)
class Kind:
    """What a record says; None where it is not told, or of a newer release."""

    outcome: Outcome | None = None
    reason: Reason | None = None
    of: Reason | None = None


@dataclass(slots=True)
class Tally:
    """One day at one place: minute (since 1970 UTC, of the quarter or hour) and kind → records.

    hours: what was folded, of which only the hour is known.
    """

    place: Place
    day: int
    quarters: Counter[tuple[int, Kind]] = field(default_factory=Counter)
    hours: Counter[tuple[int, Kind]] = field(default_factory=Counter)


def tallies(log: DeviceLog, links: Sequence[Link]) -> list[Tally]:
    """By place and day, in the order of the log."""
    days = _Days()
    for segment, _, minute, kind in told_records(log.records, links):
        quarter = minute - minute % QUARTER_MIN
        days.of(segment).quarters[(quarter, kind)] += 1
    firsts = [link.segment.first_seq for link in links]
    for fold in _standing_folds(log, links):
        segment = links[max(0, bisect_right(firsts, fold.first) - 1)].segment
        for hour, outcome, reason, n in fold.counts:
            if 0 <= hour <= LAST_MINUTE // HOUR_MIN and 0 < n < 2**32:
                key = (hour * HOUR_MIN, _kind(outcome, reason))
                days.of(segment, fold.day).hours[key] += n
    return list(days.found.values())


class _Days:
    def __init__(self) -> None:
        self.found: dict[tuple[Place, int], Tally] = {}

    def of(self, segment: Segment, day: int | None = None) -> Tally:
        place = Place(segment.device, segment.checkpoint)
        key = (place, max(0, min(segment.day if day is None else day, LAST_DAY)))
        return self.found.setdefault(key, Tally(*key))


def told_records(
    records: Mapping[int, bytes], links: Sequence[Link]
) -> Iterator[tuple[Segment, int, int, Kind]]:
    """Each sealed record that is there: its segment, its seq, its minute, its kind."""
    before: tuple[int, Kind] = (0, Kind())
    for link in links:
        segment = link.segment
        for seq in range(segment.first_seq, segment.next_seq):
            body = records.get(seq)
            if body is None:
                continue
            minute, kind = _read(body)
            if kind.outcome is Outcome.BY_HAND:
                kind = Kind(kind.outcome, kind.reason, _followed(before, seq))
            else:
                before = (seq, kind)
            yield segment, seq, minute, kind


def _read(body: bytes) -> tuple[int, Kind]:
    try:
        _, record = unpack(body)
    except ValueError:
        return min(int.from_bytes(body[4:8], "little"), LAST_MINUTE), Kind()
    return min(record.minute, LAST_MINUTE), _kind(record.outcome, record.reason)


def _followed(before: tuple[int, Kind], seq: int) -> Reason | None:
    """The reason of the record just before, if it called for a decision."""
    place, kind = before
    is_just_before = place == seq - 1
    calls = kind.outcome in (Outcome.REFUSE, Outcome.UNDECIDED)
    return kind.reason if is_just_before and calls else None


def _kind(outcome: int, reason: int) -> Kind:
    """Nothing for codes that this release does not know, and for what takes no record."""
    try:
        known = Outcome(outcome), Reason(reason)
    except ValueError:
        return Kind()
    return Kind() if known[0] is Outcome.NONE else Kind(*known)


def _standing_folds(log: DeviceLog, links: Sequence[Link]) -> Iterator[Folded]:
    """Those of days that stand, that no later one replaces and whose records are not there."""
    folds = [fold for fold in bodies(links, Folded) if fold.last >= links[0].segment.first_seq]
    for place, fold in enumerate(folds):
        is_replaced = any(
            later.first <= fold.first and fold.last <= later.last for later in folds[place + 1 :]
        )
        has_all = len(log.records) > fold.last - fold.first and all(
            seq in log.records for seq in range(fold.first, fold.last + 1)
        )
        if not is_replaced and not has_all:
            yield fold
