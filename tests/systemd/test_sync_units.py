"""The units that fetch lists: beside the loop, never in its way."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).resolve().parents[2] / "systemd"
SERVICE, TIMER = UNITS / "scanner-sync.service", UNITS / "scanner-sync.timer"


def settings(unit: Path) -> dict[str, str]:
    """Key and value of each line; these units name no key twice."""
    pairs = [
        line.partition("=")
        for line in unit.read_text().splitlines()
        if "=" in line and not line.startswith("#")
    ]
    found = {key: value for key, _, value in pairs}
    assert len(found) == len(pairs)
    return found


def test_lists_go_where_the_loop_reads_them() -> None:
    """The same user and state folder; what is fetched stays in memory between two runs."""
    sync, loop = settings(SERVICE), (UNITS / "scanner.service").read_text().splitlines()
    for key in ("User", "Group", "StateDirectory", "StateDirectoryMode", "UMask"):
        assert f"{key}={sync[key]}" in loop
    assert (sync["RuntimeDirectory"], sync["RuntimeDirectoryPreserve"]) == ("scanner-sync", "yes")


def test_run_that_holds_a_list_is_no_failure() -> None:
    """It ends by itself, and a hang is ended before long."""
    sync = settings(SERVICE)
    assert (sync["Type"], sync["SuccessExitStatus"]) == ("oneshot", "1")
    assert sync["TimeoutStartSec"] == "15min"
    assert "Restart" not in sync


def test_poll_is_five_minutes_and_scattered() -> None:
    """270 s after the last run and up to 60 s more: 300 s ± 10 % of all devices of a city."""
    timer = settings(TIMER)
    assert (timer["OnUnitInactiveSec"], timer["RandomizedDelaySec"]) == ("270s", "60s")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("unit", [SERVICE, TIMER], ids=lambda unit: unit.name)
def test_systemd_understands_every_line(unit: Path) -> None:
    """`systemd-analyze verify` has nothing to say but that the program is not installed here."""
    said = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True
    ).stderr
    complaints = [line for line in said.splitlines() if "is not executable" not in line]
    assert [line for line in complaints if "scanner-sync" in line] == []
