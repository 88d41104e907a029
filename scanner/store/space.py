"""Room for the scan log: how much it takes, and what happens when there is no more.

Deleting needs room too: each page that changes is written to the WAL first, and the WAL cannot
begin anew before its pages are in the file. So a reserve lies beside the file, of blocks that the
file system has set apart and nobody has written. On a full disk it is given up, the WAL is emptied
into the file, and the oldest records are folded. Freed pages are used again, and neither file nor
WAL need grow any more; the reserve comes back when the disk has room.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scanner.core.errors import StoreError
from scanner.store.chain_end import Running
from scanner.store.database import OUTBOX, PAGE_BYTES, translated
from scanner.store.fold import fold_oldest
from scanner.store.retention import retire_oldest
from scanner.store.segments import SegmentLog

RESERVE = f"{OUTBOX.name}-reserve"
# Four times a full WAL: twice what the largest fold was seen to need (tests/store/test_space.py).
RESERVE_BYTES = 4 * OUTBOX.wal_pages * PAGE_BYTES
SCARCE_SHARE = 0.8
# On a full disk so many pages must be free inside the file: over two thousand scans.
_SPARE_PAGES = 64


@dataclass(frozen=True, slots=True)
class LogSpace:
    """Bytes. used: pages with something in them, and the WAL. disk_free: beside all files."""

    used: int
    capacity: int
    spare: int
    disk_free: int

    @property
    def is_scarce(self) -> bool:
        """Somebody should be told."""
        return self.used >= SCARCE_SHARE * self.capacity or self.is_full

    @property
    def is_full(self) -> bool:
        """Something has to go: at the capacity, or on a disk with nothing left for the log."""
        has_spare = self.spare >= _SPARE_PAGES * PAGE_BYTES
        return self.used >= self.capacity or (self.is_disk_full and not has_spare)

    @property
    def is_disk_full(self) -> bool:
        """Beside the reserve there is not even as much as the reserve."""
        return self.disk_free < RESERVE_BYTES


def look(db: sqlite3.Connection, folder: Path, capacity: int) -> LogSpace:
    """Raises StoreError."""
    with translated(OUTBOX.name):
        pages, free, size = (
            int(db.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
    try:
        wal = (folder / f"{OUTBOX.name}-wal").stat().st_size
        disk = os.statvfs(folder)
    except OSError as error:
        raise StoreError(f"{folder} cannot be seen ({error}). Run `scanner doctor`.") from error
    used = (pages - free) * size + wal
    return LogSpace(used, capacity, free * size, disk.f_bavail * disk.f_frsize)


def keep_reserve(folder: Path) -> bool:
    """Set the reserve apart where it is not, or half of it; False when not even that has room."""
    path = folder / RESERVE
    for size in (RESERVE_BYTES, RESERVE_BYTES // 2):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, size)
            finally:
                os.close(descriptor)
        except OSError:
            path.unlink(missing_ok=True)
        else:
            return True
    return False


def spend_reserve(db: sqlite3.Connection, folder: Path) -> None:
    """Give it up, so that the WAL can be emptied into the file and begins anew. StoreError."""
    (folder / RESERVE).unlink(missing_ok=True)
    with translated(OUTBOX.name):
        db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()


def make_room(
    log: SegmentLog, folder: Path, now: datetime, running: Running, *, is_disk_full: bool
) -> bool:
    """One step of it; False: there is nothing left that may go. Raises StoreError, LogError.

    Days that are over go before their time only when all records were folded: what is left of them
    then is segments, a heartbeat for each minute.
    """
    if is_disk_full:
        spend_reserve(log.db, folder)
    return fold_oldest(log, now, running) or retire_oldest(log, now, running)
