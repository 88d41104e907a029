"""Scan records on the disk."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.core.errors import StoreError
from scanner.core.reasons import Outcome, Reason
from scanner.core.record import ScanRecord, unpack
from scanner.store.database import OUTBOX, connect
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox

AT = datetime(2020, 4, 29, 9, 30, tzinfo=UTC)
RECORD = ScanRecord(26_469_930, Outcome.ADMIT, Reason.OK, issuer_no=1, flags=0, list_version=7)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A migrated state folder."""
    migrate(tmp_path)
    return tmp_path


def test_records_are_numbered_without_a_gap(state: Path) -> None:
    """seq counts up from 1 and stands in the record itself."""
    outbox = SqliteOutbox(state)
    assert [outbox.append(RECORD) for _ in range(3)] == [1, 2, 3]
    assert [unpack(body)[0] for body in outbox.records()] == [1, 2, 3]
    assert unpack(outbox.records()[0])[1] == RECORD


def test_seq_is_not_used_again_after_a_restart(state: Path) -> None:
    """Even when rows are gone, numbers go on."""
    outbox = SqliteOutbox(state)
    outbox.append(RECORD)
    outbox.append(RECORD)
    outbox.close()
    db = connect(state, OUTBOX)
    db.execute("DELETE FROM record")
    db.close()
    assert SqliteOutbox(state).append(RECORD) == 3


def test_outbox_is_synced_at_every_commit(state: Path) -> None:
    """synchronous=FULL (2) and WAL: what was acknowledged survives a cut of the power."""
    db = connect(state, OUTBOX)
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA page_size").fetchone() == (1024,)


def test_commit_that_fails_is_a_store_error_and_keeps_nothing(state: Path) -> None:
    """A full disk leaves the outbox as it was, and the next record takes the same seq."""
    outbox = SqliteOutbox(state)
    outbox.append(RECORD)
    limit = int(outbox._db.execute("PRAGMA page_count").fetchone()[0])
    outbox._db.execute(f"PRAGMA max_page_count={limit}")
    with pytest.raises(StoreError, match=r"outbox\.db"):
        [outbox.append(RECORD) for _ in range(1000)]
    kept = len(outbox.records())
    assert 0 < kept < 1000
    outbox._db.execute("PRAGMA max_page_count=100000")
    assert outbox.append(RECORD) == kept + 1


def test_counters_add_up_by_the_hour(state: Path) -> None:
    """What takes no seq is counted, by name and hour."""
    outbox = SqliteOutbox(state)
    outbox.count("FORGED", AT)
    outbox.count("FORGED", AT.replace(minute=59), by=2)
    outbox.count("FORGED", AT.replace(hour=11))
    outbox.count("NOT_A_PASS", AT)
    rows = outbox._db.execute("SELECT count(*) FROM counter").fetchone()
    assert outbox.counters() == {"FORGED": 4, "NOT_A_PASS": 1}
    assert rows == (3,)
    assert outbox.waiting() == 0


def test_missing_outbox_says_what_to_do(tmp_path: Path) -> None:
    """No file is made in passing: an outbox that appears from nowhere would hide a loss."""
    with pytest.raises(StoreError, match="scanner migrate"):
        SqliteOutbox(tmp_path)
    assert not (tmp_path / "outbox.db").exists()


def test_locked_outbox_is_a_store_error(state: Path) -> None:
    """Another writer that does not let go ends in an error, not in waiting for ever."""
    outbox = SqliteOutbox(state)
    outbox._db.execute("PRAGMA busy_timeout=1")
    other = sqlite3.connect(state / "outbox.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError):
        outbox.append(RECORD)
    other.execute("ROLLBACK")
    assert outbox.append(RECORD) == 1


def test_record_of_the_wrong_size_is_found(state: Path) -> None:
    """The schema refuses it, and so does the reader of a file that somebody changed."""
    outbox = SqliteOutbox(state)
    with pytest.raises(sqlite3.IntegrityError):
        outbox._db.execute("INSERT INTO record (body) VALUES (x'00')")
    outbox._db.execute("PRAGMA ignore_check_constraints=ON")
    outbox._db.execute("INSERT INTO record (body) VALUES (x'00')")
    with pytest.raises(StoreError, match="wrong size"):
        outbox.records()
