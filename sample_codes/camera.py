"""From a scene to the frame a checkpoint's camera takes of it: light, lens, sensor."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_codes.places import Light, background
from sample_codes.png import Picture
from sample_codes.things import MODULE, Thing

_FOCAL_WIDTHS = 1.1  # focal length in frame widths: a lens of about 49 degrees


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a thing is held: centre of its code as a share of the frame, and how it is turned.

    `turn` is in the plane of the frame, `tilt` about an axis in it at `axis`, all in degrees.
    """

    module_px: float = 5.0
    at: tuple[float, float] = (0.5, 0.48)
    turn: float = 0.0
    tilt: float = 0.0
    axis: float = 0.0


@dataclass(frozen=True, slots=True)
class Optics:
    """What light, lens and sensor do; lengths in pixels of the frame, strengths of 0 to 1."""

    ambient: float = 1.0  # on everything that does not shine itself
    screen: float = 1.0
    bloom: float = 0.0  # how much a screen lights up its surroundings
    blur: float = 0.6
    motion: tuple[float, float] = (0.0, 0.0)  # length, direction in degrees
    glare: tuple[float, float, float, float] | None = None  # x, y and radius as shares, strength
    drops: int = 0
    vignette: float = 0.25
    noise: float = 1.0  # standard deviation in grey levels


def photograph(
    place: str,
    held: list[tuple[Thing, Pose]],
    optics: Optics,
    size: tuple[int, int],
    seed: int,
) -> Picture:
    """uint8 [H, W, 3] BGR; the same for the same arguments."""
    rng = np.random.default_rng(seed)
    light = background(place, size, seed) * optics.ambient
    shine = np.zeros(light.shape[:2], np.float32)
    for thing, pose in held:
        light, shine = _placed(light, shine, thing, pose, optics)
    light = _bloomed(light, shine, optics.bloom)
    light = _glared(light, optics.glare)
    light = _rained_on(light, optics.drops, rng)
    light = np.asarray(cv2.GaussianBlur(light, (0, 0), optics.blur), np.float32)
    light = _moved(light, *optics.motion)
    return _sensed(light, optics, rng)


def _placed(
    light: Light, shine: NDArray[np.float32], thing: Thing, pose: Pose, optics: Optics
) -> tuple[Light, NDArray[np.float32]]:
    """The thing over the scene, its screen shining, the rest lit by the place."""
    height, width = shine.shape
    matrix = _projection(thing, pose, width, height)
    glow = thing.glow[:, :, None].astype(np.float32) / 255
    lit = thing.colours * (optics.ambient * (1 - glow) + optics.screen * glow)
    # Averaged before it is made smaller, or thin lines would flicker from pixel to pixel.
    fine = max(MODULE / pose.module_px * 0.32, 0.3)
    layers = np.dstack([lit, thing.cover.astype(np.float32), thing.glow.astype(np.float32)])
    layers = cv2.GaussianBlur(layers.astype(np.float32), (0, 0), fine)
    seen = np.dstack(
        [
            cv2.warpPerspective(np.ascontiguousarray(layers[:, :, part]), matrix, (width, height))
            for part in range(5)
        ]
    )
    cover = np.asarray(np.clip(seen[:, :, 3:4] / 255, 0, 1), np.float32)
    light = _shadowed(light, cover[:, :, 0])
    # The colours were blurred together with the black around them, as `cover` was.
    joined = light * (1 - cover) + seen[:, :, :3]
    return joined.astype(np.float32), np.maximum(shine, seen[:, :, 4] / 255)


