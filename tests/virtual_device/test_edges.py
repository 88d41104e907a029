"""The kernel's record of the lines, and how it is compared with what is expected."""

from __future__ import annotations

import pytest

from scanner.core.pattern import Showing
from scanner.core.reasons import SignalName
from scanner.core.signal import SIGNALS
from tests.virtual_device.day import greens_for_invalid, is_preempted
from tests.virtual_device.edges import (
    BUZZER,
    GREEN,
    RED,
    Edge,
    Shown,
    edges_of,
    flickers,
    timeline_of,
)
from tests.virtual_device.expected import Expectation, Fed, Piece, differences
from tests.virtual_device.script import Event, Kind

RECORD = """
# tracer: nop
          python-412     [000] .....    10.000000: gpio_direction: 529 out (0)
          python-412     [000] .....    10.000010: gpio_value: 529 set 0
          python-412     [000] .....    11.500000: gpio_value: 529 set 1
          python-412     [000] .....    11.700000: gpio_value: 529 set 1
          python-412     [000] .....    12.000000: gpio_value: 529 get 1
          python-412     [000] .....    13.000000: gpio_direction: 529  in (0)
""".splitlines()
SPAN = (0.0, 10.0)


def test_record_becomes_edges() -> None:
    """A level that is set again is no edge; a line that becomes an input lights nothing."""
    assert edges_of(RECORD) == [Edge(11.5, GREEN, True), Edge(13.0, GREEN, False)]


def test_lines_that_change_together_are_one_state() -> None:
    """Off comes before on by less than anybody sees."""
    edges = [Edge(1.0, RED, True), Edge(2.0, RED, False), Edge(2.001, GREEN, True)]
    timeline = timeline_of(edges)
    assert list(timeline.times) == [1.0, 2.0]
    assert timeline.at(2.5) == Shown(green=True, red=False, sound=False)


def test_flicker_is_found() -> None:
    """A line that is on for a millisecond is named, one that is on for a tick is not."""
    tick = [Edge(1.0, RED, True), Edge(1.02, RED, False)]
    spike = [Edge(2.0, GREEN, True), Edge(2.001, GREEN, False)]
    assert flickers([*tick, *spike], 0.008) == [spike[1]]


def _admitted(ends_s: float = 2.3) -> list[Edge]:
    """A pass shown at 1.0, seen at 1.05, heard at 1.06, dark after 0.8 s, then ready."""
    green = [Edge(1.05, GREEN, True), Edge(1.85, GREEN, False)]
    sound = [Edge(1.06, BUZZER, True), Edge(1.26, BUZZER, False)]
    tick = [Edge(2.55, GREEN, True), Edge(2.55, RED, True), Edge(2.57, GREEN, False),
            Edge(2.57, RED, False)]  # fmt: skip
    return sorted([*green, *sound, *tick])


def _expected(edges: list[Edge]) -> Expectation:
    expectation = Expectation(edges)
    expectation.begin(-1.0)
    expectation.add(Event(0, Kind.VALID, 0, 3.0), Fed(1.0, 1.1, 1.26, 4.0))
    return expectation


def test_signal_of_the_table_is_as_expected() -> None:
    """Lamp, sound, early dark, then ready: nothing differs."""
    expectation = _expected(_admitted())
    assert expectation.missing == []
    assert differences(expectation.seen, expectation.timeline(4.0), (0.0, 4.0), 0.06) == []


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        ([Edge(1.5, RED, True), Edge(1.7, RED, False)], "seen, not expected: green red"),
        ([Edge(3.0, GREEN, True), Edge(3.01, GREEN, False)], "seen, not expected: green"),
        ([Edge(3.0, BUZZER, True), Edge(3.2, BUZZER, False)], "seen, not expected: sound"),
    ],
)
def test_anything_else_is_named(broken: list[Edge], word: str) -> None:
    """A second lamp, a spark of green, a sound that belongs to nothing."""
    expectation = _expected(sorted([*_admitted(), *broken]))
    found = differences(expectation.seen, expectation.timeline(4.0), (0.0, 4.0), 0.06)
    assert any(word in line for line in found)


def test_green_that_stays_is_named() -> None:
    """Longer than its hold by a quarter of a second is too long."""
    late = [edge._replace(at_s=2.1) if edge.at_s == 1.85 else edge for edge in _admitted()]
    expectation = _expected(sorted(late))
    found = differences(expectation.seen, expectation.timeline(4.0), (0.0, 4.0), 0.06)
    assert any("seen, not expected: green" in line for line in found)


