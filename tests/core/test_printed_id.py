"""The printed id: what is typed is what was printed, or it is refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.printed_id import PrintedId, decode, encode

CTI = bytes(range(0xA0, 0xB0))


@given(
    st.integers(0, 255),
    st.integers(0, 2**32 - 1),
    st.binary(min_size=5, max_size=16),
)
def test_what_is_printed_is_what_is_typed(issuer_no: int, index: int, cti: bytes) -> None:
    """Every issuer, index and pass id comes back unchanged."""
    assert decode(encode(issuer_no, index, cti)) == PrintedId(issuer_no, index, cti[:5])


def test_it_stands_in_groups_of_four_with_the_check_character_alone() -> None:
    """Sixteen characters in four groups, then the check character."""
    assert encode(0, 0, bytes(5)) == "0000-0000-0000-0000-0"
    assert encode(255, 2**32 - 1, b"\xff" * 5) == "ZZZZ-ZZZZ-ZZZZ-ZZZZ-~"


def test_the_check_character_counts_modulo_37() -> None:
    """The last five values have signs of their own, in Crockford's order."""
    ends = [encode(0, 0, bytes((0, 0, 0, 0, low)))[-1] for low in range(37)]
    assert "".join(ends) == "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"


@pytest.mark.parametrize(
    "change",
    [
        str.lower,
        lambda text: text.replace("-", " "),
        lambda text: text.replace("-", ""),
        lambda text: text.replace("1", "I").replace("0", "O"),
        lambda text: text.replace("1", "l").replace("0", "o"),
        lambda text: f"  {text}\t",
    ],
)
def test_what_hands_confuse_is_read_as_it_was_meant(change: object) -> None:
    """Lower case, blanks for dashes, and the letters O, I and L are accepted."""
    assert callable(change)
    printed = encode(1, 101_001, bytes((1, 0, 1, 0, 33)))
    assert decode(change(printed)) == decode(printed)


@pytest.mark.parametrize("typed", ["", "0000-0000-0000-0000", "0000-0000-0000-0000-0-0", "x" * 999])
def test_a_wrong_length_is_refused_with_both_lengths(typed: str) -> None:
    """The officer is told how many characters belong there."""
    with pytest.raises(ValueError, match="has 16 and one to check"):
        decode(typed)


@pytest.mark.parametrize("letter", ["U", "*", "Я", "é", "²"])
def test_a_character_of_no_printed_id_is_named(letter: str) -> None:
    """A letter outside the alphabet is shown to the officer."""
    with pytest.raises(ValueError, match="is in no printed id"):
        decode(letter + "000-0000-0000-0000-0")


def test_every_single_wrong_character_is_noticed() -> None:
    """One character misread anywhere never gives another id."""
    printed = encode(1, 123_456, CTI).replace("-", "")
    for place, right in enumerate(printed):
        for wrong in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            if wrong != right:
                with pytest.raises(ValueError, match="check character"):
                    decode(printed[:place] + wrong + printed[place + 1 :])


def test_two_neighbours_swapped_are_noticed() -> None:
    """The usual slip of typing never gives another id."""
    printed = encode(7, 1_234_567, CTI).replace("-", "")
    for place in range(15):
        if printed[place] != printed[place + 1]:
            swapped = printed[:place] + printed[place + 1] + printed[place] + printed[place + 2 :]
            with pytest.raises(ValueError, match="check character"):
                decode(swapped)


@pytest.mark.parametrize(
    ("issuer_no", "index", "cti"),
    [(-1, 0, CTI), (256, 0, CTI), (1, -1, CTI), (1, 2**32, CTI), (1, 0, CTI[:4])],
)
def test_what_does_not_fit_the_layout_is_not_printed(
    issuer_no: int, index: int, cti: bytes
) -> None:
    """Numbers out of range and a short pass id are refused."""
    with pytest.raises(ValueError, match="issuer number is 8 bits"):
        encode(issuer_no, index, cti)
