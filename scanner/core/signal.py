"""What the officer sees and hears: the one table of lamps, buzzer, word and shape.

Green is right, red is left and larger. Neither lamp lit means: do not trust me. All refusals look
and sound alike to bystanders; the reason stands on the screen only. No lamp and no pair of lamps
flashes faster than 3 Hz. How a row is stepped through in time is `pattern.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from scanner.core.reasons import Reason, SignalName


@dataclass(frozen=True, slots=True)
class Lamps:
    """What is lit at one moment; the third lamp is optional wiring."""

    green: bool = False
    red: bool = False
    amber: bool = False


NO_LAMPS = Lamps()
GREEN = Lamps(green=True)
RED = Lamps(red=True)
BOTH = Lamps(green=True, red=True)


@dataclass(frozen=True, slots=True)
class Step:
    """Lamps for a length of time, seconds."""

    lamps: Lamps
    for_s: float


@dataclass(frozen=True, slots=True)
class Beep:
    """The active buzzer on, then off, seconds."""

    on_s: float
    off_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Tone:
    """The piezo at `hz` (None: a pause), seconds."""

    hz: float | None
    for_s: float


class Shape(Enum):
    """Stands beside the word, so that it can be told without colours and letters."""

    TICK_IN_CIRCLE = "tick-in-circle"
    OCTAGON = "octagon"
    TRIANGLE = "triangle"
    SQUARE = "square"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class EarlyDark:
    """Dark so long after the code has left the view, but lit for at least so long; seconds."""

    after_left_s: float
    at_least_s: float


@dataclass(frozen=True, slots=True)
class Signal:
    """One row. `intro` runs once, then `loop` for ever; after `hold_s` all is dark.

    hold_s None: until something else is shown. commit_within_s: a lamp that promises a record
    turns into SCANNER when the record is not on the disk by then. repeat_s: the sound starts again
    so often; None: once.
    """

    name: SignalName
    word: str
    shape: Shape
    do: str
    intro: tuple[Step, ...] = ()
    loop: tuple[Step, ...] = ()
    hold_s: float | None = None
    early_dark: EarlyDark | None = None
    commit_within_s: float | None = None
    beeps: tuple[Beep, ...] = ()
    tones: tuple[Tone, ...] = ()
    repeat_s: float | None = None

    @property
    def is_undecided(self) -> bool:
        """Shown by the amber lamp alone where there is one."""
        return self.name in (SignalName.COMPARE, SignalName.SCANNER)


COMMIT_WITHIN_S = 1.0
_TICK = Tone(1500.0, 0.03)
_TICK_BEEP = Beep(0.03)
_STEADY_S = 1.0  # any length: the only step of a loop
_COMPARE_HALF_S = 0.5 / 0.7
_SCANNER_HALF_S = 0.5 / 0.6

_ROWS: tuple[Signal, ...] = (
    Signal(
        SignalName.ADMIT,
        word="PASS",
        shape=Shape.TICK_IN_CIRCLE,
        do="Let through.",
        loop=(Step(GREEN, _STEADY_S),),
        hold_s=1.5,
        early_dark=EarlyDark(after_left_s=0.5, at_least_s=0.8),
        commit_within_s=COMMIT_WITHIN_S,
        beeps=(Beep(0.2),),
        tones=(Tone(1000.0, 0.2),),
    ),
    Signal(
        SignalName.ADMIT_SEEN,
        word="PASS",
        shape=Shape.TICK_IN_CIRCLE,
        do="Let through; this pass was here before.",
        intro=(Step(GREEN, 0.5), Step(NO_LAMPS, 0.15)),
        loop=(Step(GREEN, _STEADY_S),),
        hold_s=1.5,
        commit_within_s=COMMIT_WITHIN_S,
        beeps=(Beep(0.2, 0.1), _TICK_BEEP),
        tones=(Tone(1000.0, 0.2), Tone(None, 0.1), _TICK),
    ),
    Signal(
        SignalName.REFUSE,
        word="STOP",
        shape=Shape.OCTAGON,
        do="Do not let through; tell the reason and offer the receipt.",
        loop=(Step(RED, _STEADY_S),),
        hold_s=3.0,
        beeps=(Beep(0.12, 0.08),) * 3,
        tones=(Tone(1200.0, 0.06), Tone(600.0, 0.06), Tone(None, 0.08)) * 3,
    ),
    Signal(
        SignalName.COMPARE,
        word="CHECK",
        shape=Shape.TRIANGLE,
        do="Compare by eye, then decide.",
        intro=(Step(BOTH, 0.3),),
        # Red first: the moment after the intro must not look like a pass.
        loop=(Step(RED, _COMPARE_HALF_S), Step(GREEN, _COMPARE_HALF_S)),
        hold_s=20.0,
        commit_within_s=COMMIT_WITHIN_S,
        beeps=(Beep(0.2, 0.15),) * 2,
        tones=(Tone(800.0, 0.2), Tone(None, 0.15)) * 2,
    ),
    Signal(
        SignalName.SCANNER,
        word="SCANNER CANNOT DECIDE",
        shape=Shape.SQUARE,
        do="Do what the screen says; decide by hand meanwhile.",
        intro=(Step(BOTH, 0.3),),
        # Dark first: the moment after the intro must not look like a refusal.
        loop=(Step(NO_LAMPS, _SCANNER_HALF_S), Step(RED, _SCANNER_HALF_S)),
        beeps=(Beep(0.6),),
        tones=(Tone(500.0, 0.6),),
    ),
    Signal(
        SignalName.REGIME_ENDED,
        word="REGIME ENDED",
        shape=Shape.NONE,
        do="No pass is needed.",
    ),
    Signal(
        SignalName.NOT_A_PASS,
        word="NOT A PASS",
        shape=Shape.NONE,
        do="Ask to show the movement pass.",
        intro=(Step(RED, 0.25), Step(NO_LAMPS, 0.25)) * 2,
        hold_s=1.0,
        beeps=(Beep(0.06),),
        tones=(Tone(500.0, 0.06),),
    ),
    Signal(
        SignalName.UNREADABLE,
        word="CODE NOT READABLE",
        shape=Shape.NONE,
        do="Brighter, closer, hold still.",
        beeps=(_TICK_BEEP,),
        tones=(_TICK,),
        repeat_s=1.5,
    ),
    Signal(
        SignalName.ONE_AT_A_TIME,
        word="ONE PHONE AT A TIME",
        shape=Shape.NONE,
        do="Show one code only.",
        hold_s=5.0,
        beeps=(Beep(0.03, 0.1), _TICK_BEEP),
        tones=(_TICK, Tone(None, 0.1), _TICK),
        repeat_s=1.5,
    ),
    Signal(
        SignalName.SPECIMEN,
        word="TRAINING PASS",
        shape=Shape.NONE,
        do="For training only; it lets nobody through.",
        intro=(Step(BOTH, 0.4), Step(NO_LAMPS, 0.25)) * 3,
        hold_s=2.0,
        # An active buzzer has one pitch: there the three tones rise in length.
        beeps=(Beep(0.06, 0.12), Beep(0.12, 0.12), Beep(0.24)),
        tones=(Tone(600.0, 0.15), Tone(800.0, 0.15), Tone(1000.0, 0.15)),
    ),
    Signal(
        SignalName.TIME_SET,
        word="TIME SET",
        shape=Shape.NONE,
        do="The clock has taken the time code; go on scanning.",
        # Both together and for long: nothing that is shown after a pass looks like it.
        intro=(Step(BOTH, 1.0),),
        hold_s=1.5,
        beeps=(Beep(0.06, 0.12), Beep(0.24)),
        tones=(Tone(600.0, 0.15), Tone(1000.0, 0.15)),
    ),
    Signal(
        SignalName.TIME_NOT_SET,
        word="TIME NOT SET",
        shape=Shape.NONE,
        do="Show a fresh time code; read why on the screen.",
        intro=(Step(RED, 0.25), Step(NO_LAMPS, 0.25)) * 2,
        hold_s=1.0,
        beeps=(Beep(0.24, 0.12), Beep(0.06)),
        tones=(Tone(1000.0, 0.15), Tone(600.0, 0.15)),
    ),
    Signal(
        SignalName.READY,
        word="READY",
        shape=Shape.NONE,
        do="Hold a code before the camera.",
        loop=(Step(BOTH, 0.02), Step(NO_LAMPS, 1.98)),
    ),
    Signal(
        SignalName.READY_OFFLINE,
        word="READY, OFFLINE",
        shape=Shape.NONE,
        do="Hold a code before the camera; lists are not being renewed.",
        loop=(Step(BOTH, 0.02), Step(NO_LAMPS, 3.98)),
    ),
    Signal(
        SignalName.SELF_TEST,
        word="SELF-TEST",
        shape=Shape.NONE,
        do="Look: red, then green, then dark.",
        intro=(Step(RED, 0.5), Step(GREEN, 0.5)),
        hold_s=1.5,
        beeps=(Beep(0.08),),
        tones=(Tone(500.0, 0.1), Tone(800.0, 0.1), Tone(1000.0, 0.1)),
    ),
    Signal(
        SignalName.FAULT,
        word="FAULT",
        shape=Shape.NONE,
        do="Read the fault code on the screen and do what stands beside it.",
        loop=(Step(RED, 0.15), Step(NO_LAMPS, 0.2), Step(RED, 0.15), Step(NO_LAMPS, 1.5)),
        beeps=(Beep(0.2),),
        tones=(Tone(500.0, 0.2),),
        repeat_s=30.0,
    ),
    Signal(SignalName.DARK, word="", shape=Shape.NONE, do=""),
)

SIGNALS: dict[SignalName, Signal] = {row.name: row for row in _ROWS}


def signal_for(reason: Reason, *, seen: bool) -> Signal:
    """The row of a verdict; `seen`: this device admitted the pass minutes ago."""
    if seen and reason.signal is SignalName.ADMIT:
        return SIGNALS[SignalName.ADMIT_SEEN]
    return SIGNALS[reason.signal]
