"""Lists from a folder: an image, a USB stick, or the sample bundle.

The folder holds the target files under their names and `index.json`, which says when the lists
were issued and what each file must be: {"issued_at": s, "targets": {name: {sha256, length}}}.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from scanner.core.errors import SyncError

# A target is small so that a broken download costs little; what is larger is not one of ours.
MAX_TARGET_BYTES = 128 * 1024
MAX_INDEX_BYTES = 1024 * 1024
_LAST_SECOND = 253_402_300_799  # of the year 9999


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    length: int


class _Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    issued_at: int
    targets: dict[str, _Entry]
    end_of_regime: Annotated[int, msgspec.Meta(ge=0, le=_LAST_SECOND)] | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """Targets by name, each as its index says; times in seconds since 1970."""

    issued_at: int
    targets: dict[str, bytes]
    end_of_regime: int | None


def read_bundle(folder: Path) -> Bundle:
    """Raises SyncError for anything missing, changed or too large."""
    try:
        index = msgspec.json.decode(_read(folder / "index.json", MAX_INDEX_BYTES), type=_Index)
    except msgspec.DecodeError as error:
        raise SyncError(f"{folder}/index.json is not an index: {error}.", retryable=False) from None
    targets = {name: _target(folder, name, entry) for name, entry in index.targets.items()}
    return Bundle(index.issued_at, targets, index.end_of_regime)


def _target(folder: Path, name: str, entry: _Entry) -> bytes:
    if Path(name).name != name:
        raise SyncError(f"The bundle names a file outside its folder: {name}.", retryable=False)
    body = _read(folder / name, MAX_TARGET_BYTES)
    if len(body) != entry.length or hashlib.sha256(body).hexdigest() != entry.sha256:
        raise SyncError(f"{folder / name} is not what its index says. Copy the bundle again.",
                        retryable=False)  # fmt: skip
    return body


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(most + 1)
    except OSError as error:
        raise SyncError(f"{path} cannot be read ({error.strerror}).", retryable=False) from None
    if len(body) > most:
        raise SyncError(f"{path} is larger than {most} bytes.", retryable=False)
    return body


def holder_opener(identity_file: Path) -> Callable[[bytes], bytes]:
    """What decrypts the holder list: age, to the key that all devices of the fleet hold."""
    import pyrage  # only where a list is installed, never in the loop

    lines = _read(identity_file, 4096).decode("utf-8", "replace").splitlines()
    secret = next((line for line in lines if line.startswith("AGE-SECRET-KEY-")), "")
    try:
        identity = pyrage.x25519.Identity.from_str(secret.strip())
    except pyrage.IdentityError:
        raise SyncError(f"{identity_file} holds no age identity.", retryable=False) from None

    def open_holders(packed: bytes) -> bytes:
        try:
            return bytes(pyrage.decrypt(packed, [identity]))
        except pyrage.DecryptError as error:
            raise SyncError(
                f"The holder list does not open with the fleet key ({error}). "
                "Enrol this device again.",
                retryable=False,
            ) from None

    return open_holders
