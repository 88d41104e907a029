"""Scan records in PostgreSQL, for a city: several workers at once, a partition a day.

A worker that finds no partition for a day makes it, outside the transaction that needs it: the lock
that this takes would otherwise be held while a batch is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from queue import LifoQueue
from struct import Struct
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import Connection, errors

from scanner.central.ledger import Book, LedgerError, TryAgainError
from scanner.central.ledger_schema import POSTGRES, STEPS, steps_after
from scanner.central.ledger_sql import Found, SqlBook
from scanner.core.record import Row

# Arbitrary, and the same in every worker: one at a time changes tables.
_TABLES_LOCK = 0x4D505331
_PARTITION = "records_{day}"
# A row for COPY BINARY: 9 columns, each after its length; log, seq, minute, outcome, reason,
# issuer number, flags, list version, day [PostgreSQL, COPY: Binary Format].
_TUPLE = Struct(">h iI iq iq ih ih ih ih iq ii")
_HEAD, _TAIL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_READING = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_COPY = "COPY {table} FROM STDIN (FORMAT BINARY)"


class PostgresLedger:
    """`ledger.Ledger` by URL; `connections` stand open for as many threads."""

    def __init__(self, url: str, connections: int) -> None:
        """Raises LedgerError."""
        self._url = url
        self._days: set[int] = set()
        self._idle: LifoQueue[Connection[Any] | None] = LifoQueue()
        for _ in range(connections):
            self._idle.put(None)
        with self._connection() as connection:
            _check_durable(connection)
            _migrate(connection)

    @property
    def name(self) -> str:
        parts = urlsplit(self._url)
        return f"postgresql://{parts.hostname or ''}{parts.path}"

    def prepare(self, days: Iterable[int]) -> None:
        if missing := sorted(set(days) - self._days):
            with self._connection() as connection, connection.transaction():
                _lock_tables(connection)
                for day in missing:
                    _make_partition(connection, day)
            self._days |= set(missing)

    @contextmanager
    def book(self, *, reading: bool = False) -> Iterator[Book]:
        with self._connection() as connection, connection.transaction():
            if reading:
                connection.execute(_READING)
            yield PostgresBook(connection)

    def settle(self) -> None:
        """A partition that was dropped is a file that has gone."""

    def close(self) -> None:
        while not self._idle.empty():
            if (connection := self._idle.get()) is not None:
                connection.close()

    @contextmanager
    def _connection(self) -> Iterator[Connection[Any]]:
        """One that nobody else uses; a broken one is not used again."""
        connection = self._idle.get()
        try:
            with self._translated():
                connection = connection or _connect(self._url)
                yield connection
        except LedgerError as error:
            # Such as after a restart of the server: the next try opens a new one.
            if connection is not None and connection.broken:
                raise TryAgainError(str(error)) from error
            raise
        finally:
            if connection is not None and connection.broken:
                connection.close()
            self._idle.put(None if connection is None or connection.closed else connection)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (errors.CheckViolation, errors.DeadlockDetected, errors.LockNotAvailable) as error:
            self._days.clear()  # a retention may have dropped the partition of a late record
            raise TryAgainError(f"The scan records in {self.name} are busy ({error}).") from error
        except psycopg.Error as error:
            raise LedgerError(
                f"The scan records in {self.name} cannot be used "
                f"({' '.join(str(error).split())}). Check that PostgreSQL runs and has space."
            ) from error


class PostgresBook(SqlBook):
    """One transaction of it."""

    _for_update = "FOR UPDATE"

    def __init__(self, connection: Connection[Any]) -> None:
        self._db = connection

    def _run(self, statement: str, values: Sequence[object] = ()) -> Found:
        return self._db.execute(_marked(statement), tuple(values))

    def _run_each(self, statement: str, values: Iterable[Sequence[object]]) -> None:
        with self._db.cursor() as cursor:
            cursor.executemany(_marked(statement), values)

    def keep_rows(self, log: int, day: int, rows: Sequence[Row]) -> int:
        """By COPY, which knows no ON CONFLICT: only if something is there already, by a detour."""
        binary = packed(log, day, rows)
        try:
            with self._db.transaction():
                self._copy("records", binary)
        except errors.UniqueViolation:
            return self._keep_new(binary)
        return len(rows)

    def last_audit(self) -> tuple[int, bytes] | None:
        self._db.execute("LOCK TABLE audit IN EXCLUSIVE MODE")
        return super().last_audit()

    def _keep_new(self, binary: bytes) -> int:
        self._db.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS offered (LIKE records) ON COMMIT DELETE ROWS"
        )
        self._copy("offered", binary)
        statement = "INSERT INTO records SELECT * FROM offered ON CONFLICT DO NOTHING"
        new = self._db.execute(statement).rowcount
        self._db.execute("TRUNCATE offered")
        return new

    def _copy(self, table: str, binary: bytes) -> None:
        statement = _COPY.format(table=table)
        with self._db.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(binary)

    def drop_records(self, day: int) -> tuple[int, int]:
        """Counted first: from the first drop on nobody else can write."""
        _lock_tables(self._db)
        past = [_PARTITION.format(day=each) for each in _partition_days(self._db) if each < day]
        counts = [self._run(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in past]
        for name in past:
            self._run(f"DROP TABLE {name}")
        return sum(counts), len(past)


def _connect(url: str) -> Connection[Any]:
    connection = psycopg.connect(url, autocommit=True, connect_timeout=10)
    # A receipt is given after this: it must be on the disk whatever the server's own settings say.
    connection.execute("SET synchronous_commit = on")
    connection.execute("SET lock_timeout = '20s'")
    return connection


def _check_durable(connection: Connection[Any]) -> None:
    for name in ("fsync", "full_page_writes"):
        ((value,),) = connection.execute("SELECT current_setting(%s)", (name,)).fetchall()
        if value != "on":
            raise LedgerError(
                f"Set `{name} = on` in postgresql.conf and restart PostgreSQL: without it a power "
                "cut loses records that devices have removed."
            )


def _migrate(connection: Connection[Any]) -> None:
    with connection.transaction():
        _lock_tables(connection)
        connection.execute("CREATE TABLE IF NOT EXISTS layout (number INTEGER NOT NULL)")
        rows = connection.execute("SELECT number FROM layout").fetchall()
        layout = rows[0][0] if rows else 0
        if layout > len(STEPS):
            raise LedgerError("The database is of a newer release. Update this program.")
        for statement in steps_after(layout, POSTGRES):
            connection.execute(statement)
        if layout < len(STEPS):
            connection.execute("DELETE FROM layout")
            connection.execute("INSERT INTO layout VALUES (%s)", (len(STEPS),))


def _lock_tables(connection: Connection[Any]) -> None:
    """Until the transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_TABLES_LOCK,))


