"""`scanner migrate`: databases are made, updated and, when damaged, moved aside."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from scanner.core.errors import StoreError
from scanner.store import schema
from scanner.store.database import (
    ALL_FILES,
    LISTS,
    OUTBOX,
    STATE,
    StoreFile,
    connect,
    transaction,
)
from scanner.store.installed import Artefact, keep_artefact
from scanner.store.migrations import STEPS, migrate
from scanner.store.outbox import last_seq
from scanner.store.state import StateStore


def test_migrate_makes_every_database(tmp_path: Path) -> None:
    """A new state folder, for nobody else to read, with all files in it."""
    folder = tmp_path / "state"
    migrate(folder)
    assert folder.stat().st_mode & 0o077 == 0
    for file in ALL_FILES:
        connect(folder, file).close()


def test_migrate_twice_changes_nothing(tmp_path: Path) -> None:
    """It runs before every start."""
    migrate(tmp_path)
    with sqlite3.connect(tmp_path / "outbox.db") as db:
        epoch = db.execute("SELECT id FROM epoch").fetchone()
    lines: list[str] = []
    migrate(tmp_path, lines.append)
    assert lines == [f"{file.name}: up to date" for file in ALL_FILES]
    with sqlite3.connect(tmp_path / "outbox.db") as db:
        assert db.execute("SELECT id FROM epoch").fetchall() == [epoch]


@pytest.mark.parametrize("file", ALL_FILES, ids=lambda file: file.name)
def test_every_step_is_known_by_its_name(file: StoreFile) -> None:
    """A step that `migrate` did not know of would never be taken."""
    steps = schema.MIGRATIONS[file].pending(Database(memory=True))
    assert tuple(step.name for step in steps) == STEPS[file]


def test_file_of_an_earlier_release_gets_the_steps_that_lack(tmp_path: Path) -> None:
    """Each one that came since, and no other."""
    migrate(tmp_path)
    db = connect(tmp_path, OUTBOX)
    db.execute("DROP TABLE aside")
    db.execute("DELETE FROM _sqlite_migrations WHERE name = 'batches_aside'")
    db.close()
    lines: list[str] = []
    migrate(tmp_path, lines.append)
    assert lines == ["lists.db: up to date", "outbox.db: batches_aside", "state.db: up to date"]
    db = connect(tmp_path, OUTBOX)
    assert db.execute("SELECT count(*) FROM aside").fetchone() == (0,)
    db.close()


def test_file_of_a_later_release_is_left_as_it_is(tmp_path: Path) -> None:
    """After a rollback the release before runs on the tables of the one that went."""
    migrate(tmp_path)
    db = connect(tmp_path, STATE)
    db.execute("INSERT INTO _sqlite_migrations VALUES (99, 'state', 'of_tomorrow', '')")
    db.close()
    lines: list[str] = []
    migrate(tmp_path, lines.append)
    assert lines == [f"{file.name}: up to date" for file in ALL_FILES]


@pytest.mark.parametrize("file", ALL_FILES, ids=lambda file: file.name)
@pytest.mark.parametrize("damage", [b"not a database at all" * 100, b""])
def test_damaged_file_is_moved_aside_not_deleted(
    tmp_path: Path, file: object, damage: bytes
) -> None:
    """Its bytes stay beside the new one, and the start goes on."""
    name = getattr(file, "name")  # noqa: B009
    migrate(tmp_path)
    for part in tmp_path.glob(f"{name}-*"):
        part.unlink()
    (tmp_path / name).write_bytes(damage)
    lines: list[str] = []
    migrate(tmp_path, lines.append)
    aside = tmp_path / f"{name}.damaged-1"
    if damage:
        assert aside.read_bytes() == damage
        assert any("moved aside" in line for line in lines)
    StateStore(tmp_path).raise_floors({"time": 1})


def test_torn_page_is_found(tmp_path: Path) -> None:
    """Damage inside a file that still has its header does not go unseen."""
    migrate(tmp_path)
    path = tmp_path / "lists.db"
    db = connect(tmp_path, LISTS)
    for number in range(2000):
        keep_artefact(db, f"{number:08}", Artefact(1, 1))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    torn = bytearray(path.read_bytes())
    torn[8 * 1024 : 12 * 1024] = b"\xff" * 4096
    path.write_bytes(torn)
    lines: list[str] = []
    migrate(tmp_path, lines.append)
    assert (tmp_path / "lists.db.damaged-1").exists()


def test_records_of_before_are_kept_when_their_table_changes(tmp_path: Path) -> None:
    """With their numbers, and the next one goes on from them."""
    db = sqlite3.connect(tmp_path / "outbox.db")
    for migration in ("first_outbox", "sealed_log"):
        getattr(schema, migration)(Database(db))
    rows = [(seq, bytes([seq]) * 16) for seq in (1, 2, 5)]
    db.executemany("INSERT INTO record VALUES (?, ?)", rows)
    db.commit()
    schema.lean_records(Database(db))
    assert db.execute("SELECT seq, body FROM record").fetchall() == rows
    assert db.execute("SELECT count(*) FROM sqlite_sequence").fetchone() == (0,)
    assert last_seq(db) == 5
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("INSERT INTO record VALUES (6, x'00')")
    db.close()


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A state folder below a file is an error with the way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="writable"):
        migrate(tmp_path / "file" / "state")


def test_floor_never_falls(tmp_path: Path) -> None:
    """Raised to what is higher; a lower value is refused even by the file itself."""
    migrate(tmp_path)
    store = StateStore(tmp_path)
    assert store.floor("time") == 0
    store.raise_floors({"time": 100})
    store.raise_floors({"time": 50})
    assert store.floor("time") == 100
    assert store.floor("time") == 100
    with pytest.raises(sqlite3.IntegrityError, match="never falls"):
        store._db.execute("UPDATE floor SET value = 1")


def test_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    """An error in the middle leaves the database as it was."""
    migrate(tmp_path)
    db = connect(tmp_path, LISTS)

    def half_way() -> None:
        with transaction(db, "lists.db"):
            keep_artefact(db, "keys", Artefact(1, 1))
            db.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StoreError):
        half_way()
    assert db.execute("SELECT count(*) FROM artefact").fetchone() == (0,)
