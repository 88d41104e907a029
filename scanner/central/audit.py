"""What happened to the server's own log: a chain of entries, signed by the key of its receipts.

An export, a fork that a device offered, a device enrolled or revoked, a card or code made or
cancelled, days that were removed.
Nobody can take one out of the middle without it showing; that none were cut from the end shows
only against an older copy, so keep one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from scanner.central.ledger import Book
from scanner.core.errors import LogError
from scanner.core.hashing import sha256
from scanner.core.segment import NO_LINK
from scanner.core.signed_log import Statement, is_signed_by, read_map, sign_map

_VERSION = 1
Details = Mapping[str, int | str]


class AuditField(IntEnum):
    """Keys of the signed map."""

    VERSION = 0
    NUMBER = 1
    PREVIOUS = 2
    AT = 3
    WHAT = 4
    DETAILS = 5


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """at: seconds since 1970.

    what: "export", "fork", "enrolled", "revoked", "card", "code", "cancelled" or "pruned".
    """

    number: int
    previous: bytes
    at: int
    what: str
    details: Details


def note(
    book: Book, key: Ed25519PrivateKey, now: datetime, what: str, details: Details
) -> AuditEntry:
    """Add an entry to the end, in the transaction of what it tells of."""
    last = book.last_audit()
    number, previous = (last[0] + 1, sha256(last[1])) if last else (1, NO_LINK)
    entry = AuditEntry(number, previous, int(now.timestamp()), what, details)
    book.keep_audit(number, _sign(entry, key))
    return entry


def read_audit(
    signed_entries: Iterable[bytes], server: Ed25519PublicKey
) -> Iterator[tuple[AuditEntry, str]]:
    """Each entry, and what is wrong with it: "" for nothing. Raises LogError for what is none."""
    number, link = 1, NO_LINK
    for signed in signed_entries:
        entry = _read(signed)
        fault = ""
        if not is_signed_by(server, signed, Statement.AUDIT):
            fault = "not signed by this server"
        elif (entry.number, entry.previous) != (number, link):
            fault = "does not follow the one before"
        yield entry, fault
        number, link = entry.number + 1, sha256(signed)


def _sign(entry: AuditEntry, key: Ed25519PrivateKey) -> bytes:
    fields = AuditField
    return sign_map(
        key,
        Statement.AUDIT,
        {
            fields.VERSION: _VERSION,
            fields.NUMBER: entry.number,
            fields.PREVIOUS: entry.previous,
            fields.AT: entry.at,
            fields.WHAT: entry.what,
            fields.DETAILS: dict(entry.details),
        },
    )


def _read(signed: bytes) -> AuditEntry:
    match read_map(signed, Statement.AUDIT):
        case {
            AuditField.VERSION: 1,
            AuditField.NUMBER: int(number),
            AuditField.PREVIOUS: bytes(previous),
            AuditField.AT: int(at),
            AuditField.WHAT: str(what),
            AuditField.DETAILS: dict(details),
        }:
            told = {
                str(name): value for name, value in details.items() if isinstance(value, int | str)
            }
            return AuditEntry(number, previous, at, what, told)
    raise LogError("An entry of the audit is not of its form. Restore the backup.")
