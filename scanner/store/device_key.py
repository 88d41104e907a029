"""The device's own key: made here, never leaves the card, signs what the device says.

PKCS#8 in PEM, as every tool reads it. An Ed25519 key in it is sixteen fixed bytes and thirty-two of
its own [RFC 8410 §7], so the loop, which signs its log, need not load what reads all other keys.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core.errors import StoreError
from scanner.core.signed_log import device_of, public_bytes
from scanner.store.whole_file import write_whole

KEY_FILE = "device.key"
_HEAD = bytes.fromhex("302e020100300506032b657004220420")
_KEY_BYTES = 32
_BEGIN, _END = b"-----BEGIN PRIVATE KEY-----\n", b"-----END PRIVATE KEY-----\n"


def provide_device_key(folder: Path) -> Ed25519PrivateKey:
    """The key in `folder`, made at the first start: PKCS#8 PEM, for this user alone.

    A damaged key is not replaced: records signed by it would become a stranger's. StoreError.
    """
    path = folder / KEY_FILE
    try:
        if not path.exists():
            write_whole(path, _pem(Ed25519PrivateKey.generate()))
        return _read(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path} cannot be used ({error}). Put it aside and enrol this device again."
        ) from None


def device_id(key: Ed25519PrivateKey) -> str:
    """16 hex digits: the first 8 bytes of SHA-256 of the raw public key."""
    return device_of(public_bytes(key)).hex()


def _read(pem: bytes) -> Ed25519PrivateKey:
    """Raises ValueError for anything but an Ed25519 key without a password."""
    begin, _, rest = pem.partition(_BEGIN)
    body, _, end = rest.partition(_END)
    der = b64decode(body.replace(b"\n", b""), validate=True)
    key = der.removeprefix(_HEAD)
    if begin or end or len(der) != len(_HEAD) + _KEY_BYTES or len(key) != _KEY_BYTES:
        raise ValueError("it is no Ed25519 key in PKCS#8")
    return Ed25519PrivateKey.from_private_bytes(key)


def _pem(key: Ed25519PrivateKey) -> bytes:
    return _BEGIN + b64encode(_HEAD + key.private_bytes_raw()) + b"\n" + _END
