"""The script of the virtual day, without a virtual device."""

from __future__ import annotations

from collections import Counter

from scanner.core.reading import BUSY_CHANGES, BUSY_WITHIN_S
from tests.virtual_device.script import COUNTS, OF_A_CODE, Event, Kind, day

EVENTS = day(seed=1)


def _begins(events: list[Event]) -> dict[int, float]:
    at_s, begins = 0.0, {}
    for event in events:
        begins[event.number] = at_s
        at_s += event.lasts_s
    return begins


def test_a_day_has_a_thousand_events_of_every_kind() -> None:
    """A thousand, numbered in order; a repetition that would repeat nobody is a valid pass."""
    counts = Counter(event.kind for event in EVENTS)
    assert [event.number for event in EVENTS] == list(range(1000))
    assert set(counts) == set(COUNTS)
    for kind in set(COUNTS) - {Kind.VALID, Kind.REPEATED}:
        assert counts[kind] == COUNTS[kind]
    assert counts[Kind.VALID] + counts[Kind.REPEATED] == COUNTS[Kind.VALID] + COUNTS[Kind.REPEATED]


def test_the_same_seed_is_the_same_day() -> None:
    """And another seed is another day."""
    assert day(seed=1) == EVENTS
    assert day(seed=2) != EVENTS


def test_a_repetition_shows_a_pass_that_was_let_through() -> None:
    """Not the one just before, which would still be held, and none from before a new start."""
    admitted: list[int] = []
    for event in EVENTS:
        if event.kind is Kind.LOST:
            admitted.clear()
        if event.kind is Kind.REPEATED:
            assert event.code in admitted[:-1]
        if event.kind in (Kind.VALID, Kind.REPEATED):
            admitted.append(event.code)


def test_nobody_but_the_repeated_is_shown_twice() -> None:
    """Each valid, forged and revoked pass is another person's."""
    shown = Counter((e.kind, e.code) for e in EVENTS if e.code >= 0 and e.kind is not Kind.REPEATED)
    assert set(shown.values()) == {1}


def test_the_queue_is_never_so_fast_that_the_scanner_protests() -> None:
    """At most 20 changes of code in any ten seconds."""
    begins = _begins(EVENTS)
    codes = [begins[event.number] for event in EVENTS if event.kind in OF_A_CODE]
    for first, after in zip(codes, codes[BUSY_CHANGES:], strict=False):
        assert after - first > BUSY_WITHIN_S
