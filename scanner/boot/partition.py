"""The boot partition: find the file, say how it went, and take its secrets away.

    checkpoint.toml ─▶ taken ─▶ checkpoint.new, without secrets, synced
      ─▶ checkpoint.toml renamed to checkpoint.old ─▶ checkpoint.new renamed to checkpoint.toml
      ─▶ checkpoint.old overwritten, synced, removed

A cut of the power anywhere leaves either the whole file as it was or what `tidy` ends. Overwriting
is all that can be done: what flash and its controller keep of the old blocks nobody can promise.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scanner.boot.reasons import FILE, BootError, BootReason
from scanner.boot.text import MOST_BYTES
from scanner.core.errors import StoreError
from scanner.store.whole_file import sync_folder, write_synced

RESULT = "checkpoint.result.txt"
_NEW, _OLD, _PART = "checkpoint.new", "checkpoint.old", "checkpoint.result.part"
_FOR_ALL = 0o644
_OWN = frozenset({FILE, RESULT, _NEW, _OLD, _PART})


class BootPartition:
    """A folder; in tests any, on a device /boot/firmware."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tidy(self) -> None:
        """End what a cut of the power has left. Raises StoreError."""
        with _translated(self._folder):
            new, file = self._folder / _NEW, self._folder / FILE
            if new.exists() and not file.exists():
                new.rename(file)
            new.unlink(missing_ok=True)
            _shred(self._folder / _OLD)
            (self._folder / _PART).unlink(missing_ok=True)

    def read(self) -> bytes | None:
        """The boot file; None: there is none. Raises BootError."""
        try:
            descriptor = os.open(
                self._folder / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            )
        except FileNotFoundError:
            self._check_names()
            return None
        except OSError:
            raise BootError(self._why_unread()) from None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise BootError(BootReason.FOLDER)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(MOST_BYTES + 1)
        except OSError:
            raise BootError(BootReason.READ) from None
        finally:
            os.close(descriptor)

    def tell(self, line: str) -> None:
        """How it went, for any laptop; not written when it says so already. StoreError."""
        body, result = f"{line}\n".encode(), self._folder / RESULT
        with _translated(self._folder):
            if result.is_file() and result.read_bytes() == body:
                return
            part = self._folder / _PART
            write_synced(part, body, _FOR_ALL)
            part.rename(result)
            sync_folder(self._folder)

    def replace(self, clean: bytes) -> None:
        """The boot file by one without secrets. Raises StoreError."""
        with _translated(self._folder):
            new, file, old = (self._folder / name for name in (_NEW, FILE, _OLD))
            write_synced(new, clean, _FOR_ALL)
            file.rename(old)
            new.rename(file)
            sync_folder(self._folder)
            _shred(old)

    def _why_unread(self) -> BootReason:
        file = self._folder / FILE
        return BootReason.FOLDER if file.is_symlink() or file.is_dir() else BootReason.READ

    def _check_names(self) -> None:
        """Whether another file was meant: Windows hides what comes after the last dot."""
        try:
            names = sorted(os.listdir(self._folder))
        except OSError:
            raise BootError(BootReason.READ) from None
        for name in names:
            if name.lower().startswith("checkpoint") and name not in _OWN:
                raise BootError(BootReason.NAME, found=name[:64])


def _shred(path: Path) -> None:
    """Overwritten in place, synced, removed."""
    if path.is_symlink() or not path.exists():
        path.unlink(missing_ok=True)
        return
    with path.open("r+b") as file:
        file.write(b"\n" * os.fstat(file.fileno()).st_size)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    sync_folder(path.parent)


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written ({error.strerror}). Look whether the card is full or "
            "locked."
        ) from None
