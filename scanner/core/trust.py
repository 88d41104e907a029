"""Whose signatures count, and for what: the trust list, a JWK Set [RFC 7517].

A pass is bounded by the entry of the key that signed it: issuer, kinds, index range, life.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.core import strict_json
from scanner.core.clock import ClockReading
from scanner.core.cose import Algorithm, PublicKey
from scanner.core.errors import UpdateError
from scanner.core.hashing import sha256

KID_BYTES = 8
# A kid may repeat, by accident or by an attacker who ground one out; each is tried, but a list
# that makes the scanner try many would make it slow.
MAX_KEYS_OF_ONE_KID = 4
# The kind that lets a key sign time codes; no pass has it.
TIME_CODE_KIND = 100

# The private halves of these keys are public: they come with the sample passes. They are refused
# in every list unless all ports are simulated. First 8 bytes of SHA-256 of the raw public key.
TEST_KEY_FINGERPRINTS: frozenset[str] = frozenset(
    {
        "3c92fd4431a5f671",  # work
        "42eb794417672c75",  # citizen
        "20171f0312a06b01",  # region
        "de944bd81ca11cd3",  # lost
        "37c829eb6931fb42",  # next
        "0b766c909469b8d0",  # stranger
    }
)

# How a point with both coordinates begins [SEC 1 §2.3.3]. Written out by hand: the library that
# does it, `serialization`, reads SSH keys as well and takes 2.5 MB in the process of the loop.
_UNCOMPRESSED = b"\x04"

_KID = re.compile(f"[0-9A-Fa-f]{{{2 * KID_BYTES}}}")
_KIND = re.compile("0|[1-9][0-9]{0,9}")


class KeyState(Enum):
    LIVE = "live"
    DEAD = "dead"
    ISSUED_SET = "issued-set"  # leaked: only what the issuer really signed still passes


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """One entry; None means no bound. `index_range` and the window include both ends' first."""

    kid: bytes
    algorithm: Algorithm
    public_key: PublicKey = field(compare=False)
    fingerprint: str
    issuer: str | None = None
    issuer_no: int = 0
    kinds: frozenset[int] | None = None
    index_range: tuple[int, int] | None = None
    max_life_s: Mapping[int, int] = field(default_factory=dict)
    not_before: datetime | None = None
    expires: datetime | None = None
    state: KeyState = KeyState.LIVE
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class TrustList:
    """The accepted keys by kid, and until when the list counts as fresh (None: never)."""

    keys: Mapping[bytes, tuple[IssuerKey, ...]]
    version: int = 0
    fresh_until: datetime | None = None

    @classmethod
    def of(
        cls, keys: Iterable[IssuerKey], version: int = 0, fresh_until: datetime | None = None
    ) -> TrustList:
        by_kid: dict[bytes, tuple[IssuerKey, ...]] = {}
        for key in keys:
            by_kid[key.kid] = (*by_kid.get(key.kid, ()), key)
            if len(by_kid[key.kid]) > MAX_KEYS_OF_ONE_KID:
                raise UpdateError(f"The trust list has over {MAX_KEYS_OF_ONE_KID} keys of one kid.")
        return cls(by_kid, version, fresh_until)

    def is_fresh(self, now: ClockReading) -> bool:
        """Surely younger than its soft age, so that an unknown kid is no key of ours."""
        return self.fresh_until is not None and now.surely_before(self.fresh_until)


def parse_trust_list(text: str | bytes, *, allow_test_keys: bool) -> list[IssuerKey]:
    """JWK Set → keys. Raises UpdateError, naming the entry; a list is taken whole or not at all.

    Members that are missing bound nothing. Unknown members are ignored [RFC 7517 §4, §5].
    """
    keys = []
    for number, entry in enumerate(_entries(text), start=1):
        try:
            key = _parse_key(_map(entry))
        except (ValueError, TypeError, KeyError) as error:
            raise UpdateError(f"Key {number} of the trust list is unusable: {error!r}.") from None
        if not allow_test_keys and (key.is_test or key.fingerprint in TEST_KEY_FINGERPRINTS):
            raise UpdateError(
                f"Key {number} of the trust list is a test key, and anyone can sign with it. "
                "Remove it, or start with --simulate."
            )
        keys.append(key)
    return keys


