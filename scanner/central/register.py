"""The register of the city: passes issued, what was taken back, and when. One SQLite file.

No name, address or document is in it: a pass is its index and the hash of its id, a person is
the holder_ref that also stands in the pass.

Three artefacts change in the same way: an entry (an index of the status map, the hash of a pass
without one, a holder_ref) gets a new value, 0 being the value of what was never touched. A change
waits in the journal until `publish` gives it a version.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

from scanner.central.errors import CentralError
from scanner.core.breaker import Tally

FILE = "register.db"
_LAYOUT = 1

_SCHEMA = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE issuer_key (
    kid BLOB PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, next INTEGER NOT NULL,
    not_before INTEGER NOT NULL, expires INTEGER NOT NULL
) STRICT;
CREATE TABLE issued (
    idx INTEGER PRIMARY KEY, kid BLOB NOT NULL, cti_hash BLOB NOT NULL UNIQUE,
    kind INTEGER NOT NULL, holder_ref BLOB NOT NULL, iat INTEGER NOT NULL, nbf INTEGER NOT NULL,
    exp INTEGER NOT NULL
) STRICT;
CREATE INDEX issued_to ON issued (holder_ref, kind);
CREATE TABLE state (
    artefact INTEGER NOT NULL, entry ANY NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (artefact, entry)
) STRICT, WITHOUT ROWID;
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY, artefact INTEGER NOT NULL, version INTEGER, at INTEGER NOT NULL,
    entry ANY NOT NULL, old INTEGER NOT NULL, new INTEGER NOT NULL
) STRICT;
CREATE INDEX journal_version ON journal (artefact, version);
CREATE TABLE version (
    artefact INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,
    changed INTEGER NOT NULL, flips INTEGER NOT NULL, restores INTEGER NOT NULL,
    PRIMARY KEY (artefact, number)
) STRICT, WITHOUT ROWID;
"""


# Entries whose value is another one now; those that were valid; those that are valid again.
_PENDING = """
SELECT count(*), coalesce(sum(was = 0), 0), coalesce(sum(last = 0), 0) FROM (
    SELECT first_value(old) OVER span AS was, last_value(new) OVER span AS last,
           row_number() OVER (PARTITION BY entry ORDER BY seq) AS place
    FROM journal WHERE artefact = ? AND version IS NULL
    WINDOW span AS (PARTITION BY entry ORDER BY seq
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
) WHERE place = 1 AND was <> last"""


class Artefact(IntEnum):
    """What changes by entries, and the versions of each are counted from 1."""

    STATUS = 0
    IDS = 1
    HOLDERS = 2


Entry = int | bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """Entries that changed; those that were valid before; those that are valid again."""

    changed: int
    flips: int
    restores: int


