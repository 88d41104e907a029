"""The signal table: complete, told apart by lamps and by sound, and never too fast."""

from __future__ import annotations

import itertools

import pytest

from scanner.core.pattern import buzzes_at, lamps_at, tone_at
from scanner.core.reasons import Outcome, Reason, SignalName
from scanner.core.signal import SIGNALS, Lamps, Shape, Signal, signal_for

STEP_S = 0.01
FASTEST_HZ = 3.0
# What may be shown after somebody presented something, by what it means.
OUTCOME_ROWS = (
    SignalName.ADMIT,
    SignalName.REFUSE,
    SignalName.COMPARE,
    SignalName.SCANNER,
    SignalName.NOT_A_PASS,
    SignalName.SPECIMEN,
)
PAIRS = list(itertools.combinations(OUTCOME_ROWS, 2))
MAY_LIGHT_GREEN = {
    SignalName.ADMIT,
    SignalName.ADMIT_SEEN,
    SignalName.COMPARE,
    SignalName.SCANNER,
    SignalName.SPECIMEN,
    SignalName.TIME_SET,
    SignalName.READY,
    SignalName.READY_OFFLINE,
    SignalName.SELF_TEST,
}


def moments(length_s: float) -> list[float]:
    """The middle of every 10 ms, so that no moment falls on the edge of a step."""
    return [(number + 0.5) * STEP_S for number in range(round(length_s / STEP_S))]


def lamp_history(signal: Signal, length_s: float, *, has_amber: bool = False) -> list[Lamps]:
    """Every 10 ms, the record committed at once."""
    return [
        lamps_at(signal, moment, confirmed_s=0.0, has_amber=has_amber)
        for moment in moments(length_s)
    ]


def rises(lit: list[bool]) -> list[int]:
    """Places where a lamp goes on."""
    return [
        place
        for place, (was, now) in enumerate(itertools.pairwise([False, *lit]))
        if now and not was
    ]


def runs(lit: list[bool]) -> list[tuple[bool, float]]:
    """(lit, seconds) of each stretch."""
    return [(on, round(len(list(group)) * STEP_S, 2)) for on, group in itertools.groupby(lit)]


def test_every_name_has_one_row() -> None:
    """Whatever the loop asks to show has a row of its own name."""
    assert set(SIGNALS) == set(SignalName)
    assert all(SIGNALS[name].name is name for name in SignalName)


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("seen", [False, True])
def test_every_reason_has_the_signal_of_its_outcome(reason: Reason, seen: bool) -> None:
    """A verdict is shown by the row its reason names; only an admission changes when seen."""
    signal = signal_for(reason, seen=seen)
    if seen and reason is Reason.OK:
        assert signal.name is SignalName.ADMIT_SEEN
    else:
        assert signal.name is reason.signal
    if reason.outcome is not Outcome.ADMIT:
        assert signal.word != "PASS"
        assert signal.shape is not Shape.TICK_IN_CIRCLE


@pytest.mark.parametrize("name", SignalName)
@pytest.mark.parametrize("has_amber", [False, True])
def test_nothing_flashes_faster_than_3_hz(name: SignalName, has_amber: bool) -> None:
    """No lamp, nor all of them taken as one, goes on twice within a third of a second."""
    history = lamp_history(SIGNALS[name], 20.0, has_amber=has_amber)
    for lit in (
        [lamps.green for lamps in history],
        [lamps.red for lamps in history],
        [lamps.amber for lamps in history],
        [lamps != Lamps() for lamps in history],
    ):
        starts = rises(lit)
        gaps_s = [(later - earlier) * STEP_S for earlier, later in itertools.pairwise(starts)]
        assert all(gap_s >= 1 / FASTEST_HZ for gap_s in gaps_s), gaps_s


