"""JSON that has only one reading: no member twice, no NaN, no depth without end [RFC 8259].

The standard library takes the last of two members with one name, other parsers the first: a key
that is "dead" for one reader must not be "live" for another.
"""

from __future__ import annotations

import json
from typing import NoReturn


def parse(text: str | bytes) -> object:
    """Raises ValueError, and nothing else, for whatever is not strict JSON."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _unique(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member stands there twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")
