"""What a picture of the test card says of the optics: size, smear, focus, light, glare.

    card's modules ─▶ drawn where the card lies ─▶ blurred by a line and a Gaussian ─▶ picture?

The confined reader has found the card and read its text. Only its pixels are looked at here, by
arithmetic that does not depend on what they show: nothing is parsed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.core.reading import Corners
from scanner.doctor.card import MODULES, PASS_MODULES, QUIET, card_modules

Grey = NDArray[np.uint8]
F32 = NDArray[np.float32]
Matrix = NDArray[np.float64]

MARGIN = 2  # modules of the quiet zone that are compared, too
FINE = 4  # each pixel is drawn as so many squared, and averaged, as a sensor does
MOST_PX = 220  # of a side that are compared: a larger card is looked at in its middle
LEAST_LIKENESS = 0.5
SAME = 5e-4  # of likeness; two blurs that differ less cannot be told apart
CLIPPED = 250
FWHM = 2.355  # of a Gaussian, in its standard deviations

LENGTHS = (2.0, 4.0, 7.0, 11.0, 16.0)
SPREADS = (0.3, 0.8, 1.4, 2.2, 3.2, 4.5)
ANGLES = tuple(range(0, 180, 20))


@dataclass(frozen=True, slots=True)
class Optics:
    """`module_px`: of a pass as wide as the card, foreshortened as it is. `smear_px`: length of
    the movement; `blur_px`: width of the lens's blur at half its height. `dark`, `light`: levels, 0
    to 255; `glare`: share of the dark modules that are lit."""

    module_px: float
    smear_px: float
    blur_px: float
    dark: float
    light: float
    glare: float

    @property
    def contrast(self) -> float:
        return self.light - self.dark


@dataclass(frozen=True, slots=True)
class Blur:
    """A line of `length` pixels at `angle` degrees, and a Gaussian of `spread` pixels."""

    length: float
    angle: float
    spread: float

    def of(self, picture: F32) -> F32:
        """The picture as a camera with this blur would have it."""
        smooth = cv2.GaussianBlur(picture, (0, 0), self.spread) if self.spread > 0.2 else picture
        if self.length < 0.5:
            return np.asarray(smooth, np.float32)
        return np.asarray(cv2.filter2D(smooth, -1, _line(self.length, self.angle)), np.float32)


Rated = tuple[float, Blur]


def measure(grey: Grey, corners: Corners) -> Optics | None:
    """The card at these corners; None when it does not look like the card."""
    matrix = _placed(grey, corners)
    if matrix is None:
        return None
    picture, x, y = _middle(grey, matrix)
    drawn = _drawn(_moved(matrix, -x, -y), picture.shape)
    inside = _inside(_moved(matrix, -x, -y), picture.shape)
    blur, likeness = _fitted(drawn, picture.astype(np.float32), inside)
    if likeness < LEAST_LIKENESS:
        return None
    dark, light, glare = _levels(blur.of(drawn), picture, inside)
    return Optics(_module_px(matrix), blur.length, FWHM * blur.spread, dark, light, glare)


def middle_of(measured: Iterable[Optics]) -> Optics | None:
    """Each figure's median over several pictures; None without any."""
    rows = [(o.module_px, o.smear_px, o.blur_px, o.dark, o.light, o.glare) for o in measured]
    if not rows:
        return None
    return Optics(*(float(value) for value in np.median(np.array(rows), axis=0)))


def _placed(grey: Grey, corners: Corners) -> Matrix | None:
    """Homography from modules to pixels: the reader's corners, moved to where it fits best."""
    ends = np.array([(0, 0), (MODULES, 0), (MODULES, MODULES), (0, MODULES)], np.float32)
    found = np.array(corners, np.float32)
    if cv2.contourArea(found) < MODULES**2:  # less than a pixel a module
        return None
    starts = [cv2.getPerspectiveTransform(ends, np.roll(found, -turn, axis=0)) for turn in range(4)]
    likely = max(starts, key=lambda matrix: _likeness_at(grey, np.asarray(matrix, np.float64)))
    matrix = np.asarray(likely, np.float64)
    picture, x, y = _around(grey, matrix)
    here = _moved(matrix, -x, -y)
    drawn = np.asarray(cv2.GaussianBlur(_drawn(here, picture.shape), (0, 0), 1.5), np.float32)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-5)
    try:
        _, warp = cv2.findTransformECC(
            drawn, picture.astype(np.float32), np.eye(3, dtype=np.float32),
            cv2.MOTION_HOMOGRAPHY, stop, _inside(here, picture.shape), 5,
        )  # fmt: skip
    except cv2.error:  # it did not converge: not a picture of the card
        return None
    return _moved(np.asarray(warp, np.float64) @ here, x, y)


def _likeness_at(grey: Grey, matrix: Matrix) -> float:
    picture, x, y = _around(grey, matrix)
    here = _moved(matrix, -x, -y)
    drawn = np.asarray(cv2.GaussianBlur(_drawn(here, picture.shape), (0, 0), 2.0), np.float32)
    return _likeness(drawn, picture.astype(np.float32), _inside(here, picture.shape) > 0)


def _around(grey: Grey, matrix: Matrix) -> tuple[Grey, int, int]:
    """The part of the picture with the card and its margin, and where it begins."""
    corners = _corners(matrix, MARGIN)
    height, width = grey.shape
    left, top = np.clip(np.floor(corners.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=0)), 1, (width, height)).astype(int)
    return grey[top:bottom, left:right], int(left), int(top)


