"""Want of room: the oldest records give way to counts by the hour, and a segment says so.

First what was admitted, over all days; refusals and the rest only when that was not enough. Days
that are over come before the day that is going on. What stays of a stretch is sealed anew by the
event that folded it.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scanner.core.errors import StoreError
from scanner.core.events import Event, Folded
from scanner.core.merkle import merkle_root
from scanner.core.reasons import Outcome
from scanner.core.record import local_day
from scanner.core.segment import read_segment
from scanner.store.chain_end import ChainEnd, Running, minute_of, segment_of
from scanner.store.segments import SegmentLog

# What one event folds: its counts must fit into a segment, what it keeps into an upload, and its
# transaction onto a disk that was full a moment ago.
MOST_RECORDS, MOST_CELLS = 1024, 500

# The outcome is the ninth byte of a record, the reason the tenth.
_OUTCOME, _REASON = 8, 9
_OLDEST = "SELECT seq FROM record WHERE seq <= ? ORDER BY seq LIMIT 1"
_OLDEST_ADMITTED = (
    "SELECT seq FROM record WHERE seq <= ? AND substr(body, 9, 1) = ? ORDER BY seq LIMIT 1"
)
_LAST_BEFORE = (
    "SELECT first_seq + count - 1 FROM segment WHERE day < ? ORDER BY number DESC LIMIT 1"
)
_STRETCH = "SELECT first_seq, count, day FROM segment WHERE number >= ? ORDER BY number"
_WITHIN = "SELECT body FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq"
_FOLD_OVER = "SELECT first, last, number FROM fold WHERE first <= ? AND last >= ?"
_FOLD = "DELETE FROM record WHERE seq BETWEEN ? AND ? AND (? OR substr(body, 9, 1) = ?)"
_NEXT_FOLD = "SELECT min(first) FROM fold WHERE first > ?"

_Cell = tuple[int, int, int]  # hour since 1970, outcome, reason


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Records `first` to `last` of a day, and what was counted there by folds before."""

    day: int
    first: int
    last: int
    counted: Counter[_Cell] = field(default_factory=Counter)


def fold_oldest(log: SegmentLog, now: datetime, running: Running) -> bool:
    """One stretch of the oldest; False when there is nothing that can be folded.

    Raises StoreError, LogError; nothing has changed then.
    """
    with log.appending(running) as chain:
        row = chain.db.execute(_LAST_BEFORE, (local_day(now, running.zone),)).fetchone()
        for upto in (row[0] if row else 0, chain.next_seq - 1):
            for keeps_rest in (True, False):
                seq = _oldest(chain.db, upto, admitted_only=keeps_rest)
                if seq is not None:
                    _fold(chain, now, _stretch(chain.db, seq), keeps_rest=keeps_rest)
                    return True
    return False


def _oldest(db: sqlite3.Connection, upto: int, *, admitted_only: bool) -> int | None:
    if admitted_only:
        row = db.execute(_OLDEST_ADMITTED, (upto, bytes([Outcome.ADMIT]))).fetchone()
    else:
        row = db.execute(_OLDEST, (upto,)).fetchone()
    return int(row[0]) if row else None


def _stretch(db: sqlite3.Connection, seq: int) -> _Stretch:
    """The fold that holds this record, else segments from its own on: of one day, and not many."""
    fold = db.execute(_FOLD_OVER, (seq, seq)).fetchone()
    if fold is not None:
        return _folded_before(db, *fold)
    ahead = db.execute(_NEXT_FOLD, (seq,)).fetchone()[0]
    rows = iter(db.execute(_STRETCH, (segment_of(db, seq),)))
    first, count, day = next(rows)
    lasts = [first + count - 1]
    for begin, count, of_day in rows:
        last = begin + count - 1
        if of_day != day or last - first >= MOST_RECORDS or (ahead is not None and last >= ahead):
            break
        lasts.append(last)
    while len(lasts) > 1 and len(_cells(_within(db, first, lasts[-1]))) > MOST_CELLS:
        lasts.pop()
    return _Stretch(day, first, lasts[-1])


def _folded_before(db: sqlite3.Connection, first: int, last: int, number: int) -> _Stretch:
    signed = db.execute("SELECT signed FROM segment WHERE number = ?", (number,)).fetchone()
    for event in read_segment(signed[0]).events if signed else ():
        fold = event.body
        if isinstance(fold, Folded) and (fold.first, fold.last) == (first, last):
            counted = Counter({(hour, outcome, why): n for hour, outcome, why, n in fold.counts})
            return _Stretch(fold.day, first, last, counted)
    raise StoreError(
        f"outbox.db lacks the counts of records {first} to {last}. Run `scanner logs verify`."
    )


def _fold(chain: ChainEnd, now: datetime, stretch: _Stretch, *, keeps_rest: bool) -> None:
    """Counts in place of what goes; what stays keeps its place, and one root over all of it."""
    first, last = stretch.first, stretch.last
    records = _within(chain.db, first, last)
    gone = [body for body in records if not keeps_rest or body[_OUTCOME] == Outcome.ADMIT]
    kept = [body for body in records if keeps_rest and body[_OUTCOME] != Outcome.ADMIT]
    counted = stretch.counted + _cells(gone)
    counts = tuple((*cell, n) for cell, n in sorted(counted.items()))
    event = Event(Folded(stretch.day, first, last, counts, len(kept), merkle_root(kept)))
    # Rows go first: their pages are what the segment is written on when the disk is full.
    chain.db.execute(_FOLD, (first, last, not keeps_rest, bytes([Outcome.ADMIT])))
    chain.append(now, events=[event])
    row = (first, last, chain.number)
    chain.db.execute("INSERT OR REPLACE INTO fold (first, last, number) VALUES (?, ?, ?)", row)


def _within(db: sqlite3.Connection, first: int, last: int) -> list[bytes]:
    return [bytes(body) for (body,) in db.execute(_WITHIN, (first, last))]


def _cells(records: Sequence[bytes]) -> Counter[_Cell]:
    """Hour, outcome and reason → how many."""
    return Counter((minute_of(body) // 60, body[_OUTCOME], body[_REASON]) for body in records)
