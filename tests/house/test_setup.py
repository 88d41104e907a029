"""scanner/setup.sh: what a first, a second, a cut-off and a simultaneous run do.

The programs around it are stand-ins that write down how they were called; the shell script is the
real one. Whole installations are tried in bare Debian roots, not here.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

PYTHON = """#!/bin/sh
echo "python $*" >>"$CALLS"
case "$*" in
*_base_executable*) echo "$FAKES/python3" ;;
*"-m venv"*) for folder; do :; done; mkdir -p "$folder/bin" && cp "$0" "$folder/bin/python" ;;
*"pip install"*) flock "$GATE" true; [ ! -e "$GATE.shut" ] ;;
*purelib*) mkdir -p "${0%/bin/*}/site" && echo "${0%/bin/*}/site" ;;
*version_info\\[:2\\]*) echo "Python $VERSION in" ;;
*CDLL*) [ ! -e "$FAKES/missing" ] || cat "$FAKES/missing" ;;
esac
"""
APT_GET = """#!/bin/sh
echo "apt-get $*" >>"$CALLS"
case "$*" in *install*) rm -f "$FAKES/missing"; cp "$FAKES/../python3" "$FAKES/python3" ;; esac
programs=$FAKES/../pg/15/bin
case "$*" in *" postgresql") mkdir -p "$programs" && cp "$0" "$programs/initdb" ;; esac
"""
SUDO = """#!/bin/sh
echo "sudo $*" >>"$CALLS"
[ "$1" = -n ] || exec "$@"
"""
REAL = (
    "cat", "chmod", "cmp", "cp", "date", "env", "flock", "head", "mkdir", "rm", "sh", "sleep",
    "touch", "tr", "true",
)  # fmt: skip


@dataclass
class Machine:
    """A folder of programs, and a checkout with a space in its path."""

    folder: Path
    user: str = "0"
    version: str = "3.11"
    needs: str = ""

    @property
    def root(self) -> Path:
        return self.folder / "check out"

    @property
    def gate(self) -> Path:
        """pip waits for the lock on this file; a file beside it, ending in .shut, lets it fail."""
        return self.folder / "gate"

    @property
    def conf(self) -> Path:
        """Where Debian is told whether to make a database cluster."""
        return self.folder / "etc/postgresql/createcluster.conf"

    def add(self, name: str, text: str) -> None:
        """Put a program where the shell finds it."""
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def start(self) -> subprocess.Popen[str]:
        """Begin `sh scanner/demo.sh`, cut short after the set-up, from another folder."""
        self.add("id", f"#!/bin/sh\necho {self.user}\n")
        fakes = self.folder / "bin"
        return subprocess.Popen(
            [
                "/bin/sh",
                "-euc",
                f'root="{self.root}"; postgres_home="{self.folder}/pg"; {self.needs}'
                f'postgres_conf="{self.conf}"; . "$root/scanner/setup.sh"; echo "done"',
            ],
            cwd="/",
            env={
                "PATH": str(fakes), "FAKES": str(fakes), "CALLS": str(self.folder / "calls"),
                "GATE": str(self.gate), "VERSION": self.version,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def run(self) -> tuple[int, str, list[str]]:
        """Exit code, what was said, and how the stand-ins were called in this run."""
        (self.folder / "calls").write_text("")
        process = self.start()
        _, said = process.communicate(timeout=30)
        return process.returncode, said, self.calls()

    def calls(self) -> list[str]:
        """How the stand-ins were called since the last run() began."""
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path, checkout: Path) -> Machine:
    """A machine with an interpreter and all libraries, nothing installed in the checkout."""
    made = Machine(tmp_path)
    (tmp_path / "bin").mkdir()
    for name in REAL:
        path = shutil.which(name)
        assert path
        os.symlink(path, tmp_path / "bin" / name)
    (made.root / "scanner").mkdir(parents=True)
    shutil.copy(checkout / "scanner/setup.sh", made.root / "scanner")
    (made.root / "requirements.lock").write_text("some==1\n")
    made.add("python3", PYTHON)
    shutil.copy(tmp_path / "bin/python3", tmp_path / "python3")
    return made


def line_of(process: subprocess.Popen[str]) -> str:
    """The next thing it says; empty when it has ended."""
    assert process.stderr
    return process.stderr.readline()


def count(calls: list[str], word: str) -> int:
    """How many calls hold this word."""
    return sum(word in call for call in calls)


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


TESTS = "needs_postgres=yes;"


def test_demo_needs_no_database(machine: Machine) -> None:
    """Only the tests ask for a PostgreSQL server."""
    machine.add("apt-get", APT_GET)
    code, said, calls = machine.run()
    assert (code, count(calls, "postgresql")) == (0, 0)
    assert "PostgreSQL" not in said


def test_tests_bring_a_database_server_once(machine: Machine) -> None:
    """Debian's own cluster is kept from being made; the second run finds everything."""
    machine.needs = TESTS
    machine.add("apt-get", APT_GET)
    code, _, calls = machine.run()
    assert (code, count(calls, "install -y --no-install-recommends postgresql")) == (0, 1)
    assert machine.conf.read_text() == "create_main_cluster = false\n"
    code, said, calls = machine.run()
    assert (code, said, count(calls, "apt-get")) == (0, "", 0)


