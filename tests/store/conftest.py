"""A device whose log waits to be sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.core.reasons import Reason
from tests.sync.sealed import SealedDevice


@pytest.fixture
def device(tmp_path: Path) -> Iterator[SealedDevice]:
    """Thirty records in two segments, and a heartbeat."""
    device = SealedDevice(tmp_path)
    device.scan(20)
    device.seal(whole=True)
    device.scan(10, Reason.EXPIRED)
    device.seal(whole=True)
    device.seal()
    yield device
    device.close()
