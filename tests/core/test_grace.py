"""Half an hour after a reboot: what the floor of time alone may admit, and what it may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from scanner.core.claims import Pass, Window
from scanner.core.clock import ClockLevel, ClockReading, shifted
from scanner.core.errors import TimeError
from scanner.core.facts import Facts, ListFacts, PassStatus, Seen
from scanner.core.grace import LASTS_S, TO_SPARE, follows
from scanner.core.policy import CheckpointPolicy, KindPolicy
from scanner.core.reasons import Notice, Outcome, Reason
from scanner.core.rules import CloseZone, Extend
from scanner.core.targets import parse_policy
from scanner.core.time_bounds import Base, TimeBounds
from scanner.core.time_memory import Tick, TimeMemory
from scanner.core.timekeeping import Timekeeper
from scanner.core.verdict import judge
from tests.core.cases import CASES, RIGHT, Case
from tests.core.example import AT, DAY, FACTS, FRESH, SECOND, a_pass

POLICY = CheckpointPolicy(reboot_grace=True)
FLOOR = ClockReading(AT, None, ClockLevel.C, is_just_rebooted=True)
GOOD = a_pass(not_before=AT, expires=AT + TO_SPARE + SECOND)


def reason(
    pass_: Pass = GOOD,
    facts: Facts = FACTS,
    policy: CheckpointPolicy = POLICY,
    now: ClockReading = FLOOR,
) -> Reason:
    """Why, when one thing of a graced pass is changed."""
    return judge(pass_, facts, policy, now).reason


def test_graced_pass_is_admitted_with_a_notice() -> None:
    """Begun by the floor, a second more than a day left: let through, the clock is held."""
    verdict = judge(GOOD, FACTS, POLICY, FLOOR)
    assert (verdict.outcome, verdict.notices) == (Outcome.ADMIT, (Notice.CLOCK_HELD,))


@pytest.mark.parametrize(
    "pass_",
    [
        replace(GOOD, expires=AT + TO_SPARE),
        replace(GOOD, not_before=AT + SECOND),
        replace(GOOD, windows=(Window(127, 0, 1440),)),
    ],
    ids=["a day left", "not begun", "hours"],
)
def test_pass_without_a_day_to_spare_waits(pass_: Pass) -> None:
    """To the second; and hours of the day cannot be told from a floor."""
    assert reason(pass_) is Reason.CLOCK


@pytest.mark.parametrize(
    "now",
    [
        replace(FLOOR, is_just_rebooted=False),
        replace(FLOOR, latest=AT + DAY),
        replace(FLOOR, latest=AT - DAY),
    ],
    ids=["no reboot", "bounded", "contradiction"],
)
def test_any_other_clock_at_level_c_waits(now: ClockReading) -> None:
    """The flag alone, and the floor alone, admit nothing."""
    assert reason(now=now) is Reason.CLOCK


def test_grace_is_off_by_default() -> None:
    """Only a signed policy turns it on."""
    assert reason(policy=CheckpointPolicy()) is Reason.CLOCK
    body = b'{"version": 1, "time_zone": "UTC"%s}'
    assert not parse_policy(body % b"").reboot_grace
    assert parse_policy(body % b', "reboot_grace": true').reboot_grace


def test_leeway_and_rules_lengthen_no_grace() -> None:
    """What is not certain of the pass itself waits."""
    late = replace(GOOD, expires=AT + TO_SPARE)
    rule = Extend(
        id="r", not_after=AT + 9 * DAY, kinds=frozenset({1}), exp_from=AT, exp_to=AT + 2 * DAY,
        until=AT + 9 * DAY,
    )  # fmt: skip
    lenient = replace(POLICY, leeway=timedelta(hours=1))
    assert reason(late, policy=lenient) is Reason.CLOCK
    assert reason(replace(GOOD, not_before=AT + SECOND), policy=lenient) is Reason.CLOCK
    assert reason(late, policy=replace(POLICY, rules=(rule,))) is Reason.CLOCK


LISTS: dict[Reason, ListFacts] = {
    Reason.REVOKED: replace(FRESH, status=PassStatus.REVOKED),
    Reason.SUSPENDED: replace(FRESH, status=PassStatus.SUSPENDED),
    Reason.HOLDER: replace(FRESH, holder_is_listed=True),
    Reason.LIST_TOO_OLD: replace(FRESH, status_age_s=1e9),
    Reason.NO_LISTS: replace(FRESH, holders_age_s=None),
}


@pytest.mark.parametrize("expected", LISTS)
def test_whatever_else_stands_against_it_still_wins(expected: Reason) -> None:
    """Grace is about the hour and about nothing else."""
    assert reason(facts=Facts(LISTS[expected])) is expected


def test_closed_zone_and_lost_memory_still_count() -> None:
    """A rule that may have lapsed makes a doubt; a one-trip pass may have been used."""
    closed = CloseZone(id="z", not_after=AT + DAY, zones=frozenset({1}), except_kinds=frozenset())
    here = replace(POLICY, checkpoint=replace(POLICY.checkpoint, zone=1), rules=(closed,))
    assert reason(policy=here) is Reason.CLOCK
    once = replace(POLICY, kinds={1: KindPolicy(one_off=True)})
    assert reason(facts=replace(FACTS, seen=Seen(memory_lost_at=AT)), policy=once) is (
        Reason.MEMORY_LOST
    )


def test_expired_pass_is_refused_as_ever() -> None:
    """The floor proves it."""
    assert reason(replace(GOOD, not_before=AT - DAY, expires=AT)) is Reason.EXPIRED


def in_grace(case: Case) -> Case:
    """With two days to spare, just after a reboot, under a policy that allows it."""
    at = case.now.earliest
    pass_ = case.but_pass(not_before=at, expires=shifted(at, 2 * DAY), windows=())
    floor = ClockReading(at, None, ClockLevel.C, is_just_rebooted=True)
    return pass_.but_policy(reboot_grace=True)._replace(now=floor)


def test_what_is_right_but_for_the_clock_is_admitted() -> None:
    """So that the properties below are not true for want of cases."""
    case = in_grace(RIGHT)
    assert case.verdict.outcome is Outcome.ADMIT
    assert case.but_policy(reboot_grace=False).verdict.reason is Reason.CLOCK


@given(CASES)
def test_grace_admits_nothing_that_a_sure_clock_does_not(case: Case) -> None:
    """Whatever is wrong with a case beside the clock is wrong in the grace too."""
    graced = in_grace(case)
    exact = graced._replace(now=ClockReading.exact(graced.now.earliest)).verdict
    found = graced.verdict
    assert found.outcome is not Outcome.ADMIT or exact.outcome is Outcome.ADMIT
    assert exact.outcome is not Outcome.REFUSE or found.outcome is not Outcome.ADMIT


@given(CASES)
def test_grace_touches_no_other_verdict(case: Case) -> None:
    """Without the reboot the field of the policy changes nothing, and the other way round."""
    with_field, rebooted = case.but_policy(reboot_grace=True), replace(
        case.now, is_just_rebooted=True
    )  # fmt: skip
    assert with_field.verdict == case.verdict
    assert case._replace(now=rebooted).verdict == case.verdict
    after = with_field._replace(now=replace(rebooted, level=ClockLevel.C, latest=None)).verdict
    before = case._replace(now=replace(case.now, level=ClockLevel.C, latest=None)).verdict
    assert after.reason is before.reason or before.reason is Reason.CLOCK


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MEMORY = TimeMemory(
    TimeBounds(AT, Base(AT, 0.0), AT + 60 * DAY), signed_at=AT - DAY, is_floor_fresh=True
)


def lost(boot_s: float) -> Tick:
    """A board without network and battery."""
    return Tick(EPOCH + timedelta(seconds=boot_s), boot_s)


def test_reboot_is_recent_for_half_an_hour() -> None:
    """By the seconds since the boot."""
    keeper = Timekeeper(MEMORY)
    assert keeper.read(lost(30.0)) == FLOOR
    assert keeper.read(lost(LASTS_S)).is_just_rebooted
    assert not keeper.read(lost(LASTS_S + 1)).is_just_rebooted


def test_floor_that_was_not_fresh_gives_no_grace() -> None:
    """The clock did not know the time before the cut."""
    assert not Timekeeper(replace(MEMORY, is_floor_fresh=False)).read(lost(30.0)).is_just_rebooted


def test_lists_from_long_after_the_cut_end_the_grace() -> None:
    """Perhaps they lie; but it may have been a long cut."""
    keeper = Timekeeper(MEMORY)
    with pytest.raises(TimeError):
        keeper.hear_signed(AT + 9 * DAY, lost(40.0))
    assert not keeper.read(lost(50.0)).is_just_rebooted


@pytest.mark.parametrize(
    ("off", "expected"), [(TO_SPARE, True), (TO_SPARE + SECOND, False), (9 * DAY, False)]
)
def test_system_that_says_a_day_later_ends_the_grace(off: timedelta, expected: bool) -> None:
    """It may be right: a battery that is believed no more, or a time server."""
    tick = Tick(AT + off, 40.0)
    assert Timekeeper(MEMORY).read(tick).is_just_rebooted is expected
    if not expected:
        online = replace(tick, is_disciplined=True)
        assert not Timekeeper(MEMORY).read(online).is_just_rebooted


def test_jump_is_no_reboot() -> None:
    """The time was known in this boot, and then lost by a jump."""
    keeper = Timekeeper(MEMORY)
    assert keeper.read(Tick(AT, 30.0, is_disciplined=True)).level is ClockLevel.A
    reading = keeper.read(Tick(AT + timedelta(hours=1), 40.0, is_disciplined=True))
    assert (reading.level, reading.is_just_rebooted) == (ClockLevel.C, False)


def test_floor_follows_a_clock_that_knows_the_time() -> None:
    """Not one that only a hand has set, nor one at level C, nor one past its bounds."""
    now = ClockReading(AT, AT + SECOND, ClockLevel.B)
    assert follows(AT, now)
    assert follows(AT - SECOND, now)
    assert not follows(AT - 2 * SECOND, now)
    assert not follows(AT, FLOOR)
