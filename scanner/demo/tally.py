"""What is counted over the lines of a demo, once for terminal, contact sheet and report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from scanner.core.reasons import Outcome, Reason

if TYPE_CHECKING:
    from scanner.demo.journey import Shown


@dataclass(frozen=True, slots=True)
class Tally:
    """Lines, verdicts as expected, how often each outcome and reason came; frame → lamp in ms.

    Outcomes stand in the order in which they are shown: by code, NONE last.
    """

    lines: int
    right: int
    outcomes: dict[Outcome, int]
    reasons: dict[Reason, int]
    median_ms: float
    p95_ms: float

    @property
    def wrong(self) -> int:
        return self.lines - self.right


def tally(shown: Sequence[Shown]) -> Tally:
    """Reasons in the order of their codes; 0 ms when no lamp was lit."""
    outcomes = Counter(one.outcome for one in shown)
    times = sorted(one.lamp_ms for one in shown if one.lamp_ms is not None)
    return Tally(
        lines=len(shown),
        right=sum(one.is_as_expected for one in shown),
        outcomes={one: outcomes[one] for one in sorted(outcomes, key=_verdicts_first)},
        reasons=dict(sorted(Counter(one.reason for one in shown).items())),
        median_ms=median(times) if times else 0.0,
        p95_ms=times[round(0.95 * (len(times) - 1))] if times else 0.0,
    )


def _verdicts_first(outcome: Outcome) -> tuple[bool, Outcome]:
    return outcome is Outcome.NONE, outcome
