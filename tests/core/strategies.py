"""What properties are tried on: plain CBOR, claims right and wrong, and cases for the judge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from scanner.core.cbor import CborValue
from scanner.core.claims import Claim, Movement, Pass, Window
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.facts import Facts, ListFacts, PassStatus, Seen
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
from scanner.core.trust import IssuerKey, KeyState
from tests.core.example import AT, AT_S, DAY, KEY, claims

_KEYS = st.integers(-(2**63), 2**64 - 1) | st.text(max_size=4)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(max_size=12)
    | st.binary(max_size=20)
)


def cbor_values(max_leaves: int = 12) -> st.SearchStrategy[CborValue]:
    """Plain values, at most as deep as passes may be."""

    def contain(parts: st.SearchStrategy[CborValue]) -> st.SearchStrategy[CborValue]:
        return st.lists(parts, max_size=5) | st.dictionaries(_KEYS, parts, max_size=5)

    return st.recursive(_LEAVES, contain, max_leaves=max_leaves).filter(lambda v: _depth(v) <= 8)


def _depth(value: CborValue) -> int:
    match value:
        case list():
            return 1 + max(map(_depth, value), default=0)
        case dict():
            return 1 + max(map(_depth, value.values()), default=0)
        case _:
            return 0


_SECONDS = st.integers(0, 253402300799) | st.sampled_from([AT_S - 1, AT_S, AT_S + 1])


def claim_sets() -> st.SearchStrategy[dict[object, object]]:
    """Claims of a valid pass with some of them replaced, by what is right or by anything."""
    wild = cbor_values(6)
    outer = st.dictionaries(st.sampled_from([int(key) for key in Claim]), _SECONDS | wild)
    inner = st.dictionaries(st.sampled_from([int(key) for key in Movement]) | _KEYS, wild)
    right = st.fixed_dictionaries(
        {int(Movement.KIND): st.integers(0, 6)},
        optional={
            int(Movement.HOLDER): st.lists(st.text(max_size=9), min_size=2, max_size=4),
            int(Movement.PLATE): st.text(max_size=13),
            int(Movement.SCOPE): st.lists(st.lists(st.integers(-1, 9)), max_size=3),
            int(Movement.WINDOWS): st.lists(st.lists(st.integers(-1, 1441), max_size=4)),
            int(Movement.SPECIMEN): st.booleans(),
            int(Movement.INDEX): st.integers(-1, 2**32),
        },
    )

    def joined(
        changes: dict[object, object], movement: dict[object, object], more: dict[object, object]
    ) -> dict[object, object]:
        whole: dict[object, object] = dict(claims().items())
        return whole | {int(Claim.MOVEMENT): movement | more} | changes

    return st.builds(joined, outer | st.just({}), right, inner | st.just({}))


_ENDS = [end.replace(tzinfo=UTC) for end in (datetime.min, datetime.max)]
MOMENTS = st.one_of(
    st.sampled_from([AT - DAY, AT, AT + timedelta(seconds=1), AT + DAY]),
    st.integers(-90_000, 90_000).map(lambda seconds: AT + timedelta(seconds=seconds)),
    st.sampled_from(_ENDS),
)
_SMALL = st.integers(1, 3)
_SMALL_SETS = st.frozensets(_SMALL, max_size=2)
_AGES_S = st.none() | st.sampled_from([0.0, 86_400.0, 259_200.0, 1e9, float("nan"), -5.0])


def clocks() -> st.SearchStrategy[ClockReading]:
    """Exact, wide, without an end, and contradictory."""
    widths = st.sampled_from([0, 0, 1, 60, 5000, 90_000, -1])

    def reading(at: datetime, width_s: int, ends: bool, level: ClockLevel) -> ClockReading:
        try:
            latest = at + timedelta(seconds=width_s)
        except OverflowError:
            latest = at
        return ClockReading(at, latest if ends else None, level)

    levels = st.sampled_from([ClockLevel.A, *ClockLevel])
    return st.builds(reading, MOMENTS, widths, st.sampled_from([True] * 4 + [False]), levels)


def issuer_keys() -> st.SearchStrategy[IssuerKey]:
    bounds: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
        {},
        optional={
            "issuer": st.sampled_from([None, "city", "region"]),
            "kinds": _SMALL_SETS,
            "index_range": st.just((0, 2)),
            "max_life_s": st.just({1: 3600}),
            "not_before": MOMENTS,
            "expires": MOMENTS,
            "state": st.sampled_from(KeyState),
        },
    )
    return st.just(KEY) | bounds.map(lambda changes: replace(KEY, **changes))  # type: ignore[arg-type]


def passes() -> st.SearchStrategy[Pass]:
    """Mostly valid at AT, with anything in it that the judge looks at."""
    windows = st.builds(Window, st.integers(0, 127), st.integers(0, 1440), st.integers(0, 1440))
    texts = st.none() | st.sampled_from(["A1", "а1", "-", "12"])
    return st.builds(
        Pass,
        key=issuer_keys(),
        issuer=st.sampled_from(["city", "city", "region"]),
        not_before=st.just(AT - DAY) | MOMENTS,
        expires=st.just(AT + DAY) | MOMENTS,
        issued_at=st.just(AT - DAY) | MOMENTS,
        cti=st.binary(min_size=16, max_size=16),
        kind=_SMALL | st.just(5),
        plate=texts,
        transport_card=texts,
        zones=_SMALL_SETS,
        transports=_SMALL_SETS,
        windows=st.just(()) | st.lists(windows, max_size=3).map(tuple),
        is_specimen=st.sampled_from([False] * 9 + [True]),
        index=st.none() | _SMALL,
        district=st.none() | _SMALL,
        batch=st.none() | _SMALL,
        has_unknown_restriction=st.sampled_from([False] * 9 + [True]),
        has_foreign_status=st.sampled_from([False] * 9 + [True]),
        format=st.sampled_from(["MP1"] * 9 + ["HC1"]),
    )


def all_facts() -> st.SearchStrategy[Facts]:
    lists = st.builds(
        ListFacts,
        st.sampled_from([PassStatus.VALID, *PassStatus]),
        st.just(0.0) | _AGES_S,
        st.integers(0, 2**32 - 1),
        st.sampled_from([False] * 4 + [True]),
        st.just(0.0) | _AGES_S,
        st.sampled_from([None, True, False]),
    )
    ages = st.none() | st.sampled_from([0.0, 60.0, 61.0, float("nan")])
    seen = st.just(Seen()) | st.builds(Seen, ages, st.booleans(), st.none() | MOMENTS)
    typed = st.none() | st.sampled_from(["", "A1", "а 1", "B2", "912"])
    return st.builds(Facts, lists, seen, typed, typed)


def all_rules() -> st.SearchStrategy[Rule]:
    common = {"id": st.just("r"), "not_after": st.just(AT + 9 * DAY) | MOMENTS}
    work = st.just(frozenset({1, 2, 3}))
    days = st.integers(0, 9).map(timedelta)
    return st.one_of(
        st.builds(Extend, **common, kinds=work, exp_from=MOMENTS, exp_to=MOMENTS, until=MOMENTS),
        st.builds(Grace, **common, kinds=work, grace=days),
        st.builds(CloseZone, **common, zones=_SMALL_SETS, except_kinds=_SMALL_SETS),
        st.builds(QuarantineBatch, **common, batches=_SMALL_SETS),
        st.builds(QuarantineDistrict, **common, districts=_SMALL_SETS),
        st.builds(QuarantineDates, **common, kinds=work, iat_from=MOMENTS, iat_to=MOMENTS),
    )


def policies() -> st.SearchStrategy[CheckpointPolicy]:
    here = st.none() | _SMALL
    kinds = st.dictionaries(_SMALL, st.builds(KindPolicy, *[st.booleans()] * 3), max_size=3)
    ages = st.just(Ages()) | st.just(Ages(hard_s_by_kind={1: 10**6}))
    return st.builds(
        CheckpointPolicy,
        checkpoint=st.builds(Checkpoint, st.just("c"), here, here, st.booleans(), st.booleans()),
        leeway=st.sampled_from([0, 60, 3600]).map(lambda s: timedelta(seconds=s)),
        status_ages=ages,
        holder_ages=ages,
        kinds=st.just({}) | kinds,
        rules=st.just(()) | st.lists(all_rules(), max_size=3).map(tuple),
        end_of_regime=st.none() | MOMENTS,
    )
