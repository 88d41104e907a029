"""Files that are there whole or not at all, also when the power goes in between."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from scanner.central.errors import CentralError


class Writer(Protocol):
    """Writes one file, whole or not at all; `at` becomes its time of change."""

    def __call__(self, path: Path, body: bytes, *, at: datetime) -> None: ...


def write_atomically(
    path: Path, body: bytes, *, at: datetime | None = None, mode: int = 0o644
) -> None:
    """A new file, fsynced, renamed over the old one, the folder fsynced. Raises CentralError."""
    passing = path.with_name(f".{path.name}.part")
    try:
        passing.unlink(missing_ok=True)
        descriptor = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        if at is not None:
            touch(passing, at)
        os.replace(passing, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise CentralError(f"{path} cannot be written ({error.strerror}).") from None


def touch(path: Path, at: datetime) -> None:
    os.utime(path, (at.timestamp(), at.timestamp()))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One command at a time: a timer that publishes and a clerk who revokes meet here."""
    try:
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CentralError(
            f"{folder} cannot be written ({error.strerror}). Run this as the folder's owner."
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