@pytest.mark.parametrize("name", SignalName)
def test_green_is_lit_only_where_the_table_says(name: SignalName) -> None:
    """Alone it means pass: steady for ADMIT, alternating for COMPARE, once in the self-test."""
    history = lamp_history(SIGNALS[name], 30.0)
    assert any(lamps.green for lamps in history) == (name in MAY_LIGHT_GREEN)
    alone = [lamps.green and not lamps.red for lamps in history]
    assert any(alone) == (
        name in {SignalName.ADMIT, SignalName.ADMIT_SEEN, SignalName.COMPARE, SignalName.SELF_TEST}
    )


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_outcomes_differ_in_lamps_and_in_sound(one: SignalName, other: SignalName) -> None:
    """Colour-blind, deaf or in the sun: each of lamps, buzzer and piezo alone tells them apart."""
    a, b = SIGNALS[one], SIGNALS[other]
    assert lamp_history(a, 3.0) != lamp_history(b, 3.0)
    assert lamp_history(a, 3.0, has_amber=True) != lamp_history(b, 3.0, has_amber=True)
    assert [tone_at(a, t) for t in moments(3.0)] != [tone_at(b, t) for t in moments(3.0)]
    assert [buzzes_at(a, t) for t in moments(3.0)] != [buzzes_at(b, t) for t in moments(3.0)]
    assert a.word != b.word


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_outcomes_differ_without_colour(one: SignalName, other: SignalName) -> None:
    """Which side is lit and when is enough: grey lamps in their places still tell them apart."""
    side = {Lamps(): 0, Lamps(green=True): 1, Lamps(red=True): 2, Lamps(green=True, red=True): 3}
    a, b = ([side[lamps] for lamps in lamp_history(SIGNALS[name], 3.0)] for name in (one, other))
    assert a != b


def test_admit_is_steady_green_for_a_second_and_a_half() -> None:
    """ADMIT: green 1.5 s, then dark."""
    history = lamp_history(SIGNALS[SignalName.ADMIT], 3.0)
    assert runs([lamps.green for lamps in history]) == [(True, 1.5), (False, 1.5)]


def test_admit_seen_winks_once() -> None:
    """ADMIT, seen before: one gap of 150 ms in the green."""
    history = lamp_history(SIGNALS[SignalName.ADMIT_SEEN], 2.0)
    lit = runs([lamps.green for lamps in history])
    assert [on for on, _ in lit] == [True, False, True, False]
    assert lit[1][1] == 0.15
    assert sum(length for _, length in lit[:3]) == pytest.approx(1.5)


def test_refuse_is_steady_red_for_three_seconds() -> None:
    """REFUSE: red 3 s, never green."""
    history = lamp_history(SIGNALS[SignalName.REFUSE], 5.0)
    assert runs([lamps.red for lamps in history]) == [(True, 3.0), (False, 2.0)]


def test_compare_begins_with_both_then_alternates() -> None:
    """COMPARE: both 300 ms, then one lamp at a time at 0.7 Hz for 20 s in all."""
    history = lamp_history(SIGNALS[SignalName.COMPARE], 21.0)
    both = [lamps.green and lamps.red for lamps in history]
    assert runs(both)[0] == (True, 0.3)
    assert not any(both[30:])
    green = rises([lamps.green for lamps in history])[1:]
    periods = [(later - earlier) * STEP_S for earlier, later in itertools.pairwise(green)]
    assert periods == pytest.approx([1 / 0.7] * len(periods), abs=2 * STEP_S)
    assert all(lamps == Lamps() for lamps in history[2000:])


def test_scanner_begins_with_both_then_blinks_red_slowly() -> None:
    """SCANNER: both 300 ms, then red at 0.6 Hz until something else is shown."""
    history = lamp_history(SIGNALS[SignalName.SCANNER], 60.0)
    assert runs([lamps.green for lamps in history])[0] == (True, 0.3)
    assert not any(lamps.green for lamps in history[30:])
    red = rises([lamps.red for lamps in history])[1:]
    periods = [(later - earlier) * STEP_S for earlier, later in itertools.pairwise(red)]
    assert periods == pytest.approx([1 / 0.6] * len(periods), abs=2 * STEP_S)


@pytest.mark.parametrize(
    ("name", "period_s"), [(SignalName.READY, 2.0), (SignalName.READY_OFFLINE, 4.0)]
)
def test_ready_ticks(name: SignalName, period_s: float) -> None:
    """READY: both lamps 20 ms each 2 s, each 4 s when offline."""
    history = lamp_history(SIGNALS[name], 3 * period_s)
    expected = [(True, 0.02), (False, round(period_s - 0.02, 2))] * 3
    assert runs([lamps.green for lamps in history]) == expected
    assert runs([lamps.red for lamps in history]) == expected


def test_fault_is_a_double_blink_each_two_seconds() -> None:
    """FAULT: two red blinks, then a pause, every 2 s; the sound each 30 s."""
    fault = SIGNALS[SignalName.FAULT]
    red = rises([lamps.red for lamps in lamp_history(fault, 6.0)])
    assert red == [0, 35, 200, 235, 400, 435]
    heard = rises([buzzes_at(fault, moment) for moment in moments(90.0)])
    assert heard == [0, 3000, 6000]


