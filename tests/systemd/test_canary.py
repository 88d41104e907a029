"""The canary itself: it breaks out where it can, says so, and is put into every unit."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from tests.systemd import canary
from tests.systemd.canary_units import unit_with_canary, write_units
from tests.systemd.units import SERVICES, settings

PROGRAM = Path(canary.__file__)


def test_what_nothing_forbids_has_worked() -> None:
    """Without a sandbox a socket opens and a shell starts: so the canary can sing."""
    tries = ["--only", "tcp", "--only", "shell", "--only", "own-program"]
    ended = subprocess.run(
        [sys.executable, "-I", str(PROGRAM), *tries], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "3 of 3 worked: tcp, shell, own-program" in ended.stdout


def test_what_is_given_by_design_is_no_break_out() -> None:
    """A unit that sends records opens a socket, and nothing is said against it."""
    tries = ["--only", "tcp", "--by-design", "tcp"]
    ended = subprocess.run(
        [sys.executable, "-I", str(PROGRAM), *tries], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, "0 of 1 worked: none" in ended.stdout) == (0, True)


def refuse(number: int) -> None:
    raise OSError(number, "refused")


def test_want_of_a_right_is_held_and_any_other_error_is_not() -> None:
    """The kernel that complains about an argument would have done it for a better one."""
    assert canary.attempt(lambda: refuse(errno.EPERM)) == "EPERM"
    assert canary.attempt(lambda: refuse(errno.ENOENT)) == "ENOENT"
    assert canary.attempt(lambda: refuse(errno.EINVAL)) is None
    assert canary.attempt(lambda: None) is None


def test_there_are_twenty_ways() -> None:
    """As many as the report counts."""
    assert len(canary.TRIES) == len({try_it.__name__ for try_it in canary.TRIES.values()}) == 20


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_sandbox_around_the_canary_is_that_of_the_unit(unit: Path, tmp_path: Path) -> None:
    """The same walls, user and folders; only the program is another one."""
    copy = tmp_path / unit.name
    copy.write_text(unit_with_canary(unit))
    ours, theirs = settings(str(copy)), settings(unit.name)
    walls = (
        "Protect Private Restrict SystemCall BindRead BindPaths NoExec ExecPaths Root User Group"
    )
    walls += " Supplementary Capability Device State Memory Key"
    kept = {key: value for key, value in theirs.items() if key.startswith(tuple(walls.split()))}
    assert len(kept) > 25
    assert {key: ours.get(key) for key in kept} == kept
    assert "canary.py" in ours["ExecStart"]
    assert not ours.keys() & {"ExecStartPre", "ExecStopPost", "ExecCondition", "OnFailure", "Wants"}


def test_step_of_root_has_a_canary_of_its_own(tmp_path: Path) -> None:
    """Who reads is not who places: both must be held."""
    write_units(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert len(names) == len(SERVICES) + 2
    for name in ("canary-scanner-first-boot-root.service", "canary-scanner-stick-root.service"):
        assert "ExecStart=!/usr/bin/python3" in (tmp_path / name).read_text("utf-8")
