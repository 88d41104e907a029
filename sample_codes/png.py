"""Colour pictures as small PNG files: 128 colours picked for each picture, written here.

OpenCV writes no palettes, and noise costs three times as much in three channels.
"""

from __future__ import annotations

import math
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

COLOURS = 128
_STEP = 4  # colours closer than this are one before the palette is picked
_CELLS = 256 // _STEP


def encode_png(picture: Picture) -> bytes:
    """uint8 [H, W, 3] BGR → PNG with a palette."""
    palette, indexes = _quantised(picture)
    height, width = indexes.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    rows = np.pad(indexes, ((0, 0), (1, 0)))  # filter 0 before each row
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", palette[:, ::-1].tobytes()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _quantised(picture: Picture) -> tuple[Picture, Picture]:
    """Median cut: the box of colours that spreads widest is halved until there are enough."""
    cells = (picture // _STEP).astype(np.int32) @ np.array([_CELLS * _CELLS, _CELLS, 1], np.int32)
    found, place, counts = np.unique(cells, return_inverse=True, return_counts=True)
    axes = np.stack([found // _CELLS**2, found // _CELLS % _CELLS, found % _CELLS], axis=1)
    boxes = [np.arange(len(found))]
    while len(boxes) < min(COLOURS, len(found)):
        spread = [_spread(axes[box], counts[box]) for box in boxes]
        boxes += _halved(boxes.pop(int(np.argmax(spread))), axes, counts)
    palette = np.zeros((len(boxes), 3), np.uint8)
    box_of = np.zeros(len(found), np.uint8)
    for number, box in enumerate(boxes):
        mean = np.average(axes[box] * _STEP + _STEP / 2, axis=0, weights=counts[box])
        palette[number] = np.clip(np.rint(mean), 0, 255)
        box_of[box] = number
    return palette, box_of[place].reshape(picture.shape[:2])


def _spread(axes: NDArray[np.int32], counts: NDArray[np.int64]) -> float:
    if len(axes) < 2:
        return -1.0
    widest, weight = float(np.ptp(axes, axis=0).max()), float(counts.sum())
    return widest * widest * math.sqrt(weight)


def _halved(
    box: NDArray[np.int64], axes: NDArray[np.int32], counts: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """At the weighted median of the channel that spreads widest; neither half is empty."""
    channel = int(np.ptp(axes[box], axis=0).argmax())
    ordered = box[np.argsort(axes[box, channel], kind="stable")]
    below = np.cumsum(counts[ordered])
    at = int(np.clip(np.searchsorted(below, below[-1] / 2), 1, len(ordered) - 1))
    return [ordered[:at], ordered[at:]]
