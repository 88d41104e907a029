"""The body of an upload: one size, its own signature, nothing that unpacks without end."""

from __future__ import annotations

import sys
from random import Random

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.batch import BODY_BYTES, MOST_INFLATED, ROOM, Part, pack_body, unpack_body
from scanner.core.errors import LogError
from scanner.core.signed_log import Statement, public_bytes
from tests.core.chains import EPOCH, MINUTE, Chain, a_record, device_key

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

KEY = device_key()
CHAIN = Chain(KEY)
for _ in range(40):
    CHAIN.seal(MINUTE, [a_record(MINUTE)] * 3)
PARTS = [Part(signed, bytes(48)) for signed in CHAIN.segments]


def body_around(frame: bytes, *, length: int | None = None) -> bytes:
    """Signed by the device over any frame, with any length named."""
    length = len(frame) if length is None else length
    head = Statement.BODY.value + public_bytes(KEY) + length.to_bytes(4)
    signed = (head + frame).ljust(BODY_BYTES - 64, b"\0")
    return signed + KEY.sign(signed)


def body_of(item: object) -> bytes:
    return body_around(zstd.compress(cbor2.dumps(item)))


def test_body_comes_back_as_it_was_packed() -> None:
    """Key, epoch, segments and records."""
    body, count = pack_body(KEY, EPOCH, PARTS)
    unpacked = unpack_body(body)
    assert (unpacked.public, unpacked.epoch) == (public_bytes(KEY), EPOCH)
    assert unpacked.parts == tuple(PARTS[:count])


@pytest.mark.parametrize("n", [0, 1, 7, 40])
def test_every_body_has_one_size(n: int) -> None:
    """Nothing to send, a little, more than fits."""
    body, count = pack_body(KEY, EPOCH, PARTS[:n])
    assert len(body) == BODY_BYTES
    assert 0 < count <= n or n == 0


def test_what_does_not_fit_waits_for_the_next_body() -> None:
    """As many as fit from the first on; the rest is not lost."""
    dice = Random(1)
    parts = [Part(dice.randbytes(5000), b"") for _ in range(5)]
    _, count = pack_body(KEY, EPOCH, parts)
    assert count == 3


def test_segment_that_never_fits_is_an_error() -> None:
    """Rather than a queue that stands still for ever without a word."""
    with pytest.raises(LogError, match="too large"):
        pack_body(KEY, EPOCH, [Part(Random(1).randbytes(ROOM + 1), b"")])


def test_device_packs_nothing_that_a_server_would_not_inflate() -> None:
    """Zeros compress to nothing; the limit on what comes out holds all the same."""
    zeros = [Part(bytes(8000), b"")] * 200
    body, count = pack_body(KEY, EPOCH, zeros)
    assert 0 < count < MOST_INFLATED // 8000 + 1
    assert len(unpack_body(body).parts) == count


@pytest.mark.parametrize("place", [0, 4, 35, 39, 40, 300, BODY_BYTES - 65, BODY_BYTES - 1])
def test_changed_byte_is_found(place: int) -> None:
    """Head, key, length, frame, padding, signature."""
    body = bytearray(pack_body(KEY, EPOCH, PARTS)[0])
    body[place] ^= 1
    with pytest.raises(LogError):
        unpack_body(bytes(body))


@pytest.mark.parametrize("length", [0, 1, 15_000, BODY_BYTES - 1, BODY_BYTES + 1])
def test_body_of_another_size_is_refused(length: int) -> None:
    """Cut off on the way, or longer than any of ours."""
    body = pack_body(KEY, EPOCH, PARTS)[0]
    with pytest.raises(LogError):
        unpack_body((body + bytes(1))[:length])


def test_length_beyond_the_end_is_refused() -> None:
    """Although the device has signed it."""
    with pytest.raises(LogError, match="beyond its end"):
        unpack_body(body_around(b"", length=ROOM + 1))


@pytest.mark.parametrize(
    "raw", [bytes(MOST_INFLATED + 1), bytes(40 * MOST_INFLATED), bytes(400 * MOST_INFLATED)]
)
def test_bomb_is_defused(raw: bytes) -> None:
    """A body that unpacks to more than may be is refused, and not unpacked to its end."""
    frame = zstd.compress(raw, 19)[:ROOM]
    with pytest.raises(LogError):
        unpack_body(body_around(frame))


def test_frame_cut_off_is_refused() -> None:
    """It ends before its end."""
    frame = zstd.compress(cbor2.dumps([1, EPOCH, []]))
    for cut in range(len(frame)):
        with pytest.raises(LogError):
            unpack_body(body_around(frame[:cut]))


def test_second_frame_is_refused() -> None:
    """There is one reading of a body."""
    frame = zstd.compress(cbor2.dumps([1, EPOCH, []]))
    with pytest.raises(LogError, match="more than may be"):
        unpack_body(body_around(frame + frame))


@pytest.mark.parametrize(
    "item",
    [
        None,
        [],
        [2, EPOCH, []],
        [1, b"short", []],
        [1, EPOCH, {}],
        [1, EPOCH, [[b"segment"]]],
        [1, EPOCH, [b"segment"]],
        [1, EPOCH, [["segment", b""]]],
        [1, EPOCH, [[b"", b""]] * 257],
        [1, EPOCH, [], 4],
        [1.0, EPOCH, []],
    ],
)
def test_other_content_is_refused(item: object) -> None:
    """Although it is signed and unpacks."""
    with pytest.raises(LogError):
        unpack_body(body_of(item))


@given(st.binary(max_size=400))
def test_garbage_inside_is_an_error_of_ours(garbage: bytes) -> None:
    """A device that has gone mad stops no server."""
    for body in (body_around(garbage), body_around(zstd.compress(garbage))):
        with pytest.raises(LogError):
            unpack_body(body)
