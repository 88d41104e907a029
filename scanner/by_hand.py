"""The officer's own decision after STOP, CHECK or CANNOT DECIDE: a scan record of its own.

Kept here meanwhile: the record of the verdict, sixteen bytes that name nobody. Not the pass.
"""

from __future__ import annotations

from dataclasses import replace

from scanner.core.clock import ClockReading
from scanner.core.policy import CheckpointPolicy
from scanner.core.reasons import Outcome, Reason
from scanner.core.record import RecordFlag, ScanRecord, floored_minute
from scanner.ports import Press

# Longer than anybody argues at a barrier; a later press is about the next phone.
OPEN_S = 60.0

_DECISIONS = {Press.SHORT: Reason.LET_THROUGH, Press.LONG: Reason.HOLDER_MISMATCH}
_OFFERED = frozenset({Outcome.REFUSE, Outcome.UNDECIDED})
_CLOCK_LEVEL = 3


class HandDecision:
    """At most one a verdict. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._about: ScanRecord | None = None
        self._until_s = float("-inf")

    def offer(self, verdict: ScanRecord, now_s: float) -> None:
        """From now on the officer may decide about this verdict, and about no other."""
        self._about = verdict if verdict.outcome in _OFFERED else None
        self._until_s = now_s + OPEN_S

    def is_open(self, now_s: float) -> bool:
        """Whether a press decides; else it asks for a new look."""
        return self._about is not None and now_s < self._until_s

    def record(
        self, reason: Reason, policy: CheckpointPolicy, now: ClockReading, flags: RecordFlag
    ) -> ScanRecord:
        """The verdict's record with this decision and its own time; ValueError when none is open.

        `flags`: the state of the device now.
        """
        if self._about is None:
            raise ValueError("there is no verdict to decide about")
        lasting = self._about.flags & ~_CLOCK_LEVEL
        return replace(
            self._about,
            minute=floored_minute(now.earliest, policy.log.floor_min),
            outcome=reason.outcome,
            reason=reason,
            flags=lasting | now.level | flags,
        )

    def close(self) -> None:
        """It is decided."""
        self._about = None


def decision_of(press: Press) -> Reason:
    """Short: let through by hand. Long: the holder does not match."""
    return _DECISIONS[press]
