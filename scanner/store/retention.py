"""What of the scan log may go: whole local days, once the server has them or their time is over.

An event in the chain says so first, in the same transaction, and the rest hangs on it. Afterwards
no file holds a byte of these days: rows are overwritten where they stood (secure_delete), and the
WAL is cut.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from scanner.core.events import Event, Retired
from scanner.core.policy import LogPolicy
from scanner.core.record import local_day
from scanner.core.segment import link_of, read_segment
from scanner.store.chain_end import Running, segment_of
from scanner.store.database import BUSY_TIMEOUT_S, OUTBOX, translated
from scanner.store.segments import SegmentLog

# As many go in one transaction, so that no scan waits for the whole of a day.
MOST_RECORDS, MOST_SEGMENTS = 512, 128
# A reader of the log is not waited for longer; the WAL is cut the next time.
_WAIT_MS = 20
_NO_END = 1 << 62

_NOT_TAKEN = "SELECT number, day FROM segment WHERE state != 1 ORDER BY number LIMIT 1"
# A day after today is one of a clock that was wrong: it keeps nothing that lies before it, and does
# not go by itself.
_FIRST_KEPT = "SELECT number FROM segment WHERE day > ? AND day <= ? ORDER BY number LIMIT 1"
_LAST_OVER = "SELECT number FROM segment WHERE day <= ? AND number < ? ORDER BY number DESC LIMIT 1"
_REACH = "SELECT number, count, first_seq FROM segment WHERE number <= ? ORDER BY number LIMIT ?"
_CUT_FOLD = "SELECT last FROM fold WHERE first <= ? AND last > ?"


@dataclass(frozen=True, slots=True)
class Age:
    """The days by which age is counted, in days since 1970 where the device stands.

    today: as the clock knows it, for what the server has. surely: a day that is certainly not past
    today, for what nobody else has: a clock set wrong by hand must not cost a record.
    """

    today: int
    surely: int


def retire(log: SegmentLog, now: datetime, running: Running, policy: LogPolicy, age: Age) -> bool:
    """Remove some of what is over; True when there may be more. Raises StoreError, LogError."""
    with log.appending(running) as chain:
        over = max(
            _over(chain.db, _taken_day(chain.db, age.today - 1 - policy.keep_days), age.today),
            _over(chain.db, age.surely - max(1, policy.max_days), age.surely),
        )
        last = _reached(chain.db, over)
        if last:
            chain.append(now, events=[_remove(chain.db, last)])
        _forget_counters(chain.db, running.zone, age.today)
    return last < over


def retire_oldest(log: SegmentLog, now: datetime, running: Running) -> bool:
    """Before its time, for want of room: some of the oldest day that is over. False: there is none.

    Raises StoreError, LogError.
    """
    with log.appending(running) as chain:
        today = local_day(now, running.zone)
        last = _reached(chain.db, _over(chain.db, today - 1, today))
        if last:
            chain.append(now, events=[_remove(chain.db, last)])
    return bool(last)


def cut_wal(log: SegmentLog) -> bool:
    """Nothing of what was removed stays in the WAL. False: somebody reads; StoreError."""
    with translated(OUTBOX.name):
        log.db.execute(f"PRAGMA busy_timeout={_WAIT_MS}")
        try:
            busy, _, _ = log.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            log.db.execute(f"PRAGMA busy_timeout={int(1000 * BUSY_TIMEOUT_S)}")
    return not busy


def _taken_day(db: sqlite3.Connection, limit: int) -> int:
    """The last day up to `limit` of which a server has everything."""
    row = db.execute(_NOT_TAKEN).fetchone()
    return limit if row is None else min(limit, row[1] - 1)


def _over(db: sqlite3.Connection, limit: int, today: int) -> int:
    """The last segment of the days up to `limit`, 0 for none."""
    kept = db.execute(_FIRST_KEPT, (limit, today)).fetchone()
    over = db.execute(_LAST_OVER, (limit, kept[0] if kept else _NO_END)).fetchone()
    return int(over[0]) if over else 0


def _reached(db: sqlite3.Connection, over: int) -> int:
    """How far one transaction goes: whole segments, and no fold is cut in two.

    What a fold has kept is sealed as a whole, and can be checked only as a whole.
    """
    last = seq = records = 0
    for number, count, first_seq in db.execute(_REACH, (over, MOST_SEGMENTS)):
        records += count
        if last and records > MOST_RECORDS:
            break
        last, seq = number, first_seq + count - 1
    cut = db.execute(_CUT_FOLD, (seq, seq)).fetchone()
    return last if cut is None else segment_of(db, cut[0])


def _remove(db: sqlite3.Connection, number: int) -> Event:
    """Segments up to this one, with their records; the event that says so."""
    first = db.execute(_NOT_TAKEN).fetchone()
    signed = db.execute("SELECT signed FROM segment WHERE number = ?", (number,)).fetchone()[0]
    seq = read_segment(signed).next_seq - 1
    db.execute("DELETE FROM record WHERE seq <= ?", (seq,))
    db.execute("DELETE FROM fold WHERE last <= ?", (seq,))
    db.execute("DELETE FROM aside WHERE last <= ?", (number,))
    db.execute("DELETE FROM segment WHERE number <= ?", (number,))
    is_receipted = first is None or number < first[0]
    return Event(Retired(number, seq, link_of(signed), is_receipted))


def _forget_counters(db: sqlite3.Connection, zone: tzinfo, today: int) -> None:
    """Of hours before the oldest day that is still there; they stand in segments."""
    oldest = db.execute("SELECT day FROM segment ORDER BY number LIMIT 1").fetchone()
    first = min(today, oldest[0]) if oldest else today
    begins = datetime.combine(date(1970, 1, 1) + timedelta(days=first), time(), zone)
    hour = int(begins.timestamp()) // 3600
    db.execute("DELETE FROM counter WHERE hour < ? AND sealed IS n", (hour,))
