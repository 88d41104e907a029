"""When lamps and buzzer were on."""

from __future__ import annotations

import pytest

from scanner.core.signal import BOTH, GREEN, NO_LAMPS, RED
from scanner.demo.spans import Span, beep_spans, green_spans, red_spans
from tests.demo.made import ON_HZ, moments, shown


def test_a_lamp_that_stays_lit_is_one_span() -> None:
    """What another lamp or the buzzer does meanwhile does not cut it."""
    pins = moments((0.1, RED, ON_HZ), (0.3, BOTH, None), (0.5, RED, None), (0.9, NO_LAMPS, None))
    assert red_spans(pins, 3.2) == [Span(0.1, 0.9)]
    assert green_spans(pins, 3.2) == [Span(0.3, 0.5)]
    assert beep_spans(pins, 3.2) == [Span(0.1, 0.3)]


def test_what_is_still_on_ends_with_the_watch() -> None:
    """A lamp that nobody saw going dark was lit as long as anybody looked."""
    assert green_spans(moments((1.0, GREEN, None)), 3.2) == [Span(1.0, 3.2)]


@pytest.mark.parametrize("until_s", [0.5, 1.0])
def test_what_begins_after_the_watch_is_not_seen(until_s: float) -> None:
    """Nothing is drawn beyond the end of the strip, not even a hairline."""
    assert red_spans(moments((1.0, RED, None), (2.0, NO_LAMPS, None)), until_s) == []


def test_two_tones_in_a_row_are_one_beep() -> None:
    """A burst that falls in pitch is heard as one."""
    pins = moments((0.1, RED, 1200.0), (0.16, RED, 600.0), (0.22, RED, None))
    assert [span.length_ms for span in beep_spans(pins, 3.2)] == [120]


def test_a_beep_at_the_end_of_the_watch_keeps_its_length() -> None:
    """The strip ends there, but the beep is told as long as the pin was high."""
    pins = moments((0.1, RED, ON_HZ), (0.13, RED, None), (3.19, RED, ON_HZ), (3.22, RED, None))
    assert shown(at_pins=pins).beeps_ms == [30, 30]
