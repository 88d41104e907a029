"""Where scan records wait for their upload: the one store that must not lose anything."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from scanner.core.errors import StoreError
from scanner.core.record import RECORD_BYTES, ScanRecord
from scanner.store.database import OUTBOX, connect, file_id, translated

_INSERT = "INSERT INTO record (seq, body) VALUES (?, ?)"
_COUNT = (
    "INSERT INTO counter (hour, name, n) VALUES (?, ?, ?)"
    " ON CONFLICT (hour, name) DO UPDATE SET n = n + excluded.n"
)


class SqliteOutbox:
    """Implements the `Outbox` port. One process writes it: the loop."""

    def __init__(self, folder: Path) -> None:
        """Raises StoreError when the file is missing or damaged."""
        self._folder = folder
        self._open()

    def _open(self) -> None:
        self._file_id = file_id(self._folder, OUTBOX)
        self._db = connect(self._folder, OUTBOX)
        with translated(OUTBOX.name):
            row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'record'")
            last = row.fetchone()
        self._next_seq = 1 + (last[0] if last else 0)

    def _follow_file(self) -> None:
        """What is written into a file that was moved aside or deleted is not kept."""
        if file_id(self._folder, OUTBOX) != self._file_id:
            self._db.close()
            self._open()

    def append(self, record: ScanRecord) -> int:
        """Returns once the record is on the disk; raises StoreError, and then nothing is kept."""
        self._follow_file()
        seq = self._next_seq
        with translated(OUTBOX.name):  # one statement is a transaction of its own
            self._db.execute(_INSERT, (seq, record.pack(seq)))
        self._next_seq = seq + 1
        return seq

    def count(self, counter: str, at: datetime, by: int = 1) -> None:
        """Add to the counter of the hour of `at`; raises StoreError."""
        self._follow_file()
        hour = int(at.timestamp()) // 3600
        with translated(OUTBOX.name):
            self._db.execute(_COUNT, (hour, counter, by))

    def waiting(self) -> int:
        """How many records are not yet uploaded."""
        with translated(OUTBOX.name):
            return int(self._db.execute("SELECT count(*) FROM record").fetchone()[0])

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

    def close(self) -> None:
        self._db.close()
