"""Reading the log of a device, a copy of it, and what was moved aside."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.core.chain import State, check_log, is_sound
from scanner.core.errors import StoreError
from scanner.core.reasons import Reason
from scanner.core.signed_log import public_bytes
from scanner.store.device_key import KEY_FILE, provide_device_key
from scanner.store.device_log import read_device_logs
from scanner.store.migrations import migrate, move_aside
from scanner.store.outbox import SqliteOutbox
from scanner.store.segments import SegmentLog
from tests.store.log_case import AT, RUNNING, scan

PERIOD = timedelta(minutes=15)


class Case:
    """A device that has sealed three scans and has two more open."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.start()

    def start(self) -> None:
        migrate(self.state)
        self.outbox = SqliteOutbox(self.state)
        self.log = SegmentLog(self.state, provide_device_key(self.state))
        scan(self.outbox, AT, [Reason.OK] * 3)
        self.log.seal(AT + PERIOD, RUNNING)
        scan(self.outbox, AT + PERIOD, [Reason.OK] * 2)

    def close(self) -> None:
        self.outbox.close()
        self.log.close()


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with closing(Case(tmp_path / "state")) as made:
        yield made


def listing(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_log_of_a_running_device_is_read(case: Case) -> None:
    """All segments and records, the device's key and epoch, and the last number it gave."""
    case.log.db.execute(
        "INSERT INTO upload (id, attempts, wait_s, boot, boot_s, receipt)"
        " VALUES (1, 0, 0, '', 0, x'010203')"
    )
    (log,) = read_device_logs(case.state)
    assert log.public == public_bytes(provide_device_key(case.state))
    assert (len(log.epoch), len(log.segments), sorted(log.records)) == (8, 1, [1, 2, 3, 4, 5])
    assert (log.receipt, log.given_seq, log.nonce, log.has_records) == (b"\1\2\3", 5, "", True)
    assert [(found.state, found.first, found.last) for found in check_log(log)] == [
        (State.INTACT, 1, 3),
        (State.OPEN, 4, 5),
    ]


def test_copy_without_its_wal_is_read_as_it_lies_there(case: Case, tmp_path: Path) -> None:
    """Of a device that was stopped; nothing is written beside it, so a stick may be read-only."""
    case.log.seal(AT + PERIOD, RUNNING, whole=True)
    case.close()
    copy = Path(shutil.copytree(case.state, tmp_path / "copy"))
    before = listing(copy)
    assert "outbox.db-wal" not in before
    (log,) = read_device_logs(copy)
    assert {found.state for found in check_log(log)} == {State.INTACT}
    assert listing(copy) == before


def test_copy_with_its_wal_holds_what_is_in_it(case: Case, tmp_path: Path) -> None:
    """A card that was pulled out: what was not yet in the file is in the WAL."""
    copy = Path(shutil.copytree(case.state, tmp_path / "copy"))
    (copy / "outbox.db-shm").unlink()
    (log,) = read_device_logs(copy)
    assert log.given_seq == 5
    assert is_sound(check_log(log))


def test_database_that_was_moved_aside_is_an_epoch_of_its_own(case: Case) -> None:
    """The older ones first; what cannot be read is left out, and so is what lies beside them."""
    case.close()
    move_aside(case.state / "outbox.db")
    (case.state / "outbox.db.damaged-2").write_bytes(b"no database" * 999)
    (case.state / "outbox.db.damaged-2-wal").write_bytes(b"")
    case.start()
    case.log.seal(AT + 2 * PERIOD, RUNNING)
    old, new = read_device_logs(case.state)
    assert old.epoch != new.epoch
    assert (old.given_seq, len(new.segments)) == (5, 2)
    assert is_sound(check_log(old))
    assert is_sound(check_log(new))


def test_damaged_rows_are_findings_and_not_faults(case: Case) -> None:
    """A number where bytes should be is as good as nothing."""
    case.log.db.execute("UPDATE segment SET signed = 10000000000")
    case.log.db.execute("DELETE FROM epoch")
    (log,) = read_device_logs(case.state)
    assert (log.epoch, log.segments) == (b"", (b"",))
    assert not is_sound(check_log(log))


def test_folder_of_no_device_says_what_to_name(case: Case, tmp_path: Path) -> None:
    """Without a key nobody knows whose log it is; without a database there is none."""
    with pytest.raises(StoreError, match="state folder"):
        read_device_logs(tmp_path)
    shutil.copy(case.state / KEY_FILE, tmp_path)
    with pytest.raises(StoreError, match=r"outbox\.db"):
        read_device_logs(tmp_path)
    (tmp_path / "outbox.db").write_bytes(b"no database" * 999)
    with pytest.raises(StoreError, match=r"outbox\.db"):
        read_device_logs(tmp_path)


def test_record_that_was_taken_away_is_missed(case: Case) -> None:
    """Also of those that no segment has sealed, unless they were the last."""
    case.log.db.execute("DELETE FROM record WHERE seq = 4")
    (log,) = read_device_logs(case.state)
    assert (State.MISSING, 4, 4) in [
        (found.state, found.first, found.last) for found in check_log(log)
    ]
