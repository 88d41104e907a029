"""The modules of every version and level are where another encoder puts them."""

from __future__ import annotations

import numpy as np
import pytest
import segno
from numpy.typing import NDArray

from scanner.vision.qr_symbol import (
    DATA,
    FORMAT_WORDS,
    LEVELS,
    MAX_VERSION,
    data_places,
    layout_of,
    mask_of,
    side_of,
    symbol_of,
)

VERSIONS = range(1, MAX_VERSION + 1)


def modules_of(version: int, level: str = "M", mask: int = 3) -> NDArray[np.int8]:
    code = segno.make("A1", version=version, error=level, mask=mask, micro=False, boost_error=False)
    return np.array([list(row) for row in code.matrix], np.int8)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_patterns_are_where_the_standard_draws_them(version: int) -> None:
    """Finder, timing and alignment patterns and the version information are those of segno."""
    symbol, modules = symbol_of(version), modules_of(version)
    known = symbol.known != DATA
    assert symbol.side == side_of(version) == len(modules)
    assert (modules[known] == symbol.known[known]).all()


@pytest.mark.parametrize("version", [1, 2, 6, 7, 14, 25, 32, 40])
def test_every_module_has_one_purpose(version: int) -> None:
    """Known, format and data modules do not overlap and leave none over."""
    symbol = symbol_of(version)
    uses = (symbol.known != DATA).astype(int)
    np.add.at(uses, tuple(data_places(version).T), 1)
    np.add.at(uses, tuple(symbol.format.reshape(-1, 2).T), 1)
    assert (uses == 1).all()


@pytest.mark.parametrize("mask", range(8))
@pytest.mark.parametrize("level", LEVELS)
def test_format_information_names_level_and_mask(level: str, mask: int) -> None:
    """Both copies carry the word that belongs to the level and the mask."""
    symbol, modules = symbol_of(2), modules_of(2, level, mask)
    word = FORMAT_WORDS[LEVELS.index(level) << 3 | mask]
    for copy in symbol.format:
        assert (modules[copy[:, 0], copy[:, 1]] == word).all()


def test_format_words_lie_far_apart() -> None:
    """Any two differ in five bits at least, so two wrong ones are no harm."""
    distances = (FORMAT_WORDS[:, None] != FORMAT_WORDS[None]).sum(axis=2)
    assert distances[~np.eye(32, dtype=np.bool_)].min() >= 5


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_blocks_hold_every_code_word_once(version: int, level: str) -> None:
    """Each symbol of the stream is in exactly one block; only first places may stay empty."""
    layout, words = layout_of(version, level), len(data_places(version)) // 8
    used = np.sort(layout.order[layout.order >= 0])
    assert (used == np.arange(words)).all()
    assert (layout.order[:, 1:] >= 0).all()


def test_masks_turn_over_about_half() -> None:
    """Each of the eight masks turns over a share of the data modules that is neither 0 nor 1."""
    shares = mask_of(7).mean(axis=1)
    assert ((shares > 0.3) & (shares < 0.7)).all()
