"""A boot partition in order, and a device on which nothing was done."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.boot.reasons import FILE
from scanner.boot.taking import Places
from tests.boot.mistakes import GOOD


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """A partition with a file in order."""
    folder = tmp_path / "boot"
    folder.mkdir()
    (folder / FILE).write_text(GOOD)
    return folder


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Of a device on which nothing was done yet."""
    (tmp_path / "state").mkdir()
    return Places(*(tmp_path / name for name in ("etc", "network", "modprobe", "state")))
