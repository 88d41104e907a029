"""QR codes that no honest encoder makes: right at first sight, wrong further in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import segno
from numpy.random import Generator
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Modules = NDArray[np.uint8]  # [side, side], dark is 1

SYMBOLS = 200
QUIET_MODULES = 4
MOST_SIDE_PX = 240
LETTERS = {
    "iso-8859-1": "é", "iso-8859-5": "Ж", "iso-8859-7": "Ω", "iso-8859-15": "€", "shift_jis": "日",
    "utf-8": "Ж日", "cp1251": "Ы", "big5": "日",
}  # fmt: skip
CHARSETS = tuple(LETTERS)
FINDER = 8  # modules of a finder pattern with its separator


def code_picture(random: Generator, texts: Sequence[bytes]) -> Grey:
    """A symbol with something wrong in its structure, uint8 [side, side]."""
    modules = _symbol(int(random.integers(SYMBOLS)), tuple(texts))
    for _ in range(int(random.integers(0, 3))):
        modules = DAMAGES[int(random.integers(len(DAMAGES)))](random, modules.copy())
    return _drawn(random, modules)


@lru_cache(SYMBOLS)  # making one takes longer than reading it
def _symbol(number: int, texts: tuple[bytes, ...]) -> Modules:
    """Any version, level, mask and mode; the text of a pass or anything; one in thirty is micro.

    With a mask named it is made eight times as fast, and is not only the one that looks best.
    """
    random = np.random.default_rng(number)
    if random.random() < 0.03:
        code = segno.make(
            "7" * int(random.integers(1, 6)), micro=True, mask=int(random.integers(4))
        )
    else:
        content, options = _content(random, texts)
        level, mask = str(random.choice([*"LMQ"])), int(random.integers(8))
        code = segno.make_qr(content, error=level, boost_error=False, mask=mask, **options)
    return np.array([list(row) for row in code.matrix], np.uint8)


def _content(random: Generator, texts: tuple[bytes, ...]) -> tuple[bytes | str, dict[str, Any]]:
    """What a code says, and what segno has to be told for that."""
    match random.integers(5):
        case 0:
            return texts[int(random.integers(len(texts)))], {}
        case 1:  # a charset in its header, of which a reader needs a table
            charset = CHARSETS[int(random.integers(len(CHARSETS)))]
            text = LETTERS[charset] * int(random.integers(1, 9))
            return text, {"eci": True, "encoding": charset}
        case 2:
            return "7" * int(random.integers(1, 300)), {}
        case 3:  # mostly padding
            return random.bytes(int(random.integers(1, 40))), {
                "version": int(random.integers(8, 41))
            }
        case _:
            return random.bytes(int(random.integers(1, 200))), {}


def _flip_some(random: Generator, modules: Modules) -> Modules:
    """From a scratch to beyond what error correction mends."""
    share = 10 ** random.uniform(-3, -0.5)
    return np.bitwise_xor(modules, random.random(modules.shape) < share)


def _fill(random: Generator, modules: Modules) -> Modules:
    """Finder patterns kept, everything between them random."""
    filled = random.integers(0, 2, modules.shape, np.uint8)
    for rows, columns in _finders(modules):
        filled[rows, columns] = modules[rows, columns]
    return filled


def _finders(modules: Modules) -> list[tuple[slice, slice]]:
    start, end = slice(0, FINDER), slice(modules.shape[0] - FINDER, None)
    return [(start, start), (start, end), (end, start)]


def _format(random: Generator, modules: Modules) -> Modules:
    """Level and mask as anything, in both copies or in one."""
    modules[8, [0, 1, 2, 3, 4, 5, 7, 8]] = random.integers(0, 2, 8)
    if random.random() < 0.5:
        modules[8, -8:] = random.integers(0, 2, 8)
        modules[-7:, 8] = random.integers(0, 2, 7)
    return modules


def _version(random: Generator, modules: Modules) -> Modules:
    """The version's own field, which stands in codes of version 7 and up, says anything."""
    if modules.shape[0] >= 45:
        modules[:6, -11:-8] = random.integers(0, 2, (6, 3))
        modules[-11:-8, :6] = random.integers(0, 2, (3, 6))
    return modules


def _another_size(random: Generator, modules: Modules) -> Modules:
    """Rows and columns missing or doubled: a version that there is not."""
    side = modules.shape[0]
    rows = np.sort(random.integers(0, side, max(21, side + int(random.integers(-9, 10)))))
    return np.asarray(modules[np.ix_(rows, rows)], np.uint8)


def _shift(random: Generator, modules: Modules) -> Modules:
    """Part of the rows moved on."""
    at = int(random.integers(modules.shape[0]))
    modules[at:] = np.roll(modules[at:], int(random.integers(1, 9)), axis=1)
    return modules


def _no_finder(random: Generator, modules: Modules) -> Modules:
    rows, columns = _finders(modules)[int(random.integers(3))]
    modules[rows, columns] = random.integers(0, 2)
    return modules


def _one_more_finder(random: Generator, modules: Modules) -> Modules:
    """In the fourth corner, and at a place where none belongs."""
    modules[-FINDER:, -FINDER:] = modules[:FINDER, :FINDER][::-1, ::-1]
    top, left = random.integers(0, modules.shape[0] - FINDER + 1, 2)
    modules[top : top + FINDER, left : left + FINDER] = modules[:FINDER, :FINDER]
    return modules


Damage = Callable[[Generator, Modules], Modules]
DAMAGES: tuple[Damage, ...] = (
    _flip_some, _flip_some, _fill, _format, _version, _another_size, _shift, _no_finder,
    _one_more_finder,
)  # fmt: skip


def _drawn(random: Generator, modules: Modules) -> Grey:
    """With a quiet zone or without, dark on light or light on dark, 1 to 8 px a module."""
    padded = np.pad(modules, int(random.choice([QUIET_MODULES, QUIET_MODULES, 1, 0])))
    px = int(random.integers(1, 9))
    px = max(1, min(px, MOST_SIDE_PX // padded.shape[0]))
    dark, light = (30, 220) if random.random() < 0.8 else (220, 30)
    levels = np.where(padded == 1, dark, light).astype(np.uint8)
    return np.kron(levels, np.ones((px, px), np.uint8))