@pytest.mark.parametrize(
    ("name", "blinks", "end_s"), [(SignalName.NOT_A_PASS, 2, 1.0), (SignalName.SPECIMEN, 3, 2.0)]
)
def test_short_signals_blink_and_end(name: SignalName, blinks: int, end_s: float) -> None:
    """NOT A PASS: two blinks within 1 s; TRAINING PASS: three within 2 s."""
    history = lamp_history(SIGNALS[name], 4.0)
    assert len(rises([lamps.red for lamps in history])) == blinks
    assert all(lamps == Lamps() for lamps in history[round(end_s / STEP_S) :])


def test_self_test_shows_red_then_green_then_dark() -> None:
    """The start: red 0.5 s, green 0.5 s, off."""
    history = lamp_history(SIGNALS[SignalName.SELF_TEST], 2.0)
    assert runs([lamps.red for lamps in history]) == [(True, 0.5), (False, 1.5)]
    assert runs([lamps.green for lamps in history]) == [(False, 0.5), (True, 0.5), (False, 1.0)]


@pytest.mark.parametrize(
    ("name", "lengths_s"),
    [
        (SignalName.ADMIT, [0.2]),
        (SignalName.ADMIT_SEEN, [0.2, 0.03]),
        (SignalName.REFUSE, [0.12, 0.12, 0.12]),
        (SignalName.COMPARE, [0.2, 0.2]),
        (SignalName.SCANNER, [0.6]),
        (SignalName.REGIME_ENDED, []),
        (SignalName.NOT_A_PASS, [0.06]),
        (SignalName.SPECIMEN, [0.06, 0.12, 0.24]),
        (SignalName.READY, []),
        (SignalName.READY_OFFLINE, []),
        (SignalName.SELF_TEST, [0.08]),
        (SignalName.DARK, []),
    ],
)
def test_active_buzzer_lengths(name: SignalName, lengths_s: list[float]) -> None:
    """The active buzzer sounds as often and as long as the table says."""
    history = [buzzes_at(SIGNALS[name], moment) for moment in moments(10.0)]
    assert [length for on, length in runs(history) if on] == lengths_s


@pytest.mark.parametrize(
    ("name", "pitches"),
    [
        (SignalName.ADMIT, [1000]),
        (SignalName.ADMIT_SEEN, [1000, 1500]),
        (SignalName.REFUSE, [1200, 600] * 3),
        (SignalName.COMPARE, [800, 800]),
        (SignalName.SCANNER, [500]),
        (SignalName.NOT_A_PASS, [500]),
        (SignalName.SPECIMEN, [600, 800, 1000]),
        (SignalName.SELF_TEST, [500, 800, 1000]),
        (SignalName.REGIME_ENDED, []),
    ],
)
def test_piezo_pitches(name: SignalName, pitches: list[float]) -> None:
    """The piezo plays the pitches of the table in their order."""
    history = [tone_at(SIGNALS[name], moment) for moment in moments(10.0)]
    assert [hz for hz, _ in itertools.groupby(history) if hz is not None] == pitches


@pytest.mark.parametrize("name", [SignalName.UNREADABLE, SignalName.ONE_AT_A_TIME])
def test_hints_tick_each_second_and_a_half(name: SignalName) -> None:
    """Code not readable: a tick each 1.5 s and no lamp; two phones: a double tick, for 5 s."""
    signal = SIGNALS[name]
    assert all(lamps == Lamps() for lamps in lamp_history(signal, 6.0))
    ticks = rises([tone_at(signal, moment) is not None for moment in moments(6.0)])
    firsts = [0, 150, 300, 450]
    if name is SignalName.UNREADABLE:
        assert ticks == firsts
    else:
        assert ticks == sorted([*firsts, *(first + 13 for first in firsts)])


@pytest.mark.parametrize("name", SignalName)
def test_tones_lie_within_two_octaves_of_a4(name: SignalName) -> None:
    """Every pitch can be played by `TonalBuzzer(octaves=2)`: 110 Hz to 1760 Hz."""
    assert all(tone.hz is None or 110 <= tone.hz <= 1760 for tone in SIGNALS[name].tones)


@pytest.mark.parametrize("name", SignalName)
def test_sounds_end_before_they_repeat(name: SignalName) -> None:
    """A sound that starts again has ended before."""
    signal = SIGNALS[name]
    if signal.repeat_s is not None:
        assert sum(tone.for_s for tone in signal.tones) < signal.repeat_s
        assert sum(beep.on_s + beep.off_s for beep in signal.beeps) < signal.repeat_s
