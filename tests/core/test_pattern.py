"""Stepping a signal: deadlines, records that come late, codes that leave, moments that are none."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.pattern import Showing, buzzes_at, dark_from, lamps_at, overdue_for, tone_at
from scanner.core.reasons import SignalName
from scanner.core.signal import COMMIT_WITHIN_S, NO_LAMPS, SIGNALS, Lamps, Signal

ADMIT = SIGNALS[SignalName.ADMIT]
SCANNER = SIGNALS[SignalName.SCANNER]
GREEN = Lamps(green=True)
RED = Lamps(red=True)

signals = st.sampled_from(list(SIGNALS.values()))
promising = st.sampled_from([row for row in SIGNALS.values() if row.commit_within_s is not None])
any_moment = st.floats(allow_nan=True, allow_infinity=True)
perhaps = st.none() | any_moment


@given(signals, any_moment, perhaps, perhaps, st.booleans())
def test_every_moment_has_an_answer(
    signal: Signal, elapsed_s: float, confirmed_s: float | None, left_s: float | None, amber: bool
) -> None:
    """Any number at all gives lamps, a tone and a beep of the table, and no error."""
    lamps = lamps_at(signal, elapsed_s, confirmed_s=confirmed_s, left_s=left_s, has_amber=amber)
    assert amber or not lamps.amber
    assert tone_at(signal, elapsed_s) in {None, *(tone.hz for tone in signal.tones)}
    assert not buzzes_at(signal, elapsed_s) or signal.beeps


@given(promising, st.floats(min_value=COMMIT_WITHIN_S), perhaps, perhaps)
def test_green_is_never_lit_while_the_record_is_outstanding(
    signal: Signal, elapsed_s: float, confirmed_s: float | None, left_s: float | None
) -> None:
    """From the deadline on, a lamp whose record is not on the disk, or came late, is not green."""
    if confirmed_s is None or not confirmed_s <= COMMIT_WITHIN_S:
        assert not lamps_at(signal, elapsed_s, confirmed_s=confirmed_s, left_s=left_s).green


@given(
    st.sampled_from([ADMIT, SIGNALS[SignalName.ADMIT_SEEN]]),
    st.floats(min_value=1.5),
    perhaps,
    perhaps,
)
def test_green_never_outlives_its_hold(
    signal: Signal, elapsed_s: float, confirmed_s: float | None, left_s: float | None
) -> None:
    """An admission is not green after 1.5 s, whatever the loop does or fails to do."""
    assert not lamps_at(signal, elapsed_s, confirmed_s=confirmed_s, left_s=left_s).green


@given(signals, any_moment, perhaps, perhaps)
def test_amber_stands_alone(
    signal: Signal, elapsed_s: float, confirmed_s: float | None, left_s: float | None
) -> None:
    """With a third lamp an undecided signal lights neither of the other two."""
    lamps = lamps_at(signal, elapsed_s, confirmed_s=confirmed_s, left_s=left_s, has_amber=True)
    if lamps.amber or signal.is_undecided:
        assert not lamps.green
        assert not lamps.red


def test_an_unconfirmed_admission_turns_into_scanner() -> None:
    """Green until 1 s, then dark and slow red: the officer sees that the scanner cannot decide."""
    shown = [lamps_at(ADMIT, moment) for moment in (0.0, 0.999, 1.0, 1.8, 1.9, 2.6, 2.7)]
    assert shown == [GREEN, GREEN, NO_LAMPS, NO_LAMPS, RED, RED, NO_LAMPS]


def test_an_unconfirmed_comparison_turns_into_scanner() -> None:
    """The alternating green stops, too, when its record does not come."""
    assert lamps_at(SIGNALS[SignalName.COMPARE], 1.1) == NO_LAMPS
    assert lamps_at(SIGNALS[SignalName.COMPARE], 1.1, confirmed_s=0.2) == GREEN


@pytest.mark.parametrize(
    ("left_s", "dark_s"),
    [(None, 1.5), (0.0, 0.8), (0.2, 0.8), (0.4, 0.9), (0.9, 1.4), (1.2, 1.5), (math.nan, 0.8)],
)
def test_admit_goes_dark_when_the_code_leaves(left_s: float | None, dark_s: float) -> None:
    """Half a second after the code has left, but lit for at least 0.8 s and at most 1.5 s."""
    assert dark_from(ADMIT, left_s) == pytest.approx(dark_s)
    before, after = (
        lamps_at(ADMIT, dark_s + shift, confirmed_s=0.01, left_s=left_s) for shift in (-0.01, 0.01)
    )
    assert (before, after) == (GREEN, NO_LAMPS)


@pytest.mark.parametrize("name", [name for name in SignalName if name is not SignalName.ADMIT])
def test_only_admit_goes_dark_early(name: SignalName) -> None:
    """A refusal or a doubt stays in sight when the phone is taken away."""
    assert dark_from(SIGNALS[name], 0.0) == (SIGNALS[name].hold_s or math.inf)


@pytest.mark.parametrize("moment", [-0.001, math.nan, math.inf, -math.inf])
def test_a_moment_that_is_none_is_dark_and_silent(moment: float) -> None:
    """Before it was shown, and at no number, nothing is lit and nothing sounds."""
    assert lamps_at(SCANNER, moment) == NO_LAMPS
    assert lamps_at(ADMIT, moment) == NO_LAMPS
    assert tone_at(SCANNER, moment) is None
    assert not buzzes_at(SCANNER, moment)


def test_late_confirmation_does_not_bring_green_back() -> None:
    """Once taken back, a green lamp stays taken back."""
    assert overdue_for(ADMIT, 1.2, 1.1) == pytest.approx(0.2)
    assert overdue_for(ADMIT, 1.2, 1.0) is None
    assert overdue_for(SCANNER, 1.2, None) is None


def test_nothing_sounds_before_the_record_is_committed() -> None:
    """The lamp comes at the verdict, the sound only after the commit."""
    showing = Showing(ADMIT, shown_s=100.0)
    assert showing.lamps(100.1) == GREEN
    assert (showing.tone(100.1), showing.buzzes(100.1)) == (None, False)
    confirmed = replace(showing, confirmed_s=100.2)
    assert (confirmed.tone(100.1), confirmed.buzzes(100.1)) == (None, False)
    assert (confirmed.tone(100.3), confirmed.buzzes(100.3)) == (1000.0, True)
    assert (confirmed.tone(100.5), confirmed.buzzes(100.5)) == (None, False)


def test_a_record_that_does_not_come_is_heard() -> None:
    """From the deadline on the sound is SCANNER's, also when the record comes later."""
    for confirmed_s in (None, 101.05):
        late = Showing(ADMIT, shown_s=100.0, confirmed_s=confirmed_s)
        assert (late.tone(101.1), late.buzzes(101.1)) == (500.0, True)
        assert (late.tone(101.7), late.buzzes(101.7)) == (None, False)


