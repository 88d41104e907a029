"""The wipe: everything about people and keys goes, a signed statement and the date stay."""

from __future__ import annotations

import json
import sqlite3
from base64 import b64decode
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.assembly.place import check_configured
from scanner.config import Settings
from scanner.core.chain import State, check_log
from scanner.core.clock import ClockReading
from scanner.core.errors import NotConfiguredError, StoreError
from scanner.core.policy import Checkpoint
from scanner.core.reasons import Outcome, Reason
from scanner.core.record import NO_FLAGS, ScanRecord
from scanner.store import wipe as module
from scanner.store.database import LISTS
from scanner.store.device_key import device_id, provide_device_key
from scanner.store.device_log import read_device_logs
from scanner.store.enrolment import provide_tls_key
from scanner.store.fold import fold_oldest
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.place import ENROLMENT_FILE
from scanner.store.runs import begin_run
from scanner.store.segments import SegmentLog
from scanner.store.space import keep_reserve
from scanner.store.state import StateStore
from scanner.store.trust_list import SqliteLists
from scanner.store.wipe import STATEMENT, is_wiped, wipe
from tests import city
from tests.journeys.booth import install
from tests.store.log_case import RUNNING

END = datetime(2020, 6, 9, tzinfo=UTC)
AT = END + timedelta(days=2)
TABLES = ("record", "segment", "counter", "key_counter", "fold", "aside", "upload", "run")
SECRETS = (city.QUARANTINED, sha256(city.REVOKED_CTI).digest()[:16], city.KEY.kid.hex().encode())


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A device at the end of its service: lists, records, keys, leavings."""
    folder = tmp_path / "state"
    migrate(folder)
    install(folder, city.targets(), int(END.timestamp()))
    with closing(SqliteOutbox(folder)) as outbox:
        record = ScanRecord(1, Outcome.REFUSE, Reason.REVOKED, 7, NO_FLAGS, 2)
        for _ in range(50):
            outbox.append(record)
    with closing(StateStore(folder)) as store:
        store.raise_floors({"time": int(END.timestamp())})
    key = provide_device_key(folder)
    with closing(SqliteOutbox(folder)) as outbox, closing(SegmentLog(folder, key)) as log:
        outbox.count_forged("FORGED", END, city.KEY.kid, 18_000)
        log.seal(END, RUNNING, whole=True)
        while fold_oldest(log, END, RUNNING):
            pass
        log.db.execute("INSERT INTO aside VALUES (1, 1, 422, 0)")
    begin_run(folder)
    keep_reserve(folder)
    provide_tls_key(folder)
    (folder / ENROLMENT_FILE).write_text("whose device this was")
    (folder / "tuf" / "metadata").mkdir(parents=True)
    (folder / "tuf" / "metadata" / "root.json").write_text("{}")
    (folder / "outbox.db.damaged-1").write_bytes(b"old records" * 99)
    (folder / "status-7-1.db").write_bytes(b"old records" * 99)
    return folder


def bytes_of(folder: Path) -> bytes:
    """Every byte of every file but the state's."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files if not path.name.startswith("state.db"))


def test_nothing_of_lists_records_and_keys_is_left(state: Path) -> None:
    """Not a row, not a byte of holders, revoked ids and keys in any file."""
    before = bytes_of(state)
    assert all(secret in before for secret in SECRETS)
    assert wipe(state, END, AT) == []
    after = bytes_of(state)
    left = (*SECRETS, b"old records", b"PRIVATE KEY", b"whose device", city.KEY.kid)
    assert not any(secret in after for secret in left)
    names = {path.name.split("-")[0] for path in state.iterdir()}
    assert names == {"lists.db", "outbox.db", "state.db", "regime"}
    with closing(SqliteOutbox(state)) as outbox:
        assert (outbox.waiting(), outbox.counters()) == (0, {})
        for table in TABLES:
            assert outbox._db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_log_of_another_regime_begins_anew(state: Path) -> None:
    """Another epoch, another key, the first number: nothing of the first is missing in it."""
    (before,) = read_device_logs(state)
    wipe(state, END, AT)
    key = provide_device_key(state)
    with closing(SqliteOutbox(state)) as outbox, closing(SegmentLog(state, key)) as log:
        assert outbox.append(ScanRecord(1, Outcome.REFUSE, Reason.REVOKED, 7, NO_FLAGS, 2)) == 1
        log.seal(AT, RUNNING, whole=True)
    (after,) = read_device_logs(state)
    assert after.epoch != before.epoch
    assert {found.state for found in check_log(after)} == {State.INTACT}


