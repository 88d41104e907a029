"""Lamp at the verdict, then the record on the disk, and only then the sound."""

from __future__ import annotations

import logging
import os

import pytest

from hardware.simulated import pass_time
from scanner.core.pattern import lamps_at
from scanner.core.reasons import Outcome, Reason, SignalName
from scanner.core.record import RecordFlag
from scanner.core.signal import BOTH, COMMIT_WITHIN_S, GREEN, NO_LAMPS, RED, SIGNALS, Lamps
from scanner.store.migrations import migrate
from tests import city
from tests.journeys.booth import DISK_FULL, STEP_S, Booth, pass_number

GOOD, REVOKED = pass_number(1), city.issue({10: city.REVOKED})


def test_green_is_lit_and_silent_until_the_record_is_on_the_disk(booth: Booth) -> None:
    """The officer sees green at the verdict; the beep says that it is kept."""
    scan = booth.scan(GOOD)
    assert booth.outbox.at_append == [(GREEN, False)]
    assert (scan.seq, booth.lit, booth.is_buzzing) == (1, GREEN, True)


def test_red_is_lit_and_silent_until_the_record_is_on_the_disk(booth: Booth) -> None:
    """A refusal is kept in the same order."""
    scan = booth.scan(REVOKED)
    assert booth.outbox.at_append == [(RED, False)]
    assert (scan.seq, booth.lit, booth.is_buzzing) == (1, RED, True)


@pytest.mark.parametrize("code", [GOOD, REVOKED], ids=["good", "revoked"])
def test_a_commit_that_fails_is_amber(booth: Booth, code: bytes) -> None:
    """What is not kept is not decided: the officer is told so, and no green comes after."""
    booth.outbox.fails_with = DISK_FULL
    scan = booth.scan(code)
    failed_s = booth.clock.monotonic_s()
    assert (scan.verdict.outcome, scan.verdict.reason) == (Outcome.UNDECIDED, Reason.STORE)
    assert (scan.signal.name, scan.seq, booth.lit) == (SignalName.SCANNER, None, BOTH)
    assert booth.watch(10.0) == []
    assert not booth.has_shown_green_since(failed_s)
    assert booth.records() == []


def test_amber_keeps_its_rhythm_while_the_code_is_held(booth: Booth) -> None:
    """A full disk is not tried again at every frame: the lamps blink as the table says."""
    booth.outbox.fails_with = DISK_FULL
    booth.scan(GOOD)
    begun_s = booth.recorder.history[-1].at_s
    amber = SIGNALS[SignalName.SCANNER]
    for _ in range(60):
        booth.turn()
        elapsed_s = booth.clock.monotonic_s() - begun_s
        assert booth.lit == lamps_at(amber, elapsed_s, confirmed_s=0.0)
    assert booth.outbox.tries == 1
    assert booth.beeps_since(begun_s) == 1


@pytest.mark.parametrize(("code", "reason"), [(GOOD, Reason.OK), (REVOKED, Reason.REVOKED)])
def test_a_code_that_was_not_kept_is_judged_anew(booth: Booth, code: bytes, reason: Reason) -> None:
    """Shown again once the disk has room, it is a scan like any other, and nobody was seen."""
    booth.outbox.fails_with = DISK_FULL
    booth.scan(code)
    booth.clear()
    booth.outbox.fails_with = None
    scan = booth.scan(code)
    assert (scan.verdict.reason, scan.verdict.notices, scan.seq) == (reason, (), 1)
    assert [record.reason for record in booth.records()] == [reason]
    assert booth.counters() == {}


def test_a_counter_that_fails_is_amber(booth: Booth) -> None:
    """Also what takes no record is kept, or the scanner says that it cannot."""
    booth.outbox.fails_with = DISK_FULL
    scan = booth.scan(b"WIFI:S:cafe;;")
    assert (scan.verdict.reason, scan.signal.name) == (Reason.STORE, SignalName.SCANNER)


def test_a_repeat_that_cannot_be_counted_is_amber(booth: Booth) -> None:
    """The second green of a phone that slipped is kept like the first."""
    booth.scan(GOOD)
    booth.clear()
    booth.outbox.fails_with = DISK_FULL
    assert booth.scan(GOOD).verdict.reason is Reason.STORE
    booth.clear()
    booth.outbox.fails_with = None
    assert booth.scan(GOOD).verdict.reason is Reason.OK
    assert len(booth.records()) == 1


def test_an_unexpected_fault_of_the_store_is_amber_and_names_nobody(
    booth: Booth, caplog: pytest.LogCaptureFixture
) -> None:
    """The officer gets a signal, not a traceback, and the journal gets no payload."""
    booth.outbox.fails_with = ValueError(f"cannot keep {GOOD.decode()}")
    with caplog.at_level(logging.DEBUG):
        scan = booth.scan(GOOD)
    assert scan.verdict.reason is Reason.STORE
    assert "ValueError" in caplog.text
    assert GOOD.decode() not in caplog.text


def test_green_goes_dark_when_the_commit_hangs(booth: Booth) -> None:
    """The player takes the lamp back after a second, while the loop still waits for the disk."""
    seen: list[Lamps] = []

    def hang() -> None:
        for seconds in (COMMIT_WITHIN_S - 2 * STEP_S, 3 * STEP_S, 4.0):
            pass_time(booth.clock, seconds, booth.lamps.step, step_s=STEP_S)
            seen.append(booth.lit)

    booth.outbox.during = hang
    scan = booth.scan(GOOD)
    assert (scan.seq, seen[:2]) == (1, [GREEN, NO_LAMPS])
    overdue_s = booth.recorder.history[1].at_s + COMMIT_WITHIN_S + 2 * STEP_S
    booth.watch(3.0)
    assert booth.recorder.history[1].lamps == GREEN
    assert not booth.has_shown_green_since(overdue_s)


def test_a_late_record_still_counts_as_seen(booth: Booth) -> None:
    """The disk was slow but kept it: shown again, the pass is green and not recorded twice."""
    booth.outbox.during = lambda: pass_time(booth.clock, 1.5, booth.lamps.step, step_s=STEP_S)
    booth.scan(GOOD)
    booth.outbox.during = lambda: None
    booth.clear()
    assert booth.scan(GOOD).signal.name is SignalName.ADMIT_SEEN
    assert len(booth.records()) == 1


def test_a_record_is_not_written_into_a_deleted_file(booth: Booth) -> None:
    """Somebody removed the outbox: amber until there is one again, then records are kept in it."""
    for path in booth.state.glob("outbox.db*"):
        os.unlink(path)
    assert booth.scan(GOOD).verdict.reason is Reason.STORE
    booth.clear()
    migrate(booth.state)
    assert booth.scan(GOOD).seq == 1
    assert [record.reason for record in booth.records()] == [Reason.OK]


def test_a_lamp_fault_is_shown_and_recorded(booth: Booth) -> None:
    """A lamp that cannot be driven: no green, the fault pattern, and a flag in the record."""
    booth.chip.break_line(booth.wiring.green)
    booth.scan(GOOD)
    assert booth.lit == NO_LAMPS
    booth.clear(2.0)
    assert booth.loop.display.shown is SignalName.FAULT
    booth.scan(REVOKED)
    assert booth.lit == NO_LAMPS
    first, second = booth.records()
    assert not first.flags & RecordFlag.LAMP_FAULT or booth.lamps.fault
    assert second.flags & RecordFlag.LAMP_FAULT
    booth.clear(4.0)
    seen = {entry.lamps for entry in booth.recorder.history}
    assert Lamps(red=True) in seen
    assert GREEN not in seen
