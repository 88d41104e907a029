"""What every unit is shut into, and what systemd itself thinks of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.systemd.units import FOLDER, SERVICES, TIMERS, lines, settings

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")

# Exposure by `systemd-analyze security --offline=true`; the table in systemd/README.md.
MOST = {
    "scanner.service": 0.8,
    "scanner-reader.service": 0.1,
    "scanner-fault.service": 0.3,
    "scanner-sync.service": 1.0,
    "scanner-upload.service": 1.0,
    "scanner-enrol.service": 1.0,
    "scanner-first-boot.service": 0.4,
    "scanner-stick@.service": 0.1,
    "scanner-lamps@.service": 0.4,
}
MEAN = 0.7


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_no_shell_can_be_seen_or_run(unit: Path) -> None:
    """Of all programs the interpreter alone is there, and only it and its libraries may run."""
    service = settings(unit.name)
    assert service["RootDirectory"] == "/opt/scanner/root"
    seen = {path.lstrip("-") for path in service["BindReadOnlyPaths"].split()}
    assert not seen & {"/", "/usr", "/usr/bin", "/bin", "/var", "/etc", "/home", "/root", "/run"}
    runs = {path.lstrip("-") for path in service["ExecPaths"].split()}
    assert runs <= {"+/usr/bin/python3", "+/usr/lib", "+/opt/scanner", "+/usr/sbin/ldconfig"}


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_what_a_unit_can_write_it_cannot_run(unit: Path) -> None:
    """Each folder of its own is named: a mount in the root is not covered by the root's line."""
    service = settings(unit.name)
    shut = {path.lstrip("-+") for path in service["NoExecPaths"].split()}
    own = {"/", "/run", "/tmp", "/var/tmp", "/dev/shm", "/var/lib/scanner"}
    own |= {f"/run/{service['RuntimeDirectory']}"} if "RuntimeDirectory" in service else set()
    assert own <= shut


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_nobody_has_a_right_of_root(unit: Path) -> None:
    """No capability is left, nobody gains one, and the program has a user of its own."""
    service = settings(unit.name)
    assert (service["NoNewPrivileges"], service["PrivateUsers"]) == ("yes", "yes")
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == ""
    assert service["User"] in ("scanner", "scanner-reader")


def test_steps_of_root_are_few_and_keep_their_walls() -> None:
    """`!` changes the user alone. `+` would drop most walls and keep the root: it finds no tool."""
    steps = [
        (unit.name, value.lstrip("-"))
        for unit in SERVICES
        for key, value in lines(unit.name)
        if key.startswith("Exec") and "Paths" not in key and value.lstrip("-")[0] in "!+"
    ]
    assert {(name, value[0], value.split(" -m ")[-1]) for name, value in steps} == {
        ("scanner-first-boot.service", "!", "scanner.boot.placing --boot /boot/firmware"),
        ("scanner-stick@.service", "!", "scanner.boot.placing"),
    }


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_network_is_for_those_who_need_one(unit: Path) -> None:
    """Lists, upload and enrolment; neither the loop nor whoever reads what strangers show."""
    service = settings(unit.name)
    has_network = unit.name in {f"scanner-{name}.service" for name in ("sync", "upload", "enrol")}
    assert service.get("PrivateNetwork") == (None if has_network else "yes")
    assert ("AF_INET" in service["RestrictAddressFamilies"]) == has_network


@needs_systemd
@pytest.mark.parametrize("unit", [*SERVICES, *TIMERS], ids=lambda unit: unit.name)
def test_systemd_understands_every_line(unit: Path) -> None:
    """`systemd-analyze verify` has nothing to say but that the program is not installed here."""
    said = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True
    ).stderr
    complaints = [line for line in said.splitlines() if "is not executable" not in line]
    assert [line for line in complaints if "scanner" in line] == []


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_exposure_is_no_higher_than_said(unit: Path) -> None:
    """A line of the sandbox that gets lost is seen."""
    asked = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(asked, capture_output=True, text=True).stdout
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", said)
    assert exposure is not None, said
    assert float(exposure[1]) <= MOST[unit.name]


def test_every_unit_is_in_the_table() -> None:
    """No unit ships without a figure, and the mean of all is what was asked for."""
    assert {unit.name for unit in SERVICES} == MOST.keys()
    assert {unit.parent for unit in SERVICES} == {FOLDER}
    assert max(MOST.values()) <= 1.2
    assert sum(MOST.values()) / len(MOST) <= MEAN
