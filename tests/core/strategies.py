"""What properties are tried on: plain CBOR, claims right and wrong, and clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from scanner.core.cbor import CborValue
from scanner.core.claims import Claim, Movement
from scanner.core.clock import ClockLevel, ClockReading
from tests.core.example import AT, AT_S, DAY, claims

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
