"""A signal and a moment in, lamps and sound out. Total and pure: the moment is an argument.

Two rules stand above the table. A lamp that promises a record is taken back when the record is not
on the disk in time, and from then on green is never lit again. Nothing outlives its hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scanner.core.reasons import SignalName
from scanner.core.signal import NO_LAMPS, SIGNALS, Beep, Lamps, Signal, Step, Tone

_SCANNER = SIGNALS[SignalName.SCANNER]


@dataclass(frozen=True, slots=True)
class Showing:
    """A signal in time: when it was shown, confirmed, and when its code left; monotonic seconds."""

    signal: Signal
    shown_s: float
    confirmed_s: float | None = None
    left_s: float | None = None

    def lamps(self, now_s: float, *, has_amber: bool = False) -> Lamps:
        """What is lit now."""
        return lamps_at(
            self.signal,
            now_s - self.shown_s,
            confirmed_s=self._since_shown(self.confirmed_s),
            left_s=self._since_shown(self.left_s),
            has_amber=has_amber,
        )

    def tone(self, now_s: float) -> float | None:
        """Hz of the piezo now; None is silence."""
        signal, since_s = self._sounding(now_s)
        return None if since_s is None else tone_at(signal, since_s)

    def buzzes(self, now_s: float) -> bool:
        """Whether the active buzzer is on now."""
        signal, since_s = self._sounding(now_s)
        return since_s is not None and buzzes_at(signal, since_s)

    def steady_s(self, now_s: float) -> float:
        """Seconds from now on for which lamps and sound surely stay as they are; infinite: for
        ever. What is confirmed or leaves meanwhile is another Showing."""
        confirmed_s, left_s = map(self._since_shown, (self.confirmed_s, self.left_s))
        signal, since_s = self._sounding(now_s)
        lamps_s = lit_for(self.signal, now_s - self.shown_s, confirmed_s, left_s)
        return lamps_s if since_s is None else min(lamps_s, sounds_for(signal, since_s))

    def _since_shown(self, moment_s: float | None) -> float | None:
        return None if moment_s is None else moment_s - self.shown_s

    def _sounding(self, now_s: float) -> tuple[Signal, float | None]:
        """The signal that is heard, and since when; a taken-back one sounds as SCANNER."""
        overdue_s = overdue_for(
            self.signal, now_s - self.shown_s, self._since_shown(self.confirmed_s)
        )
        if overdue_s is not None:
            return _SCANNER, overdue_s
        return self.signal, None if self.confirmed_s is None else now_s - self.confirmed_s


def lamps_at(
    signal: Signal,
    elapsed_s: float,
    *,
    confirmed_s: float | None = None,
    left_s: float | None = None,
    has_amber: bool = False,
) -> Lamps:
    """What is lit `elapsed_s` after the signal was shown; before that, and for no number, nothing.

    confirmed_s, left_s: seconds after the signal was shown; None: not yet.
    """
    overdue_s = overdue_for(signal, elapsed_s, confirmed_s)
    if overdue_s is not None:
        # Without the intro, which lights green too.
        return _wired(_SCANNER, _looped(_SCANNER.loop, overdue_s), has_amber)
    if not 0 <= elapsed_s < dark_from(signal, left_s):
        return NO_LAMPS
    return _wired(signal, _stepped(signal, elapsed_s), has_amber)


def tone_at(signal: Signal, since_confirm_s: float) -> float | None:
    """Hz of the piezo so long after the record was committed; None is silence."""
    phase_s = _sound_phase(signal, since_confirm_s)
    for tone in signal.tones:
        if phase_s < tone.for_s:
            return tone.hz
        phase_s -= tone.for_s
    return None


def buzzes_at(signal: Signal, since_confirm_s: float) -> bool:
    """Whether the active buzzer is on so long after the record was committed."""
    phase_s = _sound_phase(signal, since_confirm_s)
    for beep in signal.beeps:
        if phase_s < beep.on_s + beep.off_s:
            return phase_s < beep.on_s
        phase_s -= beep.on_s + beep.off_s
    return False


def lit_for(
    signal: Signal, elapsed_s: float, confirmed_s: float | None, left_s: float | None
) -> float:
    """Seconds for which the lamps surely stay as they are then; arguments as of `lamps_at`."""
    overdue_s = overdue_for(signal, elapsed_s, confirmed_s)
    if overdue_s is not None:
        return _left_of(_SCANNER.loop, overdue_s % _length_s(_SCANNER.loop))
    if elapsed_s < 0:
        return -elapsed_s
    marks = [math.inf if signal.commit_within_s is None else signal.commit_within_s - elapsed_s]
    if elapsed_s < (dark_s := dark_from(signal, left_s)):
        marks += [dark_s - elapsed_s, _step_left(signal, elapsed_s)]
    return min((mark for mark in marks if mark > 0), default=math.inf)


def sounds_for(signal: Signal, since_confirm_s: float) -> float:
    """Seconds for which buzzer and piezo surely stay as they are so long after the commit."""
    if since_confirm_s < 0:
        return -since_confirm_s
    phase_s = _sound_phase(signal, since_confirm_s)
    if phase_s == math.inf:
        return math.inf
    hold_s = math.inf if signal.hold_s is None else signal.hold_s
    repeat_s = math.inf if signal.repeat_s is None else signal.repeat_s
    ends = (hold_s - since_confirm_s, repeat_s - phase_s)
    return min(*ends, _beep_left(signal.beeps, phase_s), _left_of(signal.tones, phase_s))


def overdue_for(signal: Signal, elapsed_s: float, confirmed_s: float | None) -> float | None:
    """Seconds since the record's time was up; None: it is on the disk, in time, or not needed."""
    limit_s = signal.commit_within_s
    if limit_s is None or not limit_s <= elapsed_s < math.inf:
        return None
    in_time = confirmed_s is not None and confirmed_s <= limit_s
    return None if in_time else elapsed_s - limit_s


