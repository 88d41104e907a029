"""What lamps and buzzer say while a device is set up."""

from __future__ import annotations

import itertools

import pytest

from scanner.core.pattern import lamps_at
from scanner.core.setup_signal import DONE, Blinks, blinking, blinks_of, signal_of
from scanner.core.signal import BOTH, SIGNALS


def edges(group: Blinks, until_s: float = 10.0) -> list[float]:
    """When red is lit, seconds; nothing but red ever is."""
    found, was = [], False
    for step in range(int(until_s * 100)):
        lamps = lamps_at(blinking(group), step / 100)
        assert not lamps.green
        if lamps.red and not was:
            found.append(step / 100)
        was = lamps.red
    return found


@pytest.mark.parametrize("group", Blinks)
def test_red_blinks_as_often_as_the_group_says(group: Blinks) -> None:
    """Slowly enough to be counted, and then it is dark for longer than within."""
    found = edges(group)
    first = found[: group.value + 1]
    gaps = [later - earlier for earlier, later in itertools.pairwise(first)]
    assert all(0.55 < gap < 0.65 for gap in gaps[: group.value - 1])
    assert gaps[-1] > 2.0
    assert len(blinking(group).beeps) == group.value


def test_groups_are_told_from_every_other_signal() -> None:
    """None of those blinks red three times or more and goes on."""
    assert min(Blinks) == 3
    for signal in SIGNALS.values():
        assert sum(step.lamps.red and not step.lamps.green for step in signal.loop) < 3


def test_done_lights_both_lamps_and_ends() -> None:
    """For a second; green alone, which would be a pass, is never lit."""
    assert lamps_at(DONE, 0.5) == BOTH
    assert {lamps_at(DONE, step / 100).green for step in range(101, 300)} == {False}


def test_signal_is_handed_on_as_a_number() -> None:
    """From the process that has read a boot file to the one that has the lamps."""
    signals = [None, DONE, *(blinking(group) for group in Blinks)]
    assert [blinks_of(signal) for signal in signals] == [0, 1, *Blinks]
    assert [signal_of(blinks_of(signal)) for signal in signals] == signals
