"""A board in place of this machine: its system time, boot, network time and battery are values."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hardware import clock as hardware_clock
from hardware.clock import ClockReaders


class Board:
    """What the computer says; `put_in_place` makes commands and loop read it."""

    def __init__(self, at: datetime, boot_s: float = 500.0) -> None:
        """Undisciplined, without a battery."""
        self.at, self.boot_s, self.boot = at, boot_s, "b1"
        self.is_disciplined = False
        self.rtc: datetime | None = None

    def wait(self, by: timedelta) -> None:
        self.at += by
        self.boot_s += by.total_seconds()

    def reboot(self, at: datetime, boot_s: float = 30.0, *, is_disciplined: bool = False) -> None:
        """Another boot, in which the system believes that it is `at`."""
        self.at, self.boot_s, self.boot = at, boot_s, f"{self.boot}+"
        self.is_disciplined = is_disciplined

    @property
    def readers(self) -> ClockReaders:
        return ClockReaders(
            system_s=lambda: self.at.timestamp(),
            boot_s=lambda: self.boot_s,
            monotonic_s=lambda: self.boot_s,
            is_disciplined=lambda: self.is_disciplined,
            rtc=lambda: self.rtc,
        )

    def put_in_place(self, monkeypatch: pytest.MonkeyPatch) -> Board:
        """Of this machine, until the end of the test."""
        real = hardware_clock.SystemClock
        monkeypatch.setattr(
            hardware_clock, "SystemClock", lambda memory, keep: real(memory, keep, self.readers)
        )
        monkeypatch.setattr(hardware_clock, "boot_seconds", lambda: self.boot_s)
        monkeypatch.setattr(hardware_clock, "has_rtc", lambda: self.rtc is not None)
        monkeypatch.setattr(hardware_clock, "boot_id", lambda: self.boot)
        monkeypatch.setattr(hardware_clock, "system_time", lambda: self.at)
        monkeypatch.setattr(hardware_clock, "kernel_is_disciplined", lambda: self.is_disciplined)
        return self
