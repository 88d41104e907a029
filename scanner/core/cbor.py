"""Strict CBOR: exactly one item, of plain types, and only one way to read it [RFC 8949].

cbor2 alone lets pass: duplicate map keys (last one wins), bytes after the item, NaN and other
floats, tags that become dates, regular expressions or cyclic references. A signature over bytes
that two verifiers read differently is worth nothing, so each of these is refused here.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any, NoReturn

import cbor2

CborValue = int | str | bytes | bool | list["CborValue"] | dict[int | str, "CborValue"] | None

# The deepest pass is 5 levels (claims → movement → windows → window → number);
# beside it COSE_Key in `cnf` is 3.
MAX_DEPTH = 8

_LEAST, _MOST = -(2**63), 2**64 - 1
_PLAIN_LEAVES = frozenset({str, bytes, bool, type(None)})
_CONTAINERS = frozenset({list, dict})
_KEY_TYPES = frozenset({int, str})


class CborError(ValueError):
    """The bytes are not one strict CBOR item."""


def _refuse_tag(*_: object) -> NoReturn:
    raise CborError("a tag where none is allowed")


class _EveryTagRefused(dict[int, Callable[..., object]]):
    """cbor2 asks this mapping for the decoder of a tag; every tag gets the one that refuses.

    In which way it asks is its own affair, so every way gives the same answer.
    """

    def __contains__(self, tag: object) -> bool:
        return True

    def __getitem__(self, tag: int) -> Callable[..., object]:
        return _refuse_tag

    def get(self, tag: object, default: object = None) -> Callable[..., object]:
        return _refuse_tag


_TAGS = _EveryTagRefused()


def decode(encoded: bytes) -> CborValue:
    """One CBOR item, definite lengths only, no tags, no floats, integers within 64 bits.

    Raises CborError; nothing else leaves this function, whatever the bytes.
    """
    stream = BytesIO(encoded)
    decoder = cbor2.CBORDecoder(
        stream,
        semantic_decoders=_TAGS,
        tag_hook=_refuse_tag,
        max_depth=MAX_DEPTH,
        allow_indefinite=False,
        allow_duplicate_keys=False,
    )
    try:
        item = decoder.decode()
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise CborError(str(error)) from None
    if stream.tell() != len(encoded):
        raise CborError("bytes after the item")
    _check(item, len(encoded))
    return item  # type: ignore[no-any-return]  # _check has proven it


def _check(item: Any, most: int) -> None:  # Any ends here: the CBOR boundary
    """Every value is of an allowed type; raises CborError. Types exactly, since bool is an int.

    most: how many values there can be, since each took a byte; a cyclic item would have no end.
    """
    waiting = [item]
    for value in waiting:  # it grows meanwhile
        kind = type(value)
        if kind is int:
            if not _LEAST <= value <= _MOST:
                raise CborError("an integer beyond 64 bits")
        elif kind in _CONTAINERS:
            waiting += value
            if kind is dict:
                if not _KEY_TYPES.issuperset(map(type, value)):
                    raise CborError("a map key that is neither a number nor text")
                waiting += value.values()
            if len(waiting) > most:
                raise CborError("a value that holds itself")
        elif kind not in _PLAIN_LEAVES:
            raise CborError(f"a value of a type that passes do not use: {kind.__name__}")
