"""What people hold up: phones, papers and posters, drawn flat and large, as seen from the front.

Sizes are in modules of the QR code, so that a code of any version fits what carries it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import segno
from numpy.typing import NDArray

from sample_codes.png import Picture

MODULE = 8  # pixels a module in the drawing; the camera sees 3 to 6
_QUIET = 4

Colour = tuple[int, int, int]  # BGR

_INK = (38, 34, 32)
_FONT = cv2.FONT_HERSHEY_DUPLEX

# How far a drawing goes beyond its sheet: left, top, right, bottom, in sheet widths.
_HAND = (0.2, 0.02, 0.75, 1.9)
_NO_HAND = (0.02, 0.02, 0.02, 0.02)


@dataclass(frozen=True, slots=True)
class Thing:
    """A drawing: its colours in full light, where it is (`cover`), what of it shines (`glow`).

    uint8 [H, W, 3], uint8 [H, W], uint8 [H, W]; `modules` is the side of the code, 0 without one.
    """

    colours: Picture
    cover: Picture
    glow: Picture
    code_centre: tuple[float, float]
    modules: int


def code_tile(text: str, light: Colour, dark: Colour) -> Picture:
    """The code at error correction M with its quiet zone, MODULE pixels a module."""
    code = segno.make(text, error="m", micro=False, boost_error=False)
    matrix = np.pad(np.array([list(row) for row in code.matrix], np.uint8), _QUIET)
    large = np.kron(matrix, np.ones((MODULE, MODULE), np.uint8))[:, :, None]
    return np.where(large == 1, np.array(dark, np.uint8), np.array(light, np.uint8))


class _Sheet:
    """A drawing in progress."""

    def __init__(
        self, width: int, height: int, beyond: tuple[float, float, float, float] = _NO_HAND
    ) -> None:
        left, top, right, bottom = (int(width * share) for share in beyond)
        self.x, self.y, self.width, self.height = left, top, width, height
        self.colours = np.zeros((top + height + bottom, left + width + right, 3), np.uint8)
        self.cover = np.zeros(self.colours.shape[:2], np.uint8)
        self.glow = np.zeros_like(self.cover)

    def rectangle(
        self, x: float, y: float, width: float, height: float, colour: Colour, radius: float = 0
    ) -> None:
        """In pixels from the sheet's own corner, with round corners."""
        mask = np.zeros_like(self.cover)
        left, top = self.x + int(x), self.y + int(y)
        right, bottom, r = left + int(width) - 1, top + int(height) - 1, int(radius)
        cv2.rectangle(mask, (left + r, top), (right - r, bottom), 255, -1)
        cv2.rectangle(mask, (left, top + r), (right, bottom - r), 255, -1)
        for corner in ((left, top), (right, top), (left, bottom), (right, bottom)):
            centre = (
                min(max(corner[0], left + r), right - r),
                min(max(corner[1], top + r), bottom - r),
            )
            cv2.circle(mask, centre, r, 255, -1)
        self.paint(mask, colour)

    def paint(self, mask: Picture, colour: Colour | Picture) -> None:
        self.colours[mask > 0] = colour if isinstance(colour, tuple) else colour[mask > 0]
        self.cover |= mask

    def text(self, text: str, x: float, y: float, size: float, colour: Colour) -> None:
        """`size` is the height of capitals in pixels, (x, y) the left end of the base line."""
        scale = size / 21.0
        at = (self.x + int(x), self.y + int(y))
        weight = max(1, round(scale * 1.2))
        cv2.putText(self.colours, text, at, _FONT, scale, colour, weight, cv2.LINE_AA)

    def centred(self, text: str, y: float, size: float, colour: Colour) -> None:
        """Smaller where it would not fit."""
        (width, _), _ = cv2.getTextSize(text, _FONT, size / 21.0, max(1, round(size / 21.0 * 1.2)))
        if width > 0.9 * self.width:
            self.centred(text, y, size * 0.85, colour)
            return
        self.text(text, (self.width - width) / 2, y, size, colour)

    def stamp(self, tile: Picture, x: float, y: float) -> None:
        left, top = self.x + int(x), self.y + int(y)
        self.colours[top : top + tile.shape[0], left : left + tile.shape[1]] = tile

    def lines(
        self, x: float, y: float, width: float, rows: int, colour: Colour, step: float
    ) -> None:
        """Rows of small print, too small to be read."""
        for row in range(rows):
            share = (0.94, 0.78, 0.88, 0.55)[row % 4]
            self.rectangle(x, y + row * step, width * share, step * 0.34, colour)

    def done(self, centre: tuple[float, float], modules: int) -> Thing:
        at = (self.x + centre[0], self.y + centre[1])
        return Thing(self.colours, self.cover, self.glow, at, modules)


