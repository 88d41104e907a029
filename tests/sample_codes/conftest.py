"""The lists of the bundle, opened once for all tests of the samples."""

from __future__ import annotations

import pytest

from tests.sample_codes.lists import Lists


@pytest.fixture(scope="session")
def lists() -> Lists:
    return Lists()
