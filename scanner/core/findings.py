"""What a check of a scan log finds, and the small steps that its parts share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from scanner.core.events import Export, Folded, Retired
from scanner.core.segment import Segment

T = TypeVar("T", Export, Folded, Retired)


class State(Enum):
    """What became of a stretch of the log. The first five are as they should be."""

    INTACT = "intact"
    ACCOUNTED = "accounted"  # sealed; the records themselves are not in this source
    FOLDED = "folded"  # the device says so, signed: counts in place of records
    RETIRED = "retired"  # the device says so, signed: removed when their time was over
    OPEN = "open"  # the newest records of a running device, not sealed yet
    MISSING = "missing"
    CUT = "cut"
    FORGED = "forged"

    @property
    def is_sound(self) -> bool:
        return self not in (State.MISSING, State.CUT, State.FORGED)


@dataclass(frozen=True, slots=True)
class Finding:
    """About records `first` to `last` by seq, or, where `is_segments`, about segments by number."""

    state: State
    first: int
    last: int
    detail: str = ""
    is_segments: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A segment that its device has signed, beside the bytes that were signed."""

    segment: Segment
    signed: bytes


def is_sound(findings: Iterable[Finding]) -> bool:
    """Whether nothing is missing, cut or forged."""
    return all(finding.state.is_sound for finding in findings)


def bodies(links: Sequence[Link], kind: type[T]) -> Iterator[T]:
    """Events of one kind, in the order of the log."""
    for link in links:
        for event in link.segment.events:
            if isinstance(event.body, kind):
                yield event.body


def runs(seqs: Iterable[int]) -> Iterator[tuple[int, int]]:
    """1, 2, 3, 7 → (1, 3), (7, 7)."""
    begin = end = None
    for seq in seqs:
        if begin is None or end is None:
            begin = end = seq
        elif seq == end + 1:
            end = seq
        else:
            yield begin, end
            begin = end = seq
    if begin is not None and end is not None:
        yield begin, end


def gaps(first: int, last: int, seqs: Sequence[int]) -> Iterator[tuple[int, int]]:
    """What of `first` to `last` is not among the sorted seqs; without counting through it."""
    for seq in seqs:
        if seq > first:
            yield first, seq - 1
        first = max(first, seq + 1)
    if first <= last:
        yield first, last