class Register:
    """Open for one command; `close` or leave the `with` block when done."""

    def __init__(self, folder: Path) -> None:
        check_founded(folder)
        path = folder / FILE
        self.db = _open(path)
        self._check_layout(path)

    @classmethod
    def create(cls, folder: Path) -> Register:
        path = folder / FILE
        if path.exists():
            raise CentralError(f"{path} is there already: this city has been founded before.")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        with _open(path) as db:
            db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_LAYOUT}; COMMIT;")
        db.close()
        return cls(folder)

    def close(self) -> None:
        self.db.close()

    def _check_layout(self, path: Path) -> None:
        found = self.db.execute("PRAGMA user_version").fetchone()[0]
        if found != _LAYOUT:
            raise CentralError(f"{path} has layout {found}; this version of the program knows 1.")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def setting(self, name: str) -> str:
        row = self.db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise CentralError(f"The register has no setting {name}. Restore it from the backup.")
        return str(row[0])

    def keep_setting(self, name: str, value: str) -> None:
        self.db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def value(self, artefact: Artefact, entry: Entry) -> int:
        query = "SELECT value FROM state WHERE artefact = ? AND entry = ?"
        row = self.db.execute(query, (artefact, entry)).fetchone()
        return int(row[0]) if row else 0

    def change(self, artefact: Artefact, entries: Iterable[Entry], new: int, now: datetime) -> int:
        """Give entries a value; returns how many had another one before. In a transaction."""
        at = int(now.timestamp())
        return sum(self._change(artefact, entry, new, at) for entry in entries)

    def _change(self, artefact: Artefact, entry: Entry, new: int, at: int) -> int:
        old = self.value(artefact, entry)
        if old == new:
            return 0
        if new:
            self.db.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (artefact, entry, new))
        else:
            self.db.execute("DELETE FROM state WHERE (artefact, entry) = (?, ?)", (artefact, entry))
        columns = "INSERT INTO journal (artefact, at, entry, old, new) VALUES (?, ?, ?, ?, ?)"
        self.db.execute(columns, (artefact, at, entry, old, new))
        return 1

    def entries(self, artefact: Artefact) -> Iterator[tuple[Entry, int]]:
        """Every entry whose value is not 0, in order."""
        query = "SELECT entry, value FROM state WHERE artefact = ? ORDER BY entry"
        yield from self.db.execute(query, (artefact,))

    def listed(self, artefact: Artefact) -> int:
        """How many entries have a value that is not 0."""
        query = "SELECT count(*) FROM state WHERE artefact = ?"
        return int(self.db.execute(query, (artefact,)).fetchone()[0])

    def pending(self, artefact: Artefact) -> Waiting:
        """What waits for a version; back and forth again counts for nothing."""
        return Waiting(*self.db.execute(_PENDING, (artefact,)).fetchone())

    def published_since(self, artefact: Artefact, since: datetime) -> list[Tally]:
        """What each version after `since` changed."""
        query = "SELECT at, flips, restores FROM version WHERE artefact = ? AND at > ?"
        return [Tally(*row) for row in self.db.execute(query, (artefact, int(since.timestamp())))]

    def newest(self, artefact: Artefact) -> int:
        query = "SELECT coalesce(max(number), 0) FROM version WHERE artefact = ?"
        return int(self.db.execute(query, (artefact,)).fetchone()[0])

    def history(self, artefact: Artefact) -> list[tuple[int, datetime]]:
        """Versions and when they were made, oldest first."""
        query = "SELECT number, at FROM version WHERE artefact = ? ORDER BY number"
        rows = self.db.execute(query, (artefact,))
        return [(number, datetime.fromtimestamp(at, UTC)) for number, at in rows]

    def take_version(self, artefact: Artefact, now: datetime, *, is_counted: bool = True) -> int:
        """Everything that waits becomes the next version; returns its number.

        is_counted False: devices apply it by an approval, outside the circuit breaker.
        """
        number, waiting = self.newest(artefact) + 1, self.pending(artefact)
        tally = (waiting.flips, waiting.restores) if is_counted else (0, 0)
        counts = (waiting.changed, *tally)
        with self.transaction():
            self.db.execute(
                "INSERT INTO version VALUES (?, ?, ?, ?, ?, ?)",
                (artefact, number, int(now.timestamp()), *counts),
            )
            self.db.execute(
                "UPDATE journal SET version = ? WHERE artefact = ? AND version IS NULL",
                (number, artefact),
            )
        return number

    def touched_since(self, artefact: Artefact, version: int) -> int:
        """How many entries a delta from `version` to the newest one has to say, at most."""
        query = "SELECT coalesce(sum(changed), 0) FROM version WHERE artefact = ? AND number > ?"
        return int(self.db.execute(query, (artefact, version)).fetchone()[0])

    def changes_since(self, artefact: Artefact, version: int) -> dict[Entry, int]:
        """Entries that any version after `version` touched, with their newest values.

        Also entries that are back where they were: so the delta fits every version in between.
        """
        query = """
            SELECT entry, new FROM journal WHERE artefact = :artefact AND seq IN (
                SELECT max(seq) FROM journal
                WHERE artefact = :artefact AND version > :version GROUP BY entry)"""
        return dict(self.db.execute(query, {"artefact": artefact, "version": version}))


def check_founded(folder: Path) -> None:
    """Raises CentralError for a folder without a register."""
    if not (folder / FILE).exists():
        raise CentralError(f"{folder} is no central folder. Run `scanner central init` first.")


def _open(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, isolation_level=None, timeout=30)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error as error:
        raise CentralError(f"{path} cannot be opened ({error}). Restore the backup.") from None
    return db
