"""Appendix A of RFC 7049, as the CBOR working group publishes it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from scanner.core import cbor

# By the first byte: major types 0 to 5 of definite length, and false, true, null.
PLAIN_INITIAL_BYTES = [
    *[major << 5 | minor for major in range(6) for minor in range(28)], 0xF4, 0xF5, 0xF6,
]  # fmt: skip
# Plain by the first byte, and yet not within 64 bits, or with such an item inside.
NOT_PLAIN_INSIDE = {
    "3bffffffffffffffff",  # −2⁶⁴
    "826161bf61626163ff",  # an array with a map of indefinite length
    "83018202039f0405ff",
    "83019f0203ff820405",
}


class Example(msgspec.Struct):
    """`decoded` is missing where JSON has no such value."""

    hex: str
    decoded: object = msgspec.UNSET

    @property
    def raw(self) -> bytes:
        return bytes.fromhex(self.hex)

    @property
    def is_strict(self) -> bool:
        return self.raw[0] in PLAIN_INITIAL_BYTES and self.hex not in NOT_PLAIN_INSIDE


def examples(vectors: Path) -> list[Example]:
    found = msgspec.json.decode(
        (vectors / "cbor" / "appendix_a.json").read_bytes(), type=list[Example]
    )
    assert len(found) == 82
    return found


def as_json(value: cbor.CborValue) -> object:
    """Map keys are texts there."""
    match value:
        case dict():
            return {str(key): as_json(part) for key, part in value.items()}
        case list():
            return [as_json(part) for part in value]
        case _:
            return value


def test_examples_within_the_strict_subset_decode(vectors: Path) -> None:
    """Integers, strings, arrays, maps, booleans and null, of definite length."""
    strict = [example for example in examples(vectors) if example.is_strict]
    comparable = [example for example in strict if example.decoded is not msgspec.UNSET]
    decoded = [as_json(cbor.decode(example.raw)) for example in comparable]
    assert decoded == [example.decoded for example in comparable]
    rest = {
        example.hex: cbor.decode(example.raw) for example in strict if example not in comparable
    }
    assert rest == {
        "40": b"",
        "4401020304": bytes([1, 2, 3, 4]),
        "a201020304": {1: 2, 3: 4},
    }
    assert (len(comparable), len(rest)) == (33, 3)


def test_all_other_examples_are_refused(vectors: Path) -> None:
    """Floats, tags, big numbers, undefined, simple values, indefinite lengths: CborError."""
    other = [example for example in examples(vectors) if not example.is_strict]
    for example in other:
        with pytest.raises(cbor.CborError):
            cbor.decode(example.raw)
    assert len(other) == 82 - 36
