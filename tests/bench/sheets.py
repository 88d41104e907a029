"""What may be held before a checkpoint's camera, drawn flat: codes, and what only looks like one.

A sheet is float32 [H, W] of reflected or emitted light, 0 black to 1 white, TEXELS px a module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import segno
from numpy.random import Generator
from numpy.typing import NDArray

Sheet = NDArray[np.float32]
Modules = NDArray[np.uint8]  # [side, side] with the quiet zone, dark is 1

TEXELS = 8
QUIET = 4  # modules
BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
LENGTHS, LEVELS, VARIANTS = (200, 350, 500), "LMQ", 4
PAPER, INK = 0.86, 0.12
GLASS, BACKLIT = 0.05, 0.95
SIDE = 640  # texels of what is no code


@dataclass(frozen=True, slots=True)
class Code:
    """A text and the modules that say it."""

    text: str
    modules: Modules


def any_code(random: Generator) -> Code:
    """One of a few dozen passes: small to large, of the three weaker levels."""
    length, level = int(random.choice(LENGTHS)), str(random.choice([*LEVELS]))
    return code_of(length, level, int(random.integers(VARIANTS)))


@lru_cache(len(LENGTHS) * len(LEVELS) * VARIANTS)  # making one takes longer than reading it
def code_of(length: int, level: str, variant: int) -> Code:
    """So many characters; the same for the same arguments."""
    letters = np.random.default_rng([length, variant, ord(level)]).choice([*BASE45], length - 4)
    text = "MP1:" + "".join(letters)
    code = segno.make(text, error=level, boost_error=False, micro=False)
    modules = np.array([list(row) for row in code.matrix], np.uint8)
    return Code(text, np.pad(modules, QUIET))


def phone(code: Code, random: Generator, *, moire: float = 0.0, is_inverted: bool = False) -> Sheet:
    """A screen with the code, lines of text and a dark rim. moire: how deep its pixels show."""
    light = np.where(_texels(code.modules) == 1, GLASS, BACKLIT).astype(np.float32)
    if is_inverted:
        light = GLASS + BACKLIT - light
    sheet = _with_lines(light, random)
    if moire:
        sheet *= 1 - np.float32(moire) * _pixel_gaps(sheet.shape, float(random.uniform(2.2, 4.0)))
    rim = sheet.shape[1] // 40
    return np.pad(sheet, rim, constant_values=np.float32(0.02))


def paper(code: Code, random: Generator, *, is_inverted: bool = False) -> Sheet:
    """Ink on white."""
    light = np.where(_texels(code.modules) == 1, INK, PAPER).astype(np.float32)
    return _with_lines(INK + PAPER - light if is_inverted else light, random)


def _texels(modules: Modules) -> Modules:
    return np.kron(modules, np.ones((TEXELS, TEXELS), np.uint8))


def _with_lines(code: Sheet, random: Generator) -> Sheet:
    """The code in the middle of a page that is taller than wide, as passes are."""
    side = code.shape[0]
    down, across = side // 3, side // 10
    background = code[0, 0]
    page = np.pad(code, ((down, down), (across, across)), constant_values=background)
    pen = np.zeros(page.shape, np.uint8)
    for row in range(down + side + 24, page.shape[0] - 12, 26):
        _write(pen, random, (across, row), side // 11)
    page[pen > 127] = 1 - background
    return page


def _pixel_gaps(shape: tuple[int, ...], pitch: float) -> Sheet:
    """1 between the pixels of a screen, 0 on them."""
    down, across = (np.cos(np.arange(side) * 2 * np.pi / pitch) for side in shape[:2])
    return np.asarray(0.5 - 0.5 * np.minimum.outer(down, across), np.float32)


def _write(pen: Modules, random: Generator, at: tuple[int, int], letters: int) -> None:
    said = "".join(random.choice([*BASE45], max(1, letters)))
    cv2.putText(pen, said, at, cv2.FONT_HERSHEY_PLAIN, 1.1, (255,), 1)


def _on_paper(pen: Modules) -> Sheet:
    return np.where(pen > 127, INK, PAPER).astype(np.float32)


def page_of_text(random: Generator) -> Sheet:
    """Lines from edge to edge."""
    pen = np.zeros((SIDE, SIDE), np.uint8)
    for row in range(20, SIDE, int(random.integers(15, 30))):
        _write(pen, random, (8, row), SIDE // 10)
    return _on_paper(pen)


def keyboard(random: Generator) -> Sheet:
    """Rows of keys with a letter each, every row a little further."""
    pen, key = np.zeros((SIDE // 2, SIDE), np.uint8), int(random.integers(30, 56))
    for row, top in enumerate(range(4, SIDE // 2 - key, key)):
        for left in range(4 + row * key // 4, SIDE - key, key):
            gap = max(2, key // 9)
            corner = (left + key - gap, top + key - gap)
            cv2.rectangle(pen, (left, top), corner, (255,), -1)
            letter = str(random.choice([*BASE45]))
            at = (left + key // 4, top + 2 * key // 3)
            cv2.putText(pen, letter, at, cv2.FONT_HERSHEY_PLAIN, key / 24, (0,), 2)
    return _on_paper(pen)


def fence(random: Generator) -> Sheet:
    """Bars, rails or meshes of wire."""
    pen, pitch = np.zeros((SIDE, SIDE), np.uint8), int(random.integers(12, 60))
    width, kind = max(2, pitch // int(random.integers(2, 6))), int(random.integers(3))
    for at in range(-SIDE, 2 * SIDE, pitch):
        lean = SIDE if kind == 2 else 0
        cv2.line(pen, (at, 0), (at + lean, SIDE), (255,), width)
        if kind:
            ends = ((at + lean, 0), (at, SIDE)) if kind == 2 else ((0, at), (SIDE, at))
            cv2.line(pen, *ends, (255,), width)
    return _on_paper(pen)


def targets(random: Generator) -> Sheet:
    """Squares in squares, as the corners of codes have them, and nothing between."""
    pen = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(int(random.integers(3, 12))):
        module = int(random.integers(4, 14))
        left, top = random.integers(0, SIDE - 7 * module, 2)
        for ring, colour in ((0, 255), (1, 0), (2, 255)):
            begin = (int(left) + ring * module, int(top) + ring * module)
            end = (int(left) + (7 - ring) * module - 1, int(top) + (7 - ring) * module - 1)
            cv2.rectangle(pen, begin, end, (colour,), -1)
    return _on_paper(pen)


def tiles(random: Generator) -> Sheet:
    """Black and white without any order: as fine as modules, or a chequered floor."""
    cells = SIDE // TEXELS
    modules = random.integers(0, 2, (cells, cells), np.uint8)
    if random.random() < 0.3:
        modules = (np.add.outer(np.arange(cells), np.arange(cells)) % 2).astype(np.uint8)
    return _on_paper(_texels(modules) * np.uint8(255))


def two_codes(first: Code, second: Code, random: Generator) -> Sheet:
    """One over the other: whatever is read must be one of the two."""
    under, over = paper(first, random), paper(second, random)
    down, across = (int(side * random.uniform(0.15, 0.5)) for side in under.shape)
    height, width = (
        max(a, b + c) for a, b, c in zip(under.shape, over.shape, (down, across), strict=True)
    )
    sheet = np.full((height, width), PAPER, np.float32)
    sheet[: under.shape[0], : under.shape[1]] = under
    sheet[down : down + over.shape[0], across : across + over.shape[1]] = over
    return sheet


NO_CODES: tuple[Callable[[Generator], Sheet], ...] = (
    page_of_text, keyboard, fence, targets, tiles,
)  # fmt: skip
