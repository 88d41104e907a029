"""Fifty faults, injected into the running device, and what must come of each.

While they last people come every 1.2 s with a valid pass. After a fault the scanner lets one of
them through within 15 s, or it shows by then that it cannot: the fault pattern, or amber. Green is
never lit longer than it may be, and never for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from tests.virtual_device.edges import Edge, Shown, Timeline, timeline_of

WITHIN_S = 15.0
GREEN_AT_MOST_S = 1.5 + 0.15
# From the picture to the lamp, on the guest's slow processor.
ANSWERED_WITHIN_S = 0.6
# The self-test is half a second of red, then of green; a wink is 0.15 s of dark.
SELF_TEST_RED_S, WINK_S = 0.4, 0.2
GREEN = Shown(green=True, red=False, sound=False)
RED = Shown(green=False, red=True, sound=False)
BOTH = Shown(green=True, red=True, sound=False)
BEEP = Shown(green=False, red=False, sound=True)


@dataclass(frozen=True, slots=True)
class Fault:
    """`for_s`: how long it lasts, where it does not end by itself. `moment`: idle, or green."""

    kind: str
    for_s: float = 0.0
    moment: str = "idle"

    @property
    def name(self) -> str:
        lasts = f" {self.for_s:g} s" if self.for_s else ""
        return f"{self.kind}{lasts}{' while green' if self.moment == 'green' else ''}"


FAULTS: tuple[Fault, ...] = (
    *(Fault("capture-blocked", s) for s in (3, 5, 8, 12, 20)),
    *(Fault("frame-frozen", s) for s in (3, 5, 8, 12, 20)),
    *(Fault("camera-unplugged", s) for s in (1, 3, 6, 12, 20)),
    *(Fault("reader-killed") for _ in range(5)),
    *(Fault("reader-stopped") for _ in range(4)),
    *(Fault("loop-killed") for _ in range(3)),
    *(Fault("loop-killed", moment="green") for _ in range(3)),
    *(Fault("loop-stopped") for _ in range(2)),
    *(Fault("loop-stopped", moment="green") for _ in range(2)),
    Fault("loop-ended"),
    *(Fault("disk-full", s) for s in (4, 6, 8, 12)),
    *(Fault("clock-back", s) for s in (4, 8, 12)),
    Fault("clock-ahead", 6),
    *(Fault("gpio-busy", s) for s in (2, 4, 8, 12)),
    Fault("lists-damaged"),
    *(Fault("outbox-locked", s) for s in (3, 8)),
)


class Noted(NamedTuple):
    """What the guest noted of one fault; `shown`: when passes were held up, monotonic seconds."""

    begins_s: float
    cleared_s: float
    ends_s: float
    shown: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a fault. `service_s`, `fault_s`: so long after it began; None: never."""

    fault: Fault
    service_s: float | None
    fault_s: float | None
    stale: tuple[str, ...]

    def as_line(self) -> str:
        """For the table."""
        times = [f"{word} {'-' if s is None else f'{s:.1f} s'}"
                 for word, s in (("service", self.service_s), ("fault", self.fault_s))]  # fmt: skip
        verdict = "ok   " if self.is_good else "WRONG"
        return "  ".join([verdict, f"{self.fault.name:32}", *times, *self.stale])

    @property
    def is_good(self) -> bool:
        in_time = [s for s in (self.service_s, self.fault_s) if s is not None and s <= WITHIN_S]
        return bool(in_time) and self.service_s is not None and not self.stale


def answer_of(fault: Fault, noted: Noted, edges: Sequence[Edge]) -> Answer:
    """From the kernel's record of the lines."""
    shown = timeline_of(edges)
    seen, beeps = shown.lamps(), [since for since, _ in _spans(shown.sound(), BEEP, noted)]
    greens = list(_spans(seen, GREEN, noted))
    served = [since for since, _ in greens if since > noted.begins_s and _is_for(since, noted)]
    # A fault that lasts may let through what it does not touch: service counts once it is over.
    back = [since for since in served if since >= noted.cleared_s]
    service_s = min(back, default=None)
    fault_s = first_fault(seen, noted.begins_s, noted.ends_s)
    is_untouched = bool(served) and fault_s is None
    return Answer(
        fault,
        _after(min(served) if is_untouched else service_s, noted.begins_s),
        _after(fault_s, noted.begins_s),
        (*_stale(greens, beeps, noted), *_for_nobody(seen, greens, noted)),
    )


def first_fault(seen: Timeline, since_s: float, until_s: float) -> float | None:
    """When a pattern began that says "do not trust me": the double blink, amber's slow red."""
    for begins, ends, state in seen.spans(since_s, until_s):
        if state == BOTH and 0.25 <= ends - begins <= 0.35:  # how amber begins, anew for each code
            return begins
    reds = [(begins, ends) for begins, ends, state in seen.spans(since_s, until_s) if state == RED]
    for begins, ends in reds:
        if 0.6 <= ends - begins <= 1.0:  # amber: 0.83 s red, 0.83 s dark
            return begins
    for first, second in pairwise(reds):
        is_double = 0.1 <= second[0] - first[1] <= 0.3
        if is_double and all(0.08 <= ends - begins <= 0.25 for begins, ends in (first, second)):
            return first[0]
    return None


def _spans(seen: Timeline, wanted: Shown, noted: Noted) -> Iterator[tuple[float, float]]:
    for since, until, state in seen.spans(noted.begins_s - 2.0, noted.ends_s):
        if state == wanted:
            yield since, until


def _is_for(since_s: float, noted: Noted) -> bool:
    return any(0.0 <= since_s - at_s <= ANSWERED_WITHIN_S for at_s in noted.shown)


def _stale(
    greens: Sequence[tuple[float, float]], beeps: Sequence[float], noted: Noted
) -> Iterator[str]:
    """Green that lasts too long; the beep of the next one who is let through begins another."""
    for since, until in greens:
        anew = (at_s for at_s in beeps if since < at_s < until and _is_for(at_s, noted))
        for begins, ends in pairwise((since, *anew, until)):
            if ends - begins > GREEN_AT_MOST_S:
                yield f"green for {ends - begins:.2f} s from {begins - noted.begins_s:+.2f} s on"


def _for_nobody(
    seen: Timeline, greens: Sequence[tuple[float, float]], noted: Noted
) -> Iterator[str]:
    """Green that began while nobody had come: neither the self-test's nor the second of a wink."""
    for since, until in greens:
        before = list(seen.spans(since - SELF_TEST_RED_S, since))
        is_test = [state for _, _, state in before] == [RED]
        is_wink = any(0.0 < since - ends <= WINK_S for _, ends in greens)
        if since > noted.begins_s and not (is_test or is_wink or _is_for(since, noted)):
            yield f"green for nobody for {until - since:.2f} s at {since - noted.begins_s:+.2f} s"


def _after(at_s: float | None, begins_s: float) -> float | None:
    return None if at_s is None else at_s - begins_s
