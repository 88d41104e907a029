"""Bring `lists.db` from one verified update to the next: all in one transaction.

    read what is installed ─▶ build new bases beside it ─▶ BEGIN IMMEDIATE, each step, ages, COMMIT

Until the COMMIT every reader sees the old lists, after it the new ones; a cut of the power leaves
one or the other. A step that cannot be used is taken back alone and its list stays as it was.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scanner.core.errors import StoreError, UpdateError
from scanner.core.update import Applied, HeldChange, InstalledLists, Update
from scanner.store.application import Application, damaged_maps
from scanner.store.bases import Read
from scanner.store.database import LISTS, connect, is_intact, transaction, translated
from scanner.store.held import all_held
from scanner.store.installed import STATUS, Installed, read_installed
from scanner.store.migrations import migrate_file, move_aside
from scanner.store.steps import OpenHolders


class ListsWriter:
    """One at a time: hold `alone` around whatever belongs together."""

    def __init__(
        self, folder: Path, open_holders: OpenHolders | None, *, allow_test_keys: bool
    ) -> None:
        """open_holders: decrypts the holder list; None leaves it out."""
        self._folder = folder
        self._open_holders = open_holders
        self._allow_test_keys = allow_test_keys

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Raises StoreError when another update runs."""
        try:
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise StoreError(f"{self._folder} is no folder ({error}).") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise StoreError("Lists are being installed already. Wait until it is done.") from None
        try:
            yield
        finally:
            os.close(descriptor)

    def installed(self) -> InstalledLists:
        """What is there and whole; what is damaged counts as not there. Never raises StoreError
        for damage, only when the folder cannot be used."""
        try:
            with self._reading() as (db, installed):
                return _summary(db, installed, damaged_maps(installed))
        except (StoreError, UpdateError):
            return InstalledLists()

    def repair(self) -> list[str]:
        """A damaged `lists.db` is moved aside and begun anew; returns one line for each file.

        Maps that are damaged are replaced when a new one is there. Raises StoreError.
        """
        lines: list[str] = []
        try:
            with self._reading() as (db, _):
                is_whole = is_intact(db)
        except (StoreError, UpdateError):
            is_whole = False
        if not is_whole and (self._folder / LISTS.name).exists():
            lines.append(f"{LISTS.name} is damaged; moved aside as {self._move(LISTS.name)}")
        migrate_file(self._folder, LISTS)
        return lines

    def apply(self, update: Update, read: Read, *, afresh: bool = False) -> Applied:
        """Raises StoreError, and UpdateError when `afresh`; the lists are then as they were.

        read: the verified bytes of a target. afresh: everything installed before is forgotten and
        nothing is counted, but one step that cannot be used refuses the update.
        """
        db = connect(self._folder, LISTS)
        with closing(db), translated(LISTS.name):
            installed = Installed({}) if afresh else self._read(db)
            # A map is removed once another one counts, so that must be on the disk by then.
            db.execute("PRAGMA synchronous=FULL")
            work = Application(
                db, self._folder, update, read, installed, self._open_holders,
                allow_test_keys=self._allow_test_keys, afresh=afresh,
            )  # fmt: skip
            try:
                applied = work.run()
            finally:
                installed.close()
            self._sweep(db, work.damaged)
        return applied

    def note_faults(self, at: int, lines: list[str]) -> None:
        """Why a run failed, at a time in seconds; one without fault clears them. StoreError."""
        db = connect(self._folder, LISTS)
        with closing(db), translated(LISTS.name):
            if not lines and db.execute("SELECT 1 FROM fault").fetchone() is None:
                return
            with transaction(db, LISTS.name):
                if not lines:
                    db.execute("DELETE FROM fault")
                rows = [(at, line) for line in lines]
                db.executemany("INSERT INTO fault (at, words) VALUES (?, ?)", rows)
                db.execute("DELETE FROM fault WHERE id <= (SELECT max(id) FROM fault) - 20")

    @contextmanager
    def _reading(self) -> Iterator[tuple[sqlite3.Connection, Installed]]:
        db = connect(self._folder, LISTS)
        with closing(db), translated(LISTS.name):
            installed = self._read(db)
            try:
                yield db, installed
            finally:
                installed.close()

    def _read(self, db: sqlite3.Connection) -> Installed:
        """In a transaction of its own; without maps that are damaged or lost."""
        db.execute("BEGIN")
        try:
            return read_installed(db, self._folder, skip_lost_maps=True)
        finally:
            db.execute("COMMIT")

    def _move(self, name: str) -> str:
        try:
            return move_aside(self._folder / name).name
        except OSError as error:
            raise StoreError(f"{name} cannot be moved aside ({error}).") from error

    def _sweep(self, db: sqlite3.Connection, damaged: set[str]) -> None:
        """Maps that count no more go; damaged ones are kept beside, for whoever asks why."""
        counting = {row[0] for row in db.execute("SELECT file FROM base")}
        for path in self._folder.glob("status-*.db*"):
            if path.name in counting or ".damaged-" in path.name:
                continue
            with suppress(OSError):
                if path.name in damaged:
                    self._move(path.name)
                else:
                    path.unlink()


@dataclass(frozen=True, slots=True)
class Notes:
    """What an update left to be told: held changes, and faults with their time since 1970."""

    held: tuple[HeldChange, ...]
    faults: tuple[tuple[int, str], ...]


def read_notes(folder: Path) -> Notes:
    """Raises StoreError."""
    db = connect(folder, LISTS)
    with closing(db), translated(LISTS.name):
        rows = db.execute("SELECT at, words FROM fault ORDER BY id").fetchall()
        return Notes(all_held(db), tuple((int(at), str(words)) for at, words in rows))


def _summary(db: sqlite3.Connection, installed: Installed, damaged: set[str]) -> InstalledLists:
    whole = {
        f"{STATUS}{issuer}": issuer
        for issuer, map_ in installed.maps.items()
        if map_.file not in damaged
    }
    digests = {f"{STATUS}{row[0]}": row[1] for row in db.execute("SELECT issuer, digest FROM base")}
    return InstalledLists(
        {
            name: artefact.version
            for name, artefact in installed.artefacts.items()
            if name in whole or not name.startswith(STATUS)
        },
        {name: len(installed.overlays.get(issuer, ())) for name, issuer in whole.items()},
        {name: digests[name] for name in whole},
        all_held(db),
    )
