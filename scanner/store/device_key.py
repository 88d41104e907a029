"""The device's own key: made here, never leaves the card, signs what the device says."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from scanner.core.errors import StoreError

KEY_FILE = "device.key"
ID_BYTES = 8


def provide_device_key(folder: Path) -> Ed25519PrivateKey:
    """The key in `folder`, made at the first start: PKCS#8 PEM, for this user alone.

    A damaged key is not replaced: records signed by it would become a stranger's. StoreError.
    """
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _write(path, Ed25519PrivateKey.generate())
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path} cannot be used ({error}). Put it aside and enrol this device again."
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise StoreError(f"{path} is not an Ed25519 key. Put it aside and enrol this device again.")
    return key


def device_id(key: Ed25519PrivateKey) -> str:
    """16 hex digits: the first 8 bytes of SHA-256 of the raw public key."""
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return sha256(raw).digest()[:ID_BYTES].hex()


def _write(path: Path, key: Ed25519PrivateKey) -> None:
    """Whole or not at all, also when the power is cut: a new file, synced, then renamed."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
