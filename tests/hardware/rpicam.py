"""Puts a program named rpicam-vid on the path, which behaves in one of the ways of the fake."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

FAKE = Path(__file__).with_name("fake_rpicam.py")


class FakeProgram:
    """A folder with the program, and the file that holds it back while it is there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pids = folder / "pids"
        self.hold = folder / "hold"
        self.hold.touch()
        self._program = folder / "rpicam-vid"
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        monkeypatch.setenv("FAKE_RPICAM_HOLD", str(self.hold))

    def behave(self, way: str) -> None:
        """From the next start on."""
        command = shlex.join([sys.executable, "-S", str(FAKE), way])
        note = f"echo $$ >> {shlex.quote(str(self.pids))}"
        self._program.write_text(f'#!/bin/sh\n{note}\nexec {command} "$@"\n')
        self._program.chmod(0o755)

    def let_go(self) -> None:
        self.hold.unlink()

    @property
    def started(self) -> list[int]:
        """The process ids of all that were started, in order."""
        return [int(line) for line in self.pids.read_text().split()] if self.pids.exists() else []
