"""What the clock reads of the kernel: seconds since the boot, the battery, which boot this is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hardware.clock import (
    boot_id,
    boot_seconds,
    has_rtc,
    kernel_is_disciplined,
    rtc_time,
    system_time,
)

NOON = datetime(2026, 5, 12, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(2016, 5, 12, tzinfo=UTC)


def test_real_readers_answer() -> None:
    """On this machine: seconds since the boot go on, and the kernel may be asked."""
    assert 0 < boot_seconds() <= boot_seconds()
    assert kernel_is_disciplined() in (True, False)
    assert system_time() > LONG_AGO
    assert has_rtc() or rtc_time() is None


@pytest.mark.parametrize("text", ["", "soon", "99999999999999999999"])
def test_lost_battery_says_nothing(tmp_path: Path, text: str) -> None:
    """A chip that cannot be read, or that talks nonsense, is no clock."""
    path = tmp_path / "since_epoch"
    assert (rtc_time(path), has_rtc(path)) == (None, False)
    path.write_text(text)
    assert (rtc_time(path), has_rtc(path)) == (None, True)
    path.write_text("1778587200\n")
    assert rtc_time(path) == NOON


def test_boot_is_known_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the kernel, or from the unit where the kernel may not be asked; else nothing."""
    monkeypatch.delenv("SCANNER_BOOT_ID", raising=False)
    path = tmp_path / "boot_id"
    assert boot_id(path) == ""
    path.write_text("0ba5b0a7-6b9d-4a58-8d38-d4a4ce6e2f7b\n")
    assert boot_id(path) == "0ba5b0a76b9d4a588d38d4a4ce6e2f7b"
    monkeypatch.setenv("SCANNER_BOOT_ID", "0ba5b0a76b9d4a588d38d4a4ce6e2f7b")
    assert boot_id(tmp_path / "nowhere") == "0ba5b0a76b9d4a588d38d4a4ce6e2f7b"
