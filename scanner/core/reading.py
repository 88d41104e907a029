"""What the reader found in a frame, and the gate that makes one scan of a code held in view."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """One QR code: its raw bytes, untouched by charset guessing, and where it was.

    `corners`: 4 points (x, y) in pixels of the frame, clockwise from the code's top left.
    """

    payload: bytes
    corners: tuple[Point, Point, Point, Point]
