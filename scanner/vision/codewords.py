"""Logits of modules → payload: format information, code words, their correction, their content.

No guessing: a block counts only when the chance that noise would have been corrected just so is
at most 2^-32, whatever was erased to get there; and the content must end as encoders end it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scanner.vision import reed_solomon
from scanner.vision.lattice import F32
from scanner.vision.qr_content import ContentError, payload_of
from scanner.vision.qr_symbol import (
    FORMAT_WORDS,
    LEVELS,
    Layout,
    data_places,
    layout_of,
    mask_of,
    symbol_of,
)

MAX_LOG2_CHANCE = -32.0
ERASED = (0.2, 0.4, 0.6, 0.8)  # of the check symbols, the least trusted first
LEAST_FORMAT = 0.25  # agreement with the format information, of what certainty would give


@dataclass(frozen=True, slots=True)
class Words:
    """The blocks of one code: symbols and trust in each, [blocks, length]; padding is certain."""

    symbols: NDArray[np.uint8]
    trust: F32
    layout: Layout


def payload_from(logits: F32, version: int) -> bytes | None:
    """Half the log odds of dark, [modules, modules] → the payload, or None."""
    form = _format_of(logits, version)
    if form is None:
        return None
    words = _words(logits, version, *form)
    fixed = _corrected(words)
    if fixed is None:
        return None
    checks, order = words.layout.checks, words.layout.order
    try:
        return payload_of(fixed[:, :-checks][order[:, :-checks] >= 0], version)
    except ContentError:
        return None


def _format_of(logits: F32, version: int) -> tuple[str, int] | None:
    """Level and mask, by maximum likelihood over both copies; None when nothing fits well."""
    places = symbol_of(version).format
    bits = np.tanh(logits[places[..., 0], places[..., 1]]).sum(axis=0)
    scores = (2.0 * FORMAT_WORDS - 1) @ bits
    best = int(scores.argmax())
    if scores[best] < LEAST_FORMAT * 2 * len(bits):
        return None
    return LEVELS[best >> 3], best & 7


def _words(logits: F32, version: int, level: str, mask: int) -> Words:
    places, layout = data_places(version), layout_of(version, level)
    bits = logits[places[:, 0], places[:, 1]]
    bits = np.where(mask_of(version)[mask], -bits, bits)[: len(bits) // 8 * 8].reshape(-1, 8)
    symbols = np.packbits(bits > 0, axis=1)[:, 0]
    weakest = np.sort(np.abs(bits), axis=1)
    trust = weakest[:, 0] + weakest[:, 1] / 3
    is_there = layout.order >= 0
    return Words(
        np.where(is_there, symbols[layout.order], 0).astype(np.uint8),
        np.where(is_there, trust[layout.order], np.inf).astype(np.float32),
        layout,
    )


def _corrected(words: Words) -> NDArray[np.uint8] | None:
    """All blocks corrected; None as soon as one of them does not count."""
    checks = words.layout.checks
    fixed, errors = reed_solomon.corrected(
        words.symbols, np.zeros(words.symbols.shape, np.bool_), checks
    )
    for block, found in enumerate(errors.tolist()):
        if _counts(words, 0, found):
            continue
        better = _with_erasures(words, block)
        if better is None:
            return None
        fixed[block] = better
    return fixed


def _with_erasures(words: Words, block: int) -> NDArray[np.uint8] | None:
    """One block corrected with its least trusted symbols erased, as few as will do."""
    tries = [round(share * words.layout.checks) for share in ERASED]
    rank = words.trust[block].argsort().argsort()
    symbols = np.repeat(words.symbols[block][None], len(tries), axis=0)
    fixed, errors = reed_solomon.corrected(
        symbols, rank < np.array(tries)[:, None], words.layout.checks
    )
    for attempt, erased in enumerate(tries):
        if _counts(words, erased, int(errors[attempt])):
            return np.asarray(fixed[attempt], np.uint8)
    return None


def _counts(words: Words, erased: int, errors: int) -> bool:
    length, checks = words.symbols.shape[1], words.layout.checks
    return errors >= 0 and (
        reed_solomon.log2_of_chance(length, checks, erased, errors) <= MAX_LOG2_CHANCE
    )
