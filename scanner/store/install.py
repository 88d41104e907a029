"""Put signed targets into `lists.db`: all of one update, or nothing of it.

Each target is parsed before anything is written, so that a list this version does not fully
understand is held back and the one installed before stays.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from scanner.core.errors import UpdateError
from scanner.core.revocation import PART_BYTES, decode_delta, decode_ids, decode_part, decode_refs
from scanner.core.targets import parse_policy, parse_rules
from scanner.core.trust import parse_trust_list
from scanner.store.database import LISTS, connect, transaction

# Divides a part into whole rows, and is close to the 4 000 bytes that were measured best.
ROW_BYTES = 4096

_KID = re.compile("[0-9a-f]{16}")
# How many numbers follow the word in a target's name.
_NUMBERS = {"keys": 2, "rules": 1, "policy": 1, "holders": 1, "base": 3, "d": 3, "ids": 2}


class Installer:
    """Writes one update; `open_holders` decrypts the holder list, None leaves it out."""

    def __init__(
        self, folder: Path, open_holders: Callable[[bytes], bytes] | None, *, allow_test_keys: bool
    ) -> None:
        self._folder = folder
        self._open_holders = open_holders
        self._allow_test_keys = allow_test_keys

    def install(
        self, targets: Mapping[str, bytes], issued_at: int, end_of_regime: int | None = None
    ) -> None:
        """Replace all lists by these targets; times in seconds. Raises UpdateError, StoreError."""
        ordered = sorted((_parse_name(name), name) for name in targets)
        kinds = {kind for (kind, _), _ in ordered}
        if missing := {"keys", "policy"} - kinds:
            raise UpdateError(f"The update is held back: it has no {' and no '.join(missing)}.")
        db = connect(self._folder, LISTS)
        try:
            with transaction(db, LISTS.name):
                _clear(db)
                for (kind, numbers), name in ordered:
                    self._keep(db, kind, numbers, name, targets[name], issued_at)
                if end_of_regime is not None:
                    _keep_artefact(db, "end-of-regime", end_of_regime, issued_at)
        finally:
            db.close()

    def _keep(
        self,
        db: sqlite3.Connection,
        kind: str,
        numbers: tuple[int, ...],
        name: str,
        body: bytes,
        at: int,
    ) -> None:
        match kind:
            case "keys":
                parse_trust_list(body, allow_test_keys=self._allow_test_keys)
                _keep_document(db, kind, numbers[0], name, body, at)
            case "policy":
                _keep_document(db, kind, parse_policy(body).version, name, body, at)
            case "rules":
                parse_rules(body)
                _keep_document(db, kind, numbers[0], name, body, at)
            case "base":
                _keep_part(db, numbers, decode_part(body), at)
            case "d":
                _keep_delta(db, body, at)
            case "ids":
                _keep_ids(db, body, at)
            case "issued":
                _keep_issued(db, name, body, at)
            case _:
                self._keep_holders(db, numbers[0], body, at)

    def _keep_holders(self, db: sqlite3.Connection, version: int, body: bytes, at: int) -> None:
        if self._open_holders is None:
            return
        refs = decode_refs(self._open_holders(body))
        db.executemany("INSERT OR IGNORE INTO holder VALUES (?)", [(ref,) for ref in refs])
        _keep_artefact(db, "holders", version, at)


def confirm_age(folder: Path, issued_at: int) -> None:
    """A newer signed time still names everything that is installed. Raises StoreError."""
    db = connect(folder, LISTS)
    try:
        with transaction(db, LISTS.name):
            db.execute("UPDATE artefact SET issued_at = ?", (issued_at,))
    finally:
        db.close()


def _parse_name(name: str) -> tuple[str, tuple[int, ...]]:
    """`base-1-4-0` → ("base", (1, 4, 0)), so that part 10 comes after part 2."""
    kind, *rest = name.split("-")
    if kind == "issued" and len(rest) == 1 and _KID.fullmatch(rest[0]):
        return kind, ()
    if len(rest) != _NUMBERS.get(kind) or not all(number.isdecimal() for number in rest):
        raise UpdateError(f"The update is held back: this version knows no target {name}.")
    return kind, tuple(int(number) for number in rest)


def _clear(db: sqlite3.Connection) -> None:
    for table in ("artefact", "document", "status_row", "delta", "revoked_id", "holder", "issued"):
        db.execute(f"DELETE FROM {table}")


def _keep_artefact(db: sqlite3.Connection, name: str, version: int, at: int) -> None:
    db.execute("INSERT OR REPLACE INTO artefact VALUES (?, ?, ?)", (name, version, at))


def _keep_document(
    db: sqlite3.Connection, artefact: str, version: int, name: str, body: bytes, at: int
) -> None:
    db.execute("INSERT OR REPLACE INTO document VALUES (?, ?)", (name, body))
    _keep_artefact(db, artefact, version, at)


def _keep_part(db: sqlite3.Connection, numbers: tuple[int, ...], raw: bytes, at: int) -> None:
    """Parts are whole and follow each other, so that each stands where its indexes belong."""
    issuer, version, part = numbers
    query = "SELECT coalesce(sum(length(bits)), 0) FROM status_row WHERE id BETWEEN ? AND ?"
    stored = db.execute(query, (row_id(issuer, 0), row_id(issuer + 1, 0) - 1)).fetchone()[0]
    if stored != part * PART_BYTES:
        raise UpdateError(f"The update is held back: the map of issuer {issuer} has a gap.")
    rows = [
        (row_id(issuer, (stored + begin) // ROW_BYTES), raw[begin : begin + ROW_BYTES])
        for begin in range(0, len(raw), ROW_BYTES)
    ]
    db.executemany("INSERT INTO status_row VALUES (?, ?)", rows)
    _keep_artefact(db, f"status-{issuer}", version, at)


def row_id(issuer: int, row: int) -> int:
    """The key of a row of an issuer's map; 2^20 rows hold 2^34 indexes."""
    return (issuer << 20) + row


def _keep_delta(db: sqlite3.Connection, body: bytes, at: int) -> None:
    """A delta only fits the version it was made from."""
    delta = decode_delta(body)
    name = f"status-{delta.issuer_no}"
    row = db.execute("SELECT version FROM artefact WHERE name = ?", (name,)).fetchone()
    if row is None or row[0] != delta.from_version:
        raise UpdateError(f"The update is held back: a delta does not fit the map {name}.")
    db.execute(
        "INSERT INTO delta VALUES (?, ?, ?, ?)",
        (delta.issuer_no, delta.to_version, delta.from_version, body),
    )
    _keep_artefact(db, name, delta.to_version, at)


def _keep_issued(db: sqlite3.Connection, name: str, body: bytes, at: int) -> None:
    """What a leaked key really signed: SHA-256(cti)[:8] of each of its passes."""
    kid = bytes.fromhex(name.removeprefix("issued-"))
    rows = [(kid, cti) for cti in decode_refs(body)]
    db.executemany("INSERT OR IGNORE INTO issued VALUES (?, ?)", rows)
    _keep_artefact(db, name, 1, at)


def _keep_ids(db: sqlite3.Connection, body: bytes, at: int) -> None:
    changes = decode_ids(body)
    db.executemany(
        "INSERT OR IGNORE INTO revoked_id VALUES (?)", [(id_,) for id_ in changes.revoked]
    )
    db.executemany("DELETE FROM revoked_id WHERE id = ?", [(id_,) for id_ in changes.restored])
    _keep_artefact(db, "ids", changes.to_version, at)
