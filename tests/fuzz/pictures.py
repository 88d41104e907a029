"""Frames that are nearly those of a camera: sample frames with a few random things done to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from scanner.vision.prepare import View, busiest_region

Grey = NDArray[np.uint8]
Change = Callable[[Generator, Grey, Sequence[Grey]], Grey]

MOST_CHANGES = 4
USUAL_PIXELS, MOST_PIXELS = 240 * 200, 1280 * 720


def load(folders: Sequence[Path]) -> list[Grey]:
    """Every picture in these folders and below, grey."""
    paths = sorted(path for folder in folders for path in folder.rglob("*"))
    read = (cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths if _is_picture(path))
    whole = [np.asarray(grey, np.uint8) for grey in read if grey is not None]
    # What lies around a code is tried less often than the code itself, and small is fast.
    small = [_fitting(grey, 2 * USUAL_PIXELS) for grey in whole]
    return [*whole, *small * 4, *[_region(grey) for grey in whole] * 15]


def _region(grey: Grey) -> Grey:
    busiest = busiest_region(View(grey))
    return grey if busiest is None else _fitting(busiest.grey, 2 * USUAL_PIXELS)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in (".png", ".jpg", ".jpeg", ".gif", ".bmp")


def changed(random: Generator, grey: Grey, others: Sequence[Grey]) -> Grey:
    """A frame after a few changes, mostly small enough that thousands can be tried."""
    for _ in range(int(random.integers(1, MOST_CHANGES + 1))):
        grey = CHANGES[int(random.integers(len(CHANGES)))](random, grey, others)
        grey = _fitting(grey, USUAL_PIXELS if random.random() < 0.98 else MOST_PIXELS)
    return np.ascontiguousarray(grey, np.uint8)


def _fitting(grey: Grey, most: int) -> Grey:
    factor = (most / max(1, grey.size)) ** 0.5
    return _resized(grey, factor, factor, cv2.INTER_AREA) if factor < 1 else grey


def _resized(grey: Grey, across: float, down: float, how: int) -> Grey:
    height, width = grey.shape
    size = (max(1, round(width * across)), max(1, round(height * down)))
    return np.asarray(cv2.resize(grey, size, interpolation=how), np.uint8)


def _flip_bits(random: Generator, grey: Grey, _: Sequence[Grey]) -> Grey:
    is_hit = random.random(grey.shape, np.float32) < 10 ** random.uniform(-4, -1)
    return grey ^ (is_hit * np.uint8(1 << random.integers(8))).astype(np.uint8)


def _copy_block(random: Generator, grey: Grey, others: Sequence[Grey]) -> Grey:
    """A block of this or of another frame laid somewhere else."""
    source = grey if random.random() < 0.5 else others[int(random.integers(len(others)))]
    rows, columns = _block(random, source)
    block = source[rows, columns]
    top, left = (int(random.integers(0, side)) for side in grey.shape)
    laid = grey.copy()
    target = laid[top : top + block.shape[0], left : left + block.shape[1]]
    target[:] = block[: target.shape[0], : target.shape[1]]
    return laid


def _block(random: Generator, grey: Grey) -> tuple[slice, slice]:
    """Of one pixel at least."""
    rows, columns = (np.sort(random.integers(0, side, 2)) for side in grey.shape)
    return slice(rows[0], rows[1] + 1), slice(columns[0], columns[1] + 1)


def _paint_block(random: Generator, grey: Grey, _: Sequence[Grey]) -> Grey:
    rows, columns = _block(random, grey)
    painted = grey.copy()
    painted[rows, columns] = random.integers(256)
    return painted


def _crop(random: Generator, grey: Grey, _: Sequence[Grey]) -> Grey:
    rows, columns = _block(random, grey)
    return grey[rows, columns] if random.random() < 0.7 else grey[: rows.stop, : columns.stop]


def _rescale(random: Generator, grey: Grey, _: Sequence[Grey]) -> Grey:
    across = 10 ** random.uniform(-0.7, 0.3)
    down = across if random.random() < 0.7 else 10 ** random.uniform(-0.7, 0.3)
    hows = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC)
    return _resized(grey, across, down, hows[int(random.integers(len(hows)))])


def _warp(random: Generator, grey: Grey, _: Sequence[Grey]) -> Grey:
    """Turned, tilted, mirrored at times: four corners moved."""
    height, width = grey.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + random.normal(0, 0.15, (4, 2)) * (width, height)
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    return np.asarray(cv2.warpPerspective(grey, matrix, (width, height)), np.uint8)


def _noise(random: Generator, grey: Grey, _: Sequence[Grey]) -> Grey:
    grain = random.normal(0, random.uniform(1, 60), grey.shape).astype(np.float32)
    return np.asarray(np.clip(grey + grain, 0, 255), np.uint8)


def _contrast(random: Generator, grey: Grey, _: Sequence[Grey]) -> Grey:
    """Gain and offset: turned to its negative, burnt out, or nearly nothing left."""
    levels = np.arange(256) * random.normal(1, 1) + random.normal(0, 80)
    return np.asarray(np.clip(levels, 0, 255).astype(np.uint8)[grey])


def _blur(random: Generator, grey: Grey, _: Sequence[Grey]) -> Grey:
    kernel = (int(random.integers(1, 12)), int(random.integers(1, 12)))
    return np.asarray(cv2.blur(grey, kernel), np.uint8)


def _shear_rows(random: Generator, grey: Grey, _: Sequence[Grey]) -> Grey:
    """A rolling shutter: each row a little further."""
    columns = np.arange(grey.shape[1]) + (
        np.arange(grey.shape[0])[:, None] * random.uniform(-1, 1)
    ).astype(int)
    return np.take_along_axis(grey, columns % grey.shape[1], axis=1)


def _only_noise(random: Generator, grey: Grey, _: Sequence[Grey]) -> Grey:
    """Nothing of it but its size: blocks of one or more pixels, black and white or grey."""
    px = int(random.integers(1, 9))
    cells = tuple(-(-side // px) for side in grey.shape)
    levels = random.integers(0, 2, cells, np.uint8) * 255
    if random.random() < 0.5:
        levels = random.integers(0, 256, cells, np.uint8)
    return np.kron(levels, np.ones((px, px), np.uint8))[: grey.shape[0], : grey.shape[1]]


CHANGES: tuple[Change, ...] = (
    _flip_bits, _flip_bits, _copy_block, _copy_block, _paint_block, _crop, _rescale, _rescale,
    _warp, _noise, _contrast, _blur, _shear_rows, _only_noise,
)  # fmt: skip
