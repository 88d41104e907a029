"""What lamps and sounder must show for the events of a day: drawn from the core's table alone.

The moment at which a signal begins is taken from what was seen, within bounds; everything after it
(how long, in what rhythm, when it ends, what follows) follows from the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from scanner.core.pattern import Showing
from scanner.core.reasons import SignalName
from scanner.core.signal import SIGNALS
from tests.virtual_device.edges import (
    BUZZER,
    GREEN,
    RED,
    Edge,
    Shown,
    Timeline,
    first_rise,
    timeline_of,
)
from tests.virtual_device.script import OF_A_CODE, RECOVERED_S, SIGNAL, Event, Kind

# From the picture to the sound, in the guest's own time: it is judged and on the disk by then.
ANSWERED_WITHIN_S = 0.45
# An unreadable code has been there for so long; a camera has given nothing for so long.
UNREAD_S, BLIND_S = 1.5, 2.0
STEP_S = 0.005
# A frame in which nothing can be read takes the reader so long at most, in the guest's own time.
FRAME_S = 0.25
# Half of the shortest thing in the table, the 20 ms tick of READY.
REMNANT_S = 0.0101
_IDLE = SignalName.READY_OFFLINE


class Fed(NamedTuple):
    """What the feeder noted of an event, monotonic seconds of the guest."""

    begins_s: float
    last_s: float  # the last picture with the code, or the last one before the camera went
    gone_s: float  # the first picture without it, or the first one after it came back
    ends_s: float


class Piece(NamedTuple):
    """This is shown from now on."""

    at_s: float
    showing: Showing


class Zone(NamedTuple):
    """Here the scanner is started again: what it shows follows from no event."""

    since_s: float
    until_s: float


@dataclass
class Expectation:
    """Grows event by event. `missing`: events whose signal never began."""

    edges: Sequence[Edge]
    seen: Timeline = field(init=False)
    pieces: list[Piece] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen = timeline_of(self.edges)

    def begin(self, at_s: float) -> None:
        """Ready, before the first event; at_s: when its first tick was seen."""
        self._show(at_s, _IDLE)

    def add(self, event: Event, fed: Fed) -> None:
        """What this event must show."""
        if event.kind in OF_A_CODE:
            self._add_code(event, fed)
        elif event.kind is Kind.GLARE:
            self._add_glare(event, fed)
        elif event.kind in (Kind.UNPLUGGED, Kind.LOST):
            self._add_trouble(event, fed)

    def _add_code(self, event: Event, fed: Fed) -> None:
        heard_s = self._heard(event, fed.begins_s, fed.begins_s + ANSWERED_WITHIN_S)
        if heard_s is None:
            return
        shown_s = self._lit_before(fed.begins_s, heard_s)
        signal = SIGNALS[SIGNAL[event.kind]]
        self._leave_idle_until(shown_s)
        self.pieces.append(Piece(shown_s, Showing(signal, shown_s, heard_s, fed.gone_s)))
        assert signal.hold_s is not None
        self._show(self._idle_from(shown_s + signal.hold_s), _IDLE)

    def _add_glare(self, event: Event, fed: Fed) -> None:
        first_s = fed.begins_s + UNREAD_S
        heard_s = self._heard(event, first_s - 0.1, first_s + ANSWERED_WITHIN_S)
        if heard_s is None:
            return
        self._leave_idle_until(heard_s)
        self._show(heard_s, SignalName.UNREADABLE)
        self._back_to_idle(event, fed.gone_s, fed.ends_s)

    def _add_trouble(self, event: Event, fed: Fed) -> None:
        blind_s = fed.last_s + BLIND_S
        heard_s = self._heard(event, blind_s - 0.2, blind_s + ANSWERED_WITHIN_S)
        if heard_s is None:
            return
        self._leave_idle_until(heard_s)
        self._show(heard_s, SignalName.FAULT)
        ready_s = self._back_to_idle(event, fed.gone_s, fed.ends_s + RECOVERED_S)
        if event.kind is Kind.LOST and ready_s is not None:
            self.zones.append(Zone(heard_s + 0.5, ready_s))

    def _heard(self, event: Event, first_s: float, last_s: float) -> float | None:
        at_s = first_rise(self.edges, BUZZER, first_s, last_s)
        if at_s is None:
            self.missing.append(f"event {event.number}, {event.kind.value}: no signal")
        return at_s

    def _lit_before(self, first_s: float, heard_s: float) -> float:
        """The lamp comes before the sound; where it was lit already, the sound alone tells."""
        rises = (first_rise(self.edges, pin, first_s, heard_s) for pin in (GREEN, RED))
        lit = [at_s for at_s in rises if at_s is not None and heard_s - at_s < 0.15]
        return max(lit, default=heard_s)

    def _idle_from(self, over_s: float) -> float:
        """Ready begins when the signal is over, or as soon as the frame of then has been read."""
        for since_s, _, state in self.seen.spans(over_s, over_s + FRAME_S):
            if state.green and state.red:
                return since_s
        return over_s

    def _back_to_idle(self, event: Event, first_s: float, last_s: float) -> float | None:
        """The tick of both lamps by which ready begins."""
        for since_s, _, state in self.seen.spans(first_s, last_s):
            if state.green and state.red and since_s > first_s:
                self._show(since_s, _IDLE)
                return since_s
        self.missing.append(f"event {event.number}, {event.kind.value}: not ready again")
        return None

    def _show(self, at_s: float, name: SignalName) -> None:
        self.pieces.append(Piece(at_s, Showing(SIGNALS[name], at_s, at_s)))

    def _leave_idle_until(self, at_s: float) -> None:
        """What would have been shown from then on was pre-empted."""
        while self.pieces and self.pieces[-1].at_s >= at_s:
            self.pieces.pop()

    def timeline(self, last_s: float) -> Timeline:
        """Both lamps and the sounder, from the first piece to `last_s`."""
        times: list[float] = []
        states: list[Shown] = []
        for at_s, state in self._states(last_s):
            if not states or state != states[-1]:
                times.append(at_s)
                states.append(state)
        return Timeline(times, states)

    def _states(self, until_s: float) -> Iterator[tuple[float, Shown]]:
        ends = [*(piece.at_s for piece in self.pieces[1:]), until_s]
        for piece, end_s in zip(self.pieces, ends, strict=True):
            steps = max(0, int((end_s - piece.at_s) / STEP_S))
            moments = [piece.at_s + step * STEP_S for step in range(steps + 1)]
            # And the very last, or what began since the step before would be left out.
            if moments[-1] < (last_s := end_s - STEP_S / 10):
                moments.append(last_s)
            for moment in moments:
                yield moment, _state(piece.showing, moment)


def _state(showing: Showing, at_s: float) -> Shown:
    lamps = showing.lamps(at_s)
    return Shown(lamps.green, lamps.red, showing.buzzes(at_s))


def differences(
    seen: Timeline, expected: Timeline, span: tuple[float, float], slack_s: float
) -> list[str]:
    """Where one shows what the other does not within `slack_s` of that moment."""
    pairs = ((seen.lamps(), expected.lamps()), (seen.sound(), expected.sound()))
    return [line for pair in pairs for line in _unlike(*pair, span, slack_s)]


def _unlike(
    seen: Timeline, expected: Timeline, span: tuple[float, float], slack_s: float
) -> Iterator[str]:
    sure = _without_remnants(expected)
    yield from _not_in(sure, seen, span, slack_s, "expected, not seen")
    surplus = "seen, not expected"
    with_remnants = set(_not_in(seen, expected, span, slack_s, surplus))
    for line in _not_in(seen, sure, span, slack_s, surplus):
        if line in with_remnants:
            yield line


def _without_remnants(expected: Timeline) -> Timeline:
    """What had just begun when something else was shown may never be lit: nobody could see it."""
    ends = [*expected.times[1:], float("inf")]
    kept = [place for place, since in enumerate(expected.times) if ends[place] - since >= REMNANT_S]
    return Timeline(
        [expected.times[place] for place in kept], [expected.states[place] for place in kept]
    )


def _not_in(
    one: Timeline, other: Timeline, span: tuple[float, float], slack_s: float, word: str
) -> Iterator[str]:
    """A long state must be the only one in its middle, a short one must be met with nearby."""
    for since, until, state in one.spans(*span):
        is_long = until - since > 2 * slack_s
        if is_long:
            is_met = other.within(since + slack_s, until - slack_s) == {state}
        else:
            is_met = state in other.within(since - slack_s, until + slack_s)
        if not is_met:
            yield f"{since:.3f} to {until:.3f}: {word}: {_words(state)}"


def _words(state: Shown) -> str:
    return " ".join(name for name, is_on in state._asdict().items() if is_on) or "dark"
