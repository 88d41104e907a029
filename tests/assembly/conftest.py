"""A device with a day of records, made once and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.assembly.kept import a_state


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """To be copied, not used."""
    return a_state(tmp_path_factory.mktemp("kept") / "state")


@pytest.fixture
def state(kept: Path, tmp_path: Path) -> Path:
    """A device with a day of records."""
    return Path(shutil.copytree(kept, tmp_path / "state"))