def test_database_server_on_the_path_will_do(machine: Machine) -> None:
    """Whatever brought it there."""
    machine.needs = TESTS
    machine.add("apt-get", APT_GET)
    machine.add("initdb", "#!/bin/sh\n")
    code, _, calls = machine.run()
    assert (code, count(calls, "apt-get")) == (0, 0)


def test_what_the_system_does_with_clusters_is_left_to_it(machine: Machine) -> None:
    """A machine that has PostgreSQL's settings already keeps them."""
    machine.needs = TESTS
    machine.add("apt-get", APT_GET)
    machine.conf.parent.mkdir(parents=True)
    machine.conf.write_text("of the system\n")
    assert machine.run()[0] == 0
    assert machine.conf.read_text() == "of the system\n"


def test_machine_that_cannot_have_a_database_server_still_tests(machine: Machine) -> None:
    """Without apt, or without root, the tests that need it are skipped, and that is said."""
    machine.needs = TESTS
    for user, has_apt in (("0", False), ("1000", True)):
        machine.user = user
        if has_apt:
            machine.add("apt-get", APT_GET)
        code, said, calls = machine.run()
        assert (code, count(calls, "apt-get")) == (0, 0)
        assert "its tests are skipped" in said


def test_user_with_sudo_brings_the_database_server(machine: Machine) -> None:
    """Settings and package by sudo, nothing else."""
    machine.needs, machine.user = TESTS, "1000"
    machine.add("apt-get", APT_GET)
    machine.add("sudo", SUDO)
    code, _, calls = machine.run()
    assert code == 0
    by_sudo = [call for call in calls if call.startswith("sudo")]
    assert count(by_sudo, "createcluster.conf") == 1
    assert count(by_sudo, "install -y --no-install-recommends postgresql") == 1


def test_tests_bring_the_library_of_other_times_once(machine: Machine) -> None:
    """Where it is, wherever it came from, nothing is asked of apt."""
    machine.needs = f'needs_faketime=yes; faketime_home="{machine.folder}/lib";'
    machine.add("apt-get", APT_GET)
    code, _, calls = machine.run()
    assert (code, count(calls, "install -y --no-install-recommends libfaketime")) == (0, 1)
    library = machine.folder / "lib/some-arch/faketime/libfaketime.so.1"
    library.parent.mkdir(parents=True)
    library.touch()
    code, said, calls = machine.run()
    assert (code, said, count(calls, "apt-get")) == (0, "", 0)


def test_tests_bring_strace_once(machine: Machine) -> None:
    """Where it is on PATH nothing is asked of apt; without root its tests are skipped."""
    machine.needs = "needs_strace=yes;"
    machine.user = "1000"
    code, said, _ = machine.run()
    assert (code, "no strace here: its tests are skipped" in said) == (0, True)
    machine.user = "0"
    machine.add("apt-get", APT_GET)
    code, _, calls = machine.run()
    assert (code, count(calls, "install -y --no-install-recommends strace")) == (0, 1)
    machine.add("strace", "#!/bin/sh")
    code, said, calls = machine.run()
    assert (code, said, count(calls, "apt-get")) == (0, "", 0)
