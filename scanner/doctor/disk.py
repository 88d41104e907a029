"""The disk under the state folder: room, whether it can be written, what the card tells.

An SD card tells nothing of its wear; an eMMC does, and ext4 counts the errors that it has met.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from scanner.doctor.finding import Finding, Grade

# Below the first somebody should tidy up; below the second a scan may find no room.
LEAST_FREE_MB, NO_ROOM_MB = 200, 5
SYS = Path("/sys")
# JEDEC eMMC, EXT_CSD DEVICE_LIFE_TIME_EST: tenths of the life that are used up; 11 is beyond it.
WORN_TENTHS = 8

FREE = "Free some room on the card."
READ_ONLY = (
    "Copy what is needed, then put in a new card: Linux stops writing to one that fails. "
    "`dmesg` says why; `sudo fsck` may help once."
)
NEW_CARD = "Plan a new card: `dmesg` shows what went wrong."


def check_disk(state: Path, sys: Path = SYS) -> Iterator[Finding]:
    """sys: where sysfs is mounted."""
    try:
        room, number = os.statvfs(state), os.stat(state).st_dev
    except OSError as error:
        yield Finding("E-SPACE", Grade.FAILURE, str(error), "Run `scanner migrate`.")
        return
    yield _space(room)
    if room.f_flag & os.ST_RDONLY:
        yield Finding("E-DISK-READ-ONLY", Grade.FAILURE, f"{state} cannot be written", READ_ONLY)
    yield _card(sys, f"{os.major(number)}:{os.minor(number)}")


def _space(room: os.statvfs_result) -> Finding:
    free_mb = room.f_bavail * room.f_frsize // 1_000_000
    if room.f_files and not room.f_favail:
        return Finding("E-SPACE", Grade.FAILURE, "no file can be added to the disk", FREE)
    grade = Grade.FAILURE if free_mb < NO_ROOM_MB else Grade.WARNING
    grade = Grade.OK if free_mb >= LEAST_FREE_MB else grade
    return Finding("E-SPACE", grade, f"{free_mb} MB free", FREE)


def _card(sys: Path, number: str) -> Finding:
    """number: of the block device, as sysfs spells it."""
    part = (sys / "dev/block" / number).resolve()
    if not part.is_dir():
        return Finding("E-CARD", Grade.OK, "the disk tells nothing of its health")
    errors = int(_read(sys / "fs/ext4" / part.name / "errors_count") or "0")
    if errors:
        found = f"{errors} errors in the file system of {part.name} since it was made or checked"
        return Finding("E-CARD", Grade.WARNING, found, NEW_CARD)
    disk = part.parent if (part / "partition").exists() else part
    kind = _read(disk / "device/type") or disk.name
    worn = _worn_tenths(disk)
    if worn is None:
        return Finding("E-CARD", Grade.OK, f"{kind}: no errors; it tells nothing of its wear")
    found = f"{kind}: no errors; {10 * min(worn, 10)} % of its life are used"
    grade = Grade.WARNING if worn >= WORN_TENTHS else Grade.OK
    return Finding("E-CARD", grade, found, "Plan a new card, and copy this one before.")


def _worn_tenths(disk: Path) -> int | None:
    """Of the memory that is worn most; None: not told."""
    tenths = [int(word, 16) for word in _read(disk / "device/life_time").split()]
    return max(tenths, default=0) or None


def _read(path: Path) -> str:
    """Empty when it cannot be read: not every card and kernel has every file."""
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
