"""Bring the databases of a state folder to the schema of this version: `scanner migrate`.

Runs before each start of the loop, which does not import sqlite-utils. Nor does a start that finds
nothing to be done: that library takes longer than all the rest of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from scanner.core.errors import StoreError
from scanner.store.database import ALL_FILES, LISTS, OUTBOX, STATE, StoreFile, configure, is_intact

# The steps of `schema.py`, by name.
STEPS = {
    LISTS: ("first_lists", "signed_lists", "checked_ages"),
    OUTBOX: ("first_outbox", "sealed_log", "batches_aside", "lean_records"),
    STATE: ("first_state", "known_time"),
}


def migrate(folder: Path, report: Callable[[str], None] = lambda line: None) -> None:
    """Make or update every database in `folder`; one line a step goes to `report`.

    A damaged file is moved aside, never deleted, and a new one made. Raises StoreError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file in ALL_FILES:
            migrate_file(folder, file, report)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The state folder {folder} cannot be used ({error}). "
            "Check that it exists, is writable and has room."
        ) from error


def migrate_file(
    folder: Path, file: StoreFile, report: Callable[[str], None] = lambda line: None
) -> None:
    """One of them. Raises OSError, sqlite3.Error."""
    path = folder / file.name
    if path.exists() and not _opens_intact(path):
        report(f"{file.name} is damaged; moved aside as {move_aside(path).name}")
    db = sqlite3.connect(path, isolation_level=None)
    try:
        configure(db, file)
        taken = [] if _is_up_to_date(db, file) else _take_steps(db, file)
        report(f"{file.name}: {', '.join(taken) or 'up to date'}")
    finally:
        db.close()


def _is_up_to_date(db: sqlite3.Connection, file: StoreFile) -> bool:
    """Of this version or of a later one."""
    # As sqlite-utils keeps it.
    if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = '_sqlite_migrations'").fetchone():
        return False
    taken = db.execute(
        "SELECT name FROM _sqlite_migrations WHERE migration_set = ?", [Path(file.name).stem]
    )
    return {name for (name,) in taken}.issuperset(STEPS[file])


def _take_steps(db: sqlite3.Connection, file: StoreFile) -> list[str]:
    """Those that lack, by name."""
    from sqlite_utils import Database

    from scanner.store.schema import MIGRATIONS

    tables, migrations = Database(db), MIGRATIONS[file]
    pending = [migration.name for migration in migrations.pending(tables)]
    migrations.apply(tables)
    return pending


def _opens_intact(path: Path) -> bool:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        return is_intact(db)
    finally:
        db.close()


def move_aside(path: Path) -> Path:
    """`outbox.db` → `outbox.db.damaged-1`, with its WAL beside it."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside
