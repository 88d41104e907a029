"""The question before each start of the loop: has anybody said where this device stands?"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.store.place import ENROLMENT_FILE
from scanner.store.wipe import STATEMENT
from tests.systemd.units import FOLDER, lines, settings

PROGRAM = FOLDER / "device/may_scan.py"


def asked(folder: Path) -> tuple[int, str]:
    """Exit code, and what it says."""
    command = [sys.executable, "-I", str(PROGRAM), str(folder / "checkpoint.toml"), str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize("text", ["", "standalone = false\n", "[checkpoint]\nzone = 7\n"])
def test_device_of_nobody_may_not(text: str, tmp_path: Path) -> None:
    """And is told what to do, in the journal."""
    (tmp_path / "checkpoint.toml").write_text(text)
    code, said = asked(tmp_path)
    assert (code, said.startswith("Enrol this device, or set standalone = true")) == (3, True)


@pytest.mark.parametrize("name", [ENROLMENT_FILE, STATEMENT])
def test_device_of_a_city_may(name: str, tmp_path: Path) -> None:
    """Enrolled, or wiped at the end of the regime, which it goes on to tell."""
    (tmp_path / "checkpoint.toml").write_text("")
    (tmp_path / name).write_text("{}")
    assert asked(tmp_path) == (0, "")


@pytest.mark.parametrize(
    "text", [None, "standalone = true\n", "standalone = 1\n", "x = = 3", "\udcff"]
)
def test_whatever_it_does_not_understand_is_left_to_the_loop(
    text: str | None, tmp_path: Path
) -> None:
    """Whose failures are shown: a mistake in the settings must not leave a gate dark in silence."""
    if text is not None:
        raw = text.encode("utf-8", "surrogateescape")
        (tmp_path / "checkpoint.toml").write_bytes(raw)
    assert asked(tmp_path) == (0, "")


def test_it_stands_on_the_standard_library_alone() -> None:
    """A damaged library would count as "no" [systemd.service(5), ExecCondition=]."""
    tree = ast.parse(PROGRAM.read_text("utf-8"))
    names = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    names |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert all((name or "").split(".")[0] in sys.stdlib_module_names for name in names)


def test_loop_asks_before_anything_else_and_begins_once_it_is_enrolled() -> None:
    """The condition is its own; the migration, which may fail, is none."""
    commands = [value for key, value in lines("scanner.service") if key.startswith("Exec")]
    assert commands[0] == "/usr/bin/python3 -I /opt/scanner/current/share/may_scan.py"
    assert "ExecCondition" in settings("scanner.service")
    assert "scanner.service" in settings("scanner-enrol.service")["OnSuccess"].split()
