"""Files that one recipient alone can open: age, by way of pyrage."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import pyrage

from scanner.core.errors import LogError

_ARMOR = b"-----BEGIN AGE"
_MAGIC = b"age-encryption.org/"
HEADS = (_MAGIC, _ARMOR)
_MOST_KEY_BYTES = 64 * 1024


def recipient_of(text: str) -> Any:  # pyrage has no types
    """Raises LogError for what is no recipient of age."""
    for kind in (pyrage.x25519.Recipient, pyrage.tagpq.Recipient, pyrage.ssh.Recipient):
        try:
            return kind.from_str(text)
        except pyrage.RecipientError:
            continue
    raise LogError(
        f"{text[:20]!r} is no age recipient. It begins with age1 and stands in the file that "
        "`age-keygen` or `scanner logs request --make-key` has made."
    )


class _Chunks(io.RawIOBase):
    """Chunks as a file to read from: nothing is held but what is on its way."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                size = len(self._rest)
                break
            self._rest += chunk
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


def encrypt(chunks: Iterable[bytes], recipient: str, out: BinaryIO) -> None:
    """What comes is written for the recipient alone, and held nowhere else. LogError, OSError."""
    pyrage.encrypt_io(_Chunks(chunks), out, [recipient_of(recipient)])


def decrypt(path: Path, identity: Path) -> bytes:
    """Raises LogError, OSError."""
    opener = _identity_of(identity)
    opened = io.BytesIO()
    try:
        with path.open("rb") as file:
            pyrage.decrypt_io(file, opened, [opener])
    except (pyrage.DecryptError, ValueError):
        raise LogError(
            f"{path} cannot be opened with {identity}. It is for another recipient, or damaged."
        ) from None
    return opened.getvalue()


def _identity_of(path: Path) -> Any:  # pyrage has no types
    """The first secret key of a file as `age-keygen` writes it."""
    with path.open("rb") as file:
        text = file.read(_MOST_KEY_BYTES).decode("utf-8", "replace")
    for line in text.splitlines():
        if line.startswith("AGE-SECRET-KEY-"):
            try:
                return pyrage.x25519.Identity.from_str(line.strip())
            except pyrage.IdentityError:
                break
    raise LogError(f"{path} holds no secret key of age. Give the file of the recipient.")


def make_identity() -> tuple[str, str]:
    """A new secret key, and the recipient that belongs to it."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())
