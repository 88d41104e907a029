"""Reed-Solomon decoding with errors and erasures, many words at once [ISO/IEC 18004 7.5, Blahut].

GF(256) with x^8 + x^4 + x^3 + x^2 + 1, generator roots alpha^0, alpha^1, …: the code of QR.
With `parity` check symbols a word is corrected when 2 · errors + erasures ≤ parity; how much of
that may be used without guessing is for the caller, by `log2_of_chance`.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

PRIMITIVE = 0x11D
ORDER = 255


def _tables() -> tuple[Bytes, NDArray[np.int64]]:
    """Powers of alpha (twice round, so that sums of two logarithms need no modulo), logarithms."""
    powers, logs, element = np.zeros(2 * ORDER + 2, np.uint8), np.zeros(256, np.int64), 1
    for exponent in range(ORDER):
        powers[exponent] = powers[exponent + ORDER] = element
        logs[element] = exponent
        element = element << 1 ^ (PRIMITIVE if element & 0x80 else 0)
    return powers, logs


POWERS, LOGS = _tables()


def _products() -> Bytes:
    logs = LOGS[:, None] + LOGS[None, :]
    products = np.asarray(POWERS[logs], np.uint8)
    products[0, :] = products[:, 0] = 0
    return products


PRODUCTS = _products()


def times(left: Bytes, right: Bytes) -> Bytes:
    """Elementwise product in GF(256), with broadcasting."""
    return np.asarray(PRODUCTS[left, right], np.uint8)


def inverse(elements: Bytes) -> Bytes:
    """Elementwise inverse; of 0 it is meaningless."""
    return np.asarray(POWERS[(ORDER - LOGS[elements]) % ORDER], np.uint8)


@cache
def _roots(length: int, parity: int) -> Bytes:
    """uint8 [length, parity]: alpha^(j (length - 1 - i)), what symbol i weighs in syndrome j."""
    places = np.arange(length - 1, -1, -1)
    return POWERS[np.outer(places, np.arange(parity)) % ORDER]


def syndromes(words: Bytes, parity: int) -> Bytes:
    """uint8 [B, length] → uint8 [B, parity]; all zero for a word of the code."""
    terms = PRODUCTS[words[:, :, None], _roots(words.shape[1], parity)[None]]
    return np.asarray(np.bitwise_xor.reduce(terms, axis=1), np.uint8)


def corrected(words: Bytes, erased: Mask, parity: int) -> tuple[Bytes, NDArray[np.int64]]:
    """words, erased: [B, length] → corrected words, errors found outside the erasures.

    The number of errors is -1 where the word is too far from any word of the code.
    """
    seen = syndromes(words, parity)
    erasures = erased.sum(axis=1)
    fixed, errors = words.copy(), np.where(seen.any(axis=1) | (erasures > parity), -1, 0)
    wrong = np.flatnonzero((errors < 0) & (erasures <= parity))
    locators, degrees = _locators(seen[wrong], erased[wrong], erasures[wrong], parity)
    is_root = _roots_of(locators, words.shape[1])
    # As many places as the degree says, or the word is too far from any word of the code.
    is_hopeful = (2 * degrees - erasures[wrong] <= parity) & (is_root.sum(axis=1) == degrees)
    for at in np.flatnonzero(is_hopeful):
        row, places = wrong[at], np.flatnonzero(is_root[at])
        fixed[row] = _repaired(words[row], seen[row], locators[at], places)
    repaired, counts = wrong[is_hopeful], (degrees - erasures[wrong])[is_hopeful]
    is_word = ~syndromes(fixed[repaired], parity).any(axis=1)
    errors[repaired[is_word]] = counts[is_word]
    fixed[repaired[~is_word]] = words[repaired[~is_word]]
    return fixed, errors


def _locators(
    seen: Bytes, erased: Mask, erasures: NDArray[np.int64], parity: int
) -> tuple[Bytes, NDArray[np.int64]]:
    """Berlekamp-Massey, all rows in step: uint8 [B, parity + 1] from x^0 up, and their degrees."""
    locator = _erasure_locators(erased, parity)
    before = locator.copy()
    degree = erasures.copy()
    for step in range(1, parity + 1):
        length = min(step, parity + 1)
        window = seen[:, step - length : step][:, ::-1]
        gap = np.bitwise_xor.reduce(times(locator[:, :length], window), axis=1)
        active = step > erasures
        gap = np.where(active, gap, 0).astype(np.uint8)
        before[active, 1:] = before[active, :-1]
        before[active, 0] = 0
        longer = (gap != 0) & (2 * degree <= step + erasures - 1)
        update = locator ^ times(gap[:, None], before)
        before[longer] = times(inverse(gap[longer])[:, None], locator[longer])
        degree[longer] = step + erasures[longer] - degree[longer]
        locator = update
    return locator, degree


def _erasure_locators(erased: Mask, parity: int) -> Bytes:
    """Product of (1 + X x) over the erased places of each row; uint8 [B, parity + 1]."""
    rows, length = erased.shape
    locator = np.zeros((rows, parity + 1), np.uint8)
    locator[:, 0] = 1
    most = int(min(parity, erased.sum(axis=1).max(initial=0)))
    order = np.argsort(~erased, axis=1, kind="stable")[:, :most]
    for column in range(most):
        place = order[:, column]
        is_used = np.take_along_axis(erased, place[:, None], axis=1)[:, 0]
        x = np.where(is_used, POWERS[length - 1 - place], 0).astype(np.uint8)
        locator[:, 1:] ^= times(locator[:, :-1], x[:, None])
    return locator


def _roots_of(locators: Bytes, length: int) -> Mask:
    """bool [B, length]: the places that each locator names (Chien search)."""
    exponents = np.arange(length - 1, -1, -1)
    powers = POWERS[np.outer(np.arange(locators.shape[1]), ORDER - exponents) % ORDER]
    values = np.bitwise_xor.reduce(PRODUCTS[locators[:, :, None], powers[None]], axis=1)
    return np.asarray(values == 0, np.bool_)


def _repaired(word: Bytes, seen: Bytes, locator: Bytes, places: NDArray[np.int64]) -> Bytes:
    """The word with the error values of Forney's formula added at these places."""
    parity, degree = len(seen), len(places)
    evaluator = np.zeros(parity, np.uint8)
    for shift in range(min(degree + 1, parity)):
        evaluator[shift:] ^= times(seen[: parity - shift], locator[shift])
    x = POWERS[len(word) - 1 - places]
    back = inverse(x)
    above = _values(evaluator, back)
    odd = locator[: degree + 1].copy()
    odd[::2] = 0  # the formal derivative keeps the odd powers: x · derivative = their sum
    below = _values(odd, back)
    repaired = word.copy()
    # X · Omega / Lambda' with Lambda' = odd / X^-1
    repaired[places] ^= times(above, inverse(below))
    return repaired


def _values(polynomial: Bytes, at: Bytes) -> Bytes:
    """A polynomial, x^0 first, at several points."""
    powers = POWERS[np.outer(np.arange(len(polynomial)), LOGS[at]) % ORDER]
    values = np.bitwise_xor.reduce(PRODUCTS[polynomial[:, None], powers], axis=0)
    return np.asarray(values, np.uint8)


@cache
def log2_of_chance(length: int, parity: int, erasures: int, errors: int) -> float:
    """Bound on the chance that a random word is corrected so, or with fewer errors: its log2.

    Words within `errors` of a word of the code outside the erasures, over all words.
    """
    free = length - erasures
    ways = sum(math.comb(free, wrong) * ORDER**wrong for wrong in range(errors + 1))
    return min(0.0, math.log2(ways) - 8 * (parity - erasures))