def _entries(text: str | bytes) -> list[object]:
    try:
        match strict_json.parse(text):
            case {"keys": list(entries)}:
                return entries
    except ValueError as error:
        raise UpdateError(f"The trust list is not strict JSON: {error}.") from None
    raise UpdateError('The trust list is not a JWK Set: {"keys": [...]} is expected.')


def _parse_key(entry: dict[str, object]) -> IssuerKey:
    algorithm, public_key, raw = _parse_public_key(entry)
    kid = _text(entry, "kid")
    if not _KID.fullmatch(kid):
        raise ValueError(f"kid is not {2 * KID_BYTES} hex digits")
    return IssuerKey(
        kid=bytes.fromhex(kid),
        algorithm=algorithm,
        public_key=public_key,
        fingerprint=sha256(raw)[:KID_BYTES].hex(),
        issuer=_text(entry, "iss") if "iss" in entry else None,
        issuer_no=_integer(entry.get("issuer_no", 0), 0, 255),
        kinds=_kinds(entry.get("kinds")),
        index_range=_index_range(entry.get("index")),
        max_life_s=_max_life(entry.get("max_life_s")),
        not_before=_moment(entry.get("nbf")),
        expires=_moment(entry.get("exp")),
        state=_state(entry.get("state", "live")),
        is_test=entry.get("test", False) is not False,
    )


def _parse_public_key(entry: dict[str, object]) -> tuple[Algorithm, PublicKey, bytes]:
    kty, crv, alg = entry.get("kty"), entry.get("crv"), entry.get("alg")
    match kty, crv, alg:
        case "OKP", "Ed25519", "EdDSA":
            raw = _coordinate(entry, "x")
            return Algorithm.EDDSA, Ed25519PublicKey.from_public_bytes(raw), raw
        case "EC", "P-256", "ES256":
            x, y = _coordinate(entry, "x"), _coordinate(entry, "y")
            numbers = EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), SECP256R1())
            return Algorithm.ES256, numbers.public_key(), _UNCOMPRESSED + x + y
        case _:
            shown = f"kty {_shown(kty)}, crv {_shown(crv)}, alg {_shown(alg)}"
            raise ValueError(f"{shown}: only Ed25519/EdDSA and P-256/ES256")


def _coordinate(entry: dict[str, object], name: str) -> bytes:
    """32 bytes, base64url without padding [RFC 7518 §6.2.1.2; RFC 8037 §2]."""
    text = _text(entry, name)
    if len(text) != 43:
        raise ValueError(f"{name} is not 32 bytes in base64url")
    return b64decode(text + "=", altchars=b"-_", validate=True)


def _map(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _shown(value: object) -> str:
    """Short, whatever it is: a list may be nested deeper than `repr` can go."""
    return repr(value)[:40] if isinstance(value, str | int | None) else type(value).__name__


def _text(entry: dict[str, object], name: str) -> str:
    value = entry[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is not text")
    return value


def _integer(value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{_shown(value)} is not a whole number from {least} to {most}")
    return value


def _state(value: object) -> KeyState:
    if not isinstance(value, str):
        raise TypeError("state is not text")
    return KeyState(value)


def _kinds(value: object) -> frozenset[int] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise TypeError("kinds is not a list")
    return frozenset(_integer(kind, 0, 2**31) for kind in value)


def _index_range(value: object) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise TypeError("index is not [from, to]")
    first, last = (_integer(end, 0, 2**32 - 1) for end in value)
    if first > last:
        raise ValueError("index runs backwards")
    return first, last


def _max_life(value: object) -> dict[int, int]:
    if value is None:
        return {}
    lives = _map(value)
    if not all(_KIND.fullmatch(kind) for kind in lives):
        raise ValueError("max_life_s names a kind that is not a number")
    return {int(kind): _integer(life, 0, 2**40) for kind, life in lives.items()}


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    return datetime.fromtimestamp(_integer(value, 0, 253402300799), UTC)
