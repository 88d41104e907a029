"""A disk that remembers what was asked of it, so that one run can lose its power at every point.

Each write of SQLite is written down with its bytes, each flush and each beep with its place. Then
the files are made again as a memory card would hold them after a cut: whatever was flushed is
there; of the rest each sector of 512 bytes is there or not, by a throw of dice that a seed repeats.
So writes are lost, torn and reordered, and a cut costs milliseconds instead of a process.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import apsw

from tests.faults.power import SECTOR, VFS, _Connection


@dataclass(frozen=True, slots=True)
class Write:
    """`data` None: the file is cut to `at` bytes."""

    path: str
    at: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Flush:
    """Everything of the file is on the card when this is over."""

    path: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something the test wants to know the place of, such as a beep."""

    what: str
    seq: int


Event = Write | Flush | Note


@dataclass(slots=True)
class Recorder:
    """Everything in its order. error_at: the write or flush, by count, that fails; for_ever: too
    all after it."""

    events: list[Event] = field(default_factory=list)
    error_at: int | None = None
    for_ever: bool = False
    count: int = 0

    def step(self, event: Event) -> None:
        """Raises what SQLite takes for an error of the device (EIO)."""
        self.count += 1
        if self.error_at is not None and (
            self.count == self.error_at or (self.for_ever and self.count > self.error_at)
        ):
            failure = apsw.IOError("input/output error")
            failure.extendedresult = apsw.SQLITE_IOERR_WRITE  # type: ignore[attr-defined]
            raise failure
        self.events.append(event)

    def note(self, what: str, seq: int) -> None:
        self.events.append(Note(what, seq))


class _File(apsw.VFSFile):
    def __init__(self, recorder: Recorder, name: Any, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._recorder = recorder
        self._path = str(name.filename() if isinstance(name, apsw.URIFilename) else name)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._recorder.step(Write(self._path, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._recorder.step(Write(self._path, newsize, None))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._recorder.step(Flush(self._path))
        super().xSync(flags)


class _Vfs(apsw.VFS):
    def __init__(self, recorder: Recorder) -> None:
        super().__init__(VFS, "unix")
        self._recorder = recorder

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _File(self._recorder, name, flags)


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Whatever the stores write goes by this recorder."""
    vfs = _Vfs(recorder)
    with mock.patch("sqlite3.connect", _Connection):
        yield
    del vfs


class Card:
    """What a memory card holds while the events go by."""

    def __init__(self, folder: Path) -> None:
        """The files as they are now; all of it is flushed."""
        self._files = {
            str(path): bytearray(path.read_bytes()) for path in folder.iterdir() if path.is_file()
        }
        self._waiting: dict[str, list[Write]] = {}

    def take(self, event: Event) -> None:
        match event:
            case Write(path):
                self._waiting.setdefault(path, []).append(event)
            case Flush(path):
                for write in self._waiting.pop(path, ()):
                    _write(self._files.setdefault(path, bytearray()), write)
            case Note():
                pass

    def after_cut(self, seed: int) -> dict[str, bytes]:
        """Path → bytes, when the power goes now."""
        dice = random.Random(seed)
        files = dict(self._files)
        for path, writes in self._waiting.items():
            body = bytearray(files.get(path, b""))
            for write in writes:
                _write_some(body, write, dice)
            files[path] = body
        return {path: bytes(body) for path, body in files.items()}


def _write(body: bytearray, write: Write) -> None:
    if write.data is None:
        del body[write.at :]
        return
    _place(body, write.at, write.data)


def _write_some(body: bytearray, write: Write, dice: random.Random) -> None:
    """Each sector, and a cut of the file, by a throw."""
    if write.data is None:
        if dice.random() < 0.5:
            del body[write.at :]
        return
    for begin in range(0, len(write.data), SECTOR):
        if dice.random() < 0.5:
            _place(body, write.at + begin, write.data[begin : begin + SECTOR])


def _place(body: bytearray, at: int, data: bytes) -> None:
    """What lies between the old end and `at` reads as zeros."""
    if len(body) < at:
        body.extend(bytes(at - len(body)))
    body[at : at + len(data)] = data
