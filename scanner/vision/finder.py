"""Finder patterns in a region, also where the picture is too coarse to show their rings.

A matched filter: the pattern (dark 3 × 3, light, dark and light rings) averaged over every turn and
blurred a little, correlated with the region at several sizes, divided by the local contrast. A
pattern tilted by up to some 40 degrees still answers; beyond, one that is foreshortened does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.vision.prepare import Grey

F32 = NDArray[np.float32]
Matrix = NDArray[np.float64]

# Pixels a module. Between two of them the answer loses less than a tenth; the larger ones are
# sought in smaller copies of the region, in which all have the first size.
SIZES = (1.95, 2.45, 3.05, 3.8)
TILTED_SIZES = (1.56, 1.95)  # the same for foreshortened ones, as if they were not
SOUGHT_PX = 1.35  # the size that all have in the copy they are sought in
LEAST_ANSWER = 0.3
MOST_CENTRES = 7
LEAST_AREA = 0.55  # of a triangle of patterns, of what its sides would hold at a right angle
BLUR = 0.5  # of the pattern, in modules
RADIUS = 4.6  # modules: the pattern and a light ring around it
WINDOW = 9  # pixels, in which the contrast is measured
BESIDE = 5  # pixels of their middles: together they see what the filter sees
SHARE = 0.25  # of the contrast beside it counts too: a bare place beside an edge is no pattern
LEAST_VARIANCE = 6.0  # grey levels squared; less is no pattern but noise
BORDER = 12  # pixels mirrored around the region: as far as the filter reaches
SIZE_STEP = 32  # padded sides are multiples of it: quick to transform


@dataclass(frozen=True, slots=True)
class Shape:
    """How a pattern is seen: shortened to `aspect` along a direction, `turn` in radians."""

    aspect: float = 1.0
    turn: float = 0.0

    def flat(self, x: Matrix, y: Matrix) -> tuple[Matrix, Matrix]:
        """Where points would be if nothing were shortened, about (0, 0)."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        longer = (x * cos + y * sin) * (1 / self.aspect - 1)
        return x + longer * cos, y + longer * sin


PLAIN = Shape()
# Four directions: seen 22 degrees off a pattern answers nearly as well.
TILTED = tuple(Shape(0.55, math.radians(turn)) for turn in range(0, 180, 45))


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
    modules: float  # a side of the code, roughly
    score: float


@lru_cache(maxsize=1 + len(TILTED))
def _pattern(shape: Shape) -> tuple[F32, float]:
    """float32 [k, k]: the filter, zero mean and unit norm; and the area of its disc in pixels."""
    module_px = SOUGHT_PX * lengthened(shape)
    reach, fine = int(np.ceil(RADIUS * module_px)), 5
    steps = np.arange(-reach * fine - 2, reach * fine + 3) / (fine * module_px)
    mean = np.zeros((len(steps),) * 2)
    x, y = shape.flat(*np.meshgrid(steps, steps))
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
    disc = np.hypot(*shape.flat(columns, rows)) <= RADIUS * module_px
    pattern = np.where(disc, pattern - pattern[disc].mean(), 0)
    area = float(disc.sum())
    return (pattern / np.linalg.norm(pattern)).astype(np.float32), area


def lengthened(shape: Shape) -> float:
    """By how much the modules of a shortened pattern are larger the long way, in the same copy."""
    return float(shape.aspect**-0.5)


class Copies:
    """A region at several sizes, made when they are needed, to be looked through for patterns."""

    def __init__(self, grey: Grey) -> None:
        self._grey = grey
        self._copies: dict[float, _Copy] = {}

    def centres(
        self, sizes: tuple[float, ...] = SIZES, shape: Shape = PLAIN
    ) -> tuple[list[Centre], list[Centre]]:
        """Of dark patterns on light, and of light patterns on dark; the best first.

        `sizes`: pixels a module that are looked for, rising.
        """
        found = [one for size in sizes for one in self._copy(size).answers(shape)]
        return _best(found, 1), _best(found, -1)

    def _copy(self, size: float) -> _Copy:
        if size not in self._copies:
            # From the next larger copy, which is smooth already.
            larger = max((s for s in self._copies if s < size), default=0.0)
            grey = self._copies[larger].grey if larger else self._grey
            factor = SOUGHT_PX / size
            shape = (max(1, round(side * factor)) for side in self._grey.shape[::-1])
            copy = cv2.resize(grey, tuple(shape), interpolation=cv2.INTER_LINEAR)
            self._copies[size] = _Copy(np.asarray(copy, np.uint8), factor)
        return self._copies[size]