def phone(
    text: str | None, clock: str, skin: Colour, accent: Colour, *, dark_mode: bool = False
) -> Thing:
    """A phone in a hand, the code on its screen and the time; without a text, locked."""
    paper, ink = ((24, 22, 22), (235, 235, 235)) if dark_mode else ((250, 250, 250), (16, 14, 14))
    tile = code_tile(text or "-" * 279, paper, ink)
    side = tile.shape[0]
    width, height = int(side * 1.14), int(side * 2.1)
    sheet = _Sheet(width, height, _HAND)
    _palm(sheet, skin)
    _body(sheet, paper if text else (40, 26, 18))
    top = height * 0.27
    if text:
        _screen(sheet, tile, top, clock, accent, ink)
    else:
        sheet.centred(clock, height * 0.24, width * 0.15, (236, 232, 228))
        sheet.centred("Wed 29 April", height * 0.30, width * 0.05, (206, 200, 196))
    _fingers(sheet, skin)
    return sheet.done((width / 2, top + side / 2), side // MODULE - 2 * _QUIET if text else 0)


def _body(sheet: _Sheet, screen: Colour) -> None:
    width, height = sheet.width, sheet.height
    sheet.rectangle(0, 0, width, height, (58, 56, 54), width * 0.12)
    sheet.rectangle(5, 5, width - 10, height - 10, (20, 19, 19), width * 0.115)
    before = sheet.colours.copy()
    edge = width * 0.032
    sheet.rectangle(edge, edge, width - 2 * edge, height - 2 * edge, screen, width * 0.09)
    sheet.glow[(sheet.colours != before).any(axis=2)] = 255
    sheet.rectangle(width * 0.36, edge, width * 0.28, width * 0.045, (20, 19, 19), width * 0.02)


def _screen(
    sheet: _Sheet, tile: Picture, top: float, clock: str, accent: Colour, ink: Colour
) -> None:
    width, height, side = sheet.width, sheet.height, tile.shape[0]
    edge = width * 0.032
    sheet.text(clock, width * 0.1, width * 0.095, width * 0.035, ink)
    sheet.rectangle(width * 0.82, width * 0.065, width * 0.075, width * 0.033, ink, 4)
    sheet.rectangle(edge, height * 0.085, width - 2 * edge, height * 0.1, accent)
    sheet.centred("MOVEMENT PASS", height * 0.145, width * 0.062, (250, 250, 250))
    sheet.stamp(tile, (width - side) / 2, top)
    below = top + side
    grey = (150, 150, 150)
    sheet.centred("29.04.2020", below + height * 0.045, width * 0.055, ink)
    sheet.lines(width * 0.12, below + height * 0.08, width * 0.76, 4, grey, height * 0.026)
    sheet.rectangle(width * 0.3, height * 0.955, width * 0.4, width * 0.014, grey, 4)


def _palm(sheet: _Sheet, skin: Colour) -> None:
    """The hand behind the phone and the sleeve below it."""
    mask = np.zeros_like(sheet.cover)
    x, y, width, height = sheet.x, sheet.y, sheet.width, sheet.height
    centre = (x + int(width * 0.55), y + int(height * 0.74))
    cv2.ellipse(mask, centre, (int(width * 0.6), int(height * 0.3)), 12, 0, 360, 255, -1)
    wrist = (x + int(width * 0.62), y + int(height * 0.9))
    cv2.line(mask, wrist, (x + int(width * 0.8), mask.shape[0] + 200), 255, int(width * 0.62))
    sheet.paint(mask, _rounded(mask, skin))


def _fingers(sheet: _Sheet, skin: Colour) -> None:
    """Four finger tips from the left, the thumb from the right, over the bezel only."""
    mask = np.zeros_like(sheet.cover)
    x, y, width, height = sheet.x, sheet.y, sheet.width, sheet.height
    thick = int(width * 0.135)
    for share in (0.5, 0.59, 0.68, 0.765):
        tip = (x - int(width * 0.03), y + int(height * (share + 0.01)))
        cv2.line(mask, (x - int(width * 0.09), y + int(height * share)), tip, 255, thick)
    knuckle = (x + int(width * 1.06), y + int(height * 0.72))
    cv2.line(mask, knuckle, (x + int(width * 1.02), y + int(height * 0.56)), 255, int(thick * 1.2))
    sheet.paint(mask, _rounded(mask, skin))
    sheet.glow[mask > 0] = 0


def _rounded(mask: Picture, colour: Colour) -> Picture:
    """Darker towards the edge, as round things are."""
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    shade = 0.55 + 0.45 * np.clip(depth / 34.0, 0, 1) ** 0.7
    return np.asarray(np.array(colour, np.float32) * shade[:, :, None], np.uint8)


def paper(text: str, title: str, printed: str = "") -> Thing:
    """A sheet of office paper, folded twice, printed in black."""
    white = (232, 238, 240)
    tile = code_tile(text, white, _INK)
    side = tile.shape[0]
    width, height = int(side * 1.9), int(side * 2.3)
    sheet = _Sheet(width, height)
    sheet.rectangle(0, 0, width, height, white)
    sheet.centred(title, height * 0.09, width * 0.032, _INK)
    sheet.lines(width * 0.1, height * 0.13, width * 0.8, 8, (120, 120, 120), height * 0.026)
    left, top = (width - side) / 2, height * 0.37
    sheet.stamp(tile, left, top)
    if printed:
        sheet.centred(printed, top + side + height * 0.03, width * 0.036, _INK)
    sheet.lines(
        width * 0.1, top + side + height * 0.06, width * 0.8, 4, (120, 120, 120), height * 0.026
    )
    _fold(sheet)
    return sheet.done((width / 2, top + side / 2), side // MODULE - 2 * _QUIET)


def _fold(sheet: _Sheet) -> None:
    """Light falls differently on each quarter; the folds themselves catch it."""
    height, width = sheet.cover.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    across, down = x - width * 0.47, y - height * 0.53
    shade = 1 - 0.09 * (across > 0) - 0.07 * (down > 0)
    shade += 0.1 * np.exp(-((across / 5) ** 2)) - 0.12 * np.exp(-(((across - 9) / 6) ** 2))
    shade += 0.1 * np.exp(-((down / 5) ** 2)) - 0.12 * np.exp(-(((down - 9) / 6) ** 2))
    sheet.colours[:] = np.clip(sheet.colours * shade[:, :, None], 0, 255).astype(np.uint8)


def poster(text: str, words: tuple[str, ...], accent: Colour) -> Thing:
    """A printed notice with a code that is no pass."""
    white = (236, 240, 240)
    tile = code_tile(text, white, accent if sum(accent) < 260 else _INK)
    side = tile.shape[0]
    width, height = int(side * 1.35), int(side * 2.0)
    sheet = _Sheet(width, height)
    sheet.rectangle(0, 0, width, height, white)
    sheet.rectangle(0, 0, width, height * 0.36, accent)
    for row, word in enumerate(words):
        sheet.centred(word, height * (0.13 + 0.11 * row), width * 0.085, (250, 250, 250))
    sheet.stamp(tile, (width - side) / 2, height * 0.4)
    return sheet.done((width / 2, height * 0.4 + side / 2), side // MODULE - 2 * _QUIET)


def cracked(thing: Thing, seed: int) -> Thing:
    """Glass broken at the edge of the screen: bright and dark splinters across the code."""
    rng = np.random.default_rng(seed)
    colours = thing.colours.copy()
    reach = thing.modules * MODULE
    hit = np.array(thing.code_centre) + np.array([0.52, 0.17]) * reach
    for angle in np.deg2rad((100, 122, 146, 165, 184, 206, 232, 256)):
        at, heading = hit.copy(), angle + rng.uniform(-0.2, 0.2)
        for _ in range(int(rng.integers(4, 9))):
            step = rng.uniform(0.08, 0.17) * reach
            to = at + step * np.array([np.cos(heading), np.sin(heading)])
            _splinter(colours, at, to)
            at, heading = to, heading + rng.normal(0, 0.16)
    colours[thing.glow == 0] = thing.colours[thing.glow == 0]
    return Thing(colours, thing.cover, thing.glow, thing.code_centre, thing.modules)


def _splinter(colours: Picture, at: NDArray[np.float64], to: NDArray[np.float64]) -> None:
    begin, end = (tuple(int(value) for value in point) for point in (at, to))
    cv2.line(colours, begin, end, (70, 72, 74), 3, cv2.LINE_AA)
    beside = ((begin[0] + 2, begin[1] + 2), (end[0] + 2, end[1] + 2))
    cv2.line(colours, *beside, (225, 228, 230), 2, cv2.LINE_AA)
