"""What a technician sees and hears while a device is set up; never shown to an officer.

A wrong boot file blinks red as often as its group says, and then is dark for two seconds: no other
signal blinks three times or more and goes on. Done lights both lamps for a second, with two beeps.
"""

from __future__ import annotations

from enum import IntEnum

from scanner.core.reasons import SignalName
from scanner.core.signal import BOTH, NO_LAMPS, RED, Beep, Shape, Signal, Step, Tone

_LIT_S, _DARK_S, _PAUSE_S = 0.3, 0.3, 2.0


class Blinks(IntEnum):
    """How often red blinks: which part of the boot file must be corrected."""

    FILE = 3  # it cannot be read as a file of settings
    SETTING = 4  # a setting is wrong
    WIFI = 5
    ENROL = 6  # where and with what to enrol
    CITY = 7  # the city was not reached, or refuses


DONE = Signal(
    SignalName.TIME_SET,
    word="DONE",
    shape=Shape.NONE,
    do="The settings are taken; unplug the stick and go on.",
    intro=(Step(BOTH, 1.0),),
    hold_s=1.5,
    beeps=(Beep(0.06, 0.12), Beep(0.24)),
    tones=(Tone(600.0, 0.15), Tone(1000.0, 0.15)),
)


def signal_of(blinks: int) -> Signal | None:
    """As a number, which is all that is handed from one process to the next: `blinks_of` back."""
    match blinks:
        case 0:
            return None
        case 1:
            return DONE
        case _:
            return blinking(Blinks(blinks))


def blinks_of(signal: Signal | None) -> int:
    """0: nothing new. 1: done. Else as often as red blinks."""
    if signal is None or signal == DONE:
        return int(signal is not None)
    return len(signal.beeps)


def blinking(group: Blinks) -> Signal:
    """Until something else is shown; heard once."""
    blinks = (Step(RED, _LIT_S), Step(NO_LAMPS, _DARK_S)) * group
    return Signal(
        SignalName.FAULT,
        word="NOT SET UP",
        shape=Shape.NONE,
        do="Read checkpoint.result.txt beside the boot file, correct it, start again.",
        loop=(*blinks, Step(NO_LAMPS, _PAUSE_S)),
        beeps=(Beep(0.1, 0.1),) * group,
        tones=(Tone(500.0, 0.1), Tone(None, 0.1)) * group,
    )
