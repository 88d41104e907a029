"""The form of the COSE working group's example files, as far as the tests read it."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.core.cose import PublicKey


class Key(msgspec.Struct):
    """`x` and `y` in base64url or in hex."""

    crv: str
    x: str = ""
    y: str = ""
    x_hex: str = ""
    y_hex: str = ""

    def public(self) -> PublicKey | None:
        """None for the curves that passes do not use."""
        x, y = _raw(self.x, self.x_hex), _raw(self.y, self.y_hex)
        match self.crv:
            case "P-256":
                numbers = (int.from_bytes(x), int.from_bytes(y))
                return EllipticCurvePublicNumbers(*numbers, SECP256R1()).public_key()
            case "Ed25519":
                return Ed25519PublicKey.from_public_bytes(x)
            case _:
                return None


class Sign1Input(msgspec.Struct):
    key: Key
    external: str = ""


class Input(msgspec.Struct):
    """`sign0` is missing where the message is not a COSE_Sign1."""

    sign0: Sign1Input | None = None


class Intermediates(msgspec.Struct):
    ToBeSign_hex: str = ""


class Output(msgspec.Struct):
    cbor: str


class Case(msgspec.Struct):
    """One file. `fail`: whoever accepts the message is wrong."""

    title: str
    input: Input
    intermediates: Intermediates
    output: Output
    fail: bool = False

    @property
    def message(self) -> bytes:
        return bytes.fromhex(self.output.cbor)

    @property
    def sign1(self) -> Sign1Input:
        """Of a file that has one."""
        assert self.input.sign0 is not None, self.title
        return self.input.sign0

    @property
    def external(self) -> bytes:
        return bytes.fromhex(self.sign1.external)

    @property
    def signed(self) -> bytes:
        """The Sig_structure, as the working group built it."""
        return bytes.fromhex(self.intermediates.ToBeSign_hex)


def load(vectors: Path, name: str) -> Case:
    """`name`: a path below `cose/`, without `.json`."""
    return msgspec.json.decode((vectors / "cose" / f"{name}.json").read_bytes(), type=Case)


def load_all(vectors: Path, folder: str) -> dict[str, Case]:
    """Every file of a folder below `cose/`, by its name."""
    paths = sorted((vectors / "cose" / folder).glob("*.json"))
    return {path.stem: load(vectors, f"{folder}/{path.stem}") for path in paths}


def _raw(base64url: str, hex_: str) -> bytes:
    return bytes.fromhex(hex_) or urlsafe_b64decode(base64url + "=" * (-len(base64url) % 4))
