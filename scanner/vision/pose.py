"""Where the modules of a code lie: version and homography, from three finder patterns.

The modules that are the same in every code of a version (finder, timing and alignment patterns,
version information, quiet zone) are looked up in the picture; the pose under which they agree best
is taken. The fourth corner is tried out, since three points say nothing of the perspective.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.vision.engines import Corner
from scanner.vision.finder import Triple
from scanner.vision.prepare import Grey
from scanner.vision.qr_symbol import DATA, side_of, symbol_of

F32 = NDArray[np.float32]
Matrix = NDArray[np.float64]
Steps = tuple[Matrix, ...]

MAX_VERSION = 25  # larger ones need more pixels than the other readers do
QUIET = 2  # modules of the quiet zone that count as known
CERTAIN = 0.6  # agreement beyond which no other pose is looked for
# Modules by which perspective may move the fourth corner, coarse to fine.
FOURTH: Steps = (np.arange(-7.5, 7.6, 2.5), np.array([-1.25, 0.0, 1.25]))
FOURTH_AGAIN: Steps = (np.array([-1.5, 0.0, 1.5]), np.array([-0.5, 0.0, 0.5]))
ORIGIN = np.zeros(2)


@dataclass(frozen=True, slots=True)
class Pose:
    """`matrix`: homography from modules (x, y; 0 to side) to pixels. `agreement`: −1 to 1."""

    version: int
    matrix: Matrix
    agreement: float

    def corners(self) -> tuple[Corner, Corner, Corner, Corner]:
        """Of the code, in pixels, clockwise from its top left."""
        side = side_of(self.version)
        ends = np.array([(0, 0, 1), (side, 0, 1), (side, side, 1), (0, side, 1)], np.float64)
        at = ends @ self.matrix.T
        first, second, third, fourth = ((float(x / w), float(y / w)) for x, y, w in at)
        return first, second, third, fourth


@dataclass(frozen=True, slots=True)
class Known:
    """Modules known beforehand: middles float32 [n, 3] (x, y, 1) and +1 dark, −1 light [n]."""

    places: F32
    values: F32


@lru_cache(maxsize=64)
def known_modules(version: int, near_finders: bool) -> Known:
    """All of them, or those about the finder patterns: what an affine map foretells well."""
    symbol = symbol_of(version)
    side = symbol.side + 2 * QUIET
    modules = np.zeros((side, side), np.int8)
    modules[QUIET:-QUIET, QUIET:-QUIET] = symbol.known
    wanted = modules != DATA
    if near_finders:
        reach = QUIET + 8 + 3 * (version >= 7)
        near = np.zeros((side, side), np.bool_)
        near[:reach, :reach] = near[:reach, -reach:] = near[-reach:, :reach] = True
        wanted &= near
    rows, columns = np.nonzero(wanted)
    places = np.column_stack([columns - QUIET + 0.5, rows - QUIET + 0.5, np.ones(len(rows))])
    return Known(places.astype(np.float32), (2.0 * modules[rows, columns] - 1).astype(np.float32))


def contrast(grey: Grey, *, is_inverted: bool) -> F32:
    """The region sharpened and levelled, dark positive: what poses are compared on."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 0.7).astype(np.float32)
    sharp = cv2.addWeighted(smooth, 4.0, cv2.GaussianBlur(smooth, (0, 0), 1.6), -3.0, 0)
    level = cv2.blur(smooth, (31, 31)) - sharp
    spread = cv2.sqrt(cv2.blur(level * level, (31, 31)) + 9)
    clipped = np.clip(level / spread, -2, 2)
    return np.asarray(-clipped if is_inverted else clipped, np.float32)


def poses(picture: F32, found: list[Triple]) -> list[Pose]:
    """The poses that agree best, best first; ends early when one is certain."""
    tried: list[Pose] = []
    for triple in found:
        for version in _versions(picture, triple):
            tried.append(with_perspective(picture, triple, version))
            if tried[-1].agreement > CERTAIN:
                return [tried[-1]]
    return sorted(tried, key=lambda pose: -pose.agreement)


def _versions(picture: F32, triple: Triple, most: int = 2) -> list[int]:
    """The versions whose finder patterns and version information agree best with the picture."""
    top_left, right, down = _vectors(triple)
    modules = (np.hypot(*right) + np.hypot(*down)) / 2 / triple.module_px + 7
    likely = (modules - 17) / 4
    first, last = max(1, int(likely * 0.8 - 0.7)), min(MAX_VERSION, int(likely * 1.25 + 1.7))
    scores = []
    for version in range(first, last + 1):
        known = known_modules(version, near_finders=True)
        across = side_of(version) - 7
        matrix = np.eye(3)
        matrix[:2, 0], matrix[:2, 1] = right / across, down / across
        matrix[:2, 2] = top_left - 3.5 * (matrix[:2, 0] + matrix[:2, 1])
        scores.append((float(agreements(picture, matrix[None], known)[0]), version))
    return [version for score, version in sorted(scores, reverse=True)[:most] if score > 0.2]


def _vectors(triple: Triple) -> tuple[Matrix, Matrix, Matrix]:
    """Top left, and from it to the top right and to the bottom left."""
    first, right, down = (
        np.array([c.x, c.y]) for c in (triple.top_left, triple.top_right, triple.bottom_left)
    )
    return first, right - first, down - first


def with_perspective(
    picture: F32, triple: Triple, version: int, *, near: Matrix = ORIGIN, steps: Steps = FOURTH
) -> Pose:
    """The best of some places for the fourth corner, sought in rounds, coarse to fine.

    `near`: where to start, as modules away from where the three others would put it.
    """
    top_left, right, down = _vectors(triple)
    known, across = known_modules(version, near_finders=False), side_of(version) - 7
    rough = Known(known.places[::2], known.values[::2])
    best, moved, score = np.eye(3), near, -1.0
    for grid in steps:
        moves = [moved + np.array([i, j]) for i in grid for j in grid]
        fourths = [(across + i) / across * right + (across + j) / across * down for i, j in moves]
        matrices = np.stack([
            homography(version, (top_left, top_left + right, top_left + down, top_left + fourth))
            for fourth in fourths
        ])  # fmt: skip
        values = agreements(picture, matrices, known if grid is steps[-1] else rough)
        place = int(values.argmax())
        best, moved, score = matrices[place], moves[place], float(values[place])
    return Pose(version, best, score)


def homography(version: int, centres: tuple[Matrix, ...]) -> Matrix:
    """From the middles of three finder patterns and of the place where the fourth would be."""
    near, far = 3.5, side_of(version) - 3.5
    modules = np.array([(near, near), (far, near), (near, far), (far, far)], np.float32)
    return np.asarray(
        cv2.getPerspectiveTransform(modules, np.asarray(centres, np.float32)), np.float64
    )


def agreements(picture: F32, matrices: Matrix, known: Known) -> Matrix:
    """Correlation of the picture with the known modules under each of k poses: float [k]."""
    at = matrices.astype(np.float32) @ known.places.T
    x, y = at[:, 0] / at[:, 2], at[:, 1] / at[:, 2]
    seen = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = seen - seen.mean(axis=1, keepdims=True)
    values = known.values - known.values.mean()
    norm = np.sqrt((seen * seen).sum(axis=1) * (values @ values) + 1e-6)
    return np.asarray(seen @ values / norm, np.float64)
