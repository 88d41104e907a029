"""What the loop counts beside its records."""

from __future__ import annotations

import pytest

from scanner.core.reasons import Outcome
from scanner.core.segment import BUCKETS
from scanner.core.tally import AMBER_WITHIN_S, ScanTally


def noted(admitted: int, undecided: int, every_s: float = 1.0) -> ScanTally:
    """So many scans from second 0 on, the undecided ones last."""
    tally = ScanTally()
    outcomes = [Outcome.ADMIT] * admitted + [Outcome.UNDECIDED] * undecided
    for number, outcome in enumerate(outcomes):
        tally.note(outcome, 0.05, number * every_s)
    return tally


def test_times_are_counted_in_sixteen_buckets() -> None:
    """Below 2 ms in the first, half a minute and more in the last."""
    tally = ScanTally()
    for latency_s in (0.0, 0.0019, 0.002, 0.09, 40.0, -1.0):
        tally.note(Outcome.ADMIT, latency_s, 0.0)
    counted = {bucket: n for bucket, n in enumerate(tally.histogram) if n}
    assert (len(tally.histogram), counted) == (BUCKETS, {0: 3, 1: 1, 6: 1, 15: 1})
    tally.forget_times()
    assert sum(tally.histogram) == 0


@pytest.mark.parametrize(
    ("admitted", "undecided", "is_amber"),
    [(0, 0, False), (0, 4, False), (4, 1, False), (3, 2, True), (8, 2, False), (7, 3, True)],
)
def test_more_than_a_fifth_of_five_or_more_is_amber(
    admitted: int, undecided: int, is_amber: bool
) -> None:
    """A fifth is not more than a fifth, and four scans say nothing."""
    assert noted(admitted, undecided).is_amber(20.0) is is_amber


def test_refusals_are_decided() -> None:
    """They count among the scans, not among the undecided."""
    tally = ScanTally()
    for _ in range(6):
        tally.note(Outcome.REFUSE, 0.05, 0.0)
    assert not tally.is_amber(0.0)


def test_share_is_of_ten_minutes() -> None:
    """What is older does not count any more, whether it was amber or not."""
    assert noted(0, 5).is_amber(AMBER_WITHIN_S)
    assert not noted(0, 5).is_amber(AMBER_WITHIN_S + 1.0)
    late = noted(100, 0)
    for second in range(5):
        late.note(Outcome.UNDECIDED, 0.05, AMBER_WITHIN_S + 100.0 + second)
    assert late.is_amber(AMBER_WITHIN_S + 105.0)
