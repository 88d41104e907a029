"""Scan records → counts that supervisors may see: no group of fewer than five stands alone.

A cell is a quarter of an hour at one checkpoint and device, one outcome and reason (and, for what
an officer decided by hand, the reason it followed). What is too small by itself moves on into a
coarser row:

    quarter ─▶ rest of the hour ─▶ rest of the day ─▶ any reason ─▶ any outcome ─▶ "fewer than five"

So each record is in one row, rows can be added, and whatever is subtracted from whatever leaves
whole rows. Two more rules keep it so. A row stands once its time is over and never changes again:
two exports differ by whole rows. And a rest that is as large as it can be would say that each part
of it is four: it moves on as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import cbor2

from scanner.core.findings import Link
from scanner.core.hashing import sha256
from scanner.core.logbook import DeviceLog
from scanner.core.reasons import Outcome, Reason
from scanner.core.tallies import Kind, Place, Tally, tallies

LEAST = 5  # k: no told number is smaller
_MOST = LEAST - 1
_QUARTERS_A_DAY = 96


class Span(IntEnum):
    """How many minutes a row is about; a day is that of the place, 23 to 25 hours."""

    QUARTER = 15
    HOUR = 60
    DAY = 1440


@dataclass(frozen=True, slots=True)
class Cell:
    """A row: n records of one checkpoint and device.

    day: since 1970, where the device stands. minute: since 1970 UTC, when the row begins, None for
    a row of the day. outcome, reason: None where they are not told apart. of: the reason that a
    decision by hand followed. n: 0 where it is not told: fewer than five, or, with `is_over` False,
    not before the day is over.
    """

    place: Place
    day: int
    minute: int | None
    span: Span
    kind: Kind
    n: int
    is_over: bool = True

    @property
    def is_told(self) -> bool:
        return self.n > 0


def cells_of(log: DeviceLog, links: Sequence[Link], *, least: int = LEAST) -> list[Cell]:
    """Rows of one log, in order; `least` 1 tells every cell, for who may see single records.

    links: its segments. Records that none of them seals are not counted.
    """
    clock = _Clock(
        minute=max((link.segment.minute for link in links), default=0),
        day=max((link.segment.day for link in links), default=0),
    )
    cells: list[Cell] = []
    for tally in tallies(log, links):
        cells += _every(tally) if least == 1 else _Day(tally, clock).rows()
    return merged(cells)


def merged(cells: Iterable[Cell]) -> list[Cell]:
    """Rows of the same about the same are added, as those of two epochs of a device."""
    sums: Counter[Cell] = Counter()
    for cell in cells:
        sums[replace(cell, n=0, is_over=cell.is_told or cell.is_over)] += cell.n
    told = {replace(cell, n=n) for cell, n in sums.items()}
    return sorted(told, key=_order)


def digest_of(cells: Sequence[Cell]) -> bytes:
    """32 bytes over rows in the order of `merged`; an export's event in the chain names it."""
    return sha256(cbor2.dumps([_plain(cell) for cell in cells]))


def _plain(cell: Cell) -> list[int | str | bytes | None]:
    kind = (cell.kind.outcome, cell.kind.reason, cell.kind.of)
    return [
        cell.place.device, cell.place.checkpoint, cell.day, cell.minute, int(cell.span),
        *(None if code is None else int(code) for code in kind), cell.n, cell.is_over,
    ]  # fmt: skip


def _order(cell: Cell) -> tuple[bytes, str, tuple[int, ...]]:
    """By place and time, rows of the day last."""
    minute = cell.minute if cell.minute is not None else 2**63
    codes = (cell.kind.outcome, cell.kind.reason, cell.kind.of)
    kind = (999 if code is None else int(code) for code in codes)
    numbers = (cell.day, minute, int(cell.span), *kind, cell.n, int(cell.is_over))
    return cell.place.device, cell.place.checkpoint, numbers


@dataclass(frozen=True, slots=True)
class _Clock:
    """Up to where a log goes: the newest floored minute and day of its segments."""

    minute: int
    day: int


