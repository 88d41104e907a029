"""The cascade: stages that each read some codes the ones before missed; the first read ends it.

Ordered by what a stage reads for what it costs; nearly every easy frame ends in the first.
No stage guesses: a read is what the code's own error correction confirms.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scanner.core.reading import Point, Reading
from scanner.vision.engines import Engine, Found, Zbar, zxing, zxing_shrinking
from scanner.vision.grid import grid
from scanner.vision.prepare import (
    Grey,
    View,
    busiest_region,
    resized,
    sharpened,
    shrunk,
    smoothed,
    to_grey,
)

FRAME_PIXELS = 1920 * 1080
# A view made larger than this reads nothing more, and only costs time and memory.
ENLARGED_PIXELS = 4 * 1280 * 720
# zbar's cost grows with what looks like a finder pattern; one call must end well before a worker
# is taken to hang, on a board ten times as slow as a desk machine, too.
ZBAR_PIXELS = 720 * 720
# A larger region is no code but a whole scene, and looking for finder patterns costs by the pixel.
GRID_PIXELS = 640 * 480
MIN_SIDE = 21  # a QR code has 21 modules a side at least
MAX_READINGS = 16

Prepare = Callable[[View], View]

_zbar = Zbar()


def _as_it_is(view: View) -> View:
    return view


def _enlarged(view: View, max_pixels: int = ENLARGED_PIXELS, factor: float = 2.0) -> View:
    """So many times as large, or as large as the limit allows."""
    height, width = view.grey.shape
    return resized(view, min(factor, (max_pixels / (height * width)) ** 0.5))


def _sharp(view: View) -> View:
    return sharpened(_enlarged(view))


def _sharp_whole(view: View) -> View:
    """Less enlarged: as good as twice for all but one code in forty, for half the time."""
    return sharpened(_enlarged(view, factor=1.4))


def _small_enough(view: View) -> View:
    return shrunk(view, GRID_PIXELS)


def _smooth_sharp_for_zbar(view: View) -> View:
    return sharpened(_enlarged(smoothed(view), ZBAR_PIXELS))


@dataclass(frozen=True, slots=True)
class Stage:
    """One attempt: the whole frame or its busiest region, prepared, given to an engine."""

    is_whole: bool
    prepare: Prepare
    engine: Engine


FIRST = Stage(True, _as_it_is, zxing)
# Of 120 synthetic frames each of these reads so many alone, and the first stage 31 (README.md).
SHARP = Stage(False, _sharp, zxing_shrinking)  # 62
GRID = Stage(False, _small_enough, grid)  # 103
ZBAR = Stage(False, _smooth_sharp_for_zbar, _zbar)  # 50: pays on photos
WHOLE = Stage(True, _sharp_whole, zxing)  # 52: the code is not in the busiest region
DEEPER = (SHARP, GRID, ZBAR, WHOLE)


def decode(image: NDArray[np.uint8]) -> list[bytes]:
    """The raw bytes of every QR code found in a grey [H, W] or BGR [H, W, 3] uint8 image.

    Without a time limit, hence the same answer every time. Raises ValueError for any other array.
    """
    return [reading.payload for reading in read_codes(image)]


def read_codes(
    image: NDArray[np.uint8],
    limit_s: float | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> list[Reading]:
    """Every QR code found, at most 16, none twice; corners in pixels of `image`.

    No stage starts later than `limit_s` after the call. Raises ValueError for a wrong array.
    """
    grey = to_grey(image)
    if min(grey.shape) < MIN_SIDE:
        return []
    start_s = monotonic()
    if found := FIRST.engine(grey):
        return readings_of(found, View(grey), grey)
    frame = shrunk(View(grey), FRAME_PIXELS)
    region = busiest_region(frame)
    if region is None:
        return []
    is_seen = False
    # Where nothing stands out SHARP would do what WHOLE does, for four times the pixels.
    for stage in DEEPER if region is not frame else DEEPER[1:]:
        if limit_s is not None and monotonic() - start_s > limit_s:
            break
        if stage.is_whole and is_seen:
            continue
        view = stage.prepare(frame if stage.is_whole else region)
        found = stage.engine(view.grey)
        if readings := readings_of(found, view, grey):
            return readings
        is_seen = is_seen or bool(found)  # in the region: elsewhere there is nothing better
    return []


def readings_of(found: Sequence[Found], view: View, grey: Grey) -> list[Reading]:
    """What one engine read in one view, in pixels of the frame, without duplicates."""
    first_of: dict[bytes, Reading] = {}
    for code in found:
        if code.payload is None:
            continue
        first, second, third, fourth = (_inside(view.to_frame(*at), grey) for at in code.corners)
        first_of.setdefault(code.payload, Reading(code.payload, (first, second, third, fourth)))
    return list(first_of.values())[:MAX_READINGS]


def _inside(point: Point, grey: Grey) -> Point:
    """The nearest pixel of the frame: an engine may extrapolate a corner beyond the edge."""
    height, width = grey.shape
    return min(max(point[0], 0), width - 1), min(max(point[1], 0), height - 1)
