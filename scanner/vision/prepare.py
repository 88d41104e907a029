"""OpenCV prepares: grey, the region worth a second look, enlarged, sharpened, smoothed.

Every step keeps the way back to pixels of the frame in its `View`.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

cv2.setNumThreads(1)


def _keep_freed_memory() -> None:
    """Have the C library keep what is freed: new pages for every array cost a fifth of the time."""
    trim, pad, mmap = -1, -2, -3  # malloc.h
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc only
        for option, size in ((trim, 2**26), (pad, 2**22), (mmap, 2**20)):
            libc.mallopt(option, size)


_keep_freed_memory()

CELL = 16  # frame pixels of one cell of the contrast map
MIN_CONTRAST = 2  # grey levels; less is the noise of an empty view
# Grain and soft light are alike everywhere. Of 457 frames and photos with a code none is so faint
# in its strongest cell and so even; an even one that is not faint is a code that fills the frame.
FAINT, EVEN = 15, 1.45  # grey levels; strongest cell by the mean of all
MIN_CELLS = 12  # a smaller patch holds no code of a pass at 1.5 px a module


@dataclass(frozen=True, slots=True)
class View:
    """Part of a frame, perhaps enlarged: uint8 [h, w] and how its pixels lie in the frame."""

    grey: Grey
    left: int = 0
    top: int = 0
    scale: float = 1.0  # view pixels a frame pixel

    def to_frame(self, x: float, y: float) -> tuple[int, int]:
        """A point of the view in pixels of the frame, rounded."""
        return round(x / self.scale) + self.left, round(y / self.scale) + self.top


def to_grey(image: NDArray[np.generic]) -> Grey:
    """uint8 [H, W] or [H, W, 3] BGR → uint8 [H, W] luma, contiguous; copies only if it must.

    Raises ValueError for any other type or shape.
    """
    if image.dtype != np.uint8:
        raise ValueError(f"the image must be uint8, this one is {image.dtype}")
    if image.ndim == 2:
        return np.ascontiguousarray(image, np.uint8)
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"the image must be [H, W] or [H, W, 3], this one is {image.shape}")
    if image.size == 0:
        return np.zeros(image.shape[:2], np.uint8)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY), np.uint8)


def shrunk(view: View, max_pixels: int) -> View:
    """The same part with at most `max_pixels` pixels; the view itself if it has no more."""
    height, width = view.grey.shape
    factor = (max_pixels / max(1, height * width)) ** 0.5
    return resized(view, factor) if factor < 1 else view


def resized(view: View, factor: float) -> View:
    """The same part, `factor` times as large; cubic when it grows, area mean when it shrinks."""
    height, width = view.grey.shape
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    grey = cv2.resize(view.grey, size, interpolation=how)
    return View(np.asarray(grey, np.uint8), view.left, view.top, view.scale * factor)


def sharpened(view: View, sigma: float = 2.5, amount: float = 3.0) -> View:
    """Unsharp mask, strong by default: undoes defocus of a pixel or so."""
    blurred = cv2.GaussianBlur(view.grey, (0, 0), sigma)
    grey = cv2.addWeighted(view.grey, 1 + amount, blurred, -amount, 0)
    return View(np.asarray(grey, np.uint8), view.left, view.top, view.scale)


def smoothed(view: View, sigma: float = 0.8) -> View:
    """Blur of less than a pixel: takes out sensor noise before enlarging."""
    grey = cv2.GaussianBlur(view.grey, (0, 0), sigma)
    return View(np.asarray(grey, np.uint8), view.left, view.top, view.scale)


def busiest_region(view: View, margin: float = 0.12) -> View | None:
    """The densest patch of strong contrast in both directions, with a margin; ~1 ms at 720p.

    The view itself when no patch stands out; None when it is empty of any contrast but grain.
    """
    cells = _contrast_cells(view.grey)
    if _is_empty(cells):
        return None
    box = _busiest_box(cells)
    if box is None:
        return view
    x, y, width, height = (length * CELL for length in box)
    margin_px = round(margin * max(width, height)) + CELL
    left, top = max(0, x - margin_px), max(0, y - margin_px)
    grey = view.grey[top : y + height + margin_px, left : x + width + margin_px]
    corner = view.to_frame(left, top)
    return View(np.ascontiguousarray(grey), *corner, view.scale)


def _is_empty(cells: Grey) -> bool:
    strongest = int(cells.max())
    return strongest < MIN_CONTRAST or strongest < min(FAINT, EVEN * float(cells.mean()))


def _contrast_cells(grey: Grey) -> Grey:
    """uint8 [H/16, W/16]: the weaker of horizontal and vertical contrast around each cell.

    The weaker one, because text lines, fences and edges are strong in one direction only.
    """
    height, width = grey.shape
    half = cv2.resize(grey, (max(2, width // 2), max(2, height // 2)), interpolation=cv2.INTER_AREA)
    across = cv2.absdiff(half[:-1, 1:], half[:-1, :-1])
    down = cv2.absdiff(half[1:, :-1], half[:-1, :-1])
    weaker = cv2.min(cv2.blur(across, (15, 15)), cv2.blur(down, (15, 15)))
    size = (max(1, width // CELL), max(1, height // CELL))
    return np.asarray(cv2.resize(weaker, size, interpolation=cv2.INTER_AREA), np.uint8)


def _busiest_box(cells: Grey) -> tuple[int, int, int, int] | None:
    """x, y, width, height in cells of the largest well filled, nearly square patch."""
    _, mask = cv2.threshold(cells, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, _, patches, _ = cv2.connectedComponentsWithStats(mask)
    boxes = [tuple(int(n) for n in patch) for patch in patches[1:count]]
    large = [box for box in boxes if box[2] * box[3] >= MIN_CELLS]
    if not large:
        return None
    x, y, width, height, _ = max(large, key=_squareness)
    return x, y, width, height


def _squareness(box: tuple[int, ...]) -> float:
    """Area of a patch, less for a long one and for one that leaves its box empty."""
    _, _, width, height, area = box
    return area * (min(width, height) / max(width, height)) * (area / (width * height))
