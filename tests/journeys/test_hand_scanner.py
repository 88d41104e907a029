"""A code out of a hand scanner goes the way of every code, and is told apart."""

from __future__ import annotations

from scanner.core.reasons import Outcome, Reason, SignalName
from scanner.core.record import RecordFlag
from scanner.core.signal import Lamps
from scanner.ports import Press
from tests import city
from tests.journeys.booth import Booth, pass_number

GOOD, OTHER = pass_number(1), pass_number(2)
REVOKED = city.issue({10: city.REVOKED})
TYPED = RecordFlag.TYPED | RecordFlag.SIMULATED


def test_a_typed_pass_is_judged_and_flagged(booth: Booth) -> None:
    """Green, a beep, a record with the flag, and the officer's line says where it came from."""
    begun_s = booth.clock.monotonic_s()
    scan = booth.scan_by_hand(GOOD)
    assert scan is not None
    booth.turn()
    assert booth.lit == Lamps(green=True)
    assert booth.beeps_since(begun_s) == 1
    (record,) = booth.records()
    assert (record.outcome, record.reason, record.flags) == (Outcome.ADMIT, Reason.OK, TYPED)
    assert scan.as_line().endswith(" by hand scanner")


def test_a_code_of_the_camera_is_not_flagged(booth: Booth) -> None:
    """The flag is of the code and not of the device."""
    booth.scan_by_hand(GOOD)
    scan = booth.scan(OTHER)
    assert "hand" not in scan.as_line()
    assert [record.flags for record in booth.records()] == [TYPED, RecordFlag.SIMULATED]


def test_a_typed_refusal_is_red_and_may_be_decided_by_hand(booth: Booth) -> None:
    """As before the camera; the decision's record carries the flag on."""
    scan = booth.scan_by_hand(REVOKED)
    assert scan is not None
    assert scan.signal.name is SignalName.REFUSE
    booth.press(Press.SHORT)
    verdict, decision = booth.records()
    assert (verdict.reason, decision.reason) == (Reason.REVOKED, Reason.LET_THROUGH)
    assert verdict.flags == decision.flags == TYPED


def test_a_code_scanned_twice_is_one_record(booth: Booth) -> None:
    """A trigger that bounces is nothing, a second pull shows the answer again and is counted."""
    booth.scan_by_hand(REVOKED)
    assert booth.scan_by_hand(REVOKED) is None
    booth.clear(2.0)
    again = booth.scan_by_hand(REVOKED)
    assert again is not None
    assert again.seq is None
    assert [record.reason for record in booth.records()] == [Reason.REVOKED]
    assert booth.counters()["RESCAN"] == 1


def test_camera_and_hand_scanner_do_not_disturb_each_other(booth: Booth) -> None:
    """A code held before the camera stays one scan while others are scanned by hand."""
    booth.scan(GOOD)
    assert booth.scan_by_hand(OTHER) is not None
    assert booth.watch(1.0) == []
    assert [record.flags for record in booth.records()] == [RecordFlag.SIMULATED, TYPED]


def test_the_green_of_a_typed_pass_stays_its_time(booth: Booth) -> None:
    """Nothing is in view, and yet the officer sees it for a second and a half."""
    booth.scan_by_hand(GOOD)
    booth.clear(1.2)
    assert booth.lit == Lamps(green=True)
    booth.clear(1.0)
    assert booth.lit != Lamps(green=True)


def test_a_line_that_broke_off_is_no_refusal(booth: Booth) -> None:
    """A letter is missing: that is the scanner's doubt. Advice and a counter, and no lamp."""
    assert booth.scan_by_hand(b"") is None
    assert booth.loop.display.shown is SignalName.UNREADABLE
    assert booth.lit == Lamps()
    assert booth.records() == []
    assert booth.counters() == {"UNREADABLE": 1}


def test_what_was_typed_long_ago_is_of_nobody_here(booth: Booth) -> None:
    """The loop hung meanwhile, and the phone has gone."""
    assert booth.scan_by_hand(GOOD, ago_s=2.5) is None
    assert booth.records() == []


def test_what_is_no_pass_is_counted(booth: Booth) -> None:
    """A bar code on a bottle."""
    scan = booth.scan_by_hand(b"4006381333931")
    assert scan is not None
    assert scan.verdict.reason is Reason.NOT_A_PASS
    assert (booth.records(), booth.counters()) == ([], {"NOT_A_PASS": 1})
