"""Both engines give the same bytes and the same corners, so the cascade may take either."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from scanner.vision.engines import Engine, Zbar, zxing, zxing_shrinking

Grey = NDArray[np.uint8]
Render = Callable[..., Grey]
ENGINES: dict[str, Engine] = {"zxing": zxing, "zxing, shrinking": zxing_shrinking, "zbar": Zbar()}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine of the cascade in turn."""
    return ENGINES[str(request.param)]


@pytest.mark.parametrize(
    "payload", [b"MP1:ABC", bytes(range(256)), b"\x00\x80\xff", b"\xc3\x28", "проход".encode()]
)
@pytest.mark.parametrize("is_inverted", [False, True], ids=["dark on light", "light on dark"])
def test_bytes_come_out_raw(
    engine: Engine, render: Render, payload: bytes, is_inverted: bool
) -> None:
    """No engine recodes a payload, in either polarity."""
    image = render(payload)
    assert [found.payload for found in engine(255 - image if is_inverted else image)] == [payload]


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
def test_corners_go_clockwise_from_the_top_left_of_the_code(
    engine: Engine, render: Render, quarter: int
) -> None:
    """The first corner is the code's own top left however the code lies."""
    image = render(b"MP1:CORNERS", 6)
    near, far = 4 * 6, image.shape[0] - 4 * 6
    upright = [(near, near), (far, near), (far, far), (near, far)]
    (found,) = engine(np.ascontiguousarray(np.rot90(image, quarter)))
    for corner, expected in zip(found.corners, _turned(upright, quarter), strict=True):
        assert math.dist(corner, expected) <= 6


def _turned(corners: list[tuple[int, int]], quarter: int) -> list[tuple[int, int]]:
    """Where corners go when the picture is turned counter-clockwise by quarters, as np.rot90."""
    return corners[-quarter:] + corners[:-quarter] if quarter else corners


def test_other_symbologies_are_not_read(engine: Engine) -> None:
    """A bar code on a parcel is nothing: only QR is enabled."""
    bars = [int(bit) for bit in "101" + "0001101" * 6 + "01010" + "1110010" * 6 + "101"]
    strip = np.kron(1 - np.pad(np.array([bars]), 12), np.full((80, 3), 255)).astype(np.uint8)
    assert engine(np.ascontiguousarray(np.pad(strip, 20, constant_values=255))) == []
