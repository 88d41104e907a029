"""Key events become the bytes of a code, or are known not to."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.typed_keys import (
    CAPS_LOCK,
    EV_KEY,
    EV_SYN,
    EVENT,
    IDLE_S,
    LINE_S,
    MOST_CHARACTERS,
    PRESSED,
    SYN_DROPPED,
    Typist,
)
from tests.hardware.keyboard import ENTER, event, stroke, typed

BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
PRINTABLE = "".join(map(chr, range(32, 127)))
KEYPAD_ENTER, F1, KEYPAD_5 = 96, 59, 76


def lines(raw: bytes, typist: Typist | None = None, now_s: float = 0.0) -> list[bytes]:
    """Every line that these events end."""
    reader = typist or Typist()
    taken = [
        reader.take(kind, code, value, now_s) for _, _, kind, code, value in EVENT.iter_unpack(raw)
    ]
    return [line for line in taken if line is not None]


def test_an_event_is_laid_out_as_the_kernel_has_it() -> None:
    """Two longs, two shorts, an int: 24 bytes on 64 bits."""
    assert EVENT.size == struct.calcsize("@llHHi") == 2 * struct.calcsize("l") + 8


@given(st.text(BASE45, min_size=1, max_size=60))
def test_what_is_typed_is_what_was_in_the_code(text: str) -> None:
    """All of base45 and the prefix, letter by letter."""
    assert lines(typed("MP1:" + text) + stroke(ENTER)) == [b"MP1:" + text.encode()]


def test_every_printable_character_has_a_key() -> None:
    """Other codes are typed too, and are told from passes by their text."""
    assert lines(typed(PRINTABLE) + stroke(KEYPAD_ENTER)) == [PRINTABLE.encode()]


_EVENTS = st.tuples(
    st.sampled_from([0, 1, 2, 4]), st.integers(0, 255), st.integers(-1, 3), st.floats(0, 99)
)


@given(st.lists(_EVENTS, max_size=200))
def test_whatever_comes_is_text_or_nothing(events: list[tuple[int, int, int, float]]) -> None:
    """No event of any device breaks it, and what it gives is printable and bounded."""
    typist = Typist()
    for kind, code, value, now_s in events:
        line = typist.take(kind, code, value, now_s)
        typist.gives_up(now_s)
        assert line is None or len(line) <= MOST_CHARACTERS
        assert not line or line.decode("ascii").isprintable()


def test_lines_are_told_apart_and_enter_alone_is_none() -> None:
    """Scanners may send Enter before and after a code."""
    raw = stroke(ENTER) + typed("A") + stroke(ENTER) + stroke(ENTER) + typed("b") + stroke(ENTER)
    assert lines(raw) == [b"A", b"b"]


def test_caps_lock_and_the_keypad_count() -> None:
    """Some scanners type capitals by Caps Lock, and digits on the keypad; digits have no case."""
    raw = stroke(CAPS_LOCK) + typed("mp1;Q") + stroke(KEYPAD_5) + stroke(CAPS_LOCK) + typed("q")
    assert lines(raw + stroke(ENTER)) == [b"MP1;q5q"]


def test_a_key_held_down_is_typed_once() -> None:
    """The kernel repeats it; the code had it once."""
    assert lines(typed("A") + event(EV_KEY, 30, 2) * 5 + stroke(ENTER)) == [b"A"]


@pytest.mark.parametrize(
    "lost",
    [stroke(F1), event(EV_SYN, SYN_DROPPED, 0), typed("A" * MOST_CHARACTERS)],
    ids=["unknown key", "events lost", "too long"],
)
def test_a_line_with_something_missing_is_no_code(lost: bytes) -> None:
    """It is told as unreadable, never with a letter less; the next line is whole again."""
    raw = typed("MP1:AB") + lost + typed("CD") + stroke(ENTER) + typed("MP1:E") + stroke(ENTER)
    assert lines(raw) == [b"", b"MP1:E"]


def test_the_longest_code_is_taken() -> None:
    """A code of version 40 holds that many letters."""
    assert lines(typed("A" * MOST_CHARACTERS) + stroke(ENTER)) == [b"A" * MOST_CHARACTERS]


def test_a_line_that_breaks_off_is_given_up() -> None:
    """A second after its last key, once; what follows begins a line of its own."""
    typist = Typist()
    assert lines(typed("MP1:AB"), typist, 5.0) == []
    assert not typist.gives_up(5.0 + IDLE_S)
    assert typist.gives_up(5.1 + IDLE_S)
    assert not typist.gives_up(99.0)
    assert lines(typed("CD") + stroke(ENTER), typist, 6.5) == [b"CD"]


def test_a_line_without_end_is_given_up() -> None:
    """Somebody types on a keyboard, slowly and for ever: 20 s are enough for any code."""
    typist = Typist()
    for second in range(int(LINE_S) + 1):
        assert not typist.gives_up(float(second))
        typist.take(EV_KEY, 30, PRESSED, float(second))
    assert typist.gives_up(LINE_S + 0.5)


def test_nothing_begun_is_nothing_to_give_up() -> None:
    """No advice without a line."""
    assert not Typist().gives_up(1e9)
