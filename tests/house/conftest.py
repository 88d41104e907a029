"""Where the house tests find the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The top folder, with pyproject.toml."""
    return Path(__file__).parents[2]