def dark_from(signal: Signal, left_s: float | None) -> float:
    """Seconds after which the lamps are dark; infinite: until something else is shown."""
    hold_s = math.inf if signal.hold_s is None else signal.hold_s
    early = signal.early_dark
    if early is None or left_s is None:
        return hold_s
    return min(hold_s, max(early.at_least_s, left_s + early.after_left_s))


def _stepped(signal: Signal, elapsed_s: float) -> Lamps:
    intro_s = _length_s(signal.intro)
    if elapsed_s < intro_s:
        return _looped(signal.intro, elapsed_s)
    return _looped(signal.loop, elapsed_s - intro_s)


def _looped(steps: tuple[Step, ...], elapsed_s: float) -> Lamps:
    """An empty loop is dark."""
    if not steps:
        return NO_LAMPS
    phase_s = elapsed_s % _length_s(steps)
    for step in steps[:-1]:
        if phase_s < step.for_s:
            return step.lamps
        phase_s -= step.for_s
    return steps[-1].lamps


def _step_left(signal: Signal, elapsed_s: float) -> float:
    intro_s = _length_s(signal.intro)
    if elapsed_s < intro_s:
        return _left_of(signal.intro, elapsed_s)
    if not signal.loop:
        return math.inf
    return _left_of(signal.loop, (elapsed_s - intro_s) % _length_s(signal.loop))


def _left_of(steps: Iterable[Step] | Iterable[Tone], phase_s: float) -> float:
    """What is left of the one that is on; subtracts as they are stepped through."""
    for step in steps:
        if phase_s < step.for_s:
            return step.for_s - phase_s
        phase_s -= step.for_s
    return math.inf


def _beep_left(beeps: Iterable[Beep], phase_s: float) -> float:
    for beep in beeps:
        if phase_s < beep.on_s:
            return beep.on_s - phase_s
        if phase_s < beep.on_s + beep.off_s:
            return beep.on_s + beep.off_s - phase_s
        phase_s -= beep.on_s + beep.off_s
    return math.inf


def _length_s(steps: Iterable[Step]) -> float:
    return math.fsum(step.for_s for step in steps)


def _wired(signal: Signal, lamps: Lamps, has_amber: bool) -> Lamps:
    """With a third lamp, UNDECIDED is amber alone, in the rhythm of the other two."""
    if not (has_amber and signal.is_undecided):
        return lamps
    return Lamps(amber=lamps.green or lamps.red)


def _sound_phase(signal: Signal, since_s: float) -> float:
    """Seconds into the sound; infinite when it is over or has not begun."""
    hold_s = math.inf if signal.hold_s is None else signal.hold_s
    if not 0 <= since_s < hold_s:
        return math.inf
    return since_s if signal.repeat_s is None else since_s % signal.repeat_s
