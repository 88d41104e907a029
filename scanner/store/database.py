"""Open the SQLite files of the device, with the settings each of them needs.

`lists.db` can be rebuilt from the last update and is written with synchronous=NORMAL;
`outbox.db` and `state.db` can't, and are written with FULL: what was acknowledged survives a cut
of the power (measured in simulated cuts: FULL lost no scan in 1 000, NORMAL 4 595 in 300).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scanner.core.errors import NoRoomError, StoreError

# Small pages: a scan record or a status row touches few bytes, and each write costs whole pages.
PAGE_BYTES = 1024
BUSY_TIMEOUT_S = 0.5


@dataclass(frozen=True, slots=True)
class StoreFile:
    """One database: its file name, how hard it is to lose, and how large its WAL may become."""

    name: str
    synchronous: str
    wal_pages: int = 1000  # as many are written before they go into the file; SQLite's own default


LISTS = StoreFile("lists.db", "NORMAL")
# A short WAL: that much has to fit on a full disk, see space.py. It costs a hundredth of a block of
# 4 kB a scan more than a long one (tests/bench/bench_outbox.py).
OUTBOX = StoreFile("outbox.db", "FULL", wal_pages=250)
STATE = StoreFile("state.db", "FULL")
ALL_FILES = (LISTS, OUTBOX, STATE)


def connect(folder: Path, file: StoreFile) -> sqlite3.Connection:
    """An open database that `scanner migrate` has made; raises StoreError when it is not there.

    Transactions are begun by hand; the connection may be handed from one thread to another, but
    never used by two.
    """
    file_id(folder, file)
    with translated(file.name):
        db = sqlite3.connect(
            f"{(folder / file.name).resolve().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=BUSY_TIMEOUT_S,
            check_same_thread=False,
        )
        configure(db, file)
        return db


def file_id(folder: Path, file: StoreFile) -> tuple[int, int]:
    """Which file stands there now; raises StoreError when there is none.

    An open connection goes on with its own file although another has taken its place, and a
    record that is written there is lost.
    """
    try:
        found = os.stat(f"{folder}/{file.name}")  # at every scan: joining a Path takes longer
    except OSError as error:
        raise StoreError(
            f"There is no {file.name} in {folder} ({error.strerror}). Run `scanner migrate`."
        ) from error
    return found.st_dev, found.st_ino


def configure(db: sqlite3.Connection, file: StoreFile) -> None:
    """WAL, the file's synchronous setting, a small cache; deleted rows are overwritten."""
    db.execute(f"PRAGMA page_size={PAGE_BYTES}")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(f"PRAGMA synchronous={file.synchronous}")
    db.execute(f"PRAGMA wal_autocheckpoint={file.wal_pages}")
    db.execute("PRAGMA secure_delete=ON")
    db.execute("PRAGMA cache_size=-256")
    db.execute("PRAGMA mmap_size=0")
    db.execute("PRAGMA trusted_schema=OFF")


class translated:  # noqa: N801 - reads as what is done to the errors
    """Whatever SQLite raises inside becomes a StoreError that names the file; NoRoomError is one.

    Entered three times a scan: as a generator, which is shorter, it takes three times as long.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, sqlite3.Error):
            is_full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
            raise (NoRoomError if is_full else StoreError)(
                f"{self._name} cannot be used ({error}). Run `scanner doctor`; the file is kept."
            ) from error


@contextmanager
def transaction(db: sqlite3.Connection, name: str) -> Iterator[None]:
    """All or nothing, and the write lock from the start; raises StoreError."""
    with translated(name):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled it back already.
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def is_intact(db: sqlite3.Connection) -> bool:
    """True when SQLite finds no damage; reads the whole file."""
    try:
        return bool(db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False
