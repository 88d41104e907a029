"""The keys of the pilot issuer: one a period, each with its own range of indexes.

A key is in the trust list 72 hours before it first signs, so that every device has it by then; it
signs for 30 days at most, and its indexes are counted upwards and never given twice.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scanner.central.documents import Document
from scanner.central.errors import CentralError
from scanner.central.issue import SigningKey
from scanner.central.keys import ISSUER, Entropy, NamedKey, load_key, make_key, save_key
from scanner.central.lists import map_size
from scanner.central.register import Register
from scanner.core.claims import fold_plate
from scanner.core.trust import TIME_CODE_KIND

LEAD = timedelta(hours=72)
SIGNS_FOR = timedelta(days=30)
TIME_KEY_LIFE = timedelta(days=365)
MOST_INDEXES = 100_000
DAY_S = 86400

WORK, PERSONAL, MEDICAL, TRANSIT, ONE_OFF = 1, 2, 3, 4, 5
KINDS = {"work": WORK, "personal": PERSONAL, "medical": MEDICAL, "transit": TRANSIT}
KINDS |= {"one-off": ONE_OFF}
LONGEST_DAYS = {WORK: 45, PERSONAL: 1, MEDICAL: 30, TRANSIT: 2, ONE_OFF: 1}


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A key that may sign now, and the next index that is free."""

    key: SigningKey
    next_index: int

    def holder_ref(self, document: str) -> bytes:
        """8 bytes that are the same for a person as long as this key is used.

        An HMAC: whoever has the list of all documents, but not the key, learns nothing.
        """
        secret = sha256(b"holder ref" + _private_bytes(self.key)).digest()
        return hmac.digest(secret, fold_document(document).encode(), "sha256")[:8]


def fold_document(text: str) -> str:
    """As plates: blanks, dashes, case and look-alike letters make no other person."""
    return fold_plate(text)


def make_issuer_key(
    folder: Path, register: Register, begins: datetime, count: int, entropy: Entropy
) -> Document:
    """A new key with the next `count` indexes, kept in its file and the register → its entry.

    Raises CentralError.
    """
    if not 1 <= count <= MOST_INDEXES:
        raise CentralError(f"A key has 1 to {MOST_INDEXES} indexes, so that a leak costs no more.")
    made = make_key("", entropy)
    key = SigningKey(made.private)
    save_key(folder / ISSUER, NamedKey(key.kid.hex(), made.private))
    first, expires = map_size(register), begins + SIGNS_FOR
    last = first + count - 1
    register.db.execute(
        "INSERT INTO issuer_key VALUES (?, ?, ?, ?, ?, ?)",
        (key.kid, first, last, first, _seconds(begins), _seconds(expires)),
    )
    return {
        **_entry(register, key, begins, expires),
        "kinds": sorted(LONGEST_DAYS),
        "index": [first, last],
        "max_life_s": {str(kind): days * DAY_S for kind, days in LONGEST_DAYS.items()},
    }


def time_entry(register: Register, key: NamedKey, now: datetime) -> Document:
    """The trust list's entry of a key that signs time codes and nothing else."""
    signing = SigningKey(key.private)
    entry = _entry(register, signing, now, now + TIME_KEY_LIFE)
    return {**entry, "kinds": [TIME_CODE_KIND], "index": None, "max_life_s": {}}


def _entry(register: Register, key: SigningKey, begins: datetime, expires: datetime) -> Document:
    return {
        **key.jwk(),
        "iss": register.setting("issuer"),
        "issuer_no": int(register.setting("issuer_no")),
        "nbf": _seconds(begins),
        "exp": _seconds(expires),
        "state": "live",
        "test": False,
    }


def still_needed(entries: Sequence[Document], now: datetime) -> list[Document]:
    """Without the keys whose last pass has expired."""
    longest = max(LONGEST_DAYS.values()) * DAY_S
    return [
        entry
        for entry in entries
        if not isinstance(end := entry["exp"], int) or end + longest > _seconds(now)
    ]


def current_key(folder: Path, register: Register, now: datetime) -> IssuerKey:
    """The newest key that may sign now. Raises CentralError when none can."""
    at = _seconds(now)
    row = register.db.execute(
        "SELECT kid, next FROM issuer_key WHERE not_before <= ? AND ? < expires AND next <= last "
        "ORDER BY first LIMIT 1",
        (at, at),
    ).fetchone()
    if row is None:
        raise CentralError(_why_none(register, at))
    return IssuerKey(_load(folder, row[0]), row[1])


def all_refs(folder: Path, register: Register, document: str) -> list[bytes]:
    """The references of one person under every key of the issuer, oldest first."""
    kids = [kid for (kid,) in register.db.execute("SELECT kid FROM issuer_key ORDER BY first")]
    return [IssuerKey(_load(folder, kid), 0).holder_ref(document) for kid in kids]


def retire_key(register: Register, kid: bytes) -> None:
    """The key gives out no further index."""
    register.db.execute("UPDATE issuer_key SET next = last + 1 WHERE kid = ?", (kid,))


def _load(folder: Path, kid: bytes) -> SigningKey:
    return SigningKey(load_key(folder / ISSUER / f"{kid.hex()}.pem", is_online=True).private)


def _why_none(register: Register, at: int) -> str:
    query = "SELECT min(not_before) FROM issuer_key WHERE not_before > ? AND next <= last"
    coming = register.db.execute(query, (at,)).fetchone()[0]
    if coming is not None:
        begins = datetime.fromtimestamp(coming, UTC)
        return f"No key may sign now; the next one begins {begins:%Y-%m-%d %H:%M}Z. Wait for it."
    return (
        "Every key of the issuer has expired or has no index left. Make the next one: "
        "`scanner central rotate-key issuer`."
    )


def _private_bytes(key: SigningKey) -> bytes:
    return key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
