"""Project Wycheproof: Ed25519 and ECDSA P-256 over raw r‖s."""

from __future__ import annotations

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.core.cose import PublicKey, verify_bytes


class PublicKeyFile(msgspec.Struct):
    """`pk`: raw Ed25519. `uncompressed`: the P-256 point."""

    pk: str = ""
    uncompressed: str = ""

    def key(self) -> PublicKey:
        if self.pk:
            return Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.pk))
        point = bytes.fromhex(self.uncompressed)
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)


class Vector(msgspec.Struct, rename={"id": "tcId"}):
    id: int
    comment: str
    msg: str
    sig: str
    result: str


class Group(msgspec.Struct, rename={"public_key": "publicKey"}):
    public_key: PublicKeyFile
    tests: list[Vector]


class Suite(msgspec.Struct, rename={"number_of_tests": "numberOfTests", "groups": "testGroups"}):
    number_of_tests: int
    groups: list[Group]


def answers(vectors: Path, name: str) -> dict[str, list[bool]]:
    """By the result that Wycheproof demands: whether each signature was accepted."""
    suite = msgspec.json.decode((vectors / "wycheproof" / name).read_bytes(), type=Suite)
    found: dict[str, list[bool]] = {"valid": [], "invalid": []}
    for group in suite.groups:
        key = group.public_key.key()
        for vector in group.tests:
            sig, msg = bytes.fromhex(vector.sig), bytes.fromhex(vector.msg)
            found[vector.result].append(verify_bytes(key, sig, msg))
    assert sum(map(len, found.values())) == suite.number_of_tests
    return found


def test_ed25519_signatures_are_told_apart(vectors: Path) -> None:
    """All 151: each valid one is accepted, each invalid one is refused and raises nothing."""
    found = answers(vectors, "ed25519_test.json")
    assert found == {"valid": [True] * 88, "invalid": [False] * 63}


def test_p256_signatures_are_told_apart(vectors: Path) -> None:
    """All 262, with r and s of 0, of the order and beyond, and of wrong lengths."""
    found = answers(vectors, "ecdsa_secp256r1_sha256_p1363_test.json")
    assert found == {"valid": [True] * 173, "invalid": [False] * 89}
