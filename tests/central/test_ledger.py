"""The two stores of scan records: their layout, their locks, what several at once may do."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.central.ingest import Ingest
from scanner.central.ledger import (
    NEWEST_DAYS,
    OLDEST_DAYS,
    Ledger,
    LedgerError,
    TryAgainError,
    is_postgres,
    kept_day,
    open_ledger,
)
from scanner.core.receipt import read_receipt
from scanner.core.record import Row
from tests.central.reporter import DAY, NOON, Reporter, Ticking
from tests.postgres import Postgres

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def rows(first: int, count: int) -> list[Row]:
    """Admissions of one minute."""
    return [(seq, 24 * 60 * DAY, 1, 0, 7, 5, 2**32 - 1) for seq in range(first, first + count)]


def keep(ledger: Ledger, day: int, new: list[Row]) -> int:
    """In a log of one device; how many were new."""
    ledger.prepare([day])
    with ledger.book() as book:
        return book.keep_rows(book.open_log(b"a device", b"an epoch").id, day, new)


def test_each_seq_is_kept_once(ledger: Ledger) -> None:
    """Rows that are there already are passed over, the others get in."""
    assert keep(ledger, DAY, rows(1, 5)) == 5
    assert keep(ledger, DAY, rows(4, 5)) == 3
    with ledger.book(reading=True) as book:
        log = book.log(b"a device", b"an epoch")
        assert log
        assert book.rows(log.id, 0, 99) == rows(1, 8)
        assert book.rows(log.id, 3, 4) == rows(3, 2)


def test_transaction_that_fails_leaves_nothing(ledger: Ledger) -> None:
    """All of it or nothing, whatever the exception."""
    ledger.prepare([DAY])

    def fail() -> None:
        with ledger.book() as book:
            log = book.open_log(b"a device", b"an epoch")
            book.keep_rows(log.id, DAY, rows(1, 5))
            book.keep_setting("url", "https://a.example")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with ledger.book(reading=True) as book:
        assert book.log(b"a device", b"an epoch") is None
        assert book.setting("url") is None


def test_reader_sees_one_moment(ledger: Ledger) -> None:
    """What is stored meanwhile is not seen, and does not wait for the reader."""
    keep(ledger, DAY, rows(1, 5))
    with ledger.book(reading=True) as book:
        (log,) = book.logs()
        assert len(book.rows(log.id, 0, 99)) == 5
        assert keep(ledger, DAY, rows(6, 5)) == 5
        assert len(book.rows(log.id, 0, 99)) == 5


def test_reader_cannot_write(ledger: Ledger) -> None:
    """Whatever a program that only reads does by mistake."""
    with pytest.raises(LedgerError, match=r"read-?only"), ledger.book(reading=True) as book:
        book.keep_setting("url", "https://a.example")


def test_store_survives_a_restart(ledger_url: str) -> None:
    """What was there is there, and its layout is not made twice."""
    with closing(open_ledger(ledger_url)) as ledger:
        keep(ledger, DAY, rows(1, 5))
    with closing(open_ledger(ledger_url, must_exist=True)) as ledger:
        assert keep(ledger, DAY, rows(5, 2)) == 1


def test_store_of_a_newer_release_is_left_alone(ledger_url: str) -> None:
    """It says so, and changes nothing."""
    open_ledger(ledger_url).close()
    if is_postgres(ledger_url):
        with psycopg.connect(ledger_url, autocommit=True) as connection:
            connection.execute("UPDATE layout SET number = 99")
    else:
        with closing(sqlite3.connect(ledger_url)) as db:
            db.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="newer release"):
        open_ledger(ledger_url)


def test_several_begin_at_once(ledger_url: str) -> None:
    """The first workers of a city make one layout and one partition among them."""
    barrier = Barrier(4)

    def begin(number: int) -> int:
        barrier.wait(30)
        with closing(open_ledger(ledger_url)) as ledger:
            return keep(ledger, DAY, rows(10 * number + 1, 10))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(begin, range(4))) == [10] * 4


def test_several_workers_store_each_record_once(ledger_url: str) -> None:
    """The same bodies by four workers at once, days apart: no record twice, receipts agree."""
    gate = Reporter()
    for day in range(DAY, DAY + 6):
        gate.day = day
        for scans in (3, 0, 40):
            gate.seal(scans)
    bodies = [gate.body(*gate.parts[at : at + 4]) for at in range(0, 18, 3)]
    with closing(open_ledger(ledger_url)) as ledger:
        gate.enrol(ledger)
    workers = [open_ledger(ledger_url) for _ in range(4)]

    def send(ledger: Ledger) -> list[int]:
        ingest = Ingest(ledger, KEY, Ticking(NOON))
        return [read_receipt(ingest.take(body), KEY.public_key()).segment for body in bodies]

    with ThreadPoolExecutor(4) as pool:
        for segments in pool.map(send, workers):
            assert segments == sorted(segments)
            assert segments[-1] == 18
    with workers[0].book(reading=True) as book:
        (log,) = book.logs()
        assert [row[0] for row in book.rows(log.id, 0, 999)] == list(range(1, 6 * 43 + 1))
    for ledger in workers:
        ledger.close()


def test_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """As are the journals that SQLite makes beside it."""
    with closing(open_ledger(f"sqlite://{tmp_path}/new/log.db")) as ledger:
        keep(ledger, DAY, rows(1, 5))
        assert ledger.name == f"{tmp_path}/new/log.db"
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    assert modes == {0o600}


def test_file_is_synced_at_each_commit(tmp_path: Path) -> None:
    """WAL and synchronous=FULL; what is deleted is overwritten."""
    from scanner.central.ledger_sqlite import SqliteLedger

    with closing(SqliteLedger(str(tmp_path / "log.db"))) as ledger:
        asked = ("journal_mode", "synchronous", "secure_delete")
        said = [ledger._db.execute(f"PRAGMA {name}").fetchone()[0] for name in asked]
    assert said == ["wal", 2, 1]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"this is no database, however long it is" * 99),
        lambda path: path.mkdir(),
    ],
    ids=["no database", "a folder"],
)
def test_file_that_cannot_be_used_is_told(spoil: Callable[[Path], object], tmp_path: Path) -> None:
    """By name, with what to look at."""
    spoil(tmp_path / "log.db")
    with pytest.raises(LedgerError, match=r"log\.db cannot be used .* Check the space"):
        open_ledger(str(tmp_path / "log.db"))


def test_store_that_must_exist_is_not_made(tmp_path: Path) -> None:
    """Who reads a mistyped name finds out."""
    with pytest.raises(LedgerError, match="Check its name"):
        open_ledger(str(tmp_path / "lag.db"), must_exist=True)
    assert list(tmp_path.iterdir()) == []


def test_postgres_that_is_away_is_told_without_its_password() -> None:
    """The name of host and database, never what else stands in the URL."""
    with pytest.raises(LedgerError, match="Check that PostgreSQL runs") as caught:
        open_ledger("postgresql://scanner:secret@127.0.0.1:1/records")
    assert "secret" not in str(caught.value)
    assert "postgresql://127.0.0.1/records" in str(caught.value)


def test_postgres_that_does_not_sync_is_refused(postgres: Postgres) -> None:
    """A receipt would promise what a power cut can take away."""
    url = postgres.new_database()
    postgres.restart(fsync="off")
    try:
        with pytest.raises(LedgerError, match="fsync = on"):
            open_ledger(url)
    finally:
        postgres.restart()


def test_restart_of_postgres_is_got_over(postgres: Postgres) -> None:
    """The connection that broke is told of once; the next try has a new one."""
    with closing(open_ledger(postgres.new_database())) as ledger:
        keep(ledger, DAY, rows(1, 5))
        postgres.restart()
        with pytest.raises(TryAgainError):
            keep(ledger, DAY, rows(6, 5))
        assert keep(ledger, DAY, rows(6, 5)) == 5


def test_partition_that_was_dropped_is_made_again(postgres: Postgres) -> None:
    """A worker knows its days by heart; a retention in another process takes one away."""
    url = postgres.new_database()
    with closing(open_ledger(url)) as ledger, closing(open_ledger(url)) as other:
        keep(ledger, DAY, rows(1, 5))
        with other.book() as book:
            assert book.drop_records(DAY + 1) == (5, 1)
        with pytest.raises(TryAgainError):
            keep(ledger, DAY, rows(1, 5))
        assert keep(ledger, DAY, rows(1, 5)) == 5


@pytest.mark.parametrize(
    ("said", "day"),
    [
        (DAY, DAY), (DAY + NEWEST_DAYS, DAY + NEWEST_DAYS), (DAY - OLDEST_DAYS, DAY - OLDEST_DAYS),
        (DAY + NEWEST_DAYS + 1, DAY), (DAY - OLDEST_DAYS - 1, DAY), (0, DAY), (2**40, DAY),
    ],
)  # fmt: skip
def test_day_is_as_said_while_it_can_be(said: int, day: int) -> None:
    """Else it is today: a wrong clock opens no partition, and its records leave in time."""
    assert kept_day(said, DAY) == day
