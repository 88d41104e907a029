"""One presentation, one verdict, one record: held, gone and back, two at once, seen before."""

from __future__ import annotations

import pytest

from scanner.checkpoint import RESCAN
from scanner.core.errors import StoreError
from scanner.core.reasons import Notice, Outcome, Reason, SignalName
from scanner.core.record import RecordFlag
from scanner.core.signal import GREEN, NO_LAMPS, RED
from tests import city
from tests.journeys.booth import FRAME_S, STEP_S, Booth, MakeBooth, pass_number

GOOD, OTHER, EXPIRED = pass_number(1), pass_number(2), city.issue(exp=1_500_000_000)
ONE_OFF = pass_number(3, {1: 5})
WIFI = b"WIFI:S:cafe;;"


def test_a_code_held_in_view_is_one_scan(booth: Booth) -> None:
    """However long the phone is held, there is one signal and one record."""
    booth.scan(GOOD)
    beeps = booth.beeps_since(0.0)
    assert booth.watch(30.0) == []
    assert len(booth.records()) == 1
    assert booth.counters() == {}
    assert booth.beeps_since(0.0) == beeps == 1


def test_gone_and_back_is_counted_and_winks(booth: Booth) -> None:
    """The phone slipped: green again with the wink, a counter, and no second record."""
    booth.scan(GOOD)
    booth.clear(0.8)
    scan = booth.scan(GOOD)
    assert (scan.signal.name, scan.seq) == (SignalName.ADMIT_SEEN, None)
    assert (len(booth.records()), booth.counters()) == (1, {RESCAN: 1})
    shown_s = booth.recorder.history[-1].at_s
    booth.watch(2.0)
    wink = [e.lamps for e in booth.recorder.history if 0.5 <= e.at_s - shown_s < 0.7]
    assert wink == [NO_LAMPS, GREEN]


def test_gone_for_a_moment_is_the_same_presentation(booth: Booth) -> None:
    """Less than 0.7 s without the code is a flicker: nothing is shown again."""
    booth.scan(GOOD)
    booth.clear(0.5)
    assert booth.show(GOOD) is None
    assert (len(booth.records()), booth.counters()) == (1, {})


def test_refusal_that_comes_back_is_refused_alike(booth: Booth) -> None:
    """The same red, counted, not recorded again."""
    booth.scan(EXPIRED)
    booth.clear(0.8)
    scan = booth.scan(EXPIRED)
    assert (scan.verdict.reason, booth.lit) == (Reason.EXPIRED, RED)
    assert (len(booth.records()), booth.counters()) == (1, {RESCAN: 1})


def test_another_code_preempts_at_once(booth: Booth) -> None:
    """The next in the queue does not wait for the lamps of the one before."""
    booth.scan(GOOD)
    scan = booth.scan(EXPIRED)
    assert (scan.verdict.reason, booth.lit, scan.seq) == (Reason.EXPIRED, RED, 2)
    assert (booth.scan(OTHER).verdict.reason, booth.lit) == (Reason.OK, GREEN)


def test_loop_knows_when_it_must_turn_without_a_frame(booth: Booth) -> None:
    """The next signal is due when the present one has had its time; later nothing is due."""
    booth.scan(GOOD)
    left_s = booth.loop.display.left_s
    assert 1.4 <= left_s <= 1.5
    booth.clear(0.5)
    assert booth.loop.display.left_s == pytest.approx(left_s - 0.5, abs=FRAME_S)
    booth.clear(2.0)
    assert booth.loop.display.left_s == float("inf")


def test_green_goes_dark_soon_after_the_code_has_left(booth: Booth) -> None:
    """Half a second after the phone is gone, and lit for at least 0.8 s."""
    booth.scan(GOOD)
    shown_s = booth.recorder.history[-1].at_s
    booth.clear(2.0)
    dark_s = next(e.at_s for e in booth.recorder.history if e.at_s > shown_s and e.lamps != GREEN)
    assert 0.8 <= dark_s - shown_s <= 0.8 + FRAME_S


def test_two_passes_are_shown_one_at_a_time(booth: Booth) -> None:
    """Neither is decided, nothing is recorded, and no lamp is lit."""
    assert booth.show(GOOD, OTHER) is None
    assert booth.watch(3.0) == []
    assert booth.loop.display.shown is SignalName.ONE_AT_A_TIME
    assert (booth.records(), booth.counters(), booth.lit) == ([], {}, NO_LAMPS)


def test_second_phone_takes_the_green_away(booth: Booth) -> None:
    """A pass was admitted; another one beside it makes the lamps dark at once."""
    booth.scan(GOOD)
    booth.show(GOOD, OTHER)
    assert booth.lit == NO_LAMPS


def test_the_phone_that_stays_is_judged(booth: Booth) -> None:
    """When the other has left, the one that stays gets its verdict."""
    booth.show(GOOD, OTHER)
    booth.scene.codes = (GOOD,)
    (scan,) = booth.watch(1.0)
    assert (scan.verdict.outcome, scan.seq) == (Outcome.ADMIT, 1)


def test_poster_beside_a_pass_makes_no_noise(booth: Booth) -> None:
    """A pass before a poster is one scan, also when it is not read in every frame."""
    booth.show(WIFI, GOOD)
    for frame in range(30):
        booth.show(*(WIFI, GOOD)[: 1 + frame % 2])
    assert (len(booth.records()), booth.counters()) == (1, {})


