"""Where the modules of a code lie: version and homography, from three finder patterns.

The modules that are the same in every code of a version (finder, timing and alignment patterns,
version information, quiet zone) are looked up in the picture; the pose under which they agree best
is taken. The fourth corner is tried out, since three points say nothing of the perspective.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.vision.engines import Corner
from scanner.vision.finder import PLAIN, TILTED, Shape, Triple
from scanner.vision.prepare import Grey
from scanner.vision.qr_symbol import DATA, side_of, symbol_of

F32 = NDArray[np.float32]
Matrix = NDArray[np.float64]

MAX_VERSION = 25  # larger ones need more pixels than the other readers do
QUIET = 2  # modules of the quiet zone that count as known
CERTAIN = 0.6  # agreement beyond which no other pose is looked for
# The same about the finder patterns alone: for a version to be tried, and for no other three
# patterns to be looked at. Those of a code reach 0.55 and more, others hardly ever.
LEAST_NEAR, PLAIN_NEAR = 0.4, 0.5
MOST_TRIED = 3
LEAST_ASPECT = 0.75  # a code that is foreshortened more is sought by patterns that are, too
# Modules by which the fourth corner is moved to find it: first on a line, then all around.
ON_LINE, AROUND, AGAIN = 2.5, 1.25, (1.5, 0.5)
# How much nearer one edge of a code may be than its middle: when it seems flat, and more by tilt.
LEAST_DEPTH, DEPTH = 0.03, 0.15
_EIGHT = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)], np.float64)


@dataclass(frozen=True, slots=True)
class Pose:
    """`matrix`: homography from modules (x, y; 0 to side) to pixels. `agreement`: −1 to 1."""

    version: int
    matrix: Matrix
    agreement: float

    @property
    def shape(self) -> Shape:
        """Of its finder patterns."""
        middle = side_of(self.version) / 2
        x, y, w = self.matrix @ (middle, middle, 1)
        turn = self.matrix[:2, :2] / w - np.outer((x, y), self.matrix[2, :2]) / w**2
        directions, (long, short), _ = np.linalg.svd(turn)
        if short > LEAST_ASPECT * long:
            return PLAIN
        across, down = directions[:, 1]
        return min(TILTED, key=lambda one: abs(math.sin(one.turn - math.atan2(down, across))))

    @property
    def slopes(self) -> Matrix:
        """By how much of its distance the code recedes a module, across and down."""
        middle = side_of(self.version) / 2
        last = self.matrix[2]
        return np.asarray(last[:2] / (last @ (middle, middle, 1)), np.float64)

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
    smooth = cv2.GaussianBlur(grey, (5, 5), 0.7)
    soft = cv2.GaussianBlur(smooth.astype(np.float32), (9, 9), 1.6)
    sharp = cv2.addWeighted(smooth, 4.0, soft, -3.0, 0, dtype=cv2.CV_32F)
    level = cv2.boxFilter(smooth, cv2.CV_32F, (31, 31)) - sharp
    spread = cv2.sqrt(cv2.blur(level * level, (31, 31)) + 9)
    clipped = np.clip(level / spread, -2, 2)
    return np.asarray(-clipped if is_inverted else clipped, np.float32)


def best_of(picture: F32, found: list[Triple]) -> Pose | None:
    """The pose that agrees best; the first that is certain."""
    best = None
    for version, triple in _likely(picture, found):
        pose = with_perspective(picture, triple, version)
        if best is None or pose.agreement > best.agreement:
            best = pose
        if pose.agreement > CERTAIN:
            break
    return best


def again(picture: F32, triple: Triple, last: Pose) -> Pose:
    """The pose near the last one; its version may have been taken for its neighbour."""
    ranked = sorted(_versions(picture, triple), reverse=True)
    versions = {version for _, version in ranked[:1]} | {last.version}
    found = [with_perspective(picture, triple, version, last.slopes) for version in versions]
    return max(found, key=lambda pose: pose.agreement)


def _likely(picture: F32, found: list[Triple]) -> list[tuple[int, Triple]]:
    """The triples as codes of the versions that they may be of, the likeliest first."""
    likely: list[tuple[float, int, Triple]] = []
    for triple in found:
        ranked = sorted(_versions(picture, triple), reverse=True)
        likely += [(score, version, triple) for score, version in ranked if score > LEAST_NEAR]
        if ranked and ranked[0][0] > PLAIN_NEAR:
            break
    likely.sort(key=lambda one: -one[0])
    return [(version, triple) for _, version, triple in likely[:MOST_TRIED]]


def _versions(picture: F32, triple: Triple) -> list[tuple[float, int]]:
    """How well what surrounds the three agrees with each version that they may be of."""
    top_left, right, down = (each.astype(np.float32) for each in _vectors(triple))
    likely = (triple.modules - 17) / 4
    first, last = max(1, int(likely * 0.8 - 0.7)), min(MAX_VERSION, int(likely * 1.25 + 1.7))
    if last < first:
        return []
    places, values, counts = (table[first - 1 : last] for table in _near_finders())
    at = top_left + places[..., :1] * right + places[..., 1:] * down
    x, y = at.transpose(2, 0, 1)
    seen = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = np.where(values != 0, seen, 0)
    spread = (seen * seen).sum(axis=1) - seen.sum(axis=1) ** 2 / counts
    scores = (seen * values).sum(axis=1) / np.sqrt(np.maximum(spread, 1e-6))
    return list(zip(scores.tolist(), range(first, last + 1), strict=True))


@lru_cache(maxsize=1)
def _near_finders() -> tuple[F32, F32, F32]:
    """Of each version: known modules about the finder patterns, as shares of the way between
    these, [versions, n, 2]; their values, even and 0 where it has fewer; and their number."""
    known = [known_modules(version, near_finders=True) for version in range(1, MAX_VERSION + 1)]
    most = max(len(each.values) for each in known)
    places = np.zeros((MAX_VERSION, most, 2), np.float32)
    values = np.zeros((MAX_VERSION, most), np.float32)
    for row, each in enumerate(known):
        across = side_of(row + 1) - 7
        places[row, : len(each.values)] = (each.places[:, :2] - 3.5) / across
        even = each.values - each.values.mean()
        values[row, : len(even)] = even / np.linalg.norm(even)
    return places, values, np.array([len(each.values) for each in known], np.float32)


def _vectors(triple: Triple) -> tuple[Matrix, Matrix, Matrix]:
    """Top left, and from it to the top right and to the bottom left."""
    first, right, down = (
        np.array([c.x, c.y]) for c in (triple.top_left, triple.top_right, triple.bottom_left)
    )
    return first, right - first, down - first


def with_perspective(
    picture: F32, triple: Triple, version: int, near: Matrix | None = None
) -> Pose:
    """The perspective under which the known modules agree best; `near`: slopes to start from."""
    known, step = known_modules(version, near_finders=False), 1 / (side_of(version) - 7) ** 2
    rough = Known(known.places[::2], known.values[::2])
    if near is None:
        rounds = [(rough, _likely_slopes(triple, step)), (known, AROUND * step * _EIGHT)]
    else:
        rounds = [(rough, AGAIN[0] * step * _EIGHT), (known, AGAIN[1] * step * _EIGHT)]
    slopes, best, score = np.zeros(2) if near is None else near, np.eye(3), -1.0
    for modules, moves in rounds:
        matrices = _sloping(triple, version, slopes + moves)
        values = agreements(picture, matrices, modules)
        place = int(values.argmax())
        slopes, best, score = slopes + moves[place], matrices[place], float(values[place])
    return Pose(version, best, score)


def _likely_slopes(triple: Triple, step: float) -> Matrix:
    """[k, 2]: a code is nearer at one end of the direction in which it looks shortened."""
    _, right, down = _vectors(triple)
    _, (long, short), directions = np.linalg.svd(np.column_stack([right, down]))
    most = LEAST_DEPTH + DEPTH * np.sqrt(1 - (short / long) ** 2)
    count = int(most * 2 * step**-0.5 / ON_LINE)  # a depth of x moves the corner by 2 x the side
    return np.asarray(np.outer(np.arange(-count, count + 1) * ON_LINE * step, directions[1]))


def _sloping(triple: Triple, version: int, slopes: Matrix) -> Matrix:
    """float [k, 3, 3]: the homographies with these slopes through the three finder patterns."""
    near, far, middle = 3.5, side_of(version) - 3.5, side_of(version) / 2
    modules = np.array([(near, near, 1), (far, near, 1), (near, far, 1)])
    seen = np.array([(c.x, c.y) for c in (triple.top_left, triple.top_right, triple.bottom_left)])
    last = np.column_stack([slopes, 1 - slopes.sum(axis=1) * middle])
    depths = last @ modules.T
    first = np.einsum("kp,pc,pm->kcm", depths, seen, np.linalg.inv(modules.T))
    return np.concatenate([first, last[:, None]], axis=1)


def agreements(picture: F32, matrices: Matrix, known: Known) -> Matrix:
    """Correlation of the picture with the known modules under each of k poses: float [k]."""
    at = matrices.astype(np.float32) @ known.places.T
    x, y = at[:, 0] / at[:, 2], at[:, 1] / at[:, 2]
    seen = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = seen - seen.mean(axis=1, keepdims=True)
    values = known.values - known.values.mean()
    norm = np.sqrt((seen * seen).sum(axis=1) * (values @ values) + 1e-6)
    return np.asarray(seen @ values / norm, np.float64)
