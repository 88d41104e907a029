"""The unit of the loop: what must not get lost in it."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[2] / "systemd" / "scanner.service"


def settings(section: str) -> list[tuple[str, str]]:
    """(key, value) of each line; a unit may name a key more than once."""
    found: list[tuple[str, str]] = []
    inside = ""
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            inside = line.strip("[]")
        elif inside == section and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.append((key, value))
    return found


def test_lamps_are_switched_off_however_it_ends() -> None:
    """ExecStopPost= runs after every end; ExecStop= would not run after a crash."""
    service = dict(settings("Service"))
    assert "-m hardware.lamps_off --factory lgpio" in service["ExecStopPost"]
    assert "ExecStop" not in service


def test_it_comes_back_for_ever_and_is_watched() -> None:
    """Restart=always without a limit, a watchdog of 10 s, and never a reboot."""
    service, unit = dict(settings("Service")), dict(settings("Unit"))
    assert (service["Type"], service["WatchdogSec"]) == ("notify", "10")
    assert (service["Restart"], unit["StartLimitIntervalSec"]) == ("always", "0")
    assert not any("reboot" in value for _, value in settings("Unit") + settings("Service"))


def test_stores_are_migrated_before_the_loop() -> None:
    """The loop does not migrate; what runs before it does."""
    assert dict(settings("Service"))["ExecStartPre"].endswith("/scanner migrate")


def test_lgpio_may_write_where_it_works() -> None:
    """lgpio opens a pipe in the working directory, which systemd makes for the unit."""
    service = dict(settings("Service"))
    assert service["WorkingDirectory"] == f"%t/{service['RuntimeDirectory']}"


def test_boot_is_named_where_the_kernel_may_not_be_asked() -> None:
    """Without it each process would be a boot of its own, and a restart would lose the time."""
    service = settings("Service")
    assert ("ProcSubset", "pid") in service
    assert ("Environment", "SCANNER_BOOT_ID=%b") in service


def test_clock_may_be_read_but_not_set() -> None:
    """adjtimex(2) is allowed for reading; no capability is left to set anything with it."""
    service = settings("Service")
    filters = [value for key, value in service if key == "SystemCallFilter"]
    assert "adjtimex" in filters[-1].split()
    assert ("CapabilityBoundingSet", "") in service
    assert "ProtectClock" not in dict(service)


def test_there_is_no_network() -> None:
    """Nothing in the loop can reach a network, not even by mistake."""
    service = dict(settings("Service"))
    assert (service["PrivateNetwork"], service["RestrictAddressFamilies"]) == ("yes", "AF_UNIX")


def test_python_reads_the_unit_as_systemd_does() -> None:
    """The unit keeps to what a plain parser understands: the installer and the tests read it."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(UNIT)
    assert unit.sections() == ["Unit", "Service", "Install"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_every_line() -> None:
    """`systemd-analyze verify` has nothing to say but that the program is not installed here."""
    said = subprocess.run(
        ["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True
    ).stderr
    complaints = [line for line in said.splitlines() if "is not executable" not in line]
    assert [line for line in complaints if "scanner.service" in line] == []
