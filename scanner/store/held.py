"""What the circuit breaker holds of each list, in `lists.db`, until an approval or a new base."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from scanner.core.breaker import Changes
from scanner.core.revocation import (
    FAST,
    ID_BYTES,
    REF_BYTES,
    Delta,
    IdChanges,
    StatusBits,
    decode_delta,
    decode_ids,
    encode_delta,
    encode_ids,
)
from scanner.core.update import HeldChange


@dataclass(slots=True)
class Held:
    """The changes of one target that do not count yet; none of them for a base."""

    list_name: str
    sha256: str
    target: str
    from_version: int
    changes: Changes = field(default_factory=dict)
    base_counts: tuple[int, int] | None = None

    @property
    def counts(self) -> tuple[int, int]:
        """Flips and restores."""
        if self.base_counts is not None:
            return self.base_counts
        restores = sum(to is StatusBits.VALID for to in self.changes.values())
        return len(self.changes) - restores, restores


def load_held(db: sqlite3.Connection, list_name: str) -> list[Held]:
    """Raises UpdateError for a body that is damaged, sqlite3.Error."""
    query = (
        "SELECT sha256, target, from_version, flips, restores, body FROM held"
        " WHERE list = ? ORDER BY rowid"
    )
    found = []
    for sha256, target, from_version, flips, restores, body in db.execute(query, (list_name,)):
        held = Held(list_name, sha256, target, from_version)
        if body is None:
            held.base_counts = (flips, restores)
        else:
            held.changes = unpack(list_name, body)
        found.append(held)
    return found


def save_held(db: sqlite3.Connection, held: Held) -> None:
    """Written only when it is new or has become less."""
    is_base = held.base_counts is not None
    row = (held.list_name, held.sha256, held.target, held.from_version, *held.counts)
    body = None if is_base else pack(held.list_name, held.changes)
    db.execute("INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, body))


def drop_held(db: sqlite3.Connection, held: Held) -> None:
    where = (held.list_name, held.sha256)
    db.execute("DELETE FROM held WHERE list = ? AND sha256 = ?", where)


def all_held(db: sqlite3.Connection) -> tuple[HeldChange, ...]:
    """For reports, without the changes themselves."""
    columns = "list, target, sha256, from_version, flips, restores"
    rows = db.execute(f"SELECT {columns} FROM held ORDER BY list, target")
    return tuple(HeldChange(*row) for row in rows)


def pack(list_name: str, changes: Changes) -> bytes:
    """Changes of a list in the form in which they travel; the row says the versions."""
    issuer = list_name.removeprefix("status-")
    if issuer != list_name:
        by_index = {key: to for key, to in changes.items() if isinstance(key, int)}
        return encode_delta(Delta(int(issuer), 0, 1, by_index))
    # References of holders are half as long as ids, and are filled up.
    ids = {key.ljust(ID_BYTES, b"\0"): to for key, to in changes.items() if isinstance(key, bytes)}
    revoked = tuple(id_ for id_, to in ids.items() if to is not StatusBits.VALID)
    restored = tuple(id_ for id_, to in ids.items() if to is StatusBits.VALID)
    return encode_ids(IdChanges(0, 1, revoked, restored), FAST)


def unpack(list_name: str, body: bytes) -> Changes:
    """Raises UpdateError."""
    if list_name.startswith("status-"):
        return dict(decode_delta(body).changes.items())
    ids, size = decode_ids(body), REF_BYTES if list_name == "holders" else ID_BYTES
    changes: Changes = {id_[:size]: StatusBits.REVOKED for id_ in ids.revoked}
    changes.update((id_[:size], StatusBits.VALID) for id_ in ids.restored)
    return changes