def test_repeat_with_another_code_between_is_not_recorded(booth: Booth) -> None:
    """Within a minute of its admission a pass is admitted again and counted."""
    booth.scan(GOOD)
    booth.scan(OTHER)
    booth.watch(30.0)
    scan = booth.scan(GOOD)
    assert (scan.signal.name, scan.seq) == (SignalName.ADMIT_SEEN, None)
    assert (len(booth.records()), booth.counters()) == (2, {RESCAN: 1})


@pytest.mark.parametrize("between", [(), (OTHER,)], ids=["nobody", "another"])
def test_after_a_minute_it_is_a_record_with_the_seen_flag(
    booth: Booth, between: tuple[bytes, ...]
) -> None:
    """Who passes again later passes again: recorded, flagged, and shown as seen."""
    booth.scan(GOOD)
    for code in between:
        booth.scan(code)
    booth.wait(62.0)
    scan = booth.scan(GOOD)
    assert (scan.verdict.notices, scan.signal.name) == ((Notice.SEEN,), SignalName.ADMIT_SEEN)
    flags = [bool(record.flags & RecordFlag.SEEN_BEFORE) for record in booth.records()]
    assert flags == [False] * (1 + len(between)) + [True]


def test_one_off_is_repeated_within_a_minute(booth: Booth) -> None:
    """A phone that slips is no second trip."""
    booth.scan(ONE_OFF)
    booth.clear(20.0)
    scan = booth.scan(ONE_OFF)
    assert (scan.verdict.outcome, scan.seq) == (Outcome.ADMIT, None)


def test_one_off_is_refused_after_a_minute(booth: Booth) -> None:
    """It is used up by its admission."""
    booth.scan(ONE_OFF)
    booth.wait(62.0)
    assert booth.scan(ONE_OFF).verdict.reason is Reason.ALREADY_USED


def test_one_off_gains_no_time_by_being_shown_again(booth: Booth) -> None:
    """The minute runs from the admission, however often the phone comes back meanwhile."""
    booth.scan(ONE_OFF)
    booth.scan(OTHER)
    booth.wait(50.0)
    assert booth.scan(ONE_OFF).verdict.outcome is Outcome.ADMIT
    booth.wait(12.0)
    assert booth.scan(ONE_OFF).verdict.reason is Reason.ALREADY_USED


def test_one_off_is_undecided_after_a_restart(make_booth: MakeBooth) -> None:
    """What was admitted before is forgotten: the officer compares, and is told since when."""
    booth = make_booth()
    booth.scan(ONE_OFF)
    booth.restart()
    scan = booth.scan(ONE_OFF)
    assert (scan.verdict.reason, scan.signal.name) == (Reason.MEMORY_LOST, SignalName.COMPARE)
    facts = scan.verdict.facts
    assert facts is not None
    assert facts.seen.memory_lost_at is not None
    booth.wait(600.0)
    assert booth.scan(ONE_OFF).verdict.outcome is Outcome.ADMIT


def test_specimen_is_counted_and_never_recorded(booth: Booth) -> None:
    """Training leaves no record and lights no steady lamp."""
    begun_s = booth.clock.monotonic_s()
    scan = booth.scan(city.issue({9: True}))
    assert (scan.verdict.reason, scan.signal.name) == (Reason.SPECIMEN, SignalName.SPECIMEN)
    booth.watch(3.0)
    assert (booth.records(), booth.counters()) == ([], {"SPECIMEN": 1})
    assert not booth.has_shown_green_since(begun_s)


@pytest.mark.parametrize(
    ("code", "counter"),
    [
        (WIFI, "NOT_A_PASS"),
        (b"MP1:ABC", "MALFORMED"),
        (b"MP1:" + b"A" * 2000, "TOO_LARGE"),
        (GOOD[:-3] + b"000", "FORGED"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_pass_is_counted(booth: Booth, code: bytes, counter: str) -> None:
    """A video loop of codes can neither fill the disk nor push history out."""
    scan = booth.scan(code)
    assert (scan.verdict.reason.name, scan.seq) == (counter, None)
    assert (booth.records(), booth.counters()) == ([], {counter: 1})


def shown_by(booth: Booth) -> SignalName | None:
    """The signal that has the lamps."""
    return booth.loop.display.shown


def test_a_code_that_cannot_be_read_gets_advice(booth: Booth) -> None:
    """After a second and a half: brighter, closer, hold still; counted once, and no record."""
    booth.scene.codes = (b"",)
    assert booth.watch(1.4) == []
    assert shown_by(booth) is not SignalName.UNREADABLE
    assert booth.watch(3.0) == []
    assert shown_by(booth) is SignalName.UNREADABLE
    assert (booth.records(), booth.counters()) == ([], {Reason.UNREADABLE.name: 1})
    assert booth.scan(GOOD).verdict.outcome is Outcome.ADMIT


def test_advice_ticks_in_its_own_time_between_two_frames(booth: Booth) -> None:
    """The loop turns many times before the next frame: no lamp flashes, and no tick comes early."""
    booth.scene.codes = (b"",)
    booth.watch(1.6)
    since_s = booth.clock.monotonic_s()
    for _ in range(20):
        booth.scene.gives_frames = False
        for _ in range(10):
            booth.turn(STEP_S)
            assert booth.lit == NO_LAMPS
        booth.scene.gives_frames = True
        booth.turn(STEP_S)
    assert booth.beeps_since(since_s) <= 1
    booth.clear(0.8)
    assert shown_by(booth) is SignalName.READY


def test_advice_does_not_wait_for_the_disk(booth: Booth) -> None:
    """An unreadable code is told of although it cannot be counted."""
    booth.scene.codes = (b"",)
    booth.outbox.fails_with = StoreError("The disk is full.")
    booth.watch(2.0)
    assert shown_by(booth) is SignalName.UNREADABLE
