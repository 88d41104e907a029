"""Signed rules: each kind while it surely holds, when it has perhaps lapsed, and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scanner.core.claims import Pass
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.facts import PassStatus
from scanner.core.policy import Checkpoint, CheckpointPolicy
from scanner.core.reasons import Notice, Reason
from scanner.core.rules import (
    CloseZone,
    Extend,
    Grace,
    QuarantineBatch,
    QuarantineDates,
    QuarantineDistrict,
    Rule,
)
from scanner.core.trust import KeyState
from scanner.core.verdict import judge
from tests.core.example import AT, DAY, FACTS, FRESH, KEY, NOW, SECOND, a_pass, reason

END = AT + 10 * DAY
WORK = frozenset({1})

EXTEND = Extend(
    id="may", not_after=END, kinds=WORK, exp_from=AT - DAY, exp_to=AT, until=AT + 5 * DAY
)
GRACE = Grace(id="late", not_after=END, kinds=WORK, grace=DAY)
CLOSED = CloseZone(id="z", not_after=END, zones=frozenset({4}), except_kinds=frozenset({3}))
BATCH = QuarantineBatch(id="b", not_after=END, batches=frozenset({12}))
DISTRICT = QuarantineDistrict(id="d", not_after=END, districts=frozenset({5}))
DATES = QuarantineDates(
    id="q", not_after=END, kinds=WORK, iat_from=AT - 2 * DAY, iat_to=AT - DAY + SECOND
)
FORBIDDEN = a_pass(batch=12, district=5)
EXPIRED = a_pass(expires=AT - SECOND)


def policy(*rules: Rule, zone: int | None = 4) -> CheckpointPolicy:
    return CheckpointPolicy(checkpoint=Checkpoint(zone=zone), rules=rules)


def under(rule: Rule, pass_: Pass = FORBIDDEN, now: ClockReading = NOW) -> Reason:
    return reason(pass_, policy=policy(rule), now=now)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (CLOSED, Reason.ZONE_CLOSED),
        (BATCH, Reason.BATCH),
        (DATES, Reason.BATCH),
        (DISTRICT, Reason.DISTRICT),
    ],
    ids=lambda value: getattr(value, "id", None),
)
def test_a_rule_that_forbids_holds_until_it_lapses(rule: Rule, expected: Reason) -> None:
    """Surely held: refused. Perhaps lapsed: the clock cannot say. Lapsed: as if it were not."""
    holds, perhaps, lapsed = (replace(rule, not_after=AT + n * SECOND) for n in (2, 1, 0))
    now = ClockReading(AT, AT + SECOND, ClockLevel.B)
    found = [under(each, now=now) for each in (holds, perhaps, lapsed)]
    assert found == [expected, Reason.CLOCK, Reason.OK]


def test_with_a_floor_only_no_rule_is_sure() -> None:
    """It may have lapsed long ago."""
    assert under(BATCH, now=ClockReading(AT, None, ClockLevel.C)) is Reason.CLOCK


@pytest.mark.parametrize(
    ("rule", "free"),
    [
        (CLOSED, a_pass(kind=3)),
        (BATCH, a_pass(batch=13, district=12)),
        (BATCH, a_pass()),
        (DISTRICT, a_pass(district=6, batch=5)),
        (DISTRICT, a_pass()),
        (DATES, a_pass(kind=2)),
        (DATES, a_pass(issued_at=AT - DAY + SECOND)),
        (DATES, a_pass(issued_at=AT - 2 * DAY - SECOND)),
    ],
)
def test_a_rule_forbids_what_it_names_and_no_more(rule: Rule, free: Pass) -> None:
    """Other kinds, batches, districts and days of issue pass."""
    assert under(rule, free) is Reason.OK


def test_dates_include_the_first_and_exclude_the_last() -> None:
    """[iat_from, iat_to)."""
    assert under(DATES, a_pass(issued_at=DATES.iat_from)) is Reason.BATCH
    assert under(DATES, a_pass(issued_at=DATES.iat_to)) is Reason.OK


@pytest.mark.parametrize(
    ("zone", "expected"), [(4, Reason.ZONE_CLOSED), (5, Reason.OK), (None, Reason.OK)]
)
def test_a_zone_is_closed_where_it_is(zone: int | None, expected: Reason) -> None:
    """At its checkpoints only."""
    assert reason(policy=policy(CLOSED, zone=zone)) is expected


@pytest.mark.parametrize("rule", [EXTEND, GRACE], ids=lambda rule: rule.id)
def test_an_expired_pass_is_extended_while_the_rule_holds(rule: Rule) -> None:
    """Surely held: admitted, with a notice. Perhaps lapsed: a doubt. Lapsed: expired."""
    now = ClockReading(AT, AT + SECOND, ClockLevel.A)
    holds, perhaps, lapsed = (replace(rule, not_after=AT + n * SECOND) for n in (2, 1, 0))
    verdict = judge(EXPIRED, FACTS, policy(holds), now)
    assert (verdict.reason, verdict.notices) == (Reason.OK, (Notice.EXTENDED,))
    assert under(perhaps, EXPIRED, now) is Reason.CLOCK
    assert under(lapsed, EXPIRED, now) is Reason.EXPIRED


@pytest.mark.parametrize("rule", [EXTEND, GRACE], ids=lambda rule: rule.id)
def test_a_pass_that_is_valid_anyway_has_no_notice(rule: Rule) -> None:
    """Nothing was extended."""
    assert judge(a_pass(), FACTS, policy(rule), NOW).notices == ()


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        (AT - DAY - SECOND, Reason.EXPIRED),
        (AT - DAY, Reason.OK),
        (AT - SECOND, Reason.OK),
        (AT, Reason.EXPIRED),
    ],
)
def test_an_extension_covers_the_expiries_it_names(expires: object, expected: Reason) -> None:
    """[exp_from, exp_to)."""
    assert under(EXTEND, a_pass(expires=expires)) is expected


@pytest.mark.parametrize("rule", [EXTEND, GRACE], ids=lambda rule: rule.id)
def test_an_extension_covers_the_kinds_it_names(rule: Rule) -> None:
    """Personal passes were not extended."""
    assert under(rule, replace(EXPIRED, kind=2)) is Reason.EXPIRED


@pytest.mark.parametrize(
    ("rule", "end"), [(EXTEND, EXTEND.until), (GRACE, EXPIRED.expires + DAY)], ids=["may", "late"]
)
def test_an_extension_ends(rule: Rule, end: object) -> None:
    """At `until`, or `grace` after the pass expired."""
    forever = replace(rule, not_after=END + 100 * DAY)
    assert isinstance(end, type(AT))
    before, after = (ClockReading.exact(end + n * SECOND) for n in (-1, 0))
    assert under(forever, EXPIRED, before) is Reason.OK
    assert under(forever, EXPIRED, after) is Reason.EXPIRED


def test_an_extension_never_shortens_a_pass() -> None:
    """The latest of all expiries counts."""
    backwards = replace(EXTEND, exp_from=AT, exp_to=END, until=AT - DAY)
    assert under(backwards, a_pass()) is Reason.OK
    assert reason(EXPIRED, policy=policy(GRACE, backwards, EXTEND)) is Reason.OK


@pytest.mark.parametrize("rule", [EXTEND, GRACE], ids=lambda rule: rule.id)
def test_an_extension_revives_no_revoked_pass_and_no_dead_key(rule: Rule) -> None:
    """It moves the expiry and nothing else."""
    revoked = replace(FACTS, lists=replace(FRESH, status=PassStatus.REVOKED))
    dead = replace(EXPIRED, key=replace(KEY, state=KeyState.DEAD))
    assert reason(EXPIRED, revoked, policy(rule)) is Reason.REVOKED
    assert reason(dead, policy=policy(rule)) is Reason.KEY_DEAD


def test_an_extension_does_not_make_a_pass_begin_earlier() -> None:
    """Not yet valid stays so."""
    later = a_pass(not_before=AT + SECOND, expires=AT - SECOND)
    assert under(EXTEND, later) is Reason.NOT_YET_VALID


def test_leeway_comes_on_top_of_an_extension() -> None:
    """Both are seconds of the same clock."""
    lenient = replace(policy(replace(GRACE, not_after=END)), leeway=timedelta(seconds=60))
    end = EXPIRED.expires + DAY
    assert reason(EXPIRED, policy=lenient, now=ClockReading.exact(end + 59 * SECOND)) is Reason.OK
    assert reason(EXPIRED, policy=lenient, now=ClockReading.exact(end + 60 * SECOND)) is (
        Reason.EXPIRED
    )
