"""The units that send scan records: beside the loop, on a timetable that tells nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from scanner.commands import upload
from scanner.core.upload import MOST_BODIES
from scanner.store.place import ENROLMENT_FILE
from scanner.sync.push import PATIENCE_S
from scanner.sync.tls import CONNECT_S, TOTAL_S

UNITS = Path(__file__).resolve().parents[2] / "systemd"
SERVICE, TIMER = UNITS / "scanner-upload.service", UNITS / "scanner-upload.timer"


def settings(unit: Path) -> dict[str, str]:
    """Key and value of each line; values of a key that stands there again are joined."""
    found: dict[str, str] = {}
    for line in unit.read_text().splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found[key] = f"{found[key]} {value}" if key in found else value
    return found


def test_records_are_taken_from_where_the_loop_keeps_them() -> None:
    """The same user, state folder and mask."""
    sender, loop = settings(SERVICE), (UNITS / "scanner.service").read_text().splitlines()
    for key in ("User", "Group", "StateDirectory", "StateDirectoryMode", "UMask"):
        assert f"{key}={sender[key]}" in loop


def test_sandbox_is_that_of_the_lists() -> None:
    """Whatever keeps the other process with a network in its place keeps this one, too."""
    sender, lists = settings(SERVICE), settings(UNITS / "scanner-sync.service")
    walls = [key for key in lists if key.startswith(("Protect", "Private", "Restrict", "Lock"))]
    walls += ["DevicePolicy", "CapabilityBoundingSet", "NoNewPrivileges", "SystemCallArchitectures"]
    assert len(walls) > 15
    assert {key: sender[key] for key in walls} == {key: lists[key] for key in walls}


def test_system_calls_are_those_of_the_loop() -> None:
    """Neither needs more than a plain service; the clock may be read and not be set."""
    sender, loop = settings(SERVICE), settings(UNITS / "scanner.service")
    for key in ("SystemCallFilter", "SystemCallErrorNumber", "MemoryDenyWriteExecute"):
        assert sender[key] == loop[key]


def test_timetable_does_not_depend_on_the_run_before() -> None:
    """Each minute by the clock, at a second that is the device's own, however long a run took."""
    timer = settings(TIMER)
    assert timer["OnCalendar"] == "minutely"
    assert (timer["RandomizedDelaySec"], timer["FixedRandomDelay"]) == ("60s", "yes")
    assert timer["AccuracySec"] == "1s"
    assert not [key for key in timer if key.startswith("OnUnit")]


def test_run_that_will_be_tried_again_is_no_failure() -> None:
    """The unit knows the exit codes of the command, and gives it all the time it may take."""
    sender = settings(SERVICE)
    assert (sender["Type"], "Restart" in sender) == ("oneshot", False)
    assert sender["SuccessExitStatus"] == f"{upload.ASIDE} {upload.LATER}"
    assert sender["TimeoutStartSec"] == "10min"
    assert MOST_BODIES * (2 * CONNECT_S + TOTAL_S) + PATIENCE_S < 600


def test_device_of_nobody_does_not_even_start() -> None:
    """Before the enrolment there is nothing to do each minute."""
    state = settings(SERVICE)["StateDirectory"]
    condition = settings(SERVICE)["ConditionPathExists"]
    assert condition == f"/var/lib/{state}/{ENROLMENT_FILE}"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("unit", [SERVICE, TIMER], ids=lambda unit: unit.name)
def test_systemd_understands_every_line(unit: Path) -> None:
    """`systemd-analyze verify` has nothing to say but that the program is not installed here."""
    said = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True
    ).stderr
    complaints = [line for line in said.splitlines() if "is not executable" not in line]
    assert [line for line in complaints if "scanner-upload" in line] == []
