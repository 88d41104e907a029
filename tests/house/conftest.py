"""The checkout, and a machine on which it is set up."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.house.machine import PYTHON, REAL, Machine


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The top folder, with pyproject.toml."""
    return Path(__file__).parents[2]


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
