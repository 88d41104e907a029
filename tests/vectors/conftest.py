"""Where the public test vectors are: CHECKPOINT_VECTORS, else `../shared/vectors`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).parents[3] / "shared" / "vectors"


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder; the tests that need it are skipped, with the reason, where it is absent."""
    folder = Path(os.environ.get("CHECKPOINT_VECTORS", BESIDE))
    if not folder.is_dir():
        pytest.skip(f"the public vectors are not in {folder}; set CHECKPOINT_VECTORS")
    return folder