def _followed(green_ends_s: float) -> list[Edge]:
    """As in `_admitted`, but a forged pass is shown at 1.5 and seen at 1.56."""
    green = [Edge(1.05, GREEN, True), Edge(green_ends_s, GREEN, False)]
    red = [Edge(1.56, RED, True), Edge(4.56, RED, False)]
    beeps = [Edge(at_s + more_s, BUZZER, more_s == 0.0)
             for at_s in (1.57, 1.77, 1.97) for more_s in (0.0, 0.12)]  # fmt: skip
    return [Edge(1.06, BUZZER, True), Edge(1.26, BUZZER, False), *green, *red, *beeps]


def _invalid_follows(more: list[Edge], first: Kind = Kind.VALID) -> Expectation:
    expectation = Expectation(sorted([*_followed(1.56), *more]))
    expectation.begin(-1.0)
    expectation.add(Event(0, first, 0, 0.5), Fed(1.0, 1.1, 1.26, 1.5))
    expectation.add(Event(1, Kind.FORGED, 0, 3.0), Fed(1.5, 1.6, 1.76, 4.5))
    return expectation


def test_wink_that_is_cut_short_is_no_glitch() -> None:
    """Green comes back for 10 ms, then the next verdict is shown: nobody was let through by it."""
    wink = [Edge(1.4, GREEN, False), Edge(1.552, GREEN, True)]
    expectation = _invalid_follows(wink, Kind.REPEATED)
    assert list(greens_for_invalid(expectation, (0.0, 4.0))) == []
    assert all(is_preempted(expectation, edge) for edge in flickers(expectation.edges, 0.01))


@pytest.mark.parametrize("back_s", [1.551, 1.556, 1.559])
def test_wink_that_is_cut_short_is_expected(back_s: float) -> None:
    """Wherever it is cut: what is seen of it is what the table says of that moment."""
    shown_s = back_s - 0.65
    wink = [
        Edge(shown_s, GREEN, True),
        Edge(shown_s + 0.5, GREEN, False),
        Edge(back_s, GREEN, True),
    ]
    expectation = Expectation([*wink, Edge(1.56, GREEN, False), Edge(1.56, RED, True)])
    for at_s, name in ((shown_s, SignalName.ADMIT_SEEN), (1.56, SignalName.REFUSE)):
        expectation.pieces.append(Piece(at_s, Showing(SIGNALS[name], at_s, at_s)))
    seen, expected = expectation.seen.lamps(), expectation.timeline(3.0).lamps()
    assert differences(seen, expected, (1.2, 3.0), 0.06) == []


def test_green_while_a_forged_pass_is_refused_is_named() -> None:
    """Even for a moment, and even though a valid pass was there right before."""
    spark = [Edge(1.7, GREEN, True), Edge(1.705, GREEN, False)]
    dark = [Edge(1.7, RED, False), Edge(1.705, RED, True)]
    expectation = _invalid_follows([*spark, *dark])
    assert len(list(greens_for_invalid(expectation, (0.0, 4.0)))) == 1
    assert not is_preempted(expectation, spark[1])


def test_what_was_about_to_begin_need_not_be_seen() -> None:
    """The tick of ready that another code pre-empts after 5 ms may never have been lit."""
    expectation = Expectation([])
    ready, refused = SIGNALS[SignalName.READY_OFFLINE], SIGNALS[SignalName.DARK]
    expectation.pieces.append(Piece(1.0, Showing(ready, 1.0, 1.0)))
    expectation.pieces.append(Piece(1.005, Showing(refused, 1.005, 1.005)))
    assert differences(expectation.seen, expectation.timeline(4.0), (0.0, 4.0), 0.06) == []


def test_silence_is_named() -> None:
    """An event whose signal never began is missing, whatever the lamps did."""
    silent = [edge for edge in _admitted() if edge.pin != BUZZER]
    assert _expected(silent).missing == ["event 0, valid: no signal"]


def test_what_is_shown_for_a_tick_must_be_met() -> None:
    """A ready tick of 20 ms that is not seen at all is a difference."""
    expectation = Expectation([])
    ready = SIGNALS[SignalName.READY_OFFLINE]
    expectation.pieces.append(Piece(1.0, Showing(ready, 1.0, 1.0)))
    found = differences(expectation.seen, expectation.timeline(4.0), (0.0, 4.0), 0.06)
    assert any("expected, not seen: green red" in line for line in found)
