"""Write a small file whole or not at all, also when the power is cut: synced, then renamed."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, body: bytes) -> None:
    """For this user alone, mode 0600; on the disk when it returns. Raises OSError.

    A file of the same name with the ending .new is what an attempt that was cut off left behind.
    """
    fresh = path.with_suffix(".new")
    write_synced(fresh, body, 0o600)
    fresh.rename(path)
    sync_folder(path.parent)


def write_synced(path: Path, body: bytes, mode: int) -> None:
    """A new file in place of what an earlier attempt left; not yet its name. Raises OSError."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Names that were changed are on the disk when it returns. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
