"""COSE_Sign1: headers, Sig_structure, signature [RFC 9052 §4.2, §4.4; RFC 9053 §2.1, §2.2].

`alg` and `kid` count only from the protected header: whoever may change the other could pick
the algorithm. The algorithm that verifies is the one fixed for the key, never the message's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from scanner.core import cbor
from scanner.core.errors import PassError
from scanner.core.reasons import Reason

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

_SHA256 = ECDSA(SHA256())
_SIGNATURE_BYTES = 64
_CONTEXT = b"\x84" + cbor2.dumps("Signature1")  # of an array of four


class Header(IntEnum):
    """Common header parameters [RFC 9052 §3.1]."""

    ALG = 1
    CRIT = 2
    KID = 4


class Algorithm(IntEnum):
    """COSE algorithm numbers [RFC 9053 §2]."""

    ES256 = -7
    EDDSA = -8


# What this verifier understands when `crit` names it [RFC 9052 §3.1].
_UNDERSTOOD = frozenset({int(Header.ALG), int(Header.CRIT), int(Header.KID)})


@dataclass(frozen=True, slots=True)
class Sign1:
    """A parsed message, not yet verified. `protected` is the header as it was signed."""

    protected: bytes
    alg: int
    kid: bytes | None
    payload: bytes
    signature: bytes


def parse_sign1(raw: bytes) -> Sign1:
    """Tags 61 (CWT) and 18 (COSE_Sign1) are optional, in that order; no other tag is allowed.

    Raises PassError: MALFORMED, or UNSUPPORTED for a critical header we do not understand.
    """
    item = _decode(_strip(_strip(raw, b"\xd8\x3d"), b"\xd2"))
    if not isinstance(item, list) or len(item) != 4:
        raise PassError(Reason.MALFORMED, "COSE_Sign1 is an array of four")
    protected, unprotected, payload, signature = item
    if not (
        isinstance(protected, bytes)
        and isinstance(unprotected, dict)
        and isinstance(payload, bytes)
        and isinstance(signature, bytes)
    ):
        raise PassError(Reason.MALFORMED, "a part of COSE_Sign1 is of the wrong type")
    headers = _headers(protected, unprotected)
    alg, kid = headers.get(Header.ALG), headers.get(Header.KID)
    if type(alg) is not int:
        raise PassError(Reason.MALFORMED, "no alg in the protected header")
    if kid is not None and not isinstance(kid, bytes):
        raise PassError(Reason.MALFORMED, "kid is not a byte string")
    return Sign1(protected, alg, kid, payload, signature)


def _headers(
    protected: bytes, unprotected: dict[int | str, cbor.CborValue]
) -> dict[int | str, cbor.CborValue]:
    headers = _protected_map(protected)
    if not headers.keys().isdisjoint(unprotected):
        raise PassError(Reason.MALFORMED, "a header stands in both maps")  # RFC 9052 §3
    _check_crit(headers, unprotected)
    return headers


@lru_cache(maxsize=32)
def _protected_map(protected: bytes) -> dict[int | str, cbor.CborValue]:
    """For reading only: all passes of a key have the same header, so it is decoded once.

    That spares 4 us a scan. A header that is refused is not kept.
    """
    headers = _decode(protected) if protected else {}
    if not isinstance(headers, dict):
        raise PassError(Reason.MALFORMED, "the protected header is not a map")
    return headers


def _check_crit(
    headers: dict[int | str, cbor.CborValue], unprotected: dict[int | str, cbor.CborValue]
) -> None:
    if Header.CRIT in unprotected:
        raise PassError(Reason.MALFORMED, "crit must be protected")  # RFC 9052 §3.1
    if Header.CRIT not in headers:
        return
    crit = headers[Header.CRIT]
    if not isinstance(crit, list) or not crit:
        raise PassError(Reason.MALFORMED, "crit is not a list of labels")
    for label in crit:
        if type(label) is not int or label not in _UNDERSTOOD:
            raise PassError(Reason.UNSUPPORTED, "a critical header of another standard")
        if label not in headers:
            raise PassError(Reason.MALFORMED, "crit names a header that is not there")


def _strip(raw: bytes, tag: bytes) -> bytes:
    return raw.removeprefix(tag)


def _decode(raw: bytes) -> cbor.CborValue:
    try:
        return cbor.decode(raw)
    except cbor.CborError as error:
        raise PassError(Reason.MALFORMED, str(error)) from None


def sig_structure(protected: bytes, payload: bytes, external: bytes = b"") -> bytes:
    """The bytes that are signed [RFC 9052 §4.4]; an empty header map counts as no bytes."""
    if protected == b"\xa0":
        protected = b""
    return _CONTEXT + _byte_string(protected) + _byte_string(external) + _byte_string(payload)


def _byte_string(raw: bytes) -> bytes:
    """In CBOR, shortest length first [RFC 8949 §3, §4.2.1]; 3 us a scan less than by cbor2."""
    length = len(raw)
    if length < 24:
        return bytes((0x40 + length,)) + raw
    if length < 2**8:
        return bytes((0x58, length)) + raw
    return cbor2.dumps(raw)


def verify(key: PublicKey, message: Sign1, external: bytes = b"") -> bool:
    """True when the signature is by this key, with the algorithm that belongs to the key."""
    signed = sig_structure(message.protected, message.payload, external)
    return verify_bytes(key, message.signature, signed)


def verify_bytes(key: PublicKey, signature: bytes, signed: bytes) -> bool:
    """Ed25519 [RFC 8032] or ECDSA P-256 with SHA-256 over raw r‖s, 64 bytes either way."""
    if len(signature) != _SIGNATURE_BYTES:
        return False
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, signed)
        else:
            r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
            key.verify(encode_dss_signature(r, s), signed, _SHA256)
    except InvalidSignature:
        return False
    return True
