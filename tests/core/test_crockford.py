"""Base32 that people type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core import crockford


@given(st.binary(min_size=1, max_size=20))
def test_bytes_come_back_as_one_text(raw: bytes) -> None:
    """Every bit counts: other bytes of the same length are another text."""
    text = crockford.encode(raw)
    assert len(text) == -(-8 * len(raw) // 5)
    number = 0
    for character in text:
        number = number * 32 + crockford.DIGITS.index(character)
    assert (number >> (5 * len(text) - 8 * len(raw))).to_bytes(len(raw)) == raw


@given(st.binary(min_size=5, max_size=16))
def test_what_is_typed_is_what_was_shown(raw: bytes) -> None:
    """In small letters, in groups, with O for 0 and I or L for 1."""
    text = crockford.encode(raw)
    typed = crockford.grouped(text).lower().replace("0", "o").replace("1", "l")
    assert crockford.fold(f" {typed} ") == text


@pytest.mark.parametrize("typed", ["", " - ", "7K3F-9QXU", "7K3F_9QXD", "7К3F9QXD"])
def test_what_cannot_be_meant_is_refused(typed: str) -> None:
    """U is no digit, nor is a letter of another alphabet that looks like one."""
    with pytest.raises(ValueError, match="Crockford"):
        crockford.fold(typed)


def test_groups_are_of_four() -> None:
    """The last one is as long as it is."""
    assert crockford.grouped("7K3F9QXDA") == "7K3F-9QXD-A"
