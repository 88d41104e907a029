"""Events of the log: each survives its way through the chain, and nothing else passes for one."""

from __future__ import annotations

import cbor2
import pytest

from scanner.core import cbor
from scanner.core.errors import LogError
from scanner.core.events import (
    Event,
    Export,
    Folded,
    KeysAttacked,
    Retired,
    SetAside,
    event_of,
)

EVENTS = [
    Event(Export("00ff", 10, 20)),
    Event(Export("00ff", 10, 20, "age1qqqqqqqqqqqq", "2 UJs 12/20", "Anna", bytes(range(32)))),
    Event(Retired(9, 120, bytes(32), is_receipted=False)),
    Event(Folded(18_381, 4, 90, ((441_153, 1, 0, 80), (441_153, 2, 30, 3)), 4, bytes(32))),
    Event(SetAside(4, 7, 422)),
    Event(KeysAttacked(18_381, {"00112233aabbccdd": 6})),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.body.WHAT)
def test_event_survives_the_round_trip(event: Event) -> None:
    """As CBOR, of plain types."""
    assert event_of(cbor.decode(cbor2.dumps(event.as_map()))) == event


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        [],
        {},
        {"what": None},
        {"what": "party"},
        {"what": "set-aside"},
        {"what": "set-aside", "first": 1, "last": "2", "status": 422},
        {"what": "retired", "segment": 1, "seq": 1, "link": "text", "is_receipted": True},
        {"what": "folded", "day": 1, "first": 1, "last": 2, "counts": [[1, 2, 3]], "kept": 0,
         "root": b""},
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused(value: cbor.CborValue) -> None:
    """Another kind is of a newer release: it must not pass for nothing."""
    with pytest.raises(LogError):
        event_of(value)
