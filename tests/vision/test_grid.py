"""The project's own reader: codes that are too small or too blurred for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from scanner.vision.engines import Zbar, zxing, zxing_shrinking
from scanner.vision.finder import SIZES
from scanner.vision.grid import FULL, best_pose, grid, read_region
from scanner.vision.prepare import View, resized, sharpened

Grey = NDArray[np.uint8]
Render = Callable[..., Grey]
Take = Callable[..., Grey]


def others(grey: Grey) -> list[object]:
    """What the other readers make of it, with the strongest preparation that helps them."""
    sharp = sharpened(resized(View(grey), 2.0)).grey
    views = (grey, sharp)
    return [
        found for view in views for read in (zxing, zxing_shrinking, Zbar()) for found in read(view)
    ]


@pytest.mark.parametrize(
    ("module_px", "blur_px", "moved_px"),
    [(2.1, 1.2, 0), (2.5, 1.4, 0), (2.5, 1.0, 4), (3.2, 1.8, 0)],
)
def test_what_no_other_reads_is_read(
    take: Take, pass_text: str, module_px: float, blur_px: float, moved_px: float
) -> None:
    """Two or three pixels a module and blur as wide as a module: only the lattice reads it."""
    region = take(pass_text, module_px, blur_px, moved_px=moved_px)
    assert others(region) == []
    assert [found.payload for found in grid(region)] == [pass_text.encode()]


def test_light_on_dark_is_read(take: Take, pass_text: str) -> None:
    """A phone in dark mode is read as well."""
    region = 255 - take(pass_text, 2.5, 1.4)
    assert [found.payload for found in grid(region)] == [pass_text.encode()]


@pytest.mark.parametrize("degrees", [0, 45, 90, 170, 215, 300])
def test_turned_codes_are_read(take: Take, pass_text: str, degrees: float) -> None:
    """Whichever way up the phone is held."""
    region = take(pass_text, 2.6, 1.3, degrees=degrees)
    assert [found.payload for found in grid(region)] == [pass_text.encode()]


@pytest.mark.parametrize("degrees", [15, 30, 45])
def test_a_strongly_tilted_code_is_read(take: Take, pass_text: str, degrees: float) -> None:
    """A phone held at 57 degrees to the camera shows a code of half its width: it is read."""
    region = take(pass_text, 2.7, 0.7, degrees=degrees)
    squeezed = cv2.resize(region, None, fx=0.55, fy=1, interpolation=cv2.INTER_AREA)
    tilted = np.asarray(squeezed, np.uint8)
    assert best_pose(tilted, SIZES, replace(FULL, shapes=())) is None
    assert [found.payload for found in grid(tilted)] == [pass_text.encode()]


def test_a_mirrored_code_is_nothing(take: Take, pass_text: str) -> None:
    """A code seen in a mirror is not read: no pass is shown so."""
    region = np.ascontiguousarray(take(pass_text, 2.6, 1.0)[:, ::-1])
    assert [found for found in grid(region) if found.payload is not None] == []


def test_a_code_too_blurred_is_seen_without_being_read(take: Take, pass_text: str) -> None:
    """It is reported as there, without a payload, so that nobody reads on in vain."""
    region = take(pass_text, 2.5, 1.7, grain=14)
    code = read_region(region)
    assert code is not None
    assert code.payload is None


def noise(random: np.random.Generator) -> Grey:
    return random.integers(0, 256, (240, 240), np.uint8)


def blocks(random: np.random.Generator) -> Grey:
    small = random.integers(0, 2, (90, 90), np.uint8) * np.uint8(200)
    return np.asarray(cv2.resize(small, (240, 240), interpolation=cv2.INTER_LINEAR), np.uint8)


def lines_of_text(random: np.random.Generator) -> Grey:
    page = np.full((240, 320), 230, np.uint8)
    for row in range(14, 230, 14):
        words = "".join(random.choice(list("ABCDEFGHIKLMNOPRSTU 0123456789"), 40))
        cv2.putText(page, words, (4, row), cv2.FONT_HERSHEY_PLAIN, 0.8, (20,), 1)
    return page


def finder_patterns(random: np.random.Generator) -> Grey:
    """Three finder patterns like those of a pass, and blocks at random between them."""
    modules = random.integers(0, 2, (61, 61)).astype(np.uint8)
    ring = np.maximum(*np.abs(np.mgrid[-4:5, -4:5]))
    pattern = ((ring != 2) & (ring != 4)).astype(np.uint8)
    for row, column in ((0, 0), (0, 52), (52, 0)):
        modules[row : row + 9, column : column + 9] = pattern
    image = np.kron(1 - np.pad(modules, 4), np.full((3, 3), 200, np.uint8)).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 1.2), np.uint8)


@pytest.mark.parametrize("picture", [noise, blocks, lines_of_text, finder_patterns])
def test_what_is_no_code_is_not_read(picture: Callable[[np.random.Generator], Grey]) -> None:
    """Noise, texture, print and finder patterns around nonsense give no payload."""
    random = np.random.default_rng(8)
    for _ in range(6):
        assert [found for found in grid(picture(random)) if found.payload is not None] == []


def test_two_codes_over_each_other_are_no_third(take: Take, pass_text: str) -> None:
    """A reflection of one code on another gives one of the two or nothing."""
    first = take(pass_text, 2.6, 1.2).astype(np.float32)
    second = take("MP1:" + pass_text[:3:-1], 2.6, 1.2).astype(np.float32)
    for share in (0.35, 0.5, 0.65):
        mixed = (share * first + (1 - share) * second).astype(np.uint8)
        read = {found.payload for found in grid(mixed) if found.payload is not None}
        assert read <= {pass_text.encode(), ("MP1:" + pass_text[:3:-1]).encode()}


@pytest.mark.parametrize("shape", [(1, 1), (63, 63), (64, 64), (65, 900), (900, 65)])
def test_any_size_is_looked_at(shape: tuple[int, int]) -> None:
    """No region is too small or too long to be looked at."""
    assert grid(np.random.default_rng(9).integers(0, 256, shape, np.uint8)) == []


def test_the_corners_lie_on_the_code(render: Render, on_table: Render, pass_text: str) -> None:
    """Clockwise from the code's own top left, to the pixel."""
    code = render(pass_text, 3)
    region = on_table((code, 60, 50), height=350, width=350)
    (found,) = grid(region)
    near, far = 4 * 3 - 0.5, code.shape[0] - 4 * 3 - 0.5
    expected = [(near, near), (far, near), (far, far), (near, far)]
    for (x, y), (left, top) in zip(found.corners, expected, strict=True):
        assert abs(x - 60 - left) < 1
        assert abs(y - 50 - top) < 1