def _every(tally: Tally) -> Iterator[Cell]:
    for (minute, kind), n in tally.quarters.items():
        yield Cell(tally.place, tally.day, minute, Span.QUARTER, kind, n)
    for (minute, kind), n in tally.hours.items():
        yield Cell(tally.place, tally.day, minute, Span.HOUR, kind, n)


class _Day:
    """One day at one place, from the finest rows to the coarsest; what is not told moves on."""

    def __init__(self, tally: Tally, clock: _Clock) -> None:
        self._tally, self._clock = tally, clock
        self._told: list[Cell] = []
        # Kind → quarters that a told row covers.
        self._covered: Counter[Kind] = Counter()

    def rows(self) -> list[Cell]:
        rest = self._hours(self._quarters())
        if self._clock.day <= self._tally.day:
            return [*self._told, *self._later(rest)]
        return [*self._told, *self._of_day(rest)]

    def _cell(self, minute: int | None, span: Span, kind: Kind, n: int) -> Cell:
        return Cell(self._tally.place, self._tally.day, minute, span, kind, n)

    def _quarters(self) -> Counter[tuple[int, Kind]]:
        """Tells the large ones. The rest by hour, with what was only ever counted by the hour."""
        rest = Counter(self._tally.hours)
        for (minute, kind), n in self._tally.quarters.items():
            if n >= LEAST and minute + Span.QUARTER <= self._clock.minute:
                self._told.append(self._cell(minute, Span.QUARTER, kind, n))
                self._covered[kind] += 1
            else:
                rest[(minute - minute % Span.HOUR, kind)] += n
        return rest

    def _hours(self, rest: Counter[tuple[int, Kind]]) -> Counter[Kind]:
        left: Counter[Kind] = Counter()
        told = Counter((_hour_of(cell), cell.kind) for cell in self._told)
        for (hour, kind), n in rest.items():
            untold = Span.HOUR // Span.QUARTER - told[(hour, kind)]
            is_over = hour + Span.HOUR <= self._clock.minute
            if kind.outcome is not None and is_over and LEAST <= n < _MOST * untold:
                self._told.append(self._cell(hour, Span.HOUR, kind, n))
                self._covered[kind] += untold
            else:
                left[kind] += n
        return left

    def _later(self, rest: Counter[Kind]) -> Iterator[Cell]:
        if rest:
            yield replace(self._cell(None, Span.DAY, Kind(), 0), is_over=False)

    def _of_day(self, rest: Counter[Kind]) -> list[Cell]:
        rows: list[Cell] = []
        by_outcome: Counter[Kind] = Counter()
        for kind, n in rest.items():
            most = _MOST * (_QUARTERS_A_DAY - self._covered[kind])
            if kind.outcome is not None and LEAST <= n < most:
                rows.append(self._cell(None, Span.DAY, kind, n))
            else:
                by_outcome[Kind(kind.outcome)] += n
        other = 0
        for kind, n in by_outcome.items():
            if kind.outcome is not None and LEAST <= n < _MOST * _KINDS[kind.outcome]:
                rows.append(self._cell(None, Span.DAY, kind, n))
            else:
                other += n
        return self._with_other(rows, other)

    def _with_other(self, rows: list[Cell], other: int) -> list[Cell]:
        """The last rest; too small, it takes the smallest row of the day with it."""
        if not other:
            return rows
        if not LEAST <= other < _MOST * len(_KINDS):
            if not rows:
                return [self._cell(None, Span.DAY, Kind(), 0)]
            smallest = min(rows, key=lambda cell: (cell.n, _order(cell)))
            rows.remove(smallest)
            other += smallest.n
        return [*rows, self._cell(None, Span.DAY, Kind(), other)]


def _hour_of(cell: Cell) -> int:
    assert cell.minute is not None  # only rows of the day have none
    return cell.minute - cell.minute % Span.HOUR


def _kinds() -> dict[Outcome, int]:
    """How many kinds of record an outcome has: what can hide behind "any reason"."""
    reasons = Counter(reason.outcome for reason in Reason)
    followed = reasons[Outcome.REFUSE] + reasons[Outcome.UNDECIDED]
    reasons[Outcome.BY_HAND] *= followed + 1
    del reasons[Outcome.NONE]
    return dict(reasons)


_KINDS = _kinds()
