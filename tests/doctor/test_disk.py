"""The disk under the state folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.doctor.disk import check_disk
from scanner.doctor.finding import Finding, Grade
from tests.faults.small_disk import small_disk


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A sysfs in which the state folder lies on the second partition of a card."""
    number = os.stat(tmp_path).st_dev
    disk = tmp_path / "sys/devices/mmcblk0"
    (disk / "mmcblk0p2").mkdir(parents=True)
    (disk / "mmcblk0p2/partition").write_text("2\n")
    (disk / "device").mkdir()
    (disk / "device/type").write_text("SD\n")
    links = tmp_path / "sys/dev/block"
    links.mkdir(parents=True)
    (links / f"{os.major(number)}:{os.minor(number)}").symlink_to(disk / "mmcblk0p2")
    (tmp_path / "sys/fs/ext4/mmcblk0p2").mkdir(parents=True)
    (tmp_path / "sys/fs/ext4/mmcblk0p2/errors_count").write_text("0\n")
    return tmp_path / "sys"


def found(state: Path, sys: Path) -> dict[str, Finding]:
    return {finding.id: finding for finding in check_disk(state, sys)}


def test_healthy_card_is_named(tmp_path: Path, card: Path) -> None:
    """An SD card tells its kind and nothing of its wear, which is said."""
    findings = found(tmp_path, card)
    assert set(findings) == {"E-SPACE", "E-CARD"}
    assert findings["E-CARD"] == Finding(
        "E-CARD", Grade.OK, "SD: no errors; it tells nothing of its wear"
    )


def test_errors_of_the_file_system_are_a_warning(tmp_path: Path, card: Path) -> None:
    """The first sign of a card that dies."""
    (card / "fs/ext4/mmcblk0p2/errors_count").write_text("3\n")
    told = found(tmp_path, card)["E-CARD"]
    assert told.grade is Grade.WARNING
    assert "3 errors in the file system of mmcblk0p2" in told.found


@pytest.mark.parametrize(
    ("life", "grade", "says"),
    [
        ("0x02 0x01", Grade.OK, "20 % of its life"),
        ("0x01 0x09", Grade.WARNING, "90 % of its life"),
        ("0x0b 0x01", Grade.WARNING, "100 % of its life"),
        ("0x00 0x00", Grade.OK, "nothing of its wear"),
    ],
)
def test_worn_memory_is_told(
    tmp_path: Path, card: Path, life: str, grade: Grade, says: str
) -> None:
    """Where it tells: by the part that is worn most."""
    (card / "devices/mmcblk0/device/life_time").write_text(f"{life}\n")
    told = found(tmp_path, card)["E-CARD"]
    assert told.grade is grade
    assert says in told.found


def test_disk_without_a_device_tells_nothing(tmp_path: Path) -> None:
    """A file system in memory or of a container."""
    assert found(tmp_path, tmp_path / "sys")["E-CARD"].grade is Grade.OK


def test_missing_state_folder_is_a_failure(tmp_path: Path) -> None:
    """Nothing can be kept in it."""
    (told,) = check_disk(tmp_path / "none")
    assert (told.id, told.grade, told.fix) == ("E-SPACE", Grade.FAILURE, "Run `scanner migrate`.")


@pytest.mark.parametrize(
    ("free_mb", "grade"), [(400, Grade.OK), (100, Grade.WARNING), (2, Grade.FAILURE)]
)
def test_little_room_is_told_in_time(tmp_path: Path, free_mb: int, grade: Grade) -> None:
    """A warning while everything works, a failure when a scan may find no room."""
    with small_disk(tmp_path) as disk:
        disk.fill(free_mb * 1_000_000 + 4096)
        assert found(tmp_path, tmp_path)["E-SPACE"].grade is grade


def statvfs(*, files_left: int = 9, flags: int = 0) -> os.statvfs_result:
    """A large disk."""
    return os.statvfs_result((4096, 4096, 2**20, 2**20, 2**20, 99, 9, files_left, flags, 255))


def test_read_only_disk_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux stops writing to a card that fails; then no record can be kept."""
    monkeypatch.setattr("os.statvfs", lambda _: statvfs(flags=os.ST_RDONLY))
    assert found(tmp_path, tmp_path)["E-DISK-READ-ONLY"].grade is Grade.FAILURE


def test_disk_that_takes_no_more_files_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many bytes are free."""
    monkeypatch.setattr("os.statvfs", lambda _: statvfs(files_left=0))
    assert found(tmp_path, tmp_path)["E-SPACE"].grade is Grade.FAILURE
