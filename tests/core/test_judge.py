"""The judge: every provable refusal, then every doubt, then ADMIT with its notices."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from scanner.core.claims import Pass
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.facts import Facts, ListFacts, PassStatus, Seen
from scanner.core.policy import Ages, Checkpoint, CheckpointPolicy, KindPolicy
from scanner.core.reasons import Notice, Outcome, Reason
from scanner.core.trust import KeyState
from scanner.core.verdict import Verdict, judge
from tests.core.example import (
    AT,
    DAY,
    FACTS,
    FRESH,
    KEY,
    NOW,
    POLICY,
    SECOND,
    a_pass,
    issuer_key,
    reason,
)

HOUR_S = 3600
NAN = float("nan")


def listed(**changes: object) -> Facts:
    lists: ListFacts = replace(FRESH, **changes)  # type: ignore[arg-type]  # by name
    return Facts(lists=lists)


def at_checkpoint(**settings: object) -> CheckpointPolicy:
    return CheckpointPolicy(checkpoint=Checkpoint(**settings))  # type: ignore[arg-type]  # by name


def of_kind(**settings: bool) -> CheckpointPolicy:
    return CheckpointPolicy(kinds={1: KindPolicy(**settings)})


def test_a_pass_without_a_fault_is_admitted() -> None:
    """The only way to green."""
    assert judge(a_pass(), FACTS, POLICY, NOW) == Verdict(Reason.OK, (), a_pass(), FACTS)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (listed(status=PassStatus.REVOKED), Reason.REVOKED),
        (listed(status=PassStatus.SUSPENDED), Reason.SUSPENDED),
        (listed(holder_is_listed=True), Reason.HOLDER),
        (listed(status=PassStatus.REVOKED, status_age_s=10**9), Reason.REVOKED),
        (listed(status=PassStatus.SUSPENDED, status_age_s=None), Reason.SUSPENDED),
        (listed(holder_is_listed=True, holders_age_s=10**9), Reason.HOLDER),
    ],
)
def test_what_is_taken_back_is_refused(facts: Facts, expected: Reason) -> None:
    """Also by a list that is old: it proves what it says."""
    assert reason(facts=facts) is expected


@pytest.mark.parametrize("field", ["status_age_s", "holders_age_s"])
@pytest.mark.parametrize(
    ("age_s", "expected"),
    [
        (None, Reason.NO_LISTS),
        (-1.0, Reason.OK),
        (72 * HOUR_S - 1, Reason.OK),
        (72 * HOUR_S, Reason.LIST_TOO_OLD),
        (NAN, Reason.LIST_TOO_OLD),
    ],
)
def test_a_list_that_is_missing_or_too_old_is_a_doubt(
    field: str, age_s: float | None, expected: Reason
) -> None:
    """Hard age 72 hours, for the status and the holder list."""
    assert reason(facts=listed(**{field: age_s})) is expected


@pytest.mark.parametrize(("kind", "expected"), [(1, Reason.LIST_TOO_OLD), (2, Reason.OK)])
def test_the_hard_age_may_differ_by_kind(kind: int, expected: Reason) -> None:
    """One-day passes may have a week."""
    ages = Ages(hard_s_by_kind={2: 7 * 24 * HOUR_S})
    policy = CheckpointPolicy(status_ages=ages, holder_ages=ages)
    facts = listed(status_age_s=100.0 * HOUR_S, holders_age_s=100.0 * HOUR_S)
    assert reason(a_pass(kind=kind), facts, policy) is expected


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [
        (None, Reason.NO_LISTS),
        (24 * HOUR_S - 1, Reason.OK),
        (24 * HOUR_S, Reason.INDEX_BEYOND_MAP),
        (72 * HOUR_S, Reason.LIST_TOO_OLD),
    ],
)
def test_an_index_beyond_the_map_is_a_doubt_when_the_list_is_old(
    age_s: float | None, expected: Reason
) -> None:
    """Maps are published ahead of issue: beyond a fresh one nothing is revoked."""
    assert reason(facts=listed(status=PassStatus.BEYOND_MAP, status_age_s=age_s)) is expected


@pytest.mark.parametrize(
    ("here", "scope", "expected"),
    [(1, {1, 2}, True), (3, {1, 2}, False), (3, set(), True), (None, {1}, True), (0, {1}, False)],
)
def test_scope_bounds_zone_and_transport(here: int | None, scope: set[int], expected: bool) -> None:
    """Empty is anywhere; a checkpoint that is bound to none takes all."""
    by_zone = reason(a_pass(zones=frozenset(scope)), policy=at_checkpoint(zone=here))
    by_way = reason(a_pass(transports=frozenset(scope)), policy=at_checkpoint(transport=here))
    assert by_zone is (Reason.OK if expected else Reason.WRONG_ZONE)
    assert by_way is (Reason.OK if expected else Reason.WRONG_TRANSPORT)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Seen(), Reason.OK),
        (Seen(ago_s=0.0), Reason.OK),
        (Seen(ago_s=60.0), Reason.OK),
        (Seen(ago_s=60.5), Reason.ALREADY_USED),
        (Seen(ago_s=NAN), Reason.ALREADY_USED),
        (Seen(memory_lost_at=AT), Reason.MEMORY_LOST),
        (Seen(ago_s=1.0, memory_lost_at=AT), Reason.OK),
    ],
)
def test_a_one_off_is_used_up_by_its_admission(seen: Seen, expected: Reason) -> None:
    """For 60 s a phone that slips is repeated; after a restart nobody knows."""
    facts = replace(FACTS, seen=seen)
    assert reason(facts=facts, policy=of_kind(one_off=True)) is expected
    assert reason(a_pass(kind=5), facts) is expected  # kind 5 is one-off by its meaning
    assert reason(facts=facts) is Reason.OK


@pytest.mark.parametrize(
    ("policy", "pass_", "expected"),
    [
        (of_kind(live=True), a_pass(), Reason.LIVE_MISSING),
        (of_kind(compare=True), a_pass(), Reason.COMPARE),
        (of_kind(), a_pass(kind=2), Reason.UNSUPPORTED),
        (POLICY, a_pass(kind=99), Reason.OK),
        (POLICY, a_pass(format="HC1"), Reason.UNSUPPORTED),
        (CheckpointPolicy(formats=frozenset()), a_pass(), Reason.UNSUPPORTED),
        (POLICY, a_pass(has_foreign_status=True), Reason.UNSUPPORTED),
        (POLICY, a_pass(has_foreign_status=True, index=1), Reason.OK),
        (POLICY, a_pass(has_unknown_restriction=True), Reason.UPDATE_SCANNER),
    ],
)
def test_what_the_policy_does_not_know_or_wants_compared_is_a_doubt(
    policy: CheckpointPolicy, pass_: Pass, expected: Reason
) -> None:
    """Kinds, formats, foreign lists, restrictions of the future; proof and eye."""
    assert reason(pass_, policy=policy) is expected


@pytest.mark.parametrize("level", list(ClockLevel))
def test_a_specimen_is_never_admitted_and_needs_no_fresh_device(level: ClockLevel) -> None:
    """Training works with a dead key, no lists and no clock."""
    key = replace(KEY, state=KeyState.DEAD)
    pass_ = a_pass(is_specimen=True, key=key, has_unknown_restriction=True)
    verdict = judge(pass_, Facts(), POLICY, ClockReading(AT, None, level))
    assert (verdict.reason, verdict.outcome) == (Reason.SPECIMEN, Outcome.NONE)


@pytest.mark.parametrize(
    ("end", "expected"),
    [(AT - SECOND, Reason.REGIME_ENDED), (AT, Reason.REGIME_ENDED), (AT + SECOND, Reason.OK)],
)
def test_after_the_end_of_the_regime_nothing_is_judged(end: datetime, expected: Reason) -> None:
    """Not even a specimen; and no pass goes to the screen."""
    policy = CheckpointPolicy(end_of_regime=end)
    verdict = judge(a_pass(), FACTS, policy, NOW)
    assert verdict.reason is expected
    if expected is Reason.REGIME_ENDED:
        assert verdict == Verdict(Reason.REGIME_ENDED)
        assert judge(a_pass(is_specimen=True), FACTS, policy, NOW) == verdict


def test_a_floor_past_the_end_of_the_regime_ends_it() -> None:
    """At level C the floor proves it."""
    floor = ClockReading(AT, None, ClockLevel.C)
    assert reason(policy=CheckpointPolicy(end_of_regime=AT), now=floor) is Reason.REGIME_ENDED


@pytest.mark.parametrize(
    ("facts", "notices"),
    [
        (replace(FACTS, seen=Seen(ago_s=240.0)), (Notice.SEEN,)),
        (replace(FACTS, seen=Seen(same_person=True)), (Notice.SAME_PERSON,)),
        (listed(status_age_s=24.0 * HOUR_S), (Notice.LIST_OLD,)),
        (
            Facts(listed(status_age_s=25.0 * HOUR_S).lists, Seen(ago_s=1.0, same_person=True)),
            (Notice.SEEN, Notice.SAME_PERSON, Notice.LIST_OLD),
        ),
    ],
)
def test_a_notice_is_an_attribute_of_an_admission(
    facts: Facts, notices: tuple[Notice, ...]
) -> None:
    """It decides nothing, and a refusal has none."""
    verdict = judge(a_pass(), facts, POLICY, NOW)
    assert (verdict.reason, verdict.notices) == (Reason.OK, notices)
    assert judge(a_pass(expires=AT), facts, POLICY, NOW).notices == ()


@pytest.mark.parametrize(
    ("ago_s", "minutes", "is_repeat"),
    [(None, None, False), (0.0, 0, True), (60.0, 1, True), (61.0, 1, False), (245.0, 4, False)],
)
def test_a_verdict_tells_how_long_ago_the_pass_was_here(
    ago_s: float | None, minutes: int | None, is_repeat: bool
) -> None:
    """Whole minutes; within 60 s it is one scan and not two."""
    verdict = judge(a_pass(), replace(FACTS, seen=Seen(ago_s=ago_s)), POLICY, NOW)
    assert (verdict.seen_min, verdict.is_repeat(60)) == (minutes, is_repeat)
    assert not replace(verdict, reason=Reason.REVOKED).is_repeat(60)
    assert Verdict(Reason.FORGED).seen_min is None


def test_the_first_refusal_wins_over_later_ones_and_over_doubts() -> None:
    """A pass with every fault loses them one by one, in the order of the page."""
    key = issuer_key(kinds=[2], state="issued-set")
    everything = Facts(
        ListFacts(PassStatus.REVOKED, None, 0, True, None, is_issued=False), Seen(ago_s=99.0)
    )
    policy = CheckpointPolicy(
        checkpoint=Checkpoint(zone=1, transport=1), kinds={1: KindPolicy(True, True, True)}
    )
    bad = a_pass(key=key, not_before=AT + DAY, expires=AT, zones=frozenset({2}))
    bad = replace(bad, transports=frozenset({2}), has_unknown_restriction=True)

    def found(pass_: Pass, facts: Facts = everything) -> Reason:
        return reason(pass_, facts, policy)

    dead = replace(bad, key=replace(key, state=KeyState.DEAD))
    assert [found(dead), found(bad)] == [Reason.KEY_DEAD, Reason.NOT_ISSUED]
    issued = replace(bad, key=replace(key, state=KeyState.LIVE))
    ours = replace(issued, key=KEY)
    begun = replace(ours, not_before=AT - DAY)
    valid = replace(begun, expires=AT + DAY)
    assert [found(p) for p in (issued, ours, begun, valid)] == [
        Reason.KEY_NOT_FOR, Reason.NOT_YET_VALID, Reason.EXPIRED, Reason.REVOKED,
    ]  # fmt: skip
    kept = replace(everything, lists=replace(everything.lists, status=PassStatus.VALID))
    free = replace(kept, lists=replace(kept.lists, holder_is_listed=False))
    assert [found(valid, f) for f in (kept, free)] == [Reason.HOLDER, Reason.WRONG_ZONE]
    here = replace(valid, zones=frozenset())
    walks = replace(here, transports=frozenset())
    assert [found(p, free) for p in (here, walks)] == [
        Reason.WRONG_TRANSPORT, Reason.ALREADY_USED,
    ]  # fmt: skip
    doubts = replace(free, seen=Seen())
    assert found(walks, doubts) is Reason.NO_LISTS
