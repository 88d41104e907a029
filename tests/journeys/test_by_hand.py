"""What the officer decides by hand is a record of its own."""

from __future__ import annotations

import pytest

from scanner.core.reasons import Outcome, Reason, SignalName
from scanner.core.record import RecordFlag
from scanner.core.signal import NO_LAMPS
from scanner.ports import Press
from tests import city
from tests.journeys.booth import DISK_FULL, FRAME_S, Booth, pass_number

GOOD, REVOKED = pass_number(1), city.issue({10: city.REVOKED})
BARE_CODE = b"12AB-34CD-56EF-78GH"  # of 2020: sixteen characters and no signature


@pytest.mark.parametrize(
    ("press", "reason"),
    [(Press.SHORT, Reason.LET_THROUGH), (Press.LONG, Reason.HOLDER_MISMATCH)],
)
def test_a_press_after_a_refusal_is_a_record(booth: Booth, press: Press, reason: Reason) -> None:
    """Short lets through, long says that the holder does not match; the verdict's record stays."""
    booth.scan(REVOKED)
    booth.press(press)
    verdict, decision = booth.records()
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSE, Reason.REVOKED)
    assert (decision.outcome, decision.reason) == (Outcome.BY_HAND, reason)
    assert decision.issuer_no == verdict.issuer_no == city.ISSUER_NO
    assert decision.list_version == verdict.list_version == 2
    assert decision.flags == verdict.flags == RecordFlag.SIMULATED


def test_a_press_decides_once(booth: Booth) -> None:
    """The second press asks for a new look, and so for a verdict of its own."""
    booth.scan(REVOKED)
    booth.press()
    scan = booth.press()
    assert scan is not None
    reasons = [record.reason for record in booth.records()]
    assert reasons == [Reason.REVOKED, Reason.LET_THROUGH, Reason.REVOKED]


def test_a_code_that_comes_back_is_not_decided_about_twice(booth: Booth) -> None:
    """The phone slipped after the decision: shown again, it offers no second one."""
    booth.scan(REVOKED)
    booth.press()
    booth.clear()
    booth.scan(REVOKED)
    booth.press()
    assert [record.reason for record in booth.records()].count(Reason.LET_THROUGH) == 1


def test_the_decision_ends_the_signal(booth: Booth) -> None:
    """CHECK blinks until the button is pressed, and not after it."""
    scan = booth.scan(BARE_CODE)
    assert scan.signal.name is SignalName.COMPARE
    booth.clear(2.0)
    decided_s = booth.clock.monotonic_s()
    booth.press()
    assert booth.loop.display.shown is SignalName.READY
    booth.clear(9.0)
    assert booth.lit == NO_LAMPS
    assert not booth.has_shown_green_since(decided_s + FRAME_S)


def test_a_press_after_green_looks_anew(booth: Booth) -> None:
    """Nothing awaits a decision: the code in view is judged again, and counted as a repeat."""
    booth.scan(GOOD)
    scan = booth.press()
    assert scan is not None
    assert (scan.verdict.outcome, scan.seq) == (Outcome.ADMIT, None)
    assert [record.reason for record in booth.records()] == [Reason.OK]


def test_a_press_with_nothing_in_view_does_nothing(booth: Booth) -> None:
    """No code, no verdict, no record."""
    assert booth.press() is None
    assert booth.press(Press.LONG) is None
    assert (booth.records(), booth.counters()) == ([], {})


def test_a_press_long_after_the_refusal_decides_nothing(booth: Booth) -> None:
    """It is about the next phone, not about somebody who left minutes ago."""
    booth.scan(REVOKED)
    booth.wait(61.0)
    booth.press()
    assert [record.reason for record in booth.records()] == [Reason.REVOKED]


def test_a_press_after_the_next_green_is_not_about_the_refusal_before(booth: Booth) -> None:
    """Only the last verdict can be decided about."""
    booth.scan(GOOD)
    booth.scan(REVOKED)
    booth.scan(GOOD)
    booth.press()
    assert Outcome.BY_HAND not in [record.outcome for record in booth.records()]


def test_a_decision_about_a_forged_pass_is_recorded(booth: Booth) -> None:
    """The forgery is only counted, but what the officer did about it is kept."""
    booth.scan(GOOD[:-3] + b"000")
    booth.press(Press.LONG)
    (decision,) = booth.records()
    assert (decision.reason, decision.issuer_no) == (Reason.HOLDER_MISMATCH, 0)
    assert booth.counters() == {"FORGED": 1}


def test_a_decision_that_cannot_be_kept_is_amber_and_can_be_made_again(booth: Booth) -> None:
    """The officer sees that it is not on the disk, and presses once more when it has room."""
    booth.scan(REVOKED)
    booth.outbox.fails_with = DISK_FULL
    booth.press()
    assert booth.loop.display.shown is SignalName.SCANNER
    booth.outbox.fails_with = None
    booth.press()
    reasons = [record.reason for record in booth.records()]
    assert reasons == [Reason.REVOKED, Reason.LET_THROUGH]


def test_a_decision_has_its_own_time(booth: Booth) -> None:
    """Floored like every record, but from the moment of the press."""
    booth.clock.advance(14 * 60 + 30)
    booth.scan(REVOKED)
    booth.clear(40.0)
    booth.press()
    verdict, decision = booth.records()
    assert decision.minute - verdict.minute == 15
