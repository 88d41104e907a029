"""What is counted over the lines of a demo."""

from __future__ import annotations

from scanner.core.reasons import Outcome, Reason
from scanner.demo.tally import tally
from tests.demo.made import line, one_of_each, shown


def test_outcomes_are_counted_with_none_at_the_end() -> None:
    """Every line counts once, and the verdicts come before what is no verdict."""
    counted = tally(one_of_each())
    assert list(counted.outcomes.items()) == [
        (Outcome.ADMIT, 1),
        (Outcome.REFUSE, 1),
        (Outcome.UNDECIDED, 2),
        (Outcome.NONE, 3),
    ]
    assert counted.reasons[Reason.UNREADABLE] == 2
    assert (counted.lines, counted.right, counted.wrong) == (7, 7, 0)


def test_a_wrong_verdict_is_counted_as_wrong() -> None:
    """One line that expected another reason, and one that expected a notice."""
    other = shown(Reason.EXPIRED, expected=line(Reason.REVOKED))
    silent = shown(Reason.OK, expected=line(Reason.OK, ["SEEN"]))
    assert tally([shown(), other, silent]).wrong == 2


def test_times_are_of_the_lines_that_lit_a_lamp() -> None:
    """Median and 95th percentile leave out what was never shown."""
    times = [float(ms) for ms in range(1, 102)]
    counted = tally([shown(lamp_ms=ms) for ms in [*times, None]])
    assert (counted.median_ms, counted.p95_ms) == (51.0, 96.0)


def test_no_lamp_at_all_takes_no_time() -> None:
    """A demo in which nothing was answered still has a report."""
    counted = tally([shown(lamp_ms=None)])
    assert (counted.median_ms, counted.p95_ms) == (0.0, 0.0)
