"""From nbf to exp, by a clock that knows only so much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scanner.core.clock import ClockLevel, ClockReading, shifted
from scanner.core.policy import CheckpointPolicy
from scanner.core.reasons import Notice, Outcome, Reason
from scanner.core.rules import Grace
from scanner.core.verdict import judge
from tests.core.example import AT, DAY, FACTS, NOW, POLICY, SECOND, a_pass, reason

TICK = timedelta(microseconds=1)
NBF, EXP = AT - DAY, AT + DAY
FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NBF - TICK, Reason.NOT_YET_VALID),
        (NBF, Reason.OK),
        (EXP - TICK, Reason.OK),
        (EXP, Reason.EXPIRED),
        (EXP + TICK, Reason.EXPIRED),
    ],
)
def test_a_pass_is_valid_from_nbf_until_just_before_exp(at: datetime, expected: Reason) -> None:
    """nbf ≤ now < exp."""
    assert reason(now=ClockReading.exact(at)) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NBF - 61 * SECOND, Reason.NOT_YET_VALID),
        (NBF - 60 * SECOND, Reason.OK),
        (EXP + 59 * SECOND, Reason.OK),
        (EXP + 60 * SECOND, Reason.EXPIRED),
    ],
)
def test_leeway_widens_both_ends(at: datetime, expected: Reason) -> None:
    """Seconds of the policy, for clocks that differ."""
    policy = CheckpointPolicy(leeway=timedelta(seconds=60))
    assert reason(policy=policy, now=ClockReading.exact(at)) is expected


@pytest.mark.parametrize(
    ("earliest", "latest", "expected"),
    [
        (NBF - 2 * SECOND, NBF - SECOND, Reason.NOT_YET_VALID),
        (NBF - SECOND, NBF, Reason.CLOCK),
        (NBF - SECOND, EXP, Reason.CLOCK),
        (NBF, EXP - SECOND, Reason.OK),
        (EXP - SECOND, EXP, Reason.CLOCK),
        (EXP, EXP + SECOND, Reason.EXPIRED),
    ],
)
def test_the_clock_must_prove_it(earliest: datetime, latest: datetime, expected: Reason) -> None:
    """Where earliest and latest possible now disagree, the scanner cannot decide."""
    assert reason(now=ClockReading(earliest, latest, ClockLevel.B)) is expected


@pytest.mark.parametrize(
    ("floor", "expected"),
    [
        (NBF - DAY, Reason.CLOCK),
        (AT, Reason.CLOCK),
        (EXP - TICK, Reason.CLOCK),
        (EXP, Reason.EXPIRED),
    ],
)
def test_with_a_floor_only_nothing_is_admitted(floor: datetime, expected: Reason) -> None:
    """At C an expiry before the floor is sure; never green, never red for the clock alone."""
    assert reason(now=ClockReading(floor, None, ClockLevel.C)) is expected


def test_level_c_admits_nothing_even_with_a_bound() -> None:
    """Whatever interval comes with it."""
    assert reason(now=ClockReading(AT, AT, ClockLevel.C)) is Reason.CLOCK


@pytest.mark.parametrize("level", [ClockLevel.A, ClockLevel.B])
def test_an_interval_without_an_end_admits_nothing(level: ClockLevel) -> None:
    """Whatever level comes with it."""
    assert reason(now=ClockReading(AT, None, level)) is Reason.CLOCK


@pytest.mark.parametrize("at", [NBF - DAY, AT, EXP + DAY])
def test_an_interval_that_ends_before_it_begins_proves_nothing(at: datetime) -> None:
    """A broken clock neither admits nor refuses."""
    assert reason(now=ClockReading(at, at - TICK, ClockLevel.A)) is Reason.CLOCK
    assert reason(now=ClockReading(LAST, FIRST, ClockLevel.A)) is Reason.CLOCK


def test_a_held_clock_is_noticed() -> None:
    """Level B admits, and says that it does."""
    verdict = judge(a_pass(), FACTS, POLICY, ClockReading(AT, AT, ClockLevel.B))
    assert (verdict.outcome, verdict.notices) == (Outcome.ADMIT, (Notice.CLOCK_HELD,))
    assert judge(a_pass(), FACTS, POLICY, NOW).notices == ()


@pytest.mark.parametrize("at", [FIRST, FIRST + DAY, AT, LAST - DAY, LAST])
@pytest.mark.parametrize("leeway_s", [0, 3600])
def test_the_ends_of_the_calendar_are_times_like_any(at: datetime, leeway_s: int) -> None:
    """A pass until the year 9999 with leeway and grace on top is judged and does not overflow."""
    grace = Grace(id="late", not_after=LAST, kinds=frozenset({1}), grace=7 * DAY)
    policy = CheckpointPolicy(leeway=timedelta(seconds=leeway_s), rules=(grace,))
    forever = a_pass(not_before=FIRST, expires=LAST)
    expected = Reason.OK if at < LAST else Reason.EXPIRED
    assert reason(forever, policy=policy, now=ClockReading.exact(at)) is expected


def test_moments_are_shifted_within_the_calendar() -> None:
    """Beyond its ends there is only the end."""
    assert shifted(AT, DAY) == AT + DAY
    assert shifted(LAST, SECOND) == shifted(AT, timedelta.max) == LAST
    assert shifted(FIRST, -SECOND) == shifted(AT, timedelta.min) == FIRST


@pytest.mark.parametrize("at", [NBF - 10 * DAY, NBF, AT, EXP, EXP + 10 * DAY])
def test_a_pass_whose_end_lies_before_its_begin_is_never_valid(at: datetime) -> None:
    """exp < nbf."""
    backwards = a_pass(not_before=EXP, expires=NBF)
    assert reason(backwards, now=ClockReading.exact(at)).outcome is Outcome.REFUSE
