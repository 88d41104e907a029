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
# Of each element: a table for bytes.translate, by which plain Python multiplies a whole row.
TIMES = [row.tobytes() for row in PRODUCTS]


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
    is_root = _values(locators, words.shape[1]) == 0
    # As many places as the degree says, or the word is too far from any word of the code.
    is_hopeful = (2 * degrees - erasures[wrong] <= parity) & (is_root.sum(axis=1) == degrees)
    fixed[wrong[is_hopeful]] ^= _error_values(
        seen[wrong[is_hopeful]], locators[is_hopeful], is_root[is_hopeful]
    )
    repaired, counts = wrong[is_hopeful], (degrees - erasures[wrong])[is_hopeful]
    is_word = ~syndromes(fixed[repaired], parity).any(axis=1)
    errors[repaired[is_word]] = counts[is_word]
    fixed[repaired[~is_word]] = words[repaired[~is_word]]
    return fixed, errors


def _locators(
    seen: Bytes, erased: Mask, erasures: NDArray[np.int64], parity: int
) -> tuple[Bytes, NDArray[np.int64]]:
    """uint8 [B, parity + 1] from x^0 up, and their degrees."""
    locators = np.zeros((len(seen), parity + 1), np.uint8)
    for row, count in enumerate(erasures.tolist()):
        places = np.flatnonzero(erased[row])
        first = _product(POWERS[erased.shape[1] - 1 - places].tolist())
        # The syndromes without what the erased symbols did: so many fewer are left.
        left = _convolved(seen[row].tobytes(), first)[count:parity]
        locator = _massey(left, first, parity + 1)
        locators[row] = np.frombuffer(locator, np.uint8)
    degrees = parity - (locators[:, ::-1] != 0).argmax(axis=1)
    return locators, degrees


def _product(roots: list[int]) -> bytes:
    """Product of (1 + X x) over the given X, x^0 first."""
    product = 1
    for x in roots:
        product ^= _scaled(product, x) << 8
    return product.to_bytes(len(roots) + 1, "little")


def _scaled(polynomial: int, factor: int) -> int:
    """A polynomial kept as the bytes of a whole number, x^0 lowest, times an element."""
    size = (polynomial.bit_length() + 7) // 8
    row = polynomial.to_bytes(size, "little").translate(TIMES[factor])
    return int.from_bytes(row, "little")


def _massey(seen: bytes, first: bytes, size: int) -> bytes:
    """Berlekamp-Massey without division: only whole rows times an element [Sarwate, Shanbhag].

    One row holds the discrepancies, x^0 first, and beyond them the locator, which starts as
    `first`. Each step takes one place away in front, so the locator comes down to `steps`.
    """
    steps = len(seen)
    length = 2 * steps + size
    row = int.from_bytes(seen + bytes(steps) + first, "little")
    other, other_gap, balance = row, 1, 0
    for _ in range(steps):
        gap, row = row & 0xFF, row >> 8
        if not gap:
            balance += 1
            continue
        ahead = row
        scaled = row.to_bytes(length, "little").translate(TIMES[other_gap])
        taken = other.to_bytes(length, "little").translate(TIMES[gap])
        row = int.from_bytes(scaled, "little") ^ int.from_bytes(taken, "little")
        if balance >= 0:
            other, other_gap, balance = ahead, gap, -balance - 1
        else:
            balance += 1
    return row.to_bytes(length, "little")[steps : steps + size]


def _error_values(seen: Bytes, locators: Bytes, is_root: Mask) -> Bytes:
    """uint8 [B, length]: what to add at the places that the locators name, by Forney's formula."""
    length, parity = is_root.shape[1], seen.shape[1]
    evaluators = [
        _convolved(row.tobytes(), locator.tobytes())[:parity]
        for row, locator in zip(seen, locators, strict=True)
    ]
    above = _values(np.frombuffer(b"".join(evaluators), np.uint8).reshape(-1, parity), length)
    odd = locators.copy()
    odd[:, ::2] = 0  # the formal derivative keeps the odd powers: x · derivative = their sum
    # X · Omega / Lambda' with Lambda' = odd / X^-1
    quotients = times(above, inverse(_values(odd, length)))
    return np.where(is_root, quotients, 0).astype(np.uint8)


def _convolved(one: bytes, other: bytes) -> bytes:
    """The product of two polynomials, x^0 first, as many bytes as both have."""
    whole, product = int.from_bytes(one, "little"), 0
    for power, factor in enumerate(other):
        if factor:
            product ^= _scaled(whole, factor) << 8 * power
    return product.to_bytes(len(one) + len(other), "little")


def _values(polynomials: Bytes, length: int) -> Bytes:
    """uint8 [B, k], x^0 first → uint8 [B, length]: their values where each place has its root."""
    terms = PRODUCTS[polynomials[:, :, None], _root_powers(polynomials.shape[1], length)]
    return np.asarray(np.bitwise_xor.reduce(terms, axis=1), np.uint8)


@cache
def _root_powers(size: int, length: int) -> Bytes:
    """uint8 [size, length]: X^-k of each place's X."""
    exponents = np.arange(length - 1, -1, -1)
    return np.asarray(POWERS[np.outer(np.arange(size), ORDER - exponents) % ORDER], np.uint8)


@cache
def log2_of_chance(length: int, parity: int, erasures: int, errors: int) -> float:
    """Bound on the chance that a random word is corrected so, or with fewer errors: its log2.

    Words within `errors` of a word of the code outside the erasures, over all words.
    """
    free = length - erasures
    ways = sum(math.comb(free, wrong) * ORDER**wrong for wrong in range(errors + 1))
    return min(0.0, math.log2(ways) - 8 * (parity - erasures))