def test_showing_counts_from_when_it_was_shown() -> None:
    """Moments of a showing are those of the same running clock, not of its own start."""
    left = Showing(ADMIT, shown_s=50.0, confirmed_s=50.1, left_s=50.2)
    assert left.lamps(50.7) == GREEN
    assert left.lamps(50.9) == NO_LAMPS
    compare = Showing(SIGNALS[SignalName.COMPARE], shown_s=50.0, confirmed_s=50.1)
    assert compare.lamps(55.0, has_amber=True) == Lamps(amber=True)


def shown_at(showing: Showing, moment_s: float) -> tuple[Lamps, float | None, bool]:
    """Everything that can be seen and heard of it."""
    return showing.lamps(moment_s), showing.tone(moment_s), showing.buzzes(moment_s)


moments = st.floats(min_value=-1.0, max_value=40.0)


@given(signals, moments, st.none() | moments, st.none() | moments, st.floats(0.0, 0.999))
def test_nothing_changes_while_it_is_said_to_be_steady(
    signal: Signal, now_s: float, confirmed_s: float | None, left_s: float | None, part: float
) -> None:
    """Whoever sleeps for so long and looks again misses no lamp and no sound."""
    showing = Showing(signal, 0.0, confirmed_s, left_s)
    steady_s = min(showing.steady_s(now_s), 100.0)
    assert steady_s >= 0
    if steady_s > 1e-6:
        assert shown_at(showing, now_s + part * steady_s) == shown_at(showing, now_s)


@given(signals, st.none() | st.floats(0.0, 3.0), st.none() | st.floats(0.0, 3.0))
def test_few_looks_are_enough(
    signal: Signal, confirmed_s: float | None, left_s: float | None
) -> None:
    """Ten seconds of any signal need a look for each change, and not one each hundredth."""
    showing, now_s, looks = Showing(signal, 0.0, confirmed_s, left_s), 0.0, 0
    while now_s < 10.0:
        now_s += max(0.001, showing.steady_s(now_s))
        looks += 1
    assert looks < 60


@given(signals, any_moment, perhaps, perhaps)
def test_any_moment_at_all_has_a_steady_time(
    signal: Signal, now_s: float, confirmed_s: float | None, left_s: float | None
) -> None:
    """Seconds, none of them negative, for moments that are none, too."""
    assert Showing(signal, 0.0, confirmed_s, left_s).steady_s(now_s) >= 0