def _middle(grey: Grey, matrix: Matrix) -> tuple[Grey, int, int]:
    """As `_around`, at most MOST_PX a side: enough edges in every direction, in little time."""
    part, x, y = _around(grey, matrix)
    height, width = part.shape
    left, top = max(0, (width - MOST_PX) // 2), max(0, (height - MOST_PX) // 2)
    return part[top : top + MOST_PX, left : left + MOST_PX], x + left, y + top


def _drawn(matrix: Matrix, shape: tuple[int, ...]) -> F32:
    """The card as a sharp lens would show it, 0 dark to 1 light: float32 of this shape."""
    height, width = shape
    texture = card_modules().astype(np.float32) / 255
    # Module (0, 0) has its corner there, and its middle half a module further.
    from_texture = np.array([[1, 0, -(QUIET - 0.5)], [0, 1, -(QUIET - 0.5)], [0, 0, 1]])
    finer = np.array([[FINE, 0, (FINE - 1) / 2], [0, FINE, (FINE - 1) / 2], [0, 0, 1]])
    fine = cv2.warpPerspective(
        texture, finer @ matrix @ from_texture, (width * FINE, height * FINE),
        flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=1.0,
    )  # fmt: skip
    return np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _inside(matrix: Matrix, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """255 where the card and its margin lie: uint8 of this shape."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, np.rint(_corners(matrix, MARGIN)).astype(np.int32), (255,))
    return mask


def _fitted(drawn: F32, picture: F32, inside: NDArray[np.uint8]) -> tuple[Blur, float]:
    """The blur under which the drawn card is most like the picture, coarse to fine."""
    # What is clipped to white says nothing of a blur.
    counts = (inside > 0) & (picture < CLIPPED)
    if counts.sum() < MODULES**2:
        return Blur(0, 0, 0), 0.0

    def rated(blurs: Iterable[Blur]) -> Rated:
        return max(
            ((_likeness(blur.of(drawn), picture, counts), blur) for blur in blurs),
            key=lambda each: each[0],
        )

    def refined(blurs: Iterable[Blur], near: Callable[[Blur, float], list[Blur]]) -> Rated:
        likeness, best = rated(blurs)
        for step in (1.0, 1.0, 0.5, 0.5, 0.25):
            likeness, best = rated(near(best, step))
        return likeness, best

    still = refined((Blur(0, 0, spread) for spread in SPREADS), _softer_or_sharper)
    moved = refined(
        (Blur(lng, turn, spr) for lng in LENGTHS for turn in ANGLES for spr in SPREADS), _near
    )
    # A movement of two pixels and a little more blur are nearly the same: then it was the lens.
    likeness, best = still if still[0] > moved[0] - SAME else moved
    return best, likeness


def _softer_or_sharper(blur: Blur, step: float) -> list[Blur]:
    return [replace(blur, spread=max(0.0, blur.spread + 0.5 * step * move)) for move in (-1, 0, 1)]


def _near(blur: Blur, step: float) -> list[Blur]:
    lengths = {max(0.0, blur.length + step * move) for move in (-1, 0, 1)}
    spreads = {max(0.0, blur.spread + 0.5 * step * move) for move in (-1, 0, 1)}
    angles = {blur.angle + 10 * step * move for move in (-1, 0, 1)}
    return [Blur(lng, angle, spr) for lng in lengths for angle in angles for spr in spreads]


def _likeness(drawn: F32, picture: F32, counts: NDArray[np.bool_]) -> float:
    """Correlation, −1 to 1: it does not change with brightness and contrast."""
    one, other = drawn[counts], picture[counts]
    one, other = one - one.mean(), other - other.mean()
    return float(one @ other / math.sqrt(float(one @ one) * float(other @ other) + 1e-9))


def _levels(expected: F32, picture: Grey, inside: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Level of the dark and of the light modules, and the share of the dark ones that are lit."""
    dark = picture[(expected < 0.15) & (inside > 0)]
    light = picture[(expected > 0.85) & (inside > 0)]
    if not dark.size or not light.size:  # so blurred that no module is either
        low, high = np.percentile(picture[inside > 0], (5, 95))
        return float(low), float(high), 0.0
    low, high = float(np.median(dark)), float(np.median(light))
    return low, high, float((dark > (low + high) / 2).mean())


def _module_px(matrix: Matrix) -> float:
    """Of the shortest side, in modules of a pass that is as wide as the card."""
    corners = _corners(matrix, 0)
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
    return float(sides.min()) / PASS_MODULES


def _corners(matrix: Matrix, margin: float) -> Matrix:
    near, far = -margin, MODULES + margin
    ends = np.array([(near, near, 1), (far, near, 1), (far, far, 1), (near, far, 1)], np.float64)
    at = ends @ matrix.T
    return np.asarray(at[:, :2] / at[:, 2:], np.float64)


def _moved(matrix: Matrix, x: float, y: float) -> Matrix:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]]) @ matrix


def _line(length: float, angle: float) -> F32:
    """A kernel whose sum is 1: the way of a point during the exposure."""
    reach = math.ceil(length / 2) + 1
    side, fine = 2 * reach + 1, 8
    canvas = np.zeros((side * fine, side * fine), np.float32)
    turn, middle = math.radians(angle), (side * fine - 1) / 2
    steps = np.linspace(-length / 2, length / 2, max(2, int(length * fine * 2))) * fine
    columns = np.rint(middle + steps * math.cos(turn)).astype(int)
    rows = np.rint(middle + steps * math.sin(turn)).astype(int)
    np.add.at(canvas, (rows, columns), 1.0)
    kernel = canvas.reshape(side, fine, side, fine).sum(axis=(1, 3))
    return np.asarray(kernel / kernel.sum(), np.float32)
