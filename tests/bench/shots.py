"""From a sheet to the frame that a camera takes of it, with one thing wrong or with everything."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.bench.sheets import TEXELS, Sheet

Grey = NDArray[np.uint8]
Light = NDArray[np.float32]  # [H, W], 0 to 1 where nothing shines into the lens

FOCAL_WIDTHS = 1.1  # a lens of about 49 degrees
PIXEL_SIGMA = 0.3  # of a box as wide as a pixel, nearly
SMEAR_SIDE = 41


@dataclass(frozen=True, slots=True)
class Shot:
    """Lengths in pixels of the frame, angles in degrees, strengths from 0 to 1.

    tilt: about an axis in the plane at `axis`. noise: standard deviation in grey levels. glare:
    radius, covered: side of what hides a corner; both as a share of the sheet. shade: how dark one
    half is. jpeg: quality, 0 for none.
    """

    module_px: float = 3.0
    tilt: float = 8.0
    axis: float = 30.0
    turn: float = 5.0
    blur: float = 0.6
    motion: float = 0.0
    heading: float = 20.0
    noise: float = 3.0
    glare: float = 0.0
    covered: float = 0.0
    moire: float = 0.0
    shade: float = 0.0
    contrast: float = 1.0
    is_inverted: bool = False
    jpeg: int = 0


def photograph(sheet: Sheet, shot: Shot, random: Generator, size: tuple[int, int]) -> Grey:
    """uint8 [H, W] of a frame `size` (W, H); the same for the same arguments."""
    light = _scene(sheet, shot, random, size)
    light = np.asarray(cv2.GaussianBlur(light, (0, 0), max(shot.blur, 0.2)), np.float32)
    light = 0.5 + (_smeared(light, shot) - 0.5) * np.float32(shot.contrast)
    return _compressed(_sensed(light, shot, random), shot.jpeg)


def _scene(sheet: Sheet, shot: Shot, random: Generator, size: tuple[int, int]) -> Light:
    """What falls into the lens, no more than it takes."""
    matrix = _projection(sheet.shape, shot, random, size)
    # Averaged over a pixel before it is sampled, or fine modules would flicker.
    soft = cv2.GaussianBlur(_hidden(sheet, shot, random), (0, 0), _sigma(shot))
    light = cv2.warpPerspective(
        soft, matrix, size, _room(random, size), cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT
    )
    lit = _shone_on(np.asarray(light, np.float32), sheet.shape, shot, random, matrix)
    return np.asarray(np.clip(lit, 0, 1), np.float32)


def _sensed(light: Light, shot: Shot, random: Generator) -> Grey:
    """Grey levels with grain: brighter pixels collect more light, and its chance with it."""
    grain = random.standard_normal(light.shape, np.float32) * shot.noise
    grey = 12 + 228 * light + grain * np.sqrt(0.3 + 0.7 * np.clip(light, 0, 1))
    return np.asarray(np.clip(grey, 0, 255), np.uint8)


def _sigma(shot: Shot) -> float:
    return max(0.2, PIXEL_SIGMA * TEXELS / shot.module_px)


def _projection(
    shape: tuple[int, ...], shot: Shot, random: Generator, size: tuple[int, int]
) -> NDArray[np.float64]:
    """Sheet → frame: turned and tilted about its middle before a pinhole, a little off centre."""
    (width, height), scale = size, shot.module_px / TEXELS
    focal = FOCAL_WIDTHS * width
    turn, tilt, axis = np.deg2rad([shot.turn, shot.tilt, shot.axis])
    flat, _ = cv2.Rodrigues(np.array([0.0, 0.0, turn]))
    steep, _ = cv2.Rodrigues(tilt * np.array([np.cos(axis), np.sin(axis), 0.0]))
    rotation = steep @ flat
    middle = np.array([[1.0, 0, -shape[1] / 2], [0, 1.0, -shape[0] / 2], [0, 0, 1.0]])
    plane = np.column_stack([rotation[:, 0] * scale, rotation[:, 1] * scale, [0.0, 0.0, focal]])
    at = (0.5 + random.uniform(-0.07, 0.07, 2)) * (width, height)
    pinhole = np.array([[focal, 0, at[0]], [0, focal, at[1]], [0, 0, 1.0]])
    return np.asarray(pinhole @ plane @ middle)


def _room(random: Generator, size: tuple[int, int]) -> Light:
    """Out of focus, darker than the sheet."""
    blots = random.uniform(0.1, 0.55, (8, 14)).astype(np.float32)
    return np.asarray(cv2.resize(blots, size, interpolation=cv2.INTER_CUBIC), np.float32)


def _hidden(sheet: Sheet, shot: Shot, random: Generator) -> Sheet:
    """A thumb over a part of the sheet, somewhere along its edges."""
    if not shot.covered:
        return sheet
    hidden, side = sheet.copy(), round(shot.covered * sheet.shape[1])
    top = int(random.integers(0, max(1, sheet.shape[0] - side)))
    left = 0 if random.random() < 0.5 else sheet.shape[1] - side
    hidden[top : top + side, left : left + side] = 0.45
    return hidden


def _shone_on(
    light: Light, shape: tuple[int, ...], shot: Shot, random: Generator, matrix: NDArray[np.float64]
) -> Light:
    """A shadow over one half, and a lamp mirrored in the glass."""
    corners = np.array([[[0, 0]], [[shape[1], 0]], [[shape[1], shape[0]]]], np.float64)
    first, second, third = cv2.perspectiveTransform(corners, matrix)[:, 0]
    middle, side = (first + third) / 2, float(np.hypot(*(second - first)))
    down, across = np.indices(light.shape, np.float32)
    across, down = (across - np.float32(middle[0])) / side, (down - np.float32(middle[1])) / side
    if shot.shade:
        edge = np.deg2rad(random.uniform(0, 360))
        away = across * np.cos(edge) + down * np.sin(edge)
        light = light * (1 - shot.shade / (1 + np.exp(-7 * away)))
    if shot.glare:
        off = random.uniform(-0.25, 0.25, 2)
        distance = np.hypot(across - off[0], down - off[1]) / shot.glare
        light = light + 1.2 * np.exp(-(distance**3))
    return np.asarray(light, np.float32)


def _smeared(light: Light, shot: Shot) -> Light:
    """By a hand that moves while the shutter is open."""
    if shot.motion <= 1:
        return light
    reach, heading = SMEAR_SIDE // 2, np.deg2rad(shot.heading)
    step = min(shot.motion, SMEAR_SIDE - 3) / 2 * np.array([np.cos(heading), np.sin(heading)])
    path = np.zeros((SMEAR_SIDE, SMEAR_SIDE), np.float32)
    for share in np.linspace(-1, 1, 12 * SMEAR_SIDE):
        across, down = reach + share * step
        path[round(down), round(across)] += 1
    return np.asarray(cv2.filter2D(light, -1, path / path.sum()), np.float32)


def _compressed(grey: Grey, quality: int) -> Grey:
    if not quality:
        return grey
    _, packed = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
