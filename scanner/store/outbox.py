"""Where scan records wait for their upload: the one store that must not lose anything."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from scanner.core.errors import NoRoomError, StoreError
from scanner.core.record import RECORD_BYTES, ScanRecord
from scanner.store.database import OUTBOX, connect, file_id, transaction, translated

_INSERT = "INSERT INTO record (seq, body) VALUES (?, ?)"
_COUNT = (
    "INSERT INTO counter (hour, name, n) VALUES (?, ?, ?)"
    " ON CONFLICT (hour, name) DO UPDATE SET n = n + excluded.n"
)
_COUNT_KEY = (
    "INSERT INTO key_counter (day, kid, n) VALUES (?, ?, 1)"
    " ON CONFLICT (day, kid) DO UPDATE SET n = n + 1"
)
_SEALED = "SELECT first_seq + count - 1 FROM segment ORDER BY number DESC LIMIT 1"
_NOT_TAKEN = (
    "SELECT count(*) FROM record WHERE seq > coalesce("
    "(SELECT first_seq - 1 FROM segment WHERE state != 1 ORDER BY number LIMIT 1),"
    f" ({_SEALED}), 0)"
)


def last_seq(db: sqlite3.Connection) -> int:
    """The last number that was given, 0 before the first: of a record, or of one sealed and gone.

    The last segment always stays, so no number is given twice.
    """
    newest = db.execute("SELECT max(seq) FROM record").fetchone()[0]
    sealed = db.execute(_SEALED).fetchone()
    return max(newest or 0, sealed[0] if sealed else 0)


class SqliteOutbox:
    """Implements the `Outbox` port. One process writes it: the loop.

    is_full: a write has found no room, and nobody has made any since.
    """

    def __init__(self, folder: Path) -> None:
        """Raises StoreError when the file is missing or damaged."""
        self._folder, self.is_full, self._writing = folder, False, _Writing(self)
        self._open()

    def _open(self) -> None:
        self._file_id = file_id(self._folder, OUTBOX)
        self._db = connect(self._folder, OUTBOX)
        with translated(OUTBOX.name):
            self.last_seq = last_seq(self._db)

    def reopen(self) -> None:
        """The file was emptied, and numbers begin anew. Raises StoreError."""
        self._db.close()
        self._open()

    def _follow_file(self) -> None:
        """What is written into a file that was moved aside or deleted is not kept."""
        if file_id(self._folder, OUTBOX) != self._file_id:
            self.reopen()

    def append(self, record: ScanRecord) -> int:
        """Returns once the record is on the disk; raises StoreError, and then nothing is kept."""
        self._follow_file()
        seq = self.last_seq + 1
        with self._writing:  # one statement is a transaction of its own
            self._db.execute(_INSERT, (seq, record.pack(seq)))
        self.last_seq = seq
        return seq

    def count(self, counter: str, at: datetime, by: int = 1) -> None:
        """Add to the counter of the hour of `at`; raises StoreError."""
        self._follow_file()
        with self._writing:
            self._db.execute(_COUNT, (_hour(at), counter, by))

    def count_forged(self, counter: str, at: datetime, kid: bytes, day: int) -> None:
        """Also to the counter of the key `kid` on the local day `day`; raises StoreError."""
        self._follow_file()
        with self._writing, transaction(self._db, OUTBOX.name):
            self._db.execute(_COUNT, (_hour(at), counter, 1))
            self._db.execute(_COUNT_KEY, (day, kid))

    def waiting(self) -> int:
        """How many records no server has receipted."""
        with translated(OUTBOX.name):
            return int(self._db.execute(_NOT_TAKEN).fetchone()[0])

    def records(self) -> list[bytes]:
        """Every record, 16 bytes each, by seq."""
        with translated(OUTBOX.name):
            bodies = [row[0] for row in self._db.execute("SELECT body FROM record ORDER BY seq")]
        if any(len(body) != RECORD_BYTES for body in bodies):
            raise StoreError("outbox.db holds a record of the wrong size. Run `scanner doctor`.")
        return bodies

    def counters(self) -> dict[str, int]:
        """Totals over all hours, by name."""
        with translated(OUTBOX.name):
            rows = self._db.execute("SELECT name, sum(n) FROM counter GROUP BY name ORDER BY name")
            return {name: int(total) for name, total in rows}

    def last_counted(self, counter: str) -> datetime | None:
        """The newest hour in which it was; raises StoreError."""
        query = "SELECT max(hour) FROM counter WHERE name = ?"
        with translated(OUTBOX.name):
            hour = self._db.execute(query, (counter,)).fetchone()[0]
        return None if hour is None else datetime.fromtimestamp(3600 * hour, UTC)

    def close(self) -> None:
        self._db.close()


class _Writing(translated):
    """Whoever makes room hears of it when there is none."""

    __slots__ = ("_outbox",)

    def __init__(self, outbox: SqliteOutbox) -> None:
        super().__init__(OUTBOX.name)
        self._outbox = outbox

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            super().__exit__(kind, error, trace)
        except NoRoomError:
            self._outbox.is_full = True
            raise
        self._outbox.is_full |= isinstance(error, NoRoomError)


def _hour(at: datetime) -> int:
    return int(at.timestamp()) // 3600