class _Copy:
    """One of them: `factor` times as large as the region."""

    def __init__(self, grey: Grey, factor: float) -> None:
        self.grey, self._factor = grey, factor
        height, width = grey.shape
        tall, wide = (-(-(side + 2 * BORDER + 8) // SIZE_STEP) * SIZE_STEP for side in grey.shape)
        level = np.float32(grey.mean()) - grey
        below, right = tall - height - BORDER, wide - width - BORDER
        bordered = cv2.copyMakeBorder(level, BORDER, below, BORDER, right, cv2.BORDER_REFLECT)
        self._spectrum = np.asarray(cv2.dft(bordered), np.float32)
        self._deviation = _deviation(grey)

    def answers(self, shape: Shape) -> list[tuple[int, Centre]]:
        """Peaks of the correlation in both signs, in pixels of the region."""
        height, width = self.grey.shape
        pattern, area = _pattern(shape)
        product = cv2.mulSpectrums(self._spectrum, _spectrum(shape, *self._spectrum.shape), 0)
        answer = cv2.idft(product, flags=cv2.DFT_SCALE)
        start = BORDER + len(pattern) // 2
        answer = answer[start : start + height, start : start + width] / self._deviation
        peaks = _peaks(answer, np.sqrt(area) * LEAST_ANSWER)
        module_px = SOUGHT_PX * lengthened(shape) / self._factor
        return [
            (
                1 if value > 0 else -1,
                Centre(
                    (column + 0.5) / self._factor - 0.5,
                    (row + 0.5) / self._factor - 0.5,
                    module_px,
                    float(abs(value) / np.sqrt(area)),
                ),
            )
            for row, column, value in peaks
        ]


@lru_cache(maxsize=48)
def _spectrum(shape: Shape, tall: int, wide: int) -> F32:
    """Of the pattern on a canvas of this size, as OpenCV packs it."""
    pattern, _ = _pattern(shape)
    canvas = np.zeros((tall, wide), np.float32)
    canvas[: pattern.shape[0], : pattern.shape[1]] = pattern
    return np.asarray(cv2.dft(canvas), np.float32)


def _deviation(copy: Grey) -> F32:
    """Of the brightness around each pixel, in grey levels."""
    window = (WINDOW, WINDOW)
    mean = cv2.boxFilter(copy, cv2.CV_32F, window)
    near = cv2.sqrBoxFilter(copy, cv2.CV_32F, window) - mean * mean
    beside = cv2.dilate(near, np.ones((BESIDE, BESIDE), np.uint8)) * np.float32(SHARE)
    return np.asarray(np.sqrt(np.maximum(np.maximum(near, beside), LEAST_VARIANCE)), np.float32)


def _peaks(answer: F32, least: float) -> list[tuple[int, int, float]]:
    """Row, column and value where the answer, of either sign, is higher than all around."""
    # What the border cuts is no pattern.
    width, edge = round(3 * SOUGHT_PX) | 1, round(3.5 * SOUGHT_PX)
    height = np.abs(answer[edge:-edge, edge:-edge])
    highest = cv2.dilate(height, np.ones((width, width), np.uint8))
    places = np.flatnonzero((height >= highest) & (height >= least))
    best = places[np.argsort(-height.ravel()[places])[: 3 * MOST_CENTRES]]
    rows, columns = (at + edge for at in np.divmod(best, height.shape[1]))
    values = answer[rows, columns]
    return list(zip(rows.tolist(), columns.tolist(), values.tolist(), strict=True))


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


def triples(
    found: list[Centre], most: int, *, least_answers: float, shape: Shape = PLAIN
) -> list[Triple]:
    """Three at the corners of something like a square, the most likely first.

    `least_answers`: of the three together.
    """
    if len(found) < 3:
        return []
    corner, right, below = _orders(len(found)).T
    x, y = shape.flat(np.array([c.x for c in found]), np.array([c.y for c in found]))
    sizes, answers = np.array([c.module_px for c in found]), np.array([c.answer for c in found])
    three_sizes = np.stack([sizes[corner], sizes[right], sizes[below]])
    across = x[right] - x[corner], y[right] - y[corner]
    down = x[below] - x[corner], y[below] - y[corner]
    width, height = np.hypot(*across), np.hypot(*down)
    area = (across[0] * down[1] - across[1] * down[0]) / (width * height)
    skew = (across[0] * down[0] + across[1] * down[1]) / (width * height)
    ratio = np.abs(np.log(width / height))
    three_answers = answers[corner] + answers[right] + answers[below]
    smallest, middle, largest = np.sort(three_sizes, axis=0)
    is_likely = (
        (three_answers >= least_answers)
        & (area >= LEAST_AREA)  # so they are clockwise, too
        & (ratio <= math.log(2))
        & (largest <= 1.7 * smallest)
        & (np.minimum(width, height) >= 11 * smallest)
        & (np.maximum(width, height) <= 115 * largest)
    )
    score = three_answers - (ratio + np.abs(skew)) / 4
    modules = (width + height) / 2 / middle + 7
    order = np.flatnonzero(is_likely)
    order = order[np.argsort(-score[order], kind="stable")][:most]
    return [
        Triple(
            found[corner[i]], found[right[i]], found[below[i]], float(modules[i]), float(score[i])
        )
        for i in order
    ]


@lru_cache(maxsize=2 * MOST_CENTRES)
def _orders(count: int) -> NDArray[np.int64]:
    """[n, 3]: every three of so many in every order."""
    return np.array(list(permutations(range(count), 3)), np.int64)
