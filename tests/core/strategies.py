"""What properties are tried on."""

from __future__ import annotations

from hypothesis import strategies as st

from scanner.core.cbor import CborValue

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
