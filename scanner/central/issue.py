"""Sign a pass: claims → the text of its QR code. The pilot issuer, the samples and tests use it."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scanner.core import base45
from scanner.core.claims import Claim
from scanner.core.cose import Algorithm, Header, sig_structure
from scanner.core.trust import KID_BYTES

_COSE_SIGN1 = 18


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key of an issuer: Ed25519 for EdDSA, P-256 for ES256."""

    private: Ed25519PrivateKey | EllipticCurvePrivateKey

    @classmethod
    def ed25519(cls, seed: bytes) -> SigningKey:
        """From 32 secret bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def p256(cls, seed: bytes) -> SigningKey:
        """From 32 secret bytes, read as the private number."""
        return cls(derive_private_key(int.from_bytes(seed) >> 1, SECP256R1()))

    @property
    def algorithm(self) -> Algorithm:
        is_ed = isinstance(self.private, Ed25519PrivateKey)
        return Algorithm.EDDSA if is_ed else Algorithm.ES256

    @property
    def public_bytes(self) -> bytes:
        """Raw Ed25519 (32 bytes) or the uncompressed P-256 point (65 bytes)."""
        public = self.private.public_key()
        if isinstance(self.private, Ed25519PrivateKey):
            return public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def kid(self) -> bytes:
        return sha256(self.public_bytes).digest()[:KID_BYTES]

    def sign(self, message: bytes) -> bytes:
        """64 bytes; ECDSA deterministic [RFC 6979], so that the same pass is the same picture."""
        if isinstance(self.private, Ed25519PrivateKey):
            return self.private.sign(message)
        der = self.private.sign(message, ECDSA(SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(der)
        return r.to_bytes(32) + s.to_bytes(32)

    def jwk(self) -> dict[str, object]:
        """The members of a trust list entry that the key itself determines."""
        raw = self.public_bytes
        if isinstance(self.private, Ed25519PrivateKey):
            public = {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": _b64(raw)}
        else:
            x, y = _b64(raw[1:33]), _b64(raw[33:])
            public = {"kty": "EC", "crv": "P-256", "alg": "ES256", "x": x, "y": y}
        return {"kid": self.kid.hex(), **public}


def sign_pass(claims: Mapping[int, object], key: SigningKey) -> str:
    """CWT claims → `MP1:` and base45 of COSE_Sign1."""
    return sign_payload(cbor2.dumps(dict(claims), canonical=True), key)


def sign_time(at: datetime, key: SigningKey) -> str:
    """A time code: `MT1:` and base45 of COSE_Sign1 over {6: iat}, whole seconds."""
    return sign_payload(cbor2.dumps({int(Claim.IAT): int(at.timestamp())}), key, prefix="MT1:")


def sign_payload(payload: bytes, key: SigningKey, prefix: str = "MP1:") -> str:
    """As `sign_pass`, for claims that are already encoded."""
    protected = cbor2.dumps({int(Header.ALG): int(key.algorithm), int(Header.KID): key.kid})
    signature = key.sign(sig_structure(protected, payload))
    message = cbor2.CBORTag(_COSE_SIGN1, [protected, {}, payload, signature])
    return prefix + base45.encode(cbor2.dumps(message))


def _b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