def test_statement_is_signed_by_the_key_that_is_gone(state: Path) -> None:
    """Who, when, for which date; anybody who knows the device's public key can check it."""
    id_ = device_id(provide_device_key(state))
    wipe(state, END, AT)
    signed = json.loads((state / STATEMENT).read_text())
    said = signed["statement"]
    assert (said["device"], said["ended"]) == (id_, END.isoformat())
    public = b64decode(signed["ed25519"])
    assert sha256(public).digest()[:8].hex() == id_
    raw = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    Ed25519PublicKey.from_public_bytes(public).verify(b64decode(signed["signature"]), raw)


def test_wiped_device_still_knows_that_the_regime_has_ended(state: Path) -> None:
    """Stores that are open follow; after a new start no pass is needed either."""
    with closing(SqliteLists(state, Checkpoint(), allow_test_keys=False)) as lists:
        wipe(state, END, AT)
        lists.refresh()
        assert lists.trust.keys == {}
        assert lists.policy.has_ended(ClockReading.exact(AT))
    migrate(state)
    with closing(SqliteLists(state, Checkpoint(), allow_test_keys=False)) as lists:
        assert lists.policy.end_of_regime == END


def test_wipe_is_done_once_for_a_date(state: Path) -> None:
    """Another date, or a statement that cannot be read, is not taken for it."""
    assert not is_wiped(state, END)
    wipe(state, END, AT)
    assert is_wiped(state, END)
    assert not is_wiped(state, END + timedelta(days=90))
    (state / STATEMENT).write_text("[]")
    assert not is_wiped(state, END)


@pytest.mark.parametrize("cut_at", range(1, 7))
def test_wipe_that_was_cut_off_is_finished_by_the_next(
    state: Path, monkeypatch: pytest.MonkeyPatch, cut_at: int
) -> None:
    """Wherever it stopped: not taken for done, the first statement holds, all is gone at last."""
    id_, steps = device_id(provide_device_key(state)), 0

    def until_cut(real: Callable[..., None]) -> Callable[..., None]:
        def step(*arguments: object) -> None:
            nonlocal steps
            steps += 1
            if steps == cut_at:
                raise OSError("the power was cut")
            real(*arguments)

        return step

    with monkeypatch.context() as patch:
        for name in ("_empty", "_remove"):
            patch.setattr(module, name, until_cut(getattr(module, name)))
        with pytest.raises(StoreError):
            wipe(state, END, AT)
    assert not is_wiped(state, END)
    wipe(state, END, AT + timedelta(hours=1))
    said = json.loads((state / STATEMENT).read_text())["statement"]
    assert (said["device"], said["wiped"]) == (id_, AT.isoformat())
    assert not any(secret in bytes_of(state) for secret in SECRETS)


def test_key_elsewhere_is_removed(state: Path, tmp_path: Path) -> None:
    """A fleet key in another folder goes too; one that is not there does no harm."""
    key, absent = tmp_path / "fleet.key", tmp_path / "absent" / "fleet.key"
    key.write_text("AGE-SECRET-KEY-1")
    assert wipe(state, END, AT, [key, absent]) == []
    assert not key.exists()


def test_key_that_may_not_be_removed_is_named(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/etc is read-only for a service: the rest is wiped, and somebody is told of this one."""
    key, real = tmp_path / "fleet.key", module._remove

    def remove(path: Path) -> None:
        if path == key:
            raise OSError("read-only file system")
        real(path)

    monkeypatch.setattr(module, "_remove", remove)
    assert wipe(state, END, AT, [key]) == [key]
    assert is_wiped(state, END)


def test_files_of_others_stay(state: Path) -> None:
    """Somebody named his own folder as the state folder: only what is ours is removed."""
    (state / "thesis.txt").write_text("years of work")
    (state / "photos").mkdir()
    wipe(state, END, AT)
    assert (state / "thesis.txt").read_text() == "years of work"
    assert (state / "photos").is_dir()


def test_tables_that_are_added_later_are_emptied_too(state: Path) -> None:
    """Whatever a list is kept in: all rows but the date."""
    with closing(sqlite3.connect(state / "lists.db")) as db:
        db.execute("CREATE TABLE later (who TEXT)")
        db.execute("INSERT INTO later VALUES ('somebody')")
        db.commit()
    wipe(state, END, AT)
    with closing(sqlite3.connect(state / "lists.db")) as db:
        assert db.execute("SELECT count(*) FROM later").fetchone() == (0,)
        kept = db.execute("SELECT name FROM artefact").fetchall()
        assert kept == [("end-of-regime",), ("end-of-regime-root",)]


def test_wiped_device_still_runs_to_tell_that_no_pass_is_needed(state: Path) -> None:
    """It belongs to nobody then, and stands nowhere; for another end date it is to be enrolled."""
    wipe(state, END, AT)
    check_configured(Settings(), state)
    (state / STATEMENT).write_text("{}")
    with pytest.raises(NotConfiguredError):
        check_configured(Settings(), state)
    (state / LISTS.name).write_bytes(b"damaged")
    with pytest.raises(NotConfiguredError):
        check_configured(Settings(), state)
