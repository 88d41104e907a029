"""The program as a device has it: whole without what is only a desk's or a city's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.cli import COMMANDS
from tests.systemd.units import FOLDER

NOT_ON_A_DEVICE = {"demo", "central"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program as the installer lays it."""
    folder = tmp_path_factory.mktemp("site")
    script = 'here=$1; . "$here/release.sh"; lay_program "$2"'
    subprocess.run(["sh", "-c", script, "sh", str(FOLDER), str(folder)], check=True)
    return folder


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program of that folder; this checkout is not on its path."""
    program = (
        "import sys; root = sys.argv.pop(1)\n"
        "sys.path = [root] + [p for p in sys.path if p != root and not p.endswith('.pth')]\n"
        "import scanner; assert scanner.__file__.startswith(root), scanner.__file__\n"
        "from scanner.__main__ import run; sys.exit(run(sys.argv[1:]))\n"
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", program, str(site), *arguments],
        env=os.environ | {"SCANNER_DEBUG": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_what_is_there(site: Path) -> None:
    """Nobody is offered a demo that was left out."""
    listed = {line.split()[0] for line in run(site, "--help").stdout.splitlines() if line.strip()}
    assert listed >= COMMANDS.keys() - NOT_ON_A_DEVICE
    assert not listed & NOT_ON_A_DEVICE


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - NOT_ON_A_DEVICE))
def test_command_loads_without_what_was_left_out(site: Path, name: str) -> None:
    """Each command of a device explains itself there."""
    ended = run(site, name, "--help")
    assert (ended.returncode, "Usage: scanner" in ended.stdout) == (0, True), ended.stderr


@pytest.mark.parametrize("name", sorted(NOT_ON_A_DEVICE))
def test_command_that_was_left_out_is_unknown(site: Path, name: str) -> None:
    """64 and one sentence, as for any word that is no command."""
    assert run(site, name).returncode == 64


def test_no_private_key_is_in_it(site: Path) -> None:
    """Neither a test key nor any other: each device makes its own."""
    key = re.compile(rb"PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}|AGE-SECRET-KEY-1[0-9A-Z]{50}")
    files = [path for path in site.rglob("*") if path.is_file()]
    assert len(files) > 100
    assert [path for path in files if key.search(path.read_bytes())] == []
