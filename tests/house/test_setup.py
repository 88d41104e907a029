"""scanner/setup.sh: what a first, a second, a cut-off and a simultaneous run do.

The programs around it are stand-ins that write down how they were called; the shell script is the
real one. Whole installations are tried in bare Debian roots, not here.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from tests.house.machine import APT_GET, SUDO, Machine, count


def line_of(process: subprocess.Popen[str]) -> str:
    """The next thing it says; empty when it has ended."""
    assert process.stderr
    return process.stderr.readline()


def test_second_run_installs_nothing(machine: Machine) -> None:
    """Once everything stands there, neither pip nor apt nor an environment is touched."""
    code, _, first = machine.run()
    assert (code, count(first, "-m venv"), count(first, "pip install")) == (0, 1, 1)
    code, said, second = machine.run()
    assert (code, said) == (0, "")
    assert count(second, "pip") == count(second, "venv ") == count(second, "apt-get") == 0


def test_only_files_of_the_lock_get_in(machine: Machine) -> None:
    """pip is called with hashes required and without the right to build anything."""
    _, _, calls = machine.run()
    (install,) = [call for call in calls if "pip install" in call]
    assert "--require-hashes" in install
    assert "--only-binary=:all:" in install
    assert install.endswith(f"-r {machine.root}/requirements.lock")


def test_changed_lock_is_installed_into_the_same_environment(machine: Machine) -> None:
    """A new lock costs what has changed, not a new environment."""
    machine.run()
    (machine.root / "requirements.lock").write_text("some==2\n")
    code, _, calls = machine.run()
    assert (code, count(calls, "-m venv"), count(calls, "pip install")) == (0, 0, 1)


def test_cut_off_run_is_begun_anew(machine: Machine) -> None:
    """What a failed or killed run left behind is thrown away by the next one."""
    machine.gate.with_suffix(".shut").touch()
    code, said, _ = machine.run()
    assert code == 69
    assert "Check the network" in said
    (machine.root / ".venv/left-over").touch()
    machine.gate.with_suffix(".shut").unlink()
    code, _, calls = machine.run()
    assert (code, count(calls, "-m venv")) == (0, 1)
    assert not (machine.root / ".venv/left-over").exists()


def test_other_interpreter_needs_a_new_environment(machine: Machine) -> None:
    """After the system's Python has gone from one version to the next, .venv is made anew."""
    machine.run()
    machine.version = "3.13"
    code, _, calls = machine.run()
    assert (code, count(calls, "-m venv")) == (0, 1)


def test_moved_checkout_needs_a_new_environment(machine: Machine, tmp_path: Path) -> None:
    """Programs in .venv name their interpreter by its path: they do not survive a move."""
    machine.run()
    (tmp_path / "elsewhere").mkdir()
    shutil.move(machine.root, tmp_path / "elsewhere")
    os.symlink(tmp_path / "bin", tmp_path / "elsewhere/bin")
    moved = Machine(tmp_path / "elsewhere")
    code, _, calls = moved.run()
    assert (code, count(calls, "-m venv")) == (0, 1)


def test_two_runs_at_once_install_once(machine: Machine) -> None:
    """The second of two runs waits for the first, then finds everything done."""
    (machine.folder / "calls").write_text("")
    with machine.gate.open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        first = machine.start()
        assert "making" in line_of(first)
        second = machine.start()
        assert "waiting" in line_of(second)
    for process in (first, second):
        process.communicate(timeout=30)
    assert (first.returncode, second.returncode) == (0, 0)
    assert count(machine.calls(), "pip install") == 1


def test_root_installs_only_what_cannot_be_loaded(machine: Machine) -> None:
    """A library that loads is not asked for, whatever its package is called here."""
    (machine.folder / "bin/missing").write_text("libzbar0\n")
    machine.add("apt-get", APT_GET)
    code, _, calls = machine.run()
    install = [call for call in calls if call.startswith("apt-get") and " install " in call]
    assert code == 0
    assert [call.partition(" install ")[2] for call in install] == [
        "-y --no-install-recommends libzbar0"
    ]


def test_lost_library_costs_no_new_environment(machine: Machine) -> None:
    """When only a system library has gone, the network is not needed for anything else."""
    machine.run()
    (machine.folder / "bin/missing").write_text("libgl1\n")
    machine.add("apt-get", APT_GET)
    code, _, calls = machine.run()
    assert (code, count(calls, "pip install"), count(calls, "recommends libgl1")) == (0, 0, 1)


def test_user_with_sudo_installs_by_sudo(machine: Machine) -> None:
    """Only apt runs as root; .venv is the user's own."""
    (machine.folder / "bin/python3").unlink()
    machine.user = "1000"
    machine.add("apt-get", APT_GET)
    machine.add("sudo", SUDO)
    code, _, calls = machine.run()
    assert code == 0
    by_sudo = [call for call in calls if call.startswith("sudo")]
    assert count(by_sudo, "install -y --no-install-recommends python3-venv libzbar0") == 1
    assert count(by_sudo, "pip") == 0


def test_user_who_cannot_be_root_is_told_the_line(machine: Machine) -> None:
    """Without root and sudo nothing is tried: the line for somebody who may is printed."""
    (machine.folder / "bin/python3").unlink()
    machine.user = "1000"
    machine.add("apt-get", APT_GET)
    code, said, calls = machine.run()
    assert (code, calls) == (69, [])
    line = "apt-get update && apt-get install -y --no-install-recommends python3-venv libzbar0"
    assert line in said


def test_system_without_apt_is_told_the_packages(machine: Machine) -> None:
    """Another distribution's user learns what to look for."""
    (machine.folder / "bin/missing").write_text("libgl1\n")
    code, said, _ = machine.run()
    assert code == 69
    assert "libgl1" in said
