"""The list of faults, and what counts as an answer to one."""

from __future__ import annotations

import pytest

from tests.virtual_device.edges import BUZZER, GREEN, RED, Edge, timeline_of
from tests.virtual_device.faults import FAULTS, Fault, Noted, answer_of, first_fault

KILLED = Fault("loop-killed")
NOTED = Noted(begins_s=100.0, cleared_s=100.0, ends_s=125.0, shown=(101.2, 102.4, 108.0))


def _lit(pin: int, since_s: float, for_s: float) -> list[Edge]:
    return [Edge(since_s, pin, True), Edge(since_s + for_s, pin, False)]


def _double_blinks(since_s: float) -> list[Edge]:
    return [*_lit(RED, since_s, 0.15), *_lit(RED, since_s + 0.35, 0.15)]


def test_fifty_faults_of_every_kind_of_the_list() -> None:
    """Camera, reader, loop, disk, clock, pins, lists and log, fifty together."""
    assert len(FAULTS) == 50
    assert {fault.kind for fault in FAULTS} >= {
        "capture-blocked", "frame-frozen", "reader-killed", "disk-full", "clock-back", "gpio-busy",
        "loop-killed", "loop-stopped",
    }  # fmt: skip


def test_somebody_let_through_is_service() -> None:
    """The first green for a pass that was held up counts, from the moment of the fault."""
    answer = answer_of(KILLED, NOTED, _lit(GREEN, 108.2, 0.8))
    assert answer.service_s == pytest.approx(8.2)
    assert answer.is_good


def test_green_while_nobody_is_there_is_stale() -> None:
    """But for the green of a self-test, which follows its red, and the second one of a wink."""
    served = _lit(GREEN, 108.2, 0.8)
    (said,) = answer_of(KILLED, NOTED, [*_lit(GREEN, 105.0, 0.5), *served]).stale
    assert said == "green for nobody for 0.50 s at +5.00 s"
    tested = [*_lit(RED, 104.5, 0.5), *_lit(GREEN, 105.0, 0.5)]
    winked = [*_lit(GREEN, 108.2, 0.5), *_lit(GREEN, 108.85, 0.8)]
    assert answer_of(KILLED, NOTED, [*tested, *winked]).is_good


def test_green_for_nobody_is_no_service() -> None:
    """A self-test lights green, too; it serves nobody."""
    answer = answer_of(KILLED, NOTED, _lit(GREEN, 105.0, 0.5))
    assert (answer.service_s, answer.is_good) == (None, False)


def test_late_service_needs_the_fault_pattern_before() -> None:
    """After a quarter of a minute without either, the fault was not answered."""
    late = Noted(100.0, 120.0, 140.0, (121.0,))
    green = _lit(GREEN, 121.2, 0.8)
    assert not answer_of(KILLED, late, green).is_good
    assert answer_of(KILLED, late, [*_double_blinks(103.0), *green]).is_good


def test_green_that_outlives_its_hold_is_stale() -> None:
    """Whatever else came of the fault."""
    answer = answer_of(KILLED, NOTED, [*_lit(GREEN, 99.9, 4.0), *_lit(GREEN, 108.2, 0.8)])
    assert (len(answer.stale), answer.is_good) == (1, False)


def test_green_of_the_next_one_is_another() -> None:
    """Who comes right after somebody who was let through late finds it lit, and beeps."""
    long = _lit(GREEN, 101.5, 1.9)
    assert len(answer_of(KILLED, NOTED, long).stale) == 1
    beeps = [*_lit(BUZZER, 101.5, 0.2), *_lit(BUZZER, 102.5, 0.2)]
    assert answer_of(KILLED, NOTED, sorted([*long, *beeps])).is_good
    for_nobody = sorted([*_lit(GREEN, 103.5, 1.9), *_lit(BUZZER, 104.5, 0.2)])
    assert "green for 1.90 s from +3.50 s on" in answer_of(KILLED, NOTED, for_nobody).stale


def test_refusal_is_no_fault_pattern() -> None:
    """Red for three seconds says something of a pass, a double blink says it of the scanner."""
    refusal, blinks = timeline_of(_lit(RED, 101.0, 3.0)), timeline_of(_double_blinks(101.0))
    amber = timeline_of(_lit(RED, 101.0, 0.83))
    assert first_fault(refusal, 100.0, 110.0) is None
    assert first_fault(blinks, 100.0, 110.0) == pytest.approx(101.0)
    assert first_fault(amber, 100.0, 110.0) == pytest.approx(101.0)


def test_amber_that_begins_anew_with_each_code_is_a_fault_pattern() -> None:
    """With people coming by it never gets as far as its slow red; a tick of ready is none."""
    both = [Edge(at_s, pin, is_on) for at_s, is_on in ((101.0, True), (101.3, False))
            for pin in (GREEN, RED)]  # fmt: skip
    tick = [edge._replace(at_s=102.0 if edge.is_on else 102.02) for edge in both]
    assert first_fault(timeline_of(both), 100.0, 110.0) == pytest.approx(101.0)
    assert first_fault(timeline_of(tick), 100.0, 110.0) is None
