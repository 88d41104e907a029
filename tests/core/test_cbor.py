"""Strict CBOR: one item, plain types, one way to read it."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core import cbor
from tests.core.strategies import cbor_values

HEX_REFUSED = {
    "nothing": "",
    "two items": "0000",
    "a byte after the item": "a0ff",
    "a duplicate number key": "a201010102",
    "a duplicate text key": "a2616101616102",
    "a duplicate key written in another width": "a201001801f5",
    "true beside 1": "a20101f502",
    "1.0 beside 1": "a20101f93c0002",
    "a float": "f93c00",
    "NaN": "f97e00",
    "an infinite float inside": "81f97c00",
    "undefined": "f7",
    "a simple value": "f0",
    "a break code alone": "ff",
    "an integer below −2⁶³": "3b8000000000000000",
    "such an integer as a map key": "a13b800000000000000000",
    "a byte string as a map key": "a1410000",
    "a bool as a map key": "a1f500",
    "null as a map key": "a1f600",
    "an array as a map key": "a18000",
    "a map as a map key": "a1a000",
    "an array of indefinite length": "9f00ff",
    "a map of indefinite length": "bf0000ff",
    "bytes of indefinite length": "5f4100ff",
    "text of indefinite length": "7f6161ff",
    "text that is no UTF-8": "61ff",
    "text with half a surrogate pair": "63eda080",
    "an array longer than memory": "9b7fffffffffffffff",
    "bytes longer than memory": "5b7fffffffffffffff",
    "a map longer than memory": "bbffffffffffffffff00",
    "a reserved length": "1c",
    "cut off": "8201",
}


@pytest.mark.parametrize("what", HEX_REFUSED)
def test_what_can_be_read_in_two_ways_is_refused(what: str) -> None:
    """Each of these is a CborError, and no other error."""
    with pytest.raises(cbor.CborError):
        cbor.decode(bytes.fromhex(HEX_REFUSED[what]))


# Every tag below 300, among them all that cbor2 knows, and one of each longer form.
TAGS = [*range(300), 1001, 43000, 55799, 65535, 65536, 2**32, 2**64 - 1]
CONTENTS = [0, 1.5, "a", "2020-04-29T09:30:00Z", "[a-z]+", b"\1", [], [1, 2], [-2, 27315], {}]


@pytest.mark.parametrize("content", CONTENTS, ids=str)
def test_every_tag_is_refused(content: object) -> None:
    """No tag turns into a date, a big number, a regular expression, a set or a reference."""
    decoded = []
    for tag in TAGS:
        for item in (cbor2.CBORTag(tag, content), [cbor2.CBORTag(tag, content)]):
            with pytest.raises(cbor.CborError):
                decoded.append((tag, cbor.decode(cbor2.dumps(item))))
    assert decoded == []


def test_the_table_of_tags_gives_one_answer_however_it_is_asked() -> None:
    """cbor2 asks it in one way today, and may ask in another tomorrow."""
    refuse = cbor._TAGS[0]
    assert 0 in cbor._TAGS
    assert cbor._TAGS.get(2**64 - 1, int) is refuse
    with pytest.raises(cbor.CborError, match="a tag where none is allowed"):
        refuse("decoder")


def test_references_to_themselves_are_refused() -> None:
    """A shared value that holds itself would have no end."""
    with pytest.raises(cbor.CborError):
        cbor.decode(bytes.fromhex("d81c81d81d00"))


def test_a_cyclic_item_ends_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the tags of shared values were let through, the check would come to an end."""
    monkeypatch.setattr(cbor, "_TAGS", {})
    assert cbor.decode(bytes.fromhex("d81c8100")) == [0]
    with pytest.raises(cbor.CborError, match="holds itself"):
        cbor.decode(bytes.fromhex("d81c81d81d00"))


@pytest.mark.parametrize("opening", [b"\x81", b"\xa1\x00"])
def test_the_depth_is_bounded(opening: bytes) -> None:
    """Eight containers in one another, and not nine."""
    cbor.decode(cbor.MAX_DEPTH * opening + b"\x00")
    for depth in (cbor.MAX_DEPTH + 1, 1000, 100_000):
        with pytest.raises(cbor.CborError):
            cbor.decode(depth * opening + b"\x00")


@pytest.mark.parametrize("number", [0, 23, 24, 2**64 - 1, -1, -(2**63)])
def test_integers_within_64_bits_are_read(number: int) -> None:
    """From −2⁶³ to 2⁶⁴ − 1."""
    assert cbor.decode(cbor2.dumps(number)) == number


@given(cbor_values())
def test_what_is_plain_is_read_as_it_was_written(value: cbor.CborValue) -> None:
    """Decode and encode are inverse on the plain types."""
    decoded = cbor.decode(cbor2.dumps(value))
    assert decoded == value
    assert type(decoded) is type(value)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """Nothing but CborError leaves the decoder."""
    try:
        decoded = cbor.decode(raw)
    except cbor.CborError:
        return
    assert cbor.decode(cbor2.dumps(decoded)) == decoded
