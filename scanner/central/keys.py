"""The private keys of a city, each in a PEM file of its own: which there are, make, load, save.

    offline/stick-1 … stick-5   root-1 … root-5, targets-1 … targets-3, bundle: on sticks, in safes
    online/                     rev, snapshot, timestamp: on the computer that publishes
    time/                       time: on the computer that shows time codes
    issuer/                     one key of the pilot issuer a period, named by its kid

A file name only helps people. Which role a key has is said by the signed metadata, so a stale or
foreign key in a folder counts for nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, Key, SSlibKey

from scanner.central.errors import CentralError
from scanner.central.files import write_atomically

Entropy = Callable[[int], bytes]

OFFLINE, ONLINE, ISSUER = "offline", "online", "issuer"
SEED_BYTES = 32
# A key that is being exchanged: it has its proper name once the metadata lists it.
FRESH = ".new"

# Stick → the keys on it. Three holders of root keys can also sign targets, two suffice.
STICKS: Mapping[str, tuple[str, ...]] = {
    "stick-1": ("root-1", "targets-1", "bundle"),
    "stick-2": ("root-2", "targets-2"),
    "stick-3": ("root-3", "targets-3"),
    "stick-4": ("root-4",),
    "stick-5": ("root-5",),
}
ONLINE_KEYS = ("rev", "snapshot", "timestamp")
TIME_KEY = "time"

# Who holds a key, so that a command can say whose stick is missing.
_NAME_FIELD = "x-name"


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A private key and the name of its file."""

    name: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> SSlibKey:
        """As metadata lists it, with the name of its holder."""
        key = SSlibKey.from_crypto(self.private.public_key())
        key.unrecognized_fields[_NAME_FIELD] = self.name
        return key

    @property
    def signer(self) -> CryptoSigner:
        return CryptoSigner(self.private)


def make_key(name: str, entropy: Entropy) -> NamedKey:
    return NamedKey(name, Ed25519PrivateKey.from_private_bytes(entropy(SEED_BYTES)))


def name_of(key: Key) -> str:
    """The name that metadata gives to a public key."""
    named = key.unrecognized_fields.get(_NAME_FIELD)
    return named if isinstance(named, str) else key.keyid[:8]


def save_key(folder: Path, key: NamedKey) -> Path:
    """PKCS#8 PEM, readable by its owner alone. Raises CentralError when the file is there."""
    path = folder / f"{key.name}.pem"
    if path.exists():
        raise CentralError(f"{path} is there already. Move it away if it is no longer needed.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_atomically(path, pem, mode=0o600)
    return path


def load_key(path: Path, *, is_online: bool = False) -> NamedKey:
    """Raises CentralError for a file that is no key, or that others on this computer can read.

    Sticks carry file systems without permissions, so only keys that stay are asked for them.
    """
    try:
        pem, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        raise CentralError(f"The key {path} cannot be read ({error.strerror}).") from None
    if is_online and mode & 0o077:
        raise CentralError(f"Others can read the key {path}. Run `chmod 600 {path}`.")
    try:
        private = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise CentralError(f"{path} is no Ed25519 key in PKCS#8 PEM. Take it from the backup.")
    return NamedKey(path.stem.removesuffix(FRESH), private)


def load_keys(folders: Iterable[Path], *, is_online: bool = False) -> dict[str, NamedKey]:
    """Key id → key, from every `*.pem` in these folders."""
    keys = (
        load_key(path, is_online=is_online)
        for folder in folders
        for path in sorted(folder.glob("*.pem"))
    )
    return {key.public.keyid: key for key in keys}


def offline_folders(central: Path, given: Iterable[Path]) -> list[Path]:
    """The sticks that are named, else those still under the central folder."""
    folders = [folder for named in given for folder in (named, *_folders_in(named))]
    return folders or _folders_in(central / OFFLINE)


def _folders_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []


def replace_key(folder: Path, key: NamedKey) -> None:
    """The new key takes its file; the old one stays beside it as `*.retired`, for no use."""
    path, fresh = folder / f"{key.name}.pem", folder / f"{key.name}{FRESH}.pem"
    if path.exists():
        os.replace(path, path.with_suffix(".retired"))
    os.replace(fresh, path)
