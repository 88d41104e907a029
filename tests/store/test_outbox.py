"""Scan records on the disk."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.core.errors import NoRoomError, StoreError
from scanner.core.reasons import Outcome, Reason
from scanner.core.record import ScanRecord, unpack
from scanner.store.database import OUTBOX, connect
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.segments import SegmentLog
from tests.store.log_case import KEY, RUNNING

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
    """Rows go once they are sealed; numbers go on from the segment that stays."""
    outbox = SqliteOutbox(state)
    outbox.append(RECORD)
    outbox.append(RECORD)
    outbox.close()
    assert SqliteOutbox(state).last_seq == 2
    log = SegmentLog(state, KEY)
    log.seal(AT, RUNNING, whole=True)
    log.db.execute("DELETE FROM record")
    log.close()
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
    with pytest.raises(NoRoomError, match=r"outbox\.db"):
        [outbox.append(RECORD) for _ in range(1000)]
    assert outbox.is_full
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


def test_forged_passes_are_counted_by_the_key_they_name_too(state: Path) -> None:
    """By the local day; both counters change, or neither."""
    outbox = SqliteOutbox(state)
    for kid, day in ((b"k1", 10), (b"k1", 10), (b"k2", 10), (b"k1", 11)):
        outbox.count_forged("FORGED", AT, kid, day)
    rows = outbox._db.execute("SELECT day, kid, n FROM key_counter ORDER BY day, kid").fetchall()
    assert rows == [(10, b"k1", 2), (10, b"k2", 1), (11, b"k1", 1)]
    assert outbox.counters() == {"FORGED": 4}
    outbox._db.execute("DROP TABLE key_counter")
    with pytest.raises(StoreError):
        outbox.count_forged("FORGED", AT, b"k1", 11)
    assert outbox.counters() == {"FORGED": 4}


def test_full_disk_is_noticed_by_counters_as_well(state: Path) -> None:
    """Whoever makes room hears of it, whatever was written."""

    def count_code(box: SqliteOutbox, number: int) -> None:
        box.count(f"{number:0200}", AT)

    def count_key(box: SqliteOutbox, number: int) -> None:
        box.count_forged("FORGED", AT, bytes(200), number)

    for count in (count_code, count_key):
        outbox = SqliteOutbox(state)
        limit = int(outbox._db.execute("PRAGMA page_count").fetchone()[0])
        outbox._db.execute(f"PRAGMA max_page_count={limit}")
        with pytest.raises(NoRoomError):
            [count(outbox, number) for number in range(100)]
        assert outbox.is_full


def test_what_waits_is_what_no_server_has_receipted(state: Path) -> None:
    """Receipted records stay for a supervisor until their day is over, and wait no more."""
    outbox, log = SqliteOutbox(state), SegmentLog(state, KEY)
    for _ in range(3):
        outbox.append(RECORD)
        log.seal(AT, RUNNING, whole=True)
    outbox.append(RECORD)
    assert outbox.waiting() == 4
    log.db.execute("UPDATE segment SET state = 1 WHERE number <= 2")
    log.db.execute("UPDATE segment SET state = 2 WHERE number = 3")
    assert outbox.waiting() == 2
    log.db.execute("UPDATE segment SET state = 1")
    assert outbox.waiting() == 1
    log.seal(AT, RUNNING, whole=True)
    log.db.execute("UPDATE segment SET state = 1")
    assert outbox.waiting() == 0
    log.close()


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
