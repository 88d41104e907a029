"""Codes from a scanner that types: presentations of their own, judged like those of the camera."""

from __future__ import annotations

from dataclasses import dataclass, field

from scanner.core.reading import HoldGate, Reading, Sight, View
from scanner.core.reasons import Reason
from scanner.core.record import NO_FLAGS, RecordFlag
from scanner.ports import Clock, HandScanner

# What was typed while the loop hung is of a phone that has gone.
OLDEST_TYPED_S = 2.0
NOWHERE = ((0, 0), (0, 0), (0, 0), (0, 0))


@dataclass(slots=True)
class Source:
    """Where codes come from. `kept`: the reason of its last code, once that is on the disk."""

    gate: HoldGate = field(default_factory=HoldGate)
    flags: RecordFlag = NO_FLAGS
    kept: Reason | None = None


class HandScans:
    """A gate of its own: the phone before the camera neither holds it up nor is held up by it."""

    def __init__(self, scanner: HandScanner | None, clock: Clock) -> None:
        self.source = Source(flags=RecordFlag.TYPED)
        self._scanner, self._clock = scanner, clock

    def look(self, repeat_s: float) -> tuple[Sight, float] | None:
        """What the next code means, and when it was typed; None when there is none.

        UNREAD for a line of which a part is missing.
        """
        typed = None if self._scanner is None else self._scanner.take()
        if typed is None or self._clock.monotonic_s() - typed.taken_s > OLDEST_TYPED_S:
            return None
        if not typed.payload:
            return Sight(View.UNREAD), typed.taken_s
        reading = Reading(typed.payload, NOWHERE)
        return self.source.gate.look([reading], typed.taken_s, repeat_s), typed.taken_s
