"""The judge is total and deterministic, and nothing later turns a refusal into an admission."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.facts import PassStatus, Seen
from scanner.core.reasons import PRECEDENCE, Outcome, Reason
from scanner.core.rules import CloseZone, QuarantineBatch, QuarantineDistrict
from scanner.core.trust import KeyState
from scanner.core.verdict import judge
from tests.core.cases import CASES, STARTS, Case
from tests.core.example import AT, DAY, SECOND

LATER = AT + 9 * 365 * DAY
HERE, THERE = 77, 78  # a zone, transport, batch and district that no case has
FOUND = (*PRECEDENCE, Reason.OK, Reason.SPECIMEN, Reason.REGIME_ENDED)


def outcome(case: Case) -> Outcome:
    return case.verdict.outcome


@given(CASES)
def test_every_input_has_a_verdict_and_always_the_same(case: Case) -> None:
    """Raises nothing, changes nothing, and says the same of an equal input, bit for bit."""
    public_key = case.pass_.key.public_key  # it cannot be copied
    before, twin = repr(case), copy.deepcopy(case, {id(public_key): public_key})
    verdict = case.verdict
    event(verdict.reason.name)
    assert verdict.reason in FOUND
    assert repr(judge(*twin)) == repr(case.verdict) == repr(verdict)
    assert repr(case) == before
    assert (verdict.outcome is Outcome.ADMIT) == (verdict.reason is Reason.OK)
    assert not verdict.notices or verdict.outcome is Outcome.ADMIT


def test_the_cases_reach_every_reason() -> None:
    """So that no property below is true for want of cases."""
    found = {start.verdict.reason for start in STARTS}

    @settings(max_examples=2000, phases=[Phase.generate], derandomize=True, database=None)
    @given(CASES)
    def collect(case: Case) -> None:
        found.add(case.verdict.reason)

    collect()
    assert found == set(FOUND)


REFUSALS: dict[str, Callable[[Case], Case]] = {
    "dead key": lambda c: c.but_key(state=KeyState.DEAD),
    "not issued": lambda c: c.but_key(state=KeyState.ISSUED_SET).but_lists(is_issued=False),
    "not for the issuer": lambda c: c.but_key(issuer="city").but_pass(issuer="nobody"),
    "not for the kind": lambda c: c.but_key(kinds=frozenset()),
    "outside the range": lambda c: c.but_key(index_range=(9, 9)),
    "revoked": lambda c: c.but_lists(status=PassStatus.REVOKED),
    "suspended": lambda c: c.but_lists(status=PassStatus.SUSPENDED),
    "quarantined": lambda c: c.but_lists(holder_is_listed=True),
    "batch": lambda c: c.but_pass(batch=THERE).and_rule(
        QuarantineBatch(id="b", not_after=LATER, batches=frozenset({THERE}))
    ),
    "district": lambda c: c.but_pass(district=THERE).and_rule(
        QuarantineDistrict(id="d", not_after=LATER, districts=frozenset({THERE}))
    ),
    "closed zone": lambda c: c.but_checkpoint(zone=HERE).and_rule(
        CloseZone(id="z", not_after=LATER, zones=frozenset({HERE}), except_kinds=frozenset())
    ),
    "wrong zone": lambda c: c.but_pass(zones=frozenset({THERE})).but_checkpoint(zone=HERE),
    "wrong transport": lambda c: c.but_pass(transports=frozenset({THERE})).but_checkpoint(
        transport=HERE
    ),
    "wrong plate": lambda c: c.but_pass(plate="A1").but_facts(typed_plate="B2").but_checkpoint(
        asks_plate=True
    ),
    "wrong card": lambda c: c.but_pass(transport_card="1").but_facts(typed_card="2").but_checkpoint(
        asks_card=True
    ),
    "used": lambda c: c.but_kind(one_off=True).but_facts(seen=Seen(ago_s=601.0)),
}  # fmt: skip

# None of these is about the clock: a refusal keeps its very reason.
DOUBTS: dict[str, Callable[[Case], Case]] = {
    "no status list": lambda c: c.but_lists(status_age_s=None),
    "old status list": lambda c: c.but_lists(status_age_s=1e9),
    "no holder list": lambda c: c.but_lists(holders_age_s=None),
    "old holder list": lambda c: c.but_lists(holders_age_s=1e9),
    "restriction of the future": lambda c: c.but_pass(has_unknown_restriction=True),
    "foreign format": lambda c: c.but_pass(format="HC1"),
    "live proof": lambda c: c.but_kind(live=True),
    "by eye": lambda c: c.but_kind(compare=True),
}

CLOCK_DOUBTS: dict[str, Callable[[Case], Case]] = {
    "no end": lambda c: c._replace(now=replace(c.now, latest=None)),
    "level C": lambda c: c._replace(now=replace(c.now, level=ClockLevel.C)),
    "floor only": lambda c: c._replace(now=ClockReading(c.now.earliest, None, ClockLevel.C)),
    "contradiction": lambda c: c._replace(now=ClockReading(AT, AT - SECOND, c.now.level)),
}


@given(CASES)
def test_what_refuses_is_never_admitted(case: Case) -> None:
    """Add any one refusing fact to any case: the outcome is not ADMIT."""
    for what, refuse in REFUSALS.items():
        assert outcome(refuse(case)) is not Outcome.ADMIT, what


@given(CASES)
def test_a_doubt_admits_nothing_and_hides_no_refusal(case: Case) -> None:
    """Add any one doubt: a refusal keeps its reason, anything else becomes UNDECIDED."""
    before = case.verdict
    for what, doubt in DOUBTS.items():
        after = doubt(case).verdict
        if before.outcome in (Outcome.REFUSE, Outcome.NONE):
            assert after.reason is before.reason, what
        else:
            assert after.outcome is Outcome.UNDECIDED, what


@given(CASES)
def test_a_doubtful_clock_admits_nothing(case: Case) -> None:
    """At level C, without a latest time, with a contradiction: never ADMIT."""
    for what, doubt in CLOCK_DOUBTS.items():
        assert outcome(doubt(case)) is not Outcome.ADMIT, what


@given(CASES)
def test_a_refusal_stays_one_whatever_doubt_is_added(case: Case) -> None:
    """Every refusing fact with every doubt, in either order: not ADMIT."""
    for what, refuse in REFUSALS.items():
        for why, doubt in (DOUBTS | CLOCK_DOUBTS).items():
            assert outcome(doubt(refuse(case))) is not Outcome.ADMIT, (what, why)
            assert outcome(refuse(doubt(case))) is not Outcome.ADMIT, (why, what)


@given(CASES, st.sampled_from([1.0, 86_400.0, 259_200.0, 1e9, None]), st.booleans())
def test_an_older_list_admits_nothing_more(case: Case, more_s: float | None, both: bool) -> None:
    """Ageing: a refusal keeps its reason, a doubt stays a doubt, nothing becomes ADMIT."""

    def aged(age_s: float | None) -> float | None:
        return None if age_s is None or more_s is None else age_s + more_s

    lists = case.facts.lists
    holders_s = aged(lists.holders_age_s) if both else lists.holders_age_s
    before = case.verdict
    after = case.but_lists(status_age_s=aged(lists.status_age_s), holders_age_s=holders_s).verdict
    if before.outcome in (Outcome.REFUSE, Outcome.NONE):
        assert after.reason is before.reason
    else:
        assert after.outcome in MAY_BECOME[before.outcome]


# Whatever was sure of the wide interval is sure of the narrow one. So by widening, an admission
# can only become a doubt, a doubt stays one, and a refusal stays or becomes a doubt. The end of
# the regime is outside this order: until it is sure, passes are judged.
MAY_BECOME = {
    Outcome.ADMIT: {Outcome.ADMIT, Outcome.UNDECIDED},
    Outcome.UNDECIDED: {Outcome.UNDECIDED},
    Outcome.REFUSE: {Outcome.REFUSE, Outcome.UNDECIDED},
    Outcome.NONE: {Outcome.NONE},
}


@given(CASES, st.sampled_from([0, 1, 60, 3600, 90_000]), st.sampled_from([0, 1, 60, 3600, None]))
def test_a_wider_clock_knows_less(case: Case, earlier_s: int, later_s: int | None) -> None:
    """Widening turns nothing into ADMIT, and no doubt into REFUSE."""
    now = case.now
    if now.latest is not None and now.latest < now.earliest:
        now = replace(now, latest=now.earliest)
    try:
        earliest = now.earliest - timedelta(seconds=earlier_s)
        latest = None if now.latest is None or later_s is None else (
            now.latest + timedelta(seconds=later_s)
        )  # fmt: skip
    except OverflowError:
        return
    before = case._replace(now=now).verdict
    after = case._replace(now=replace(now, earliest=earliest, latest=latest)).verdict
    if before.reason is not Reason.REGIME_ENDED:
        assert after.outcome in MAY_BECOME[before.outcome]