def _partition_days(connection: Connection[Any]) -> list[int]:
    found = connection.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'records'::regclass"
    )
    return sorted(int(name.rpartition("_")[2]) for (name,) in found)


def _make_partition(connection: Connection[Any], day: int) -> None:
    """Attached, which lets others go on writing; made in place it would wait for all of them."""
    if day in _partition_days(connection):
        return
    name = _PARTITION.format(day=day)
    connection.execute(f"CREATE TABLE {name} (LIKE records INCLUDING DEFAULTS INCLUDING INDEXES)")
    connection.execute(f"ALTER TABLE records ATTACH PARTITION {name} FOR VALUES IN ({day})")


def packed(log: int, day: int, rows: Sequence[Row]) -> bytes:
    """As COPY BINARY takes them."""
    pack = _TUPLE.pack
    tuples = [
        pack(9, 4, log, 8, seq, 8, minute, 2, outcome, 2, reason, 2, issuer, 2, flags, 8, version,
             4, day)
        for seq, minute, outcome, reason, issuer, flags, version in rows
    ]  # fmt: skip
    return b"".join((_HEAD, *tuples, _TAIL))


def _marked(statement: str) -> str:
    """psycopg marks values by %s; no statement of ours holds a question mark or a percent sign."""
    return statement.replace("?", "%s")
