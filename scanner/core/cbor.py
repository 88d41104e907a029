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


class CborError(ValueError):
    """The bytes are not one strict CBOR item."""


def _refuse_tag(*_: object) -> NoReturn:
    raise CborError("a tag where none is allowed")


class _EveryTagRefused(dict[int, Callable[..., object]]):
    """cbor2 asks this mapping for the decoder of a tag; every tag gets the one that refuses."""

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
    return _checked(item)


def _checked(item: Any) -> CborValue:  # Any ends here: the CBOR boundary
    _check(item, MAX_DEPTH)
    return item  # type: ignore[no-any-return]  # _check has proven it


def _check(item: Any, depth: int) -> None:
    """Every value is of an allowed type; raises CborError. Types exactly, since bool is an int."""
    kind = type(item)
    if kind is str or kind is bytes or kind is bool or item is None:
        return
    if kind is int:
        if not -(2**63) <= item < 2**64:
            raise CborError("an integer beyond 64 bits")
    elif depth == 0:
        raise CborError("nested too deep")
    elif kind is list:
        for part in item:
            _check(part, depth - 1)
    elif kind is dict:
        for key, value in item.items():
            if type(key) is not int and type(key) is not str:
                raise CborError("a map key that is neither a number nor text")
            _check(key, depth)
            _check(value, depth - 1)
    else:
        raise CborError(f"a value of a type that passes do not use: {kind.__name__}")
