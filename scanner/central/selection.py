"""Which passes somebody means: by index, printed id, or the hash of a pass without an index."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from scanner.central.city import Change, City
from scanner.central.errors import CentralError
from scanner.central.issuer import all_refs
from scanner.central.register import Artefact, Register
from scanner.core import printed_id
from scanner.core.revocation import ID_BYTES, REF_BYTES, StatusBits

_HASH = re.compile(f"[0-9a-fA-F]{{{2 * ID_BYTES}}}")
_REF = re.compile(f"[0-9a-fA-F]{{{2 * REF_BYTES}}}")


@dataclass(frozen=True, slots=True)
class Selection:
    """Indexes of this issuer; SHA-256(cti)[:16] of passes that have none."""

    indexes: tuple[int, ...]
    hashes: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.indexes) + len(self.hashes)


def select(register: Register, words: Iterable[str]) -> Selection:
    """Raises CentralError for a word that means no pass of this register."""
    indexes, hashes = [], []
    for word in words:
        if _HASH.fullmatch(word):
            hashes.append(bytes.fromhex(word))
        else:
            indexes.append(_index(register, word))
    return Selection(tuple(indexes), tuple(hashes))


def _index(register: Register, word: str) -> int:
    index = int(word) if word.isdecimal() else _index_of_printed(register, word)
    row = register.db.execute("SELECT 1 FROM issued WHERE idx = ?", (index,)).fetchone()
    if row is None:
        raise CentralError(f"No pass with the index {index} was ever issued. Look at the number.")
    return index


def _index_of_printed(register: Register, word: str) -> int:
    try:
        decoded = printed_id.decode(word)
    except ValueError as error:
        raise CentralError(f"{word} is no index, printed id or hash of a pass. {error}") from None
    if decoded.issuer_no != int(register.setting("issuer_no")):
        raise CentralError(f"{word} was issued by another issuer, of number {decoded.issuer_no}.")
    return decoded.index


def set_status(
    city: City, selection: Selection, status: StatusBits, *, beyond_breaker: bool = False
) -> int:
    """Passes that had another status before. Raises CentralError with nothing changed."""
    if selection.hashes and status is StatusBits.SUSPENDED:
        raise CentralError("A pass without an index can be revoked, not suspended.")
    revoked = int(status is StatusBits.REVOKED)
    return city.change(
        Change(Artefact.STATUS, selection.indexes, status),
        Change(Artefact.IDS, selection.hashes, revoked),
        beyond_breaker=beyond_breaker,
    )


def holder_of(register: Register, word: str) -> bytes:
    """A holder_ref in hex, or the index of one of the person's passes. Raises CentralError."""
    if _REF.fullmatch(word):
        return bytes.fromhex(word)
    index = _index(register, word)
    row = register.db.execute("SELECT holder_ref FROM issued WHERE idx = ?", (index,)).fetchone()
    return bytes(row[0])


def set_quarantine(
    city: City, person: str | None, document: str | None, value: int, *, beyond_breaker: bool
) -> int:
    """References that changed: one, or with a document one for each key of the issuer."""
    if document is not None:
        refs = all_refs(city.folder, city.register, document)
    else:
        refs = [holder_of(city.register, person or "")]
    return city.change(Change(Artefact.HOLDERS, refs, value), beyond_breaker=beyond_breaker)
