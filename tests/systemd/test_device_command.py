"""`scanner` as it is typed on a device: who it goes on as."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.systemd.units import FOLDER

# What it calls; setpriv says that it was there and goes on with what stands behind its options.
TOOLS = {
    "id": "echo $USER_NUMBER",
    "getent": "exit $NO_SUCH_USER",
    "setpriv": 'until [ "$1" = -- ]; do shift; done; shift; echo as the scanner: "$@"',
    "python": "echo as it was: $0 $*",
}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The program in its place, a Python and tools that say how they were called."""
    folder = tmp_path / "releases/1"
    for name, body in TOOLS.items():
        place = folder / "bin" if name == "python" else tmp_path / "tools"
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(f"#!/bin/sh\n{body}\n")
        (place / name).chmod(0o755)
    shutil.copy(FOLDER / "device/scanner", folder / "bin/scanner")
    (folder / "bin/scanner").chmod(0o755)
    (tmp_path / "scanner").symlink_to(folder / "bin/scanner")
    return tmp_path


def said(release: Path, *arguments: str, user: int = 0, has_user: bool = True) -> str:
    """What came of it, without the folder."""
    done = subprocess.run(
        [release / "scanner", *arguments],
        env={
            "PATH": f"{release}/tools:/usr/bin:/bin",
            "USER_NUMBER": str(user),
            "NO_SUCH_USER": "0" if has_user else "2",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip().replace(f"{release}/releases/1/bin/", "")


@pytest.mark.parametrize("command", ["doctor", "migrate", "sync", "enrol", "status"])
def test_root_goes_on_as_the_scanner(release: Path, command: str) -> None:
    """What it writes must be the scanner's, or the service could not read it."""
    assert said(release, command, "--json") == (
        f"as the scanner: python -I -m scanner {command} --json"
    )


@pytest.mark.parametrize("command", ["first-boot", "fleet", "support-bundle"])
def test_what_needs_root_stays_root(release: Path, command: str) -> None:
    """Settings, Wi-Fi and the journal are root's."""
    assert said(release, command, "x") == f"as it was: python -I -m scanner {command} x"


def test_other_users_stay_who_they_are(release: Path) -> None:
    """And root does, where there is no user of that name yet."""
    assert said(release, "doctor", user=1000) == "as it was: python -I -m scanner doctor"
    assert said(release, "doctor", has_user=False) == "as it was: python -I -m scanner doctor"
    assert said(release) == "as the scanner: python -I -m scanner"
