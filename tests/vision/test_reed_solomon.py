"""The code corrects what the standard says it corrects, and says so when it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from scanner.vision.reed_solomon import POWERS, corrected, log2_of_chance, syndromes, times

Bytes = NDArray[np.uint8]

# ISO/IEC 18004 annex I: the symbol 1-M of the digits 01234567, 16 data and 10 check symbols.
ANNEX_I = bytes.fromhex(
    "10200C566180EC11EC11EC11EC11EC11" + "A524D4C1ED36C787 2C55".replace(" ", "")
)


def encoded(data: Bytes, checks: int) -> Bytes:
    """Data followed by its check symbols, by polynomial division."""
    generator = np.array([1], np.uint8)
    for power in range(checks):
        scaled = times(generator, np.array([POWERS[power]], np.uint8))
        generator = np.append(generator, np.uint8(0)) ^ np.append(np.uint8(0), scaled)
    word = np.append(data, np.zeros(checks, np.uint8))
    for place in range(len(data)):
        word[place : place + checks + 1] ^= times(generator, word[place : place + 1])
    return np.append(data, word[len(data) :])


def test_the_example_of_the_standard_is_a_word() -> None:
    """The symbol of annex I has no syndrome, and one more bit gives one."""
    word = np.frombuffer(ANNEX_I, np.uint8)
    assert not syndromes(word[None], 10).any()
    assert (encoded(word[:16], 10) == word).all()
    assert syndromes((word ^ np.eye(1, 26, 5, dtype=np.uint8))[:1], 10).any()


def test_the_example_is_corrected_up_to_five_errors() -> None:
    """Ten check symbols correct five wrong ones, wherever they are."""
    word = np.frombuffer(ANNEX_I, np.uint8)
    wrong = word.copy()
    wrong[[0, 7, 15, 16, 25]] ^= np.array([1, 255, 7, 80, 9], np.uint8)
    fixed, errors = corrected(wrong[None], np.zeros((1, 26), np.bool_), 10)
    assert (fixed[0] == word).all()
    assert errors.tolist() == [5]


@given(st.integers(0, 2**32), st.sampled_from([(26, 7), (44, 18), (70, 30), (255, 30)]))
def test_errors_and_erasures_are_corrected_to_the_limit(seed: int, size: tuple[int, int]) -> None:
    """Twice the errors plus the erasures may be as many as the check symbols."""
    length, checks = size
    random = np.random.default_rng(seed)
    word = encoded(random.integers(0, 256, length - checks, np.uint8), checks)
    erasures = int(random.integers(0, checks + 1))
    errors = (checks - erasures) // 2
    places = random.permutation(length)[: erasures + errors]
    wrong, erased = word.copy(), np.zeros(length, np.bool_)
    wrong[places[:erasures]] = random.integers(0, 256, erasures, np.uint8)
    wrong[places[erasures:]] ^= random.integers(1, 256, errors, np.uint8)
    erased[places[:erasures]] = True
    fixed, found = corrected(wrong[None], erased[None], checks)
    assert (fixed[0] == word).all()
    assert found.tolist() == [errors]


def test_words_are_corrected_side_by_side() -> None:
    """A hopeless word among good ones is named, and spoils none of them."""
    random = np.random.default_rng(4)
    words = np.stack([encoded(random.integers(0, 256, 40, np.uint8), 22) for _ in range(4)])
    seen = words.copy()
    seen[1, 3] ^= 17
    seen[2] = random.integers(0, 256, 62, np.uint8)
    fixed, errors = corrected(seen, np.zeros(words.shape, np.bool_), 22)
    assert errors.tolist() == [0, 1, -1, 0]
    assert (fixed[[0, 1, 3]] == words[[0, 1, 3]]).all()
    assert (fixed[2] == seen[2]).all()


def test_more_erasures_than_checks_are_refused() -> None:
    """What the checks cannot hold is no correction."""
    erased = np.zeros((1, 26), np.bool_)
    erased[0, :11] = True
    _, errors = corrected(np.frombuffer(ANNEX_I, np.uint8)[None], erased, 10)
    assert errors.tolist() == [-1]


def test_the_chance_bounds_what_noise_does() -> None:
    """Of random words no more are corrected than the bound says, and some are."""
    random = np.random.default_rng(5)
    words = random.integers(0, 256, (4000, 26), np.uint8)
    erased = np.zeros(words.shape, np.bool_)
    erased[:, :6] = True
    _, errors = corrected(words, erased, 7)
    allowed = 2 ** log2_of_chance(26, 7, 6, 0)
    assert 0 < (errors >= 0).mean() < 2 * allowed


@pytest.mark.parametrize(
    ("erasures", "errors", "bound"), [(0, 0, -80), (10, 0, 0), (0, 5, -24), (8, 1, -3)]
)
def test_every_erasure_and_error_costs_certainty(erasures: int, errors: int, bound: float) -> None:
    """With all check symbols used up by erasures anything is a word; each error costs a byte."""
    assert log2_of_chance(26, 10, erasures, errors) == pytest.approx(bound, abs=1)
