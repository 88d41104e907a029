"""Where checkpoints stand, out of focus: drawn small, blurred, and enlarged to the frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float32]  # [H, W, 3] BGR, 0 to 255 and above for lamps

WIDTH, HEIGHT = 640, 360


def background(place: str, size: tuple[int, int], seed: int) -> Light:
    """float32 [H, W, 3] for `size` = (width, height); a narrower frame sees the middle."""
    seen = HEIGHT * size[0] // size[1]
    left = (WIDTH - seen) // 2
    small = PLACES[place](np.random.default_rng(seed))[:, left : left + seen]
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.float32)


def _sky(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Light:
    share = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None, None]
    ends = np.array([top, bottom], np.float32)
    column = ends[0] * (1 - share) + ends[1] * share
    return np.ascontiguousarray(np.broadcast_to(column, (HEIGHT, WIDTH, 3)), np.float32)


def _with_bokeh(
    scene: Light, rng: np.random.Generator, colour: tuple[int, int, int], count: int, radius: float
) -> Light:
    """Lamps far out of focus: discs of light that add up."""
    for _ in range(count):
        disc = np.zeros((HEIGHT, WIDTH), np.uint8)
        at = (int(rng.uniform(0, WIDTH)), int(rng.normal(0.4, 0.13) * HEIGHT))
        cv2.circle(disc, at, int(radius * rng.uniform(0.6, 1.3)), 255, -1, cv2.LINE_AA)
        strength = rng.uniform(0.3, 0.9) / 255
        scene = scene + disc[:, :, None] * strength * np.array(colour, np.float32)
    return np.asarray(cv2.GaussianBlur(scene, (0, 0), 2.5), np.float32)


def _barrier(scene: Light, y: int, tilt: int, brightness: float) -> Light:
    """The red and white boom across the road."""
    picture = np.clip(scene, 0, 255).astype(np.uint8)
    for number, left in enumerate(range(-40, WIDTH + 40, 44)):
        colour = (60, 50, 205) if number % 2 else (225, 228, 230)
        shaded = tuple(int(part * brightness) for part in colour)
        at = (left, y + tilt * left // WIDTH)
        to = (left + 44, y + tilt * (left + 44) // WIDTH)
        cv2.line(picture, at, to, shaded, 17)
    blurred = cv2.GaussianBlur(picture, (0, 0), 4).astype(np.float32)
    return np.asarray(np.maximum(blurred, scene * 0.2), np.float32)


def _night_road(rng: np.random.Generator) -> Light:
    scene = _sky((34, 20, 14), (26, 25, 27))
    scene = _barrier(scene, 236, 20, 0.33)
    scene = _with_bokeh(scene, rng, (70, 150, 235), 13, 17)  # sodium lamps
    scene = _with_bokeh(scene, rng, (235, 235, 220), 5, 21)  # headlamps
    return _with_bokeh(scene, rng, (40, 40, 225), 6, 14)  # tail lamps


def _dawn_road(rng: np.random.Generator) -> Light:
    scene = _sky((150, 120, 118), (120, 160, 205))
    scene = _blocks(scene, rng, (84, 74, 78), 0.62)
    scene[236:] = (88, 86, 90)
    scene = _barrier(scene, 254, -16, 0.75)
    return _with_bokeh(scene, rng, (90, 170, 235), 5, 13)


def _day_road(rng: np.random.Generator) -> Light:
    scene = _sky((222, 206, 190), (214, 212, 208))
    scene = _blocks(scene, rng, (150, 142, 138), 0.6)
    scene[232:] = (126, 124, 124)
    paint = ((150, 60, 40), (50, 52, 150), (196, 198, 200), (60, 62, 64))[int(rng.integers(4))]
    scene = _car(scene, int(rng.uniform(60, WIDTH - 160)), paint)
    return _barrier(scene, 262, 22, 0.95)


def _car(scene: Light, left: int, paint: tuple[int, int, int]) -> Light:
    """A car that waits behind the boom, seen from the front."""
    picture = np.clip(scene, 0, 255).astype(np.uint8)
    cv2.ellipse(picture, (left + 62, 282), (84, 10), 0, 0, 360, (84, 82, 82), -1)
    cabin = [(left + 6, 196), (left + 24, 150), (left + 102, 150), (left + 120, 196)]
    cv2.fillPoly(picture, [np.array(cabin, np.int32)], paint)
    glass = [(left + 15, 195), (left + 30, 157), (left + 96, 157), (left + 111, 195)]
    cv2.fillPoly(picture, [np.array(glass, np.int32)], (92, 84, 78))
    cv2.rectangle(picture, (left - 6, 196), (left + 132, 262), paint, -1)
    for lamp in (left + 12, left + 112):
        cv2.circle(picture, (lamp, 220), 11, (236, 248, 252), -1)
    for wheel in (left + 6, left + 98):
        cv2.rectangle(picture, (wheel, 258), (wheel + 24, 282), (34, 32, 32), -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 4), np.float32)


def _blocks(
    scene: Light, rng: np.random.Generator, colour: tuple[int, int, int], foot: float
) -> Light:
    """Houses with rows of windows along the street."""
    picture = np.clip(scene, 0, 255).astype(np.uint8)
    left, base = -20, int(HEIGHT * foot)
    while left < WIDTH:
        width, top = int(rng.uniform(70, 130)), int(rng.uniform(30, 120))
        shade = rng.uniform(0.85, 1.15)
        wall = tuple(int(min(part * shade, 255)) for part in colour)
        cv2.rectangle(picture, (left, top), (left + width, base), wall, -1)
        for y in range(top + 12, base - 10, 22):
            for x in range(left + 10, left + width - 10, 20):
                dim = rng.uniform(0.6, 0.95)
                pane = tuple(int(part * dim) for part in wall)
                cv2.rectangle(picture, (x, y), (x + 9, y + 12), pane, -1)
        left += width + int(rng.uniform(4, 26))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 5), np.float32)


def _metro(rng: np.random.Generator) -> Light:
    """A hall with a row of lamps above, columns, and a floor that mirrors them."""
    scene = _sky((122, 138, 150), (92, 98, 106))
    picture = scene.astype(np.uint8)
    for column in range(6):
        left = 20 + column * 118 + int(rng.uniform(-6, 6))
        cv2.rectangle(picture, (left, 60), (left + 46, 262), (158, 176, 190), -1)
        cv2.rectangle(picture, (left + 34, 60), (left + 46, 262), (108, 122, 134), -1)
    cv2.rectangle(picture, (0, 262), (WIDTH, HEIGHT), (78, 82, 90), -1)
    for lamp in range(5):
        at = (70 + lamp * 125, 38)
        cv2.ellipse(picture, at, (34, 11), 0, 0, 360, (215, 240, 250), -1)
        cv2.ellipse(picture, (at[0], 318), (38, 16), 0, 0, 360, (112, 122, 132), -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 7), np.float32)


def _car_window(rng: np.random.Generator) -> Light:
    """The side of a car, its window open, the driver's seat dark behind it."""
    scene = _day_road(rng) * 0.85
    picture = np.clip(scene, 0, 255).astype(np.uint8)
    paint = (118, 66, 42)
    cv2.rectangle(picture, (0, 92), (WIDTH, HEIGHT), paint, -1)
    roof = np.array([(70, 92), (170, 8), (530, 8), (640, 92), (640, 214), (46, 214)], np.int32)
    cv2.fillPoly(picture, [roof], paint)
    glass = np.array(
        [(104, 100), (186, 26), (500, 26), (600, 100), (606, 198), (84, 198)], np.int32
    )
    cv2.fillPoly(picture, [glass], (40, 36, 36))
    cv2.circle(picture, (360, 110), 46, (66, 72, 90), -1)  # the driver
    cv2.rectangle(picture, (300, 150), (430, 198), (74, 70, 60), -1)
    cv2.line(picture, (40, 232), (640, 226), (150, 98, 72), 5)
    cv2.rectangle(picture, (470, 246), (540, 260), (70, 60, 54), -1)  # the handle
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 5), np.float32)


