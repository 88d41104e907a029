"""A supervisor's two keys: one signs requests, the other opens what devices answer.

anna.key   Ed25519, PKCS#8 PEM, under a passphrase where one is given; its public half stands
           in the policy
anna.age   age; the recipient in it stands in each request
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from scanner.core.errors import LogError
from scanner.logs.age import make_identity

_RECIPIENT = "# public key: "


@dataclass(frozen=True, slots=True)
class Keys:
    """recipient: of the age key beside the signing key, "" where there is none."""

    signing: Ed25519PrivateKey
    recipient: str


def age_file(path: Path) -> Path:
    """Beside the signing key."""
    return path.with_suffix(".age")


def make_keys(path: Path, passphrase: bytes = b"") -> Keys:
    """Two new files, for this user alone. Raises LogError; nothing is replaced."""
    identity, recipient = make_identity()
    signing = Ed25519PrivateKey.generate()
    how: KeySerializationEncryption = NoEncryption()
    if passphrase:
        how = BestAvailableEncryption(passphrase)
    pem = signing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)
    beside = age_file(path)
    for each in (path, beside):
        if each.exists():
            raise LogError(f"{each} is there already. Name another file, or leave out --make-key.")
    try:
        _write(path, pem)
        _write(beside, f"{_RECIPIENT}{recipient}\n{identity}\n".encode())
    except OSError as error:
        raise LogError(
            f"{path} cannot be written ({error.strerror}). Name another place."
        ) from None
    return Keys(signing, recipient)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def load_keys(path: Path, ask: Callable[[], str]) -> Keys:
    """`ask` for the passphrase, where the key has one. Raises LogError."""
    try:
        pem = path.read_bytes()
        encrypted = b"ENCRYPTED" in pem
        key = load_pem_private_key(pem, ask().encode() if encrypted else None)
    except OSError as error:
        raise LogError(
            f"{path} cannot be read ({error.strerror}). Make a key with --make-key."
        ) from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise LogError(f"{path} is no key, or the passphrase is another one.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise LogError(f"{path} is no Ed25519 key. Make one with --make-key.")
    return Keys(key, _recipient_beside(path))


def _recipient_beside(path: Path) -> str:
    try:
        lines = age_file(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    found = [line.removeprefix(_RECIPIENT) for line in lines if line.startswith(_RECIPIENT)]
    return found[0].strip() if found else ""
