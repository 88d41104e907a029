"""The modules of a QR code symbol, by version: which are known beforehand, which carry what.

ISO/IEC 18004: function patterns 6.3, block structure table 9, placement 7.7, masks 7.8, format
and version information 7.9 and 7.10. Dark is 1, light is 0, and DATA where the payload decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Modules = NDArray[np.int8]
Places = NDArray[np.int64]

DATA = -1
MAX_VERSION = 40
LEVELS = "MLHQ"  # by their two bits in the format information
MASKS = 8
FORMAT_BITS = 15
FORMAT_MASK = 0x5412

# Table 9: check symbols a block, and blocks, of the versions 1 to 40.
CHECKS = {
    "L": (7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28,
          28, 28, 30, 30, 26, 28, *[30] * 14),
    "M": (10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26,
          26, *[28] * 19),
    "Q": (13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30,
          28, 30, 30, 30, 30, 28, *[30] * 14),
    "H": (17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28,
          30, 24, *[30] * 18),
}  # fmt: skip
BLOCKS = {
    "L": (1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8,
          8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25),
    "M": (1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16,
          17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49),
    "Q": (1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20,
          23, 23, 25, 27, 29, 34, 34, 35, 38, 40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68),
    "H": (1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25,
          25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Symbol:
    """What is the same in every symbol of one version.

    `known`: int8 [side, side], 1 dark, 0 light, DATA elsewhere (format information included).
    `format`: int64 [2, 15, 2], both copies of the format information, bit 0 first.
    """

    version: int
    known: Modules
    format: Places

    @property
    def side(self) -> int:
        return len(self.known)


def side_of(version: int) -> int:
    return 17 + 4 * version


def alignment_centres(version: int) -> list[int]:
    """Rows (and columns) of the centres of the alignment patterns [annex E]."""
    if version == 1:
        return []
    count = version // 7 + 2
    last = side_of(version) - 7
    step = 26 if version == 32 else (version * 4 + count * 2 + 1) // (count * 2 - 2) * 2
    return [6, *(last - step * back for back in range(count - 2, -1, -1))]


@lru_cache(maxsize=MAX_VERSION)
def symbol_of(version: int) -> Symbol:
    side = side_of(version)
    known = np.full((side, side), DATA, np.int8)
    _draw_timing(known)
    _draw_alignment(known, version)
    for row, column in ((0, 0), (0, side - 7), (side - 7, 0)):
        _draw_finder(known, row, column)
    known[side - 8, 8] = 1  # the dark module
    if version >= 7:
        _draw_version(known, version)
    return Symbol(version, known, _format_places(side))


@lru_cache(maxsize=MAX_VERSION)
def data_places(version: int) -> Places:
    """int64 [bits, 2]: row and column of each data module, in the order of the bits."""
    symbol = symbol_of(version)
    taken = symbol.known != DATA
    taken[symbol.format[..., 0], symbol.format[..., 1]] = True
    return _zigzag(taken)


def _draw_timing(known: Modules) -> None:
    known[6, :] = known[:, 6] = 1 - np.arange(known.shape[0]) % 2


def _draw_finder(known: Modules, row: int, column: int) -> None:
    """Three squares in each other and the light separator around, as far as it is inside."""
    side = len(known)
    rows, columns = np.mgrid[max(0, row - 1) : row + 8, max(0, column - 1) : column + 8]
    is_inside = (rows < side) & (columns < side)
    ring = np.maximum(abs(rows - row - 3), abs(columns - column - 3))
    known[rows[is_inside], columns[is_inside]] = ~np.isin(ring[is_inside], (2, 4))


def _draw_alignment(known: Modules, version: int) -> None:
    centres = alignment_centres(version)
    rows, columns = np.mgrid[-2:3, -2:3]
    pattern = np.maximum(abs(rows), abs(columns)) != 1
    for row in centres:
        for column in centres:
            corners = {(6, 6), (6, centres[-1]), (centres[-1], 6)}
            if (row, column) not in corners:
                known[row - 2 : row + 3, column - 2 : column + 3] = pattern


def _draw_version(known: Modules, version: int) -> None:
    """The 18 bits of the version, twice [7.10]."""
    rest = version << 12
    for bit in range(17, 11, -1):
        if rest >> bit & 1:
            rest ^= 0x1F25 << (bit - 12)
    word, side = version << 12 | rest, known.shape[0]
    for bit in range(18):
        row, column = bit // 3, side - 11 + bit % 3
        known[row, column] = known[column, row] = word >> bit & 1


def _format_places(side: int) -> Places:
    """Row and column of each bit of the format information, both copies [figure 25]."""
    first = [(row, 8) for row in (0, 1, 2, 3, 4, 5, 7, 8)]
    first += [(8, column) for column in (7, 5, 4, 3, 2, 1, 0)]
    second = [(8, side - 1 - bit) for bit in range(8)]
    second += [(side - 7 + bit, 8) for bit in range(7)]
    return np.array([first, second], np.int64)


def _zigzag(taken: NDArray[np.bool_]) -> Places:
    """Upwards and downwards in columns of two from the right, past the timing column [7.7.3]."""
    side = taken.shape[0]
    rights = np.array([c if c > 6 else c - 1 for c in range(side - 1, 0, -2)])
    upwards = np.arange(side - 1, -1, -1)
    rows = np.where(np.arange(len(rights))[:, None] % 2 == 0, upwards, upwards[::-1])
    columns = rights[:, None, None] - np.array([0, 1])
    rows, columns = (n.ravel() for n in np.broadcast_arrays(rows[:, :, None], columns))
    places = np.column_stack([rows, columns])
    return np.asarray(places[~taken[rows, columns]], np.int64)


@lru_cache(maxsize=MAX_VERSION)
def mask_of(version: int) -> NDArray[np.bool_]:
    """bool [8, bits]: where each mask turns the data modules over [table 10]."""
    i, j = data_places(version).T
    return np.array([
        (i + j) % 2 == 0,
        i % 2 == 0,
        j % 3 == 0,
        (i + j) % 3 == 0,
        (i // 2 + j // 3) % 2 == 0,
        i * j % 2 + i * j % 3 == 0,
        (i * j % 2 + i * j % 3) % 2 == 0,
        ((i + j) % 2 + i * j % 3) % 2 == 0,
    ])  # fmt: skip


def _format_words() -> NDArray[np.int8]:
    """int8 [32, 15]: the bits of every format information, bit 0 first [7.9, annex C]."""
    words = np.zeros((32, FORMAT_BITS), np.int8)
    for content in range(32):
        rest = content << 10
        for bit in range(14, 9, -1):
            if rest >> bit & 1:
                rest ^= 0x537 << (bit - 10)
        word = (content << 10 | rest) ^ FORMAT_MASK
        words[content] = [word >> bit & 1 for bit in range(FORMAT_BITS)]
    return words


FORMAT_WORDS = _format_words()


@dataclass(frozen=True, slots=True)
class Layout:
    """How the code words of one version and level lie in blocks.

    `order`: int64 [blocks, length], index of each symbol in the stream of code words; -1 where a
    shorter block has no data symbol (always its first place).
    """

    checks: int
    order: Places

    @property
    def data_symbols(self) -> int:
        """Of the whole symbol."""
        return int((self.order[:, : -self.checks] >= 0).sum())


@lru_cache(maxsize=MAX_VERSION)
def layout_of(version: int, level: str) -> Layout:
    checks, blocks = CHECKS[level][version - 1], BLOCKS[level][version - 1]
    total = len(data_places(version)) // 8
    short = total // blocks - checks
    longer = total % blocks
    order = np.full((blocks, short + 1 + checks), -1, np.int64)
    block, place = np.arange(blocks), np.arange(short)
    # Shorter blocks start one place later, so that all have the same length.
    shift = (block < blocks - longer).astype(np.int64)
    order[block[:, None], place + shift[:, None]] = place * blocks + block[:, None]
    order[blocks - longer :, short] = short * blocks + np.arange(longer)
    data = short * blocks + longer
    order[:, short + 1 :] = data + np.arange(checks) * blocks + block[:, None]
    return Layout(checks, order)
