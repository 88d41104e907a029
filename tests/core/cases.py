"""Cases for the judge: one in which everything is right, and others with some things changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from hypothesis import strategies as st

from scanner.core.claims import Pass, Window
from scanner.core.clock import ClockReading
from scanner.core.facts import Facts, PassStatus, Seen
from scanner.core.policy import Ages, Checkpoint, CheckpointPolicy, KindPolicy
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
from scanner.core.verdict import Verdict, judge
from tests.core.example import AT, DAY, FACTS, KEY, NOW, a_pass
from tests.core.strategies import MOMENTS, clocks

Changes = Mapping[str, object]


class Case(NamedTuple):
    """What the judge is given."""

    pass_: Pass
    facts: Facts
    policy: CheckpointPolicy
    now: ClockReading

    @property
    def verdict(self) -> Verdict:
        return judge(*self)

    def but_pass(self, **changes: object) -> Case:
        return self._replace(pass_=replace(self.pass_, **changes))  # type: ignore[arg-type]

    def but_key(self, **changes: object) -> Case:
        return self.but_pass(key=replace(self.pass_.key, **changes))  # type: ignore[arg-type]

    def but_facts(self, **changes: object) -> Case:
        return self._replace(facts=replace(self.facts, **changes))  # type: ignore[arg-type]

    def but_lists(self, **changes: object) -> Case:
        return self.but_facts(lists=replace(self.facts.lists, **changes))  # type: ignore[arg-type]

    def but_policy(self, **changes: object) -> Case:
        return self._replace(policy=replace(self.policy, **changes))  # type: ignore[arg-type]

    def but_checkpoint(self, **changes: object) -> Case:
        checkpoint = replace(self.policy.checkpoint, **changes)  # type: ignore[arg-type]
        return self.but_policy(checkpoint=checkpoint)

    def but_kind(self, **changes: bool) -> Case:
        kind = replace(self.policy.of_kind(self.pass_.kind) or KindPolicy(), **changes)
        return self.but_policy(kinds={**self.policy.kinds, self.pass_.kind: kind})

    def and_rule(self, rule: Rule) -> Case:
        return self.but_policy(rules=(*self.policy.rules, rule))


# Everything that can be asked for is asked for, and all of it is right.
RIGHT = Case(
    a_pass(
        key=replace(KEY, index_range=(0, 2), max_life_s={1: 2 * 86_400}, kinds=frozenset(range(6))),
        plate="A1",
        transport_card="12",
        zones=frozenset({1}),
        transports=frozenset({1}),
        windows=(Window(127, 540, 600),),
        index=1,
        district=1,
        batch=1,
    ),
    replace(FACTS, typed_plate="а 1", typed_card="912"),
    CheckpointPolicy(
        checkpoint=Checkpoint("c", 1, 1, asks_plate=True, asks_card=True),
        kinds={1: KindPolicy(), 2: KindPolicy(live=True), 3: KindPolicy(compare=True),
               5: KindPolicy(one_off=True)},
        end_of_regime=AT + 2 * DAY,
    ),
    NOW,
)  # fmt: skip

# What takes several changes at once stands here, since few cases would reach it.
STARTS = [
    RIGHT,
    RIGHT,
    RIGHT.but_pass(kind=2),
    RIGHT.but_pass(kind=3),
    RIGHT.but_pass(kind=5).but_facts(seen=Seen(memory_lost_at=AT)),
    RIGHT.but_pass(kind=5).but_facts(seen=Seen(ago_s=61.0)),
    RIGHT.but_lists(status=PassStatus.BEYOND_MAP, status_age_s=86_400.0),
    RIGHT.but_key(state=KeyState.ISSUED_SET),
    RIGHT.but_pass(windows=(Window(64, 0, 1440),)),
    RIGHT.but_pass(has_unknown_restriction=True),
    RIGHT.and_rule(
        CloseZone(id="z", not_after=AT + DAY, zones=frozenset({1}), except_kinds=frozenset())
    ),
    RIGHT.and_rule(QuarantineBatch(id="b", not_after=AT + DAY, batches=frozenset({1}))),
    RIGHT.and_rule(QuarantineDistrict(id="d", not_after=AT + DAY, districts=frozenset({1}))),
]

_SMALL = st.integers(1, 3)
_SETS = st.frozensets(_SMALL, max_size=2)
_AGES_S = st.none() | st.sampled_from([0.0, 86_400.0, 259_200.0, 1e9, float("nan"), -5.0])
_TEXTS = st.none() | st.sampled_from(["", "A1", "а1", "-", "12", "B2"])
_WINDOWS = st.builds(Window, st.integers(0, 127), st.integers(0, 1440), st.integers(0, 1440))
_SEEN_S = st.none() | st.sampled_from([0.0, 60.0, 61.0, float("nan")])


def _rules() -> st.SearchStrategy[Rule]:
    ends, kinds = st.just(AT + 9 * DAY) | MOMENTS, st.just(frozenset({1, 2, 3, 5}))
    days = st.integers(0, 9).map(timedelta)
    name = st.just("r")
    return st.one_of(
        st.builds(
            Extend, id=name, not_after=ends, kinds=kinds,
            exp_from=st.just(AT - 9 * DAY) | MOMENTS, exp_to=st.just(AT + 9 * DAY) | MOMENTS,
            until=MOMENTS,
        ),
        st.builds(Grace, id=name, not_after=ends, kinds=kinds, grace=days),
        st.builds(CloseZone, id=name, not_after=ends, zones=_SETS, except_kinds=_SETS),
        st.builds(QuarantineBatch, id=name, not_after=ends, batches=_SETS),
        st.builds(QuarantineDistrict, id=name, not_after=ends, districts=_SETS),
        st.builds(
            QuarantineDates, id=name, not_after=ends, kinds=kinds, iat_from=MOMENTS, iat_to=MOMENTS
        ),
    )  # fmt: skip


def _few(fields: Mapping[str, st.SearchStrategy[object]]) -> st.SearchStrategy[Changes]:
    """None, one or two of these fields."""
    names = st.lists(st.sampled_from(sorted(fields)), max_size=2, unique=True)
    return names.flatmap(lambda some: st.fixed_dictionaries({name: fields[name] for name in some}))


_PASS = _few({
    "issuer": st.just("region"), "not_before": MOMENTS, "expires": MOMENTS, "issued_at": MOMENTS,
    "kind": st.integers(0, 6), "plate": _TEXTS, "transport_card": _TEXTS, "zones": _SETS,
    "transports": _SETS, "windows": st.lists(_WINDOWS, max_size=3).map(tuple),
    "is_specimen": st.just(True), "index": st.none() | _SMALL, "district": st.none() | _SMALL,
    "batch": st.none() | _SMALL, "has_unknown_restriction": st.just(True),
    "has_foreign_status": st.just(True), "format": st.just("HC1"),
})  # fmt: skip
_KEY = _few({
    "issuer": st.none() | st.just("city"), "kinds": st.none() | _SETS,
    "index_range": st.none() | st.just((0, 9)), "max_life_s": st.just({1: 3600}),
    "not_before": MOMENTS, "expires": MOMENTS, "state": st.sampled_from(KeyState),
})  # fmt: skip
_LISTS = _few({
    "status": st.sampled_from(PassStatus), "status_age_s": _AGES_S, "holders_age_s": _AGES_S,
    "holder_is_listed": st.just(True), "is_issued": st.booleans(),
})  # fmt: skip
_FACTS = _few({
    "seen": st.builds(Seen, _SEEN_S, st.booleans(), st.none() | MOMENTS),
    "typed_plate": _TEXTS, "typed_card": _TEXTS,
})  # fmt: skip
_CHECKPOINT = _few({
    "zone": st.none() | _SMALL, "transport": st.none() | _SMALL, "asks_plate": st.booleans(),
    "asks_card": st.booleans(),
})  # fmt: skip
_POLICY = _few({
    "leeway": st.sampled_from([60, 3600]).map(lambda seconds: timedelta(seconds=seconds)),
    "status_ages": st.just(Ages(hard_s_by_kind={1: 10**6})),
    "kinds": st.just({}) | st.dictionaries(_SMALL, st.builds(KindPolicy, *[st.booleans()] * 3)),
    "rules": st.lists(_rules(), min_size=1, max_size=3).map(tuple),
    "end_of_regime": st.none() | MOMENTS,
})  # fmt: skip


def _changed(
    case: Case, parts: set[int], pass_: Changes, key: Changes, lists: Changes, facts: Changes,
    checkpoint: Changes, policy: Changes, now: ClockReading,
) -> Case:  # fmt: skip
    """Some parts changed; `parts` says which."""
    case = case.but_pass(**pass_) if 0 in parts else case
    case = case.but_key(**key) if 1 in parts else case
    case = case.but_lists(**lists) if 2 in parts else case
    case = case.but_facts(**facts) if 3 in parts else case
    case = case.but_checkpoint(**checkpoint) if 4 in parts else case
    case = case.but_policy(**policy) if 5 in parts else case
    return case._replace(now=now) if 6 in parts else case


_PARTS = st.sets(st.integers(0, 6), max_size=3) | st.just(set(range(7)))
CASES = st.builds(
    _changed, st.sampled_from(STARTS), _PARTS, _PASS, _KEY, _LISTS, _FACTS, _CHECKPOINT, _POLICY,
    clocks(),
)  # fmt: skip
