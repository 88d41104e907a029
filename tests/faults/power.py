"""Cut the power, or the process, at the n-th write: files as a memory card would hold them then.

Every write to a database, every flush, rename and unlink of an update counts. At a cut of the
power whatever was not flushed is partly lost, by a throw of dice that a seed repeats; at a kill
the kernel still has it all. The databases are opened by apsw with files that remember what was
under each write since the last flush.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import apsw

VFS = "power"
SECTOR = 512


class Power:
    """Counts what is written; at the chosen point everything ends."""

    def __init__(
        self, cut_at: int | None, seed: int | None, *, is_write_begun: bool = False
    ) -> None:
        """cut_at None: only count. seed None: the process is killed, the power stays.

        is_write_begun: half of the write that is cut off is in the file by then.
        """
        self.count = self.bytes = 0
        self._cut_at, self._seed, self._is_write_begun = cut_at, seed, is_write_begun
        self._unflushed: dict[str, list[tuple[int, bytes, int]]] = {}

    def step(self) -> None:
        """Before each write, flush, rename and unlink."""
        self.count += 1
        if self.count == self._cut_at:
            if self._seed is not None:
                self._lose(random.Random(self._seed))
            os.kill(os.getpid(), signal.SIGKILL)

    @property
    def breaks_next_write(self) -> bool:
        return self._is_write_begun and self.count + 1 == self._cut_at

    def remember(self, path: str, at: int, size: int) -> None:
        """What stands where something is to be written, and how long the file is."""
        self.bytes += size
        if self._seed is None:
            return
        with open(path, "rb") as file:
            file.seek(at)
            old = file.read(size)
        self._unflushed.setdefault(path, []).append((at, old, os.path.getsize(path)))

    def flushed(self, path: str) -> None:
        self._unflushed.pop(path, None)

    def _lose(self, dice: random.Random) -> None:
        """Each write since the flush is lost or not; a lost one may leave some of its sectors."""
        for path, writes in self._unflushed.items():
            if not os.path.exists(path):
                continue
            with open(path, "r+b") as file:
                for at, old, length in reversed(writes):
                    for begin in range(0, max(len(old), 1), SECTOR):
                        if dice.random() < 0.5:
                            file.seek(at + begin)
                            file.write(old[begin : begin + SECTOR])
                    if len(old) == 0 and dice.random() < 0.5:
                        file.truncate(length)


class _File(apsw.VFSFile):
    """A database, its WAL or journal."""

    def __init__(self, power: Power, name: Any, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._power = power
        self._path = str(name.filename() if isinstance(name, apsw.URIFilename) else name)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self._power.breaks_next_write:
            super().xWrite(data[: len(data) // 2], offset)
        self._power.step()
        self._power.remember(self._path, offset, len(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._power.step()
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._power.step()
        super().xSync(flags)
        self._power.flushed(self._path)


class _Vfs(apsw.VFS):
    def __init__(self, power: Power) -> None:
        super().__init__(VFS, "unix")
        self._power = power

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _File(self._power, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self._power.step()
        super().xDelete(filename, syncdir)


class _Connection:
    """What the stores use of sqlite3, over apsw."""

    def __init__(self, address: str | Path, uri: bool = False, timeout: float = 0.5, **_: Any):
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        flags |= apsw.SQLITE_OPEN_URI if uri else 0
        self._db = apsw.Connection(str(address), flags=flags, vfs=VFS)
        self._db.set_busy_timeout(int(1000 * timeout))

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        with _as_sqlite3():
            return _Cursor(self._db.cursor(), statement, values)

    def executemany(self, statement: str, rows: Any) -> Any:
        with _as_sqlite3():
            return self._db.executemany(statement, rows)

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    def close(self) -> None:
        self._db.close()


class _Cursor:
    """All rows at once, and their columns, which apsw forgets with the last row.

    sqlite-utils asks for more than the stores do.
    """

    def __init__(self, cursor: apsw.Cursor, statement: str, values: tuple[Any, ...]) -> None:
        self.description: Any = ()
        cursor.exec_trace = self._take_columns
        self._rows = list(cursor.execute(statement, values))
        self.lastrowid = cursor.connection.last_insert_rowid()

    def _take_columns(self, cursor: apsw.Cursor, *_: object) -> bool:
        self.description = cursor.get_description()
        return True

    def fetchone(self) -> Any:
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[Any]:
        return self._rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)


@contextmanager
def _as_sqlite3() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        failure = sqlite3.OperationalError(str(error))
        failure.sqlite_errorcode = getattr(error, "extendedresult", apsw.SQLITE_ERROR)
        raise failure from error


@contextmanager
def on(power: Power) -> Iterator[None]:
    """Whatever the stores write goes by this power."""
    vfs = _Vfs(power)
    fsync, replace, rename, unlink = os.fsync, os.replace, os.rename, os.unlink

    def counted_fsync(descriptor: int) -> None:
        power.step()
        fsync(descriptor)
        power.flushed(os.readlink(f"/proc/self/fd/{descriptor}"))

    def counted_replace(old: Any, new: Any) -> None:
        power.step()
        replace(old, new)

    def counted_rename(old: Any, new: Any) -> None:
        power.step()
        rename(old, new)

    def counted_unlink(path: Any) -> None:
        power.step()
        unlink(path)

    with (
        mock.patch("sqlite3.connect", _Connection),
        mock.patch("os.fsync", counted_fsync),
        mock.patch("os.replace", counted_replace),
        mock.patch("os.rename", counted_rename),
        mock.patch("os.unlink", counted_unlink),
    ):
        yield
    del vfs
