"""What the lists say about one pass: status map with its overlay, revocation list, holder list."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from scanner.core.claims import Pass
from scanner.core.clock import ClockReading
from scanner.core.facts import ListFacts, PassStatus
from scanner.core.revocation import (
    ID_BYTES,
    INDEXES_A_BYTE,
    REF_BYTES,
    StatusBits,
    decode_delta,
    status_in,
)
from scanner.core.trust import KeyState
from scanner.store.database import LISTS, translated
from scanner.store.install import ROW_BYTES, row_id

INDEXES_A_ROW = ROW_BYTES * INDEXES_A_BYTE

# Status and holder in one statement: each takes the locks of the file anew.
_HOLDER = "EXISTS (SELECT 1 FROM holder WHERE ref = ?)"
_BYTE_AND_HOLDER = f"SELECT (SELECT substr(bits, ?, 1) FROM status_row WHERE id = ?), {_HOLDER}"
_ID_AND_HOLDER = f"SELECT EXISTS (SELECT 1 FROM revoked_id WHERE id = ?), {_HOLDER}"
_ISSUED = "SELECT 1 FROM issued WHERE kid = ? AND cti = ?"

_STATUS = {
    StatusBits.VALID: PassStatus.VALID,
    StatusBits.REVOKED: PassStatus.REVOKED,
    StatusBits.SUSPENDED: PassStatus.SUSPENDED,
    # Not in use: an issuer that sets it means nothing good.
    StatusBits.RESERVED: PassStatus.REVOKED,
}


@dataclass(frozen=True, slots=True)
class Artefact:
    """Which version is installed and when it was last confirmed (seconds since 1970)."""

    version: int
    issued_at: int


class Revocations:
    """Answers from an open `lists.db`; the overlay of deltas is indexed in memory once."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Raises StoreError, and UpdateError for a delta that is damaged."""
        self._db = db
        with translated(LISTS.name):
            rows = db.execute("SELECT name, version, issued_at FROM artefact")
            self.artefacts: Mapping[str, Artefact] = {
                name: Artefact(version, issued_at) for name, version, issued_at in rows
            }
            self._overlay: dict[tuple[int, int], StatusBits] = {}
            for (body,) in db.execute("SELECT body FROM delta ORDER BY issuer, to_version"):
                delta = decode_delta(body)
                for index, status in delta.changes.items():
                    self._overlay[delta.issuer_no, index] = status

    def about(self, pass_: Pass, now: ClockReading) -> ListFacts:
        """Everything the lists know of this pass. Raises StoreError."""
        with translated(LISTS.name):
            is_mapped = pass_.index is not None and pass_.key.index_range is not None
            status, is_listed = self._by_index(pass_) if is_mapped else self._by_id(pass_)
            name = f"status-{pass_.key.issuer_no}" if is_mapped else "ids"
            artefact = self.artefacts.get(name)
            return ListFacts(
                status=status,
                status_age_s=_age_s(artefact, now),
                status_version=artefact.version if artefact else 0,
                holder_is_listed=is_listed,
                holders_age_s=_age_s(self.artefacts.get("holders"), now),
                is_issued=self._is_issued(pass_),
            )

    def _by_index(self, pass_: Pass) -> tuple[PassStatus, bool]:
        """Status where the key has a range of indexes, and whether the holder is listed."""
        issuer, index = pass_.key.issuer_no, pass_.index or 0
        row, place = divmod(index, INDEXES_A_ROW)
        bits, is_listed = self._one(
            _BYTE_AND_HOLDER,
            (place // INDEXES_A_BYTE + 1, row_id(issuer, row), pass_.holder_ref),
        )
        if (changed := self._overlay.get((issuer, index))) is not None:
            return _STATUS[changed], bool(is_listed)
        if not isinstance(bits, bytes) or not bits:
            return PassStatus.BEYOND_MAP, bool(is_listed)
        return _STATUS[status_in(bits, index % INDEXES_A_BYTE)], bool(is_listed)

    def _by_id(self, pass_: Pass) -> tuple[PassStatus, bool]:
        """Status by the hash of the pass id, and whether the holder is listed."""
        id_ = sha256(pass_.cti).digest()[:ID_BYTES]
        is_revoked, is_listed = self._one(_ID_AND_HOLDER, (id_, pass_.holder_ref))
        return PassStatus.REVOKED if is_revoked else PassStatus.VALID, bool(is_listed)

    def _one(
        self, statement: str, values: tuple[int | bytes | None, ...]
    ) -> tuple[bytes | int | None, int]:
        row: tuple[bytes | int | None, int] = self._db.execute(statement, values).fetchone()
        return row

    def _is_issued(self, pass_: Pass) -> bool | None:
        """None where no issued set is installed for the key."""
        kid = pass_.key.kid
        if (
            pass_.key.state is not KeyState.ISSUED_SET
            or f"issued-{kid.hex()}" not in self.artefacts
        ):
            return None
        short = sha256(pass_.cti).digest()[:REF_BYTES]
        return self._db.execute(_ISSUED, (kid, short)).fetchone() is not None


def _age_s(artefact: Artefact | None, now: ClockReading) -> float | None:
    """Seconds by the latest that it may be now; where that is unbounded the clock is the doubt."""
    if artefact is None:
        return None
    return (now.latest or now.earliest).timestamp() - artefact.issued_at
