"""Text, shapes and small pictures for the contact sheet, drawn with OpenCV.

Only ASCII: OpenCV 4 has stroke fonts that know nothing else; OpenCV 5 draws the same calls with a
real typeface.
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.core.errors import ConfigError
from scanner.core.signal import Shape

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]  # blue, green, red

# At this size our own reader finds no pass in the samples any more; at 280 pixels it does.
THUMB_WIDTH, THUMB_HEIGHT = 224, 126
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_PX_AT_SCALE_1 = 27


def colour(rgb: str) -> Colour:
    """`#rrggbb` → blue, green, red."""
    return int(rgb[5:7], 16), int(rgb[3:5], 16), int(rgb[1:3], 16)


def write(
    on: Picture,
    words: str,
    at: tuple[int, int],
    size_px: int,
    ink: Colour,
    *,
    bold: bool = False,
    width: int | None = None,
) -> int:
    """Draws from the base line at (x, y); smaller when wider than `width`; returns where it ends.

    `size_px` is the height of the font, a third more than that of its capitals.
    """
    thickness, scale = (2 if bold else 1), size_px / _PX_AT_SCALE_1
    wide = _width(words, scale, thickness)
    if width is not None and wide > width:
        scale *= width / wide
        wide = _width(words, scale, thickness)
    cv2.putText(on, words, at, _FONT, scale, ink, thickness, cv2.LINE_AA)
    return at[0] + wide


def _width(words: str, scale: float, thickness: int) -> int:
    return int(cv2.getTextSize(words, _FONT, scale, thickness)[0][0])


def fill(on: Picture, corner: tuple[int, int], size: tuple[int, int], ink: Colour) -> None:
    """A rectangle of (width, height) pixels, exactly."""
    (x, y), (width, height) = corner, size
    on[y : y + height, x : x + width] = ink


def draw_shape(
    on: Picture, shape: Shape, centre: tuple[int, int], radius: int, ink: Colour, paper: Colour
) -> None:
    """The shape beside the word of a signal, filled with `ink` on `paper`; none for NONE."""
    if shape is Shape.TICK_IN_CIRCLE:
        cv2.circle(on, centre, radius, ink, cv2.FILLED, cv2.LINE_AA)
        tick = _points(centre, radius, [(-0.48, 0.04), (-0.12, 0.4), (0.5, -0.36)])
        cv2.polylines(on, [tick], False, paper, max(2, radius // 4), cv2.LINE_AA)
    elif shape is not Shape.NONE:
        cv2.fillPoly(on, [_points(centre, radius, _CORNERS[shape])], ink, cv2.LINE_AA)


_CORNERS: dict[Shape, list[tuple[float, float]]] = {
    Shape.OCTAGON: [
        (math.cos(math.pi * (k + 0.5) / 4), math.sin(math.pi * (k + 0.5) / 4)) for k in range(8)
    ],
    Shape.TRIANGLE: [(0.0, -1.0), (1.05, 0.85), (-1.05, 0.85)],
    Shape.SQUARE: [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)],
}


def _points(
    centre: tuple[int, int], radius: int, corners: list[tuple[float, float]]
) -> NDArray[np.int32]:
    x, y = centre
    placed = [(round(x + radius * across), round(y + radius * down)) for across, down in corners]
    return np.array(placed, np.int32)


def read_thumbnail(path: Path) -> Picture:
    """uint8 [≤ 126, ≤ 224, 3] BGR of a frame. Raises ConfigError."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise ConfigError(f"There is no picture {path}. Run `python -m sample_codes.make_samples`.")
    return fitted(np.asarray(picture, np.uint8), THUMB_WIDTH, THUMB_HEIGHT)


def fitted(picture: Picture, width: int, height: int) -> Picture:
    """The whole picture, as large as fits into the box."""
    rows, columns = picture.shape[:2]
    scale = min(width / columns, height / rows)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