def _shadowed(light: Light, cover: NDArray[np.float32]) -> Light:
    """A soft shadow below and beside what is held before the scene."""
    soft = cv2.GaussianBlur(cover, (0, 0), 22)
    aside = np.array([[1, 0, 10], [0, 1, 16]], np.float32)
    shadow = cv2.warpAffine(soft, aside, cover.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(light * (1 - 0.42 * shadow[:, :, None]), np.float32)


def _projection(thing: Thing, pose: Pose, width: int, height: int) -> NDArray[np.float64]:
    """Drawing → frame: the plane turned and tilted before a pinhole camera."""
    scale, focal = pose.module_px / MODULE, _FOCAL_WIDTHS * width
    turn, tilt, axis = np.deg2rad([pose.turn, pose.tilt, pose.axis])
    in_plane, _ = cv2.Rodrigues(np.array([0.0, 0.0, turn]))
    out_of_plane, _ = cv2.Rodrigues(np.array([np.cos(axis) * tilt, np.sin(axis) * tilt, 0.0]))
    rotation = out_of_plane @ in_plane
    x, y = thing.code_centre
    to_plane = np.array([[scale, 0, -scale * x], [0, scale, -scale * y], [0, 0, 1.0]])
    before_camera = np.column_stack([rotation[:, 0], rotation[:, 1], [0.0, 0.0, focal]])
    centre_x, centre_y = pose.at[0] * width, pose.at[1] * height
    pinhole = np.array([[focal, 0, centre_x], [0, focal, centre_y], [0, 0, 1.0]])
    return np.asarray(pinhole @ before_camera @ to_plane)


def _bloomed(light: Light, shine: NDArray[np.float32], strength: float) -> Light:
    """Light of a bright screen scattered in the lens and on the hand."""
    if not strength:
        return light
    near, far = (cv2.GaussianBlur(shine, (0, 0), sigma) for sigma in (12, 60))
    spread = (near + far) / 2
    tint = np.array((255, 246, 236), np.float32)
    return np.asarray(light + spread[:, :, None] * strength * tint, np.float32)


def _glared(light: Light, glare: tuple[float, float, float, float] | None) -> Light:
    """A lamp mirrored in the glass: washed out where it is, a faint streak beside it."""
    if glare is None:
        return light
    height, width = light.shape[:2]
    x_share, y_share, radius, strength = glare
    y, x = np.mgrid[:height, :width].astype(np.float32)
    across, down = (x - x_share * width) / width, (y - y_share * height) / width
    spot = np.exp(-(((across**2 + down**2) / radius**2) ** 1.5))
    streak = 0.35 * np.exp(-(((across - 1.6 * down) / (radius * 0.7)) ** 2))
    veil = np.clip(spot + streak, 0, 1)[:, :, None] * strength
    return np.asarray(light + (275 - light) * veil, np.float32)


def _rained_on(light: Light, drops: int, rng: np.random.Generator) -> Light:
    """Drops on the pane: small lenses that show the scene upside down, with a bright rim."""
    height, width = light.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    source_x, source_y, rim = x.copy(), y.copy(), np.zeros_like(x)
    for _ in range(drops):
        at_x, at_y = rng.uniform(0, width), rng.uniform(0, height)
        radius = rng.uniform(0.004, 0.016) * width
        away = np.hypot((x - at_x) * 1.15, y - at_y) / radius
        inside = away < 1
        bend = 1 - 2.4 * np.sqrt(np.clip(1 - away[inside] ** 2, 0, 1))
        source_x[inside] = at_x + (x[inside] - at_x) * bend
        source_y[inside] = at_y + (y[inside] - at_y) * bend
        rim[inside] += np.where(y[inside] < at_y, 26, -22) * away[inside] ** 3
    if not drops:
        return light
    bent = cv2.remap(light, source_x, source_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(bent + cv2.GaussianBlur(rim, (0, 0), 1.0)[:, :, None], np.float32)


def _moved(light: Light, length: float, direction: float) -> Light:
    """Smear of a hand that does not hold still."""
    if length <= 1:
        return light
    reach = int(length) + 2
    smear = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    step = np.array([np.cos(np.deg2rad(direction)), np.sin(np.deg2rad(direction))]) * length / 2
    for share in np.linspace(-1, 1, 65):
        smear[round(reach + share * step[1]), round(reach + share * step[0])] += 1
    return np.asarray(cv2.filter2D(light, -1, smear / smear.sum()), np.float32)


def _sensed(light: Light, optics: Optics, rng: np.random.Generator) -> Picture:
    """Darker corners, clipped whites, noise of the sensor."""
    height, width = light.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    away = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
    light = light * (1 - optics.vignette * away)[:, :, None]
    grain = rng.normal(0, 1, (height, width)).astype(np.float32) * optics.noise
    return np.clip(light + grain[:, :, None], 0, 255).astype(np.uint8)
