"""OpenCV prepares, and the way back to pixels of the frame is kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from scanner.vision.prepare import (
    View,
    busiest_region,
    resized,
    sharpened,
    shrunk,
    smoothed,
    to_grey,
)

Grey = NDArray[np.uint8]
Render = Callable[..., Grey]


def test_the_region_holds_the_code_and_little_else(render: Render, on_table: Render) -> None:
    """The busiest region contains the whole code and is much smaller than the frame."""
    code = render("MP1:" + "A7" * 100, 3)
    region = busiest_region(View(on_table((code, 800, 300))))
    assert region is not None
    height, width = region.grey.shape
    assert region.left <= 812
    assert region.top <= 312
    assert region.left + width >= 800 + code.shape[1] - 12
    assert region.top + height >= 300 + code.shape[0] - 12
    assert height * width < 4 * code.size


def test_lines_of_text_do_not_outweigh_a_code(render: Render, on_table: Render) -> None:
    """A striped wall, strong in one direction only, does not draw the eye away from the code."""
    wall = np.zeros((600, 500), np.uint8)
    wall[::6] = wall[1::6] = wall[2::6] = 255
    code = render("MP1:" + "A7" * 100, 3)
    region = busiest_region(View(on_table((wall, 20, 60), (code, 800, 300))))
    assert region is not None
    assert region.left > 520


@pytest.mark.parametrize("value", [0, 120, 255])
def test_a_plain_frame_has_no_region(value: int) -> None:
    """Where nothing stands out nothing is worth a second look."""
    assert busiest_region(View(np.full((720, 1280), value, np.uint8))) is None


@pytest.mark.parametrize("sigma", [2, 5, 10])
def test_grain_has_no_region(sigma: int) -> None:
    """Noise that is alike everywhere is not looked through for a code."""
    grain = np.random.default_rng(sigma).normal(128, sigma, (720, 1280))
    assert busiest_region(View(np.clip(grain, 0, 255).astype(np.uint8))) is None


def test_code_that_fills_the_frame_is_no_grain(render: Render) -> None:
    """It is as even as grain, and looked at all the same."""
    code = render("MP1:" + "A7" * 100, 6)
    assert busiest_region(View(np.ascontiguousarray(code[60:-60, 60:-60]))) is not None


def test_points_find_their_way_back() -> None:
    """A point of a crop enlarged twice is the pixel of the frame it came from."""
    view = resized(View(np.zeros((50, 80), np.uint8), left=100, top=40), 2.0)
    assert view.grey.shape == (100, 160)
    assert view.to_frame(60, 30) == (130, 55)
    assert smoothed(sharpened(view)).to_frame(0, 0) == (100, 40)


def test_shrinking_keeps_to_the_limit() -> None:
    """A large view comes down to the limit, a small one stays as it is."""
    large = View(np.zeros((3000, 4000), np.uint8))
    assert shrunk(large, 1_000_000).grey.size == pytest.approx(1_000_000, rel=0.01)
    assert shrunk(large, 12_000_000) is large


def test_grey_is_not_copied() -> None:
    """A contiguous grey picture is used as it is."""
    grey = np.zeros((10, 10), np.uint8)
    assert to_grey(grey) is grey
    assert to_grey(np.zeros((0, 10, 3), np.uint8)).shape == (0, 10)


def test_the_region_of_a_shrunk_picture_lies_in_the_picture_itself(
    render: Render, on_table: Render
) -> None:
    """A still of twelve million pixels is searched small; its region counts in its own pixels."""
    code = render("MP1:" + "A7" * 100, 8)
    still = View(on_table((code, 2400, 1600), height=3000, width=4000))
    region = busiest_region(shrunk(still, 1920 * 1080))
    assert region is not None
    height, width = region.grey.shape
    for x, y in ((2400 + 32, 1600 + 32), (2400 + code.shape[1] - 32, 1600 + code.shape[0] - 32)):
        assert region.to_frame(0, 0)[0] < x < region.to_frame(width, height)[0]
        assert region.to_frame(0, 0)[1] < y < region.to_frame(width, height)[1]
    assert height * width < still.grey.size / 8
