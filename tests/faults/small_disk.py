"""A disk that is full: nothing of a folder may grow past a limit, and may be written over still.

Files of SQLite go by a VFS; blocks that are set apart, and what the file system says is free, by
their calls. So tests need no file system of their own.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import apsw

from tests.faults.power import Power, on
from tests.faults.power import _Connection as PoweredConnection

BLOCK = 4096


class SmallDisk(Power):
    """`limit`: bytes that all files of the folder may take, in whole blocks; None: no limit."""

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        super().__init__(None, None)
        self.folder, self.limit = folder, limit

    @property
    def used(self) -> int:
        """Bytes; the shared memory of SQLite is not on a disk."""
        files = [path for path in self.folder.iterdir() if not path.name.endswith("-shm")]
        return sum(_blocks(path.stat().st_size) for path in files)

    @property
    def free(self) -> int:
        return 1 << 40 if self.limit is None else max(0, self.limit - self.used)

    def fill(self, left: int = 0) -> None:
        """Somebody else's files have taken all but so many bytes."""
        self.limit = self.used + left

    def remember(self, path: str, at: int, size: int) -> None:
        """Before each write of SQLite."""
        super().remember(path, at, size)
        growth = _blocks(at + size) - _blocks(os.path.getsize(path))
        if growth > 0 and growth > self.free:
            error = apsw.FullError("no space left on the device")
            error.extendedresult = apsw.SQLITE_FULL  # type: ignore[attr-defined]
            raise error

    def set_apart(self, descriptor: int, at: int, size: int) -> None:
        """os.posix_fallocate"""
        if _blocks(at + size) - _blocks(os.fstat(descriptor).st_size) > self.free:
            raise OSError(errno.ENOSPC, "no space left on the device")
        os.truncate(descriptor, at + size)

    def look(self, _: object) -> os.statvfs_result:
        """os.statvfs"""
        blocks = self.free // BLOCK
        return os.statvfs_result((BLOCK, BLOCK, blocks, blocks, blocks, 0, 0, 0, 0, 255))


class _Connection(PoweredConnection):
    """A checkpoint that fails after a commit fails nothing: SQLite tries it again at the next.

    By itself apsw would raise what the VFS has raised then, although the commit is done.
    """

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        if statement.startswith("PRAGMA wal_autocheckpoint="):
            self._db.set_wal_hook(partial(_checkpoint, int(statement.partition("=")[2])))
            return None
        if statement.startswith("PRAGMA synchronous="):
            statement = "PRAGMA synchronous=OFF"  # the power stays: only room is at stake here
        return super().execute(statement, values)


def _checkpoint(from_pages: int, db: apsw.Connection, name: str, pages: int) -> int:
    if pages >= from_pages:
        with suppress(apsw.Error):
            db.wal_checkpoint(name)
    return apsw.SQLITE_OK


def _blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Whatever is opened from now on is on this disk."""
    disk = SmallDisk(folder)
    with (
        on(disk),
        mock.patch("sqlite3.connect", _Connection),
        mock.patch("os.posix_fallocate", disk.set_apart),
        mock.patch("os.statvfs", disk.look),
    ):
        yield disk
