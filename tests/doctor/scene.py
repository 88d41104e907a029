"""Pictures of the test card whose optics are known, drawn four times finer than a camera sees."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.core.reading import Corners
from scanner.doctor.card import MODULES, PASS_MODULES, QUIET, card_modules

Grey = NDArray[np.uint8]
FINE = 4


def card_scene(
    module_px: float = 3.5,
    *,
    smear_px: float = 0.0,
    angle: float = 0.0,
    blur_px: float = 0.8,
    levels: tuple[float, float] = (40.0, 190.0),
    turn: float = 4.0,
    noise: float = 2.0,
    seed: int = 1,
) -> tuple[Grey, Corners]:
    """A picture with the card in its middle and a margin, and where a reader would see its corners.

    module_px: of a pass as wide as the card. blur_px: a Gaussian's width at half its height.
    """
    side = module_px * PASS_MODULES
    size = math.ceil(side * 1.6)
    per_module = side / MODULES * FINE
    angle_rad, half = math.radians(turn), MODULES / 2 + QUIET
    scale = np.array([[per_module, 0, 0], [0, per_module, 0], [0, 0, 1]])
    spin = np.array(
        [[math.cos(angle_rad), -math.sin(angle_rad), size * FINE / 2],
         [math.sin(angle_rad), math.cos(angle_rad), size * FINE / 2], [0, 0, 1]]
    )  # fmt: skip
    centred = np.array([[1, 0, 0.5 - half], [0, 1, 0.5 - half], [0, 0, 1]])
    texture = card_modules().astype(np.float32) / 255
    fine = cv2.warpPerspective(
        texture, spin @ scale @ centred, (size * FINE, size * FINE),
        flags=cv2.INTER_NEAREST, borderValue=1.0,
    )  # fmt: skip
    blurred = _moved(
        _softened(np.asarray(fine, np.float32), blur_px * FINE), smear_px * FINE, angle
    )
    grey = cv2.resize(blurred, (size, size), interpolation=cv2.INTER_AREA)
    lit = levels[0] + (levels[1] - levels[0]) * grey
    lit += np.random.default_rng(seed).normal(0, noise, lit.shape)
    return np.clip(np.rint(lit), 0, 255).astype(np.uint8), _corners(spin @ scale, size)


def _softened(fine: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(fine, (0, 0), max(0.1, width / 2.355)), np.float32)


def _moved(fine: NDArray[np.float32], length: float, angle: float) -> NDArray[np.float32]:
    """The mean of what was seen along the way."""
    steps = np.linspace(-length / 2, length / 2, 17) if length else np.zeros(1)
    turn, total = math.radians(angle), np.zeros_like(fine)
    for step in steps:
        way = np.array([[1, 0, step * math.cos(turn)], [0, 1, step * math.sin(turn)]], np.float32)
        total += cv2.warpAffine(fine, way, fine.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(total / len(steps), np.float32)


def _corners(matrix: NDArray[np.float64], size: int) -> Corners:
    half = MODULES / 2
    at = [
        matrix @ (x, y, 1) for x, y in ((-half, -half), (half, -half), (half, half), (-half, half))
    ]
    first, second, third, fourth = ((int(x / FINE), int(y / FINE)) for x, y, _ in at)
    return first, second, third, fourth
