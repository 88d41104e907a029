"""Finder patterns in a region, also where the picture is too coarse to show their rings.

A matched filter: the pattern (dark 3 × 3, light, dark and light rings) averaged over every turn and
blurred a little, correlated with the region at several sizes, divided by the local contrast. A
pattern tilted by up to some 40 degrees still answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.vision.prepare import Grey

F32 = NDArray[np.float32]

# Pixels a module. Between two of them the answer loses less than a tenth; the larger ones are
# sought in smaller copies of the region, in which all have the first size.
SIZES = (1.95, 2.45, 3.05, 3.8)
SOUGHT_PX = 1.35  # the size that all have in the copy they are sought in
LEAST_ANSWER = 0.3
MOST_CENTRES = 7
BLUR = 0.35  # of the pattern, in modules
RADIUS = 4.6  # modules: the pattern and a light ring around it
WINDOW = 11  # pixels, in which the contrast is measured
SHARE = 0.5  # of the contrast beside it counts too: a bare place beside an edge is no pattern
LEAST_VARIANCE = 6.0  # grey levels squared; less is no pattern but noise
BORDER = 12  # pixels mirrored around the region: as far as the filter reaches
SIZE_STEP = 32  # padded sides are multiples of it: quick to transform


@dataclass(frozen=True, slots=True)
class Centre:
    """The middle of what may be a finder pattern: pixels of the region, pixels a module."""

    x: float
    y: float
    module_px: float
    answer: float  # correlation, 0 to 1


@dataclass(frozen=True, slots=True)
class Triple:
    """Three centres that may belong to one code; clockwise: bottom left, top left, top right."""

    top_left: Centre
    top_right: Centre
    bottom_left: Centre
    score: float

    @property
    def module_px(self) -> float:
        return sorted(c.module_px for c in (self.top_left, self.top_right, self.bottom_left))[1]


@lru_cache(maxsize=1)
def _pattern() -> tuple[F32, float]:
    """float32 [k, k]: the filter, zero mean and unit norm; and the area of its disc in pixels."""
    module_px = SOUGHT_PX
    reach, fine = int(np.ceil(RADIUS * module_px)), 5
    steps = np.arange(-reach * fine - 2, reach * fine + 3) / (fine * module_px)
    x, y = np.meshgrid(steps, steps)
    mean = np.zeros_like(x)
    turns = np.deg2rad(np.arange(0, 90, 7.5))
    for turn in turns:
        across = np.abs(x * np.cos(turn) + y * np.sin(turn))
        down = np.abs(y * np.cos(turn) - x * np.sin(turn))
        ring = np.maximum(across, down)
        # The light ring weighs so much that dark and light are in balance.
        weights = [1.0, -1.0, 1.0, -17 / 32]
        mean += np.select([ring < 1.5, ring < 2.5, ring < 3.5, ring < 4.5], weights) / len(turns)
    side = 2 * reach + 1
    blurred = cv2.GaussianBlur(mean, (0, 0), BLUR * module_px * fine)
    pattern = blurred.reshape(side, fine, side, fine).mean(axis=(1, 3))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.hypot(rows, columns) <= RADIUS * module_px
    pattern = np.where(disc, pattern - pattern[disc].mean(), 0)
    area = float(disc.sum())
    return (pattern / np.linalg.norm(pattern)).astype(np.float32), area


def centres(grey: Grey, sizes: tuple[float, ...] = SIZES) -> tuple[list[Centre], list[Centre]]:
    """Of dark patterns on light, and of light patterns on dark; the best first.

    `sizes`: pixels a module that are looked for, rising.
    """
    found, copy = [], grey
    for size in sizes:
        factor = SOUGHT_PX / size
        shape = (max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))
        copy = np.asarray(cv2.resize(copy, shape, interpolation=cv2.INTER_LINEAR), np.uint8)
        found += _answers(copy, factor)
    return _best(found, 1), _best(found, -1)


def _answers(copy: Grey, factor: float) -> list[tuple[int, Centre]]:
    """Peaks of the correlation in both signs, in pixels of the region (the copy is `factor`)."""
    height, width = copy.shape
    tall, wide = (-(-(side + 2 * BORDER + 8) // SIZE_STEP) * SIZE_STEP for side in copy.shape)
    level = np.float32(copy.mean()) - copy
    below, right = tall - height - BORDER, wide - width - BORDER
    bordered = cv2.copyMakeBorder(level, BORDER, below, BORDER, right, cv2.BORDER_REFLECT)
    product = cv2.mulSpectrums(cv2.dft(bordered), _spectrum(tall, wide), 0)
    start = BORDER + _pattern()[0].shape[0] // 2
    answer = cv2.idft(product, flags=cv2.DFT_SCALE)[start : start + height, start : start + width]
    return _peaks(answer / _deviation(copy), factor)


@lru_cache(maxsize=32)
def _spectrum(tall: int, wide: int) -> F32:
    """Of the pattern on a canvas of this size, as OpenCV packs it."""
    pattern, _ = _pattern()
    canvas = np.zeros((tall, wide), np.float32)
    canvas[: pattern.shape[0], : pattern.shape[1]] = pattern
    return np.asarray(cv2.dft(canvas), np.float32)


def _deviation(copy: Grey) -> F32:
    """What the pattern would answer around each pixel if it stood there alone."""
    window = (WINDOW, WINDOW)
    mean = cv2.boxFilter(copy, cv2.CV_32F, window)
    near = cv2.sqrBoxFilter(copy, cv2.CV_32F, window) - mean * mean
    beside = cv2.dilate(near, np.ones((3, 3), np.uint8)) * np.float32(SHARE)
    _, area = _pattern()
    variance = np.maximum(np.maximum(near, beside), LEAST_VARIANCE)
    return np.asarray(np.sqrt(variance * area), np.float32)


def _peaks(answer: F32, factor: float) -> list[tuple[int, Centre]]:
    """The places where the answer, of either sign, is higher than all around."""
    # What the border cuts is no pattern.
    width, edge = round(3 * SOUGHT_PX) | 1, round(3.5 * SOUGHT_PX)
    height = np.abs(answer[edge:-edge, edge:-edge])
    highest = cv2.dilate(height, np.ones((width, width), np.uint8))
    places = np.flatnonzero((height >= highest) & (height >= LEAST_ANSWER))
    values = height.ravel()[places]
    found = []
    for i in np.argsort(-values)[: 3 * MOST_CENTRES]:
        row, column = (int(n) + edge for n in divmod(places[i], height.shape[1]))
        x, y = (column + 0.5) / factor - 0.5, (row + 0.5) / factor - 0.5
        sign = 1 if answer[row, column] > 0 else -1
        found.append((sign, Centre(x, y, SOUGHT_PX / factor, float(values[i]))))
    return found


def _best(found: list[tuple[int, Centre]], sign: int) -> list[Centre]:
    """The highest answer at each place, at most MOST_CENTRES."""
    kept: list[Centre] = []
    for one in sorted((c for s, c in found if s == sign), key=lambda c: -c.answer):
        if all(_distance(one, other) > 2.5 * min(one.module_px, other.module_px) for other in kept):
            kept.append(one)
        if len(kept) == MOST_CENTRES:
            break
    return kept


def _distance(one: Centre, other: Centre) -> float:
    return math.hypot(one.x - other.x, one.y - other.y)


def triples(found: list[Centre], most: int = 4, *, least_answers: float) -> list[Triple]:
    """Three at the corners of something like a square, the most likely first.

    `least_answers`: of the three together.
    """
    made = []
    for three in combinations(found, 3):
        if sum(centre.answer for centre in three) < least_answers:
            continue
        for corner in three:
            one, other = (c for c in three if c is not corner)
            if _turn(corner, one, other) < 0:  # counter-clockwise: the other way round
                one, other = other, one
            if (triple := _triple(corner, one, other)) is not None:
                made.append(triple)
    return sorted(made, key=lambda t: -t.score)[:most]


def _turn(corner: Centre, one: Centre, other: Centre) -> float:
    """Cross product of the ways to the two others; positive when clockwise on the picture."""
    return (one.x - corner.x) * (other.y - corner.y) - (one.y - corner.y) * (other.x - corner.x)


def _triple(top_left: Centre, top_right: Centre, bottom_left: Centre) -> Triple | None:
    """None unless they lie like the finder patterns of a code of a size that can be read."""
    across = (top_right.x - top_left.x, top_right.y - top_left.y)
    down = (bottom_left.x - top_left.x, bottom_left.y - top_left.y)
    width, height = math.hypot(*across), math.hypot(*down)
    sizes = [c.module_px for c in (top_left, top_right, bottom_left)]
    area = (across[0] * down[1] - across[1] * down[0]) / (width * height)
    skew = (across[0] * down[0] + across[1] * down[1]) / (width * height)
    ratio = abs(math.log(width / height))
    if area < 0.55 or ratio > math.log(2) or max(sizes) > 1.7 * min(sizes):
        return None
    if min(width, height) < 11 * min(sizes) or max(width, height) > 115 * max(sizes):
        return None
    answers = sum(c.answer for c in (top_left, top_right, bottom_left))
    return Triple(top_left, top_right, bottom_left, answers - (ratio + abs(skew)) / 4)
