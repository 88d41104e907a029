"""The zone by which passes are judged, and the one in which the journal is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.doctor.finding import Grade
from scanner.doctor.time_zone import check_time_zone, system_zone
from scanner.store.install import Installer
from scanner.store.migrations import migrate
from tests import city


def localtime(folder: Path, zone: str) -> Path:
    """The link as timedatectl makes it."""
    path = folder / "localtime"
    path.symlink_to(f"/usr/share/zoneinfo/{zone}")
    return path


@pytest.mark.parametrize(
    ("zone", "grade"),
    [
        ("Europe/Moscow", Grade.OK),
        ("UTC", Grade.OK),
        ("Etc/UTC", Grade.OK),
        ("Asia/Tokyo", Grade.WARNING),
    ],
)
def test_zone_of_a_third_place_is_told(tmp_path: Path, zone: str, grade: Grade) -> None:
    """The journal in the policy's time or in UTC confuses nobody."""
    migrate(tmp_path)
    Installer(tmp_path, bytes, allow_test_keys=True).install(city.targets(), city.ISSUED_AT)
    (told,) = check_time_zone(tmp_path, localtime(tmp_path, zone))
    assert told.grade is grade
    assert f"passes are judged in Europe/Moscow; the journal is in {zone}" in told.found


def test_device_without_lists_has_no_zone_yet(tmp_path: Path) -> None:
    """The policy names it."""
    (told,) = check_time_zone(tmp_path, tmp_path / "none")
    assert told.grade is Grade.WARNING
    assert "in UTC" in told.found


def test_system_without_a_zone_is_in_utc(tmp_path: Path) -> None:
    """As the C library has it."""
    assert system_zone(tmp_path / "none") == "UTC"
    (tmp_path / "localtime").symlink_to("elsewhere")
    assert system_zone(tmp_path / "localtime") == "UTC"
