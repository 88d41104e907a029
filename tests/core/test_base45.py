"""Base45, against RFC 9285 and against itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core import base45

# RFC 9285 §4.3 and §4.4.
RFC_9285 = {
    b"AB": b"BB8",
    b"Hello!!": b"%69 VD92EX0",
    b"base-45": b"UJCLQE7W581",
    b"ietf!": b"QED8WEX0",
}


@pytest.mark.parametrize(("raw", "text"), RFC_9285.items())
def test_the_examples_of_the_rfc_hold(raw: bytes, text: bytes) -> None:
    """Both ways."""
    assert base45.decode(text) == raw
    assert base45.encode(raw).encode() == text


@pytest.mark.parametrize("text", [b"", b"00", b"U5", b"000", b"FGW"])
def test_the_smallest_and_largest_groups_are_read(text: bytes) -> None:
    """Nothing, one byte and two bytes, of zeros and of ones."""
    expected = {b"": b"", b"00": b"\0", b"U5": b"\xff", b"000": b"\0\0", b"FGW": b"\xff\xff"}
    assert base45.decode(text) == expected[text]


@pytest.mark.parametrize(
    "text", [b"GGW", b"FGX", b":::", b"::W", b"V5", b"::", b"000GGW", b"GGW00"]
)
def test_groups_that_stand_for_no_bytes_are_refused(text: bytes) -> None:
    """65 536 and more in three characters, 256 and more in two [RFC 9285 §4.2]."""
    with pytest.raises(ValueError, match="group"):
        base45.decode(text)


@pytest.mark.parametrize("text", [b"0", b"0000", b"BB8B"])
def test_impossible_lengths_are_refused(text: bytes) -> None:
    """Nothing encodes to 3 n + 1 characters."""
    with pytest.raises(ValueError, match="length"):
        base45.decode(text)


@pytest.mark.parametrize("byte", sorted(set(range(256)) - set(base45.ALPHABET)))
def test_characters_outside_the_alphabet_are_refused(byte: int) -> None:
    """Small letters too: a phone that changes case has changed the pass."""
    with pytest.raises(ValueError, match="alphabet"):
        base45.decode(b"B" + bytes([byte]) + b"8")


@given(st.binary(max_size=700))
def test_bytes_survive_the_round_trip(raw: bytes) -> None:
    """Any bytes are encoded within the alphabet and read back."""
    text = base45.encode(raw).encode()
    assert set(text) <= set(base45.ALPHABET)
    assert base45.decode(text) == raw


@given(st.lists(st.sampled_from(base45.ALPHABET), max_size=40).map(bytes))
def test_a_text_has_one_meaning(text: bytes) -> None:
    """What is read encodes to the very same text: two texts never stand for the same bytes."""
    try:
        raw = base45.decode(text)
    except ValueError:
        return
    assert base45.encode(raw).encode() == text
