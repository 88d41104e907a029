"""Scan records in one SQLite file of the central folder: the default, needs nothing installed.

WAL and synchronous=FULL: a transaction that has ended is on the disk. One thread writes at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from scanner.central.ledger import Book, LedgerError
from scanner.central.ledger_schema import SQLITE, STEPS, steps_after
from scanner.central.ledger_sql import Found, SqlBook
from scanner.core.record import Row

_BUSY_S = 30.0
_NEW_ROW = "INSERT INTO records VALUES ({log:d}, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"


class SqliteLedger:
    """`ledger.Ledger` in a file that the current user alone can read."""

    def __init__(self, path: str, *, must_exist: bool = False) -> None:
        """Raises LedgerError."""
        self._path = Path(path)
        if must_exist and not self._path.is_file():
            raise LedgerError(f"{path} is no database of scan records. Check its name.")
        self._lock = Lock()
        with self._translated():
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.touch(mode=0o600)
            self._db = self._connect()
            self._migrate()

    @property
    def name(self) -> str:
        return str(self._path)

    def prepare(self, days: Iterable[int]) -> None:
        """One table holds every day."""

    @contextmanager
    def book(self, *, reading: bool = False) -> Iterator[Book]:
        if reading:
            with self._translated():
                db = self._connect()
                db.execute("PRAGMA query_only = ON")
            try:
                with self._translated(), _transaction(db, "BEGIN"):
                    yield SqliteBook(db)
            finally:
                db.close()
        else:
            with self._lock, self._translated(), _transaction(self._db, "BEGIN IMMEDIATE"):
                yield SqliteBook(self._db)

    def settle(self) -> None:
        with self._lock, self._translated():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._db.close()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON",
                       "cache_size = -32000"):  # fmt: skip
            db.execute(f"PRAGMA {pragma}")
        return db

    def _migrate(self) -> None:
        with _transaction(self._db, "BEGIN IMMEDIATE"):
            (layout,) = self._db.execute("PRAGMA user_version").fetchone()
            if layout > len(STEPS):
                raise LedgerError(f"{self._path} is of a newer release. Update this program.")
            for statement in steps_after(layout, SQLITE):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {len(STEPS)}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(
                f"The scan records in {self._path} cannot be used ({error}). "
                "Check the space and whose folder it is."
            ) from error


class SqliteBook(SqlBook):
    """One transaction of it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def _run(self, statement: str, values: Sequence[object] = ()) -> Found:
        return self._db.execute(statement, tuple(values))

    def _run_each(self, statement: str, values: Iterable[Sequence[object]]) -> None:
        self._db.executemany(statement, values)

    def keep_rows(self, log: int, day: int, rows: Sequence[Row]) -> int:
        return self._db.executemany(_NEW_ROW.format(log=log), rows).rowcount

    def drop_records(self, day: int) -> tuple[int, int]:
        spans = self._db.execute(
            "SELECT log, first_seq, first_seq + count - 1 FROM segments WHERE day < ? AND count",
            (day,),
        ).fetchall()
        statement = "DELETE FROM records WHERE log = ? AND seq BETWEEN ? AND ?"
        return self._db.executemany(statement, spans).rowcount if spans else 0, 0


@contextmanager
def _transaction(db: sqlite3.Connection, begin: str) -> Iterator[None]:
    db.execute(begin)
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
