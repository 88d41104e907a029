"""The cascade: stages that each read some codes the ones before missed; the first read ends it.

Ordered by what a stage reads for what it costs; nearly every easy frame ends in the first.
No stage guesses: a read is what the code's own error correction confirms.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from scanner.core.reading import Point, Reading
from scanner.vision.engines import Engine, Found, Zbar, zxing, zxing_shrinking
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
MIN_SIDE = 21  # a QR code has 21 modules a side at least
MAX_READINGS = 16

Prepare = Callable[[View, View], View]  # (whole frame, busiest region) → what the engine sees

_zbar = Zbar()


def _enlarged(view: View) -> View:
    height, width = view.grey.shape
    return resized(view, min(2.0, (ENLARGED_PIXELS / (height * width)) ** 0.5))


STAGES: tuple[tuple[str, Prepare, Engine], ...] = (
    ("frame", lambda frame, region: frame, zxing),
    ("region x2 sharp", lambda frame, region: sharpened(_enlarged(region)), zxing),
    ("region smooth x2", lambda frame, region: _enlarged(smoothed(region)), zxing),
    ("region x2", lambda frame, region: _enlarged(region), zxing_shrinking),
    ("region x2 sharp, zbar", lambda frame, region: sharpened(_enlarged(region)), _zbar),
    ("frame x2 sharp", lambda frame, region: sharpened(_enlarged(frame)), zxing),
)


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
    frame = region = View(grey)
    for number, (_, prepare, engine) in enumerate(STAGES):
        if number == 1:
            frame = shrunk(frame, FRAME_PIXELS)
            region = busiest_region(frame)
        if number and limit_s is not None and monotonic() - start_s > limit_s:
            break
        view = prepare(frame, region)
        if found := engine(view.grey):
            return _readings(found, view, grey)
    return []


def _readings(found: Sequence[Found], view: View, grey: Grey) -> list[Reading]:
    """What one engine found in one view, in pixels of the frame, without duplicates."""
    first_of: dict[bytes, Reading] = {}
    for code in found:
        first, second, third, fourth = (_inside(view.to_frame(*at), grey) for at in code.corners)
        first_of.setdefault(code.payload, Reading(code.payload, (first, second, third, fourth)))
    return list(first_of.values())[:MAX_READINGS]


def _inside(point: Point, grey: Grey) -> Point:
    """The nearest pixel of the frame: an engine may extrapolate a corner beyond the edge."""
    height, width = grey.shape
    return min(max(point[0], 0), width - 1), min(max(point[1], 0), height - 1)