def _desk(rng: np.random.Generator) -> Light:
    """The table of the checkpoint: wood under a lamp."""
    grain = rng.normal(0, 1, (HEIGHT, 12)).astype(np.float32)
    wide = cv2.resize(grain, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    shade = 1 + 0.06 * cv2.GaussianBlur(wide, (0, 0), sigmaX=30, sigmaY=1.5)
    return np.asarray(np.array((74, 108, 142), np.float32) * shade[:, :, None], np.float32)


def _wall(rng: np.random.Generator) -> Light:
    """Tiles at a bus stop."""
    picture = np.full((HEIGHT, WIDTH, 3), (176, 180, 176), np.uint8)
    for y in range(-10, HEIGHT, 46):
        for x in range(-20, WIDTH, 92):
            shade = int(rng.uniform(-7, 7))
            tile = (186 + shade, 190 + shade, 184 + shade)
            cv2.rectangle(picture, (x + 2, y + 2), (x + 89, y + 43), tile, -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.6), np.float32)


PLACES: Mapping[str, Callable[[np.random.Generator], Light]] = {
    "night-road": _night_road,
    "dawn-road": _dawn_road,
    "day-road": _day_road,
    "metro": _metro,
    "car-window": _car_window,
    "desk": _desk,
    "wall": _wall,
}
