"""What every unit is shut into, and what systemd itself thinks of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.systemd.units import FOLDER, SERVICES, TIMERS, settings

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
    "scanner-first-boot.service": 1.0,
    "scanner-stick@.service": 1.4,
}
# Of root's rights: to reach the scanner's folder; the stick's also to become the scanner's user.
CAPABILITIES = {
    "scanner-first-boot.service": "CAP_DAC_OVERRIDE",
    "scanner-stick@.service": "CAP_DAC_OVERRIDE CAP_SETUID CAP_SETGID",
}


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
def test_rights_are_none_or_named_here(unit: Path) -> None:
    """Nobody gains rights; two run as root, with the few capabilities that setting up needs."""
    service = settings(unit.name)
    assert service["NoNewPrivileges"] == "yes"
    assert service["CapabilityBoundingSet"] == CAPABILITIES.get(unit.name, "")
    assert (service["User"] == "root") == (unit.name in CAPABILITIES)
    assert service.get("PrivateUsers") == (None if unit.name in CAPABILITIES else "yes")


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
    """No unit ships without a figure."""
    assert {unit.name for unit in SERVICES} == MOST.keys()
    assert {unit.parent for unit in SERVICES} == {FOLDER}
