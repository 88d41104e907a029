"""The base of an issuer's status map: a file of its own, written once and never changed.

Rows of ROW_BYTES in SQLite, each with a CRC over its number and its bits, so that a bad block of
the card is noticed and never read as "valid". A newer base is another file; which one counts is
said in `lists.db`, so that base, deltas and all other lists change in one transaction.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from zlib import crc32

from scanner.core.errors import StoreError
from scanner.core.revocation import INDEXES_A_BYTE, StatusBits, status_in

# Divides a part into whole rows, and fills four overflow pages of PAGE_BYTES to the last bytes.
ROW_BYTES = 4096
PAGE_BYTES = 1024
INDEXES_A_ROW = ROW_BYTES * INDEXES_A_BYTE

ROW = "SELECT crc, bits FROM status_row WHERE id = ?"
_TABLE = "CREATE TABLE status_row (id INTEGER PRIMARY KEY, crc INTEGER, bits BLOB NOT NULL)"


class StatusMap:
    """Answers for the indexes 0 to `size` − 1 of one issuer."""

    def __init__(self, folder: Path, file: str, size: int) -> None:
        """Raises StoreError when there is no such file."""
        self.file, self.size = file, size
        path = folder / file
        if not path.is_file():
            raise StoreError(f"There is no {file} in {folder}. Run `scanner sync`.")
        try:
            # Immutable: no locks, no change is looked for, no file is made beside it.
            address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
            self._db = sqlite3.connect(address, uri=True, check_same_thread=False)
            self._db.execute("PRAGMA cache_size=-256")
            self._db.execute("PRAGMA mmap_size=0")
            self._db.execute("PRAGMA trusted_schema=OFF")
        except sqlite3.Error as error:
            raise self._damaged(str(error)) from error

    def status(self, index: int) -> StatusBits | None:
        """None beyond the map. Raises StoreError for a row that is damaged."""
        if not 0 <= index < self.size:
            return None
        number, place = divmod(index, INDEXES_A_ROW)
        return status_in(self.row(number), place)

    def row(self, number: int) -> bytes:
        """ROW_BYTES, the last row fewer; raises StoreError for one that is damaged."""
        try:
            found = self._db.execute(ROW, (number,)).fetchone()
        except sqlite3.Error as error:
            raise self._damaged(str(error)) from error
        if found is None or not isinstance(found[1], bytes):
            raise self._damaged(f"row {number} is not there")
        bits: bytes = found[1]
        whole = min(ROW_BYTES, self.size // INDEXES_A_BYTE - number * ROW_BYTES)
        if len(bits) != whole or crc32(bits, number) != found[0]:
            raise self._damaged(f"row {number} is not what was written")
        return bits

    def rows(self) -> Iterator[bytes]:
        """Every row in order; raises StoreError."""
        for number in range(-(-self.size // INDEXES_A_ROW)):
            yield self.row(number)

    def check(self) -> None:
        """Read all of it; raises StoreError at the first damage."""
        for _ in self.rows():
            pass

    def close(self) -> None:
        self._db.close()

    def _damaged(self, why: str) -> StoreError:
        return StoreError(f"{self.file} is damaged ({why}). Run `scanner sync`.")


def write_map(folder: Path, file: str, rows: Iterable[bytes]) -> int:
    """A new file, checked, on the disk, and then under its name; returns its size in indexes.

    Raises StoreError, and then no file is left.
    """
    path = folder / file
    passing = folder / f"{file}.part"
    try:
        passing.unlink(missing_ok=True)
        size = _fill(passing, rows)
        _flush(passing)
        _check(folder, passing.name, size)
        os.replace(passing, path)
        _flush(folder)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The new status map cannot be written to {folder} ({error}). Make room on the card."
        ) from error
    finally:
        passing.unlink(missing_ok=True)
    return size


def _fill(path: Path, rows: Iterable[bytes]) -> int:
    db = sqlite3.connect(path, isolation_level=None)
    size = 0
    try:
        db.execute(f"PRAGMA page_size={PAGE_BYTES}")
        # Nobody reads it before it has its name, and it is flushed as a whole.
        db.execute("PRAGMA journal_mode=OFF")
        db.execute("PRAGMA synchronous=OFF")
        db.execute("BEGIN")
        db.execute(_TABLE)
        for number, bits in enumerate(rows):
            row = (number, crc32(bits, number), bits)
            db.execute("INSERT INTO status_row VALUES (?, ?, ?)", row)
            size += len(bits) * INDEXES_A_BYTE
        db.execute("COMMIT")
        return size
    finally:
        db.close()


def _check(folder: Path, file: str, size: int) -> None:
    written = StatusMap(folder, file, size)
    try:
        written.check()
    finally:
        written.close()


def _flush(path: Path) -> None:
    """Onto the disk: a file, or the names in a folder. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
