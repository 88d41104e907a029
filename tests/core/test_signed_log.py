"""What is signed about scan records: one form, one purpose a signature, one key."""

from __future__ import annotations

import cbor2
import pytest

from scanner.core.errors import LogError
from scanner.core.signed_log import (
    Statement,
    device_of,
    is_signed_by,
    public_bytes,
    public_key,
    read_map,
    sign_map,
)
from tests.core.chains import device_key

KEY, OTHER = device_key(), device_key("other")
SIGNED = sign_map(KEY, Statement.SEGMENT, {0: 1, 5: b"five"})
PROTECTED, UNPROTECTED, PAYLOAD, SIGNATURE = cbor2.loads(SIGNED)


def test_map_comes_back_as_it_was_signed() -> None:
    """And the key that signed it is the one that verifies."""
    assert read_map(SIGNED, Statement.SEGMENT) == {0: 1, 5: b"five"}
    assert is_signed_by(KEY.public_key(), SIGNED, Statement.SEGMENT)
    assert not is_signed_by(OTHER.public_key(), SIGNED, Statement.SEGMENT)


@pytest.mark.parametrize("other", [what for what in Statement if what is not Statement.SEGMENT])
def test_signature_serves_for_one_purpose(other: Statement) -> None:
    """A signed segment is no receipt, no request and no upload."""
    assert not is_signed_by(KEY.public_key(), SIGNED, other)


@pytest.mark.parametrize(
    "signed",
    [
        b"",
        b"\xff",
        SIGNED[:-1],
        SIGNED + b"\0",
        cbor2.dumps([PROTECTED, UNPROTECTED, PAYLOAD]),
        cbor2.dumps([b"", UNPROTECTED, PAYLOAD, SIGNATURE]),
        cbor2.dumps([PROTECTED, {4: b"kid"}, PAYLOAD, SIGNATURE]),
        cbor2.dumps([PROTECTED, UNPROTECTED, cbor2.dumps([1]), SIGNATURE]),
        cbor2.dumps([PROTECTED, UNPROTECTED, b"\xff", SIGNATURE]),
        cbor2.dumps({0: PROTECTED}),
    ],
)
def test_other_forms_are_refused(signed: bytes) -> None:
    """What is no COSE_Sign1 over a map, with the one protected header and no other."""
    with pytest.raises(LogError):
        read_map(signed, Statement.SEGMENT)


def test_longer_way_to_write_the_same_is_refused() -> None:
    """Or a segment could be changed without touching what is signed in it."""
    longer = b"\x98\x04" + SIGNED[1:]
    assert cbor2.loads(longer) == cbor2.loads(SIGNED)
    with pytest.raises(LogError):
        read_map(longer, Statement.SEGMENT)


def test_what_is_no_array_of_four_is_signed_by_nobody() -> None:
    """The question has an answer for any CBOR, and an error for what is none."""
    assert not is_signed_by(KEY.public_key(), cbor2.dumps([1, 2]), Statement.SEGMENT)
    with pytest.raises(LogError):
        is_signed_by(KEY.public_key(), b"\xff", Statement.SEGMENT)


def test_device_is_known_by_the_hash_of_its_key() -> None:
    """The first eight bytes of SHA-256, from the private or the public key."""
    public = public_bytes(KEY)
    assert public_bytes(KEY.public_key()) == public
    assert public_bytes(public_key(public)) == public
    assert len(device_of(public)) == 8
    assert device_of(public) != device_of(public_bytes(OTHER))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_key_of_another_length_is_refused(length: int) -> None:
    """With what to do, and not with an error of the library."""
    with pytest.raises(LogError, match="Export the log again"):
        public_key(bytes(length))
