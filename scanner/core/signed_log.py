"""What a device or a server signs about scan records: COSE_Sign1 by Ed25519 [RFC 9052].

The external bytes name what is signed, so that no signature of one kind serves for another.
"""

from __future__ import annotations

from enum import Enum

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from scanner.core import cbor
from scanner.core.cose import Algorithm, Header, sig_structure, verify_bytes
from scanner.core.errors import LogError
from scanner.core.hashing import sha256

DEVICE_BYTES, PUBLIC_BYTES = 8, 32
_PROTECTED = cbor2.dumps({int(Header.ALG): int(Algorithm.EDDSA)})


class Statement(Enum):
    """What is signed; the value is the external_aad of the signature."""

    SEGMENT = b"MPS1"
    RECEIPT = b"MPR1"
    REQUEST = b"MPQ1"
    BODY = b"MPU1"
    ENROLMENT = b"MPE1"
    AUDIT = b"MPA1"
    PLACE = b"MPC1"


def sign_map(key: Ed25519PrivateKey, what: Statement, fields: dict[int, object]) -> bytes:
    """A CBOR map → COSE_Sign1, untagged."""
    payload = cbor2.dumps(fields, canonical=True)
    signature = key.sign(sig_structure(_PROTECTED, payload, what.value))
    return _wrapped(payload, signature)


def _wrapped(payload: bytes, signature: bytes) -> bytes:
    return cbor2.dumps([_PROTECTED, {}, payload, signature])


def read_map(signed: bytes, what: Statement) -> dict[int | str, cbor.CborValue]:
    """The map, its signature not yet checked. Raises LogError.

    Only in the one form that `sign_map` writes: what is signed is also known by its hash.
    """
    match _decode(signed, what):
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)] if (
            protected == _PROTECTED and not unprotected and signed == _wrapped(payload, signature)
        ):
            fields = _decode(payload, what)
        case _:
            fields = None
    if isinstance(fields, dict):
        return fields
    raise LogError(f"This is no signed {what.name.lower()}. Copy or export it again.")


def is_signed_by(key: Ed25519PublicKey, signed: bytes, what: Statement) -> bool:
    """Whether the map in `signed` stands as this key has signed it. Raises LogError."""
    match _decode(signed, what):
        case [bytes(protected), dict(), bytes(payload), bytes(signature)]:
            return verify_bytes(key, signature, sig_structure(protected, payload, what.value))
    return False


def public_bytes(key: Ed25519PrivateKey | Ed25519PublicKey) -> bytes:
    """32 bytes."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes_raw()


def device_of(public: bytes) -> bytes:
    """8 bytes: by what a device is known, from its raw public key."""
    return sha256(public)[:DEVICE_BYTES]


def public_key(public: bytes) -> Ed25519PublicKey:
    """Raises LogError."""
    try:
        return Ed25519PublicKey.from_public_bytes(public)
    except ValueError:
        raise LogError("This is no Ed25519 key of 32 bytes. Export the log again.") from None


def _decode(raw: bytes, what: Statement) -> cbor.CborValue:
    try:
        return cbor.decode(raw)
    except cbor.CborError as error:
        raise LogError(
            f"A signed {what.name.lower()} is damaged ({error}). Copy or export it again."
        ) from None
