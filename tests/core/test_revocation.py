"""Status maps, deltas and lists of ids: round trips, and what is refused."""

from __future__ import annotations

import sys

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.errors import UpdateError
from scanner.core.revocation import (
    MAX_CHANGES,
    PART_BYTES,
    Delta,
    IdChanges,
    StatusBits,
    decode_delta,
    decode_ids,
    decode_part,
    decode_refs,
    encode_delta,
    encode_ids,
    encode_map,
    encode_refs,
    status_in,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHANGE = st.sampled_from([StatusBits.VALID, StatusBits.REVOKED, StatusBits.SUSPENDED])
INDEXES = st.integers(0, 2**32 - 1) | st.integers(0, 300)
VERSIONS = st.integers(0, 2**32 - 2)


def deltas() -> st.SearchStrategy[Delta]:
    changes = st.dictionaries(INDEXES, CHANGE, max_size=60)
    return st.builds(
        lambda number, old, more: Delta(number, old, min(old + 1, 2**32 - 1), more),
        st.integers(1, 255),
        VERSIONS,
        changes,
    )


def refused(decode: object, packed: bytes) -> str:
    assert callable(decode)
    with pytest.raises(UpdateError) as caught:
        decode(packed)
    return str(caught.value)


def packed(*item: object) -> bytes:
    return zstd.compress(cbor2.dumps(list(item)))


@given(deltas())
def test_a_delta_survives_the_round_trip(delta: Delta) -> None:
    """Any indexes within 32 bits, any of the three changes."""
    assert decode_delta(encode_delta(delta)) == delta


def test_the_last_index_survives() -> None:
    """2³² − 1, alone and after the first."""
    for indexes in ([2**32 - 1], [0, 2**32 - 1], [127, 128, 255, 16_511, 16_512]):
        delta = Delta(1, 0, 1, dict.fromkeys(indexes, StatusBits.REVOKED))
        assert decode_delta(encode_delta(delta)) == delta


def test_a_delta_cannot_say_reserved() -> None:
    """The issuer is told, instead of the change being dropped."""
    with pytest.raises(ValueError, match="reserved"):
        encode_delta(Delta(1, 0, 1, {5: StatusBits.RESERVED}))


@given(
    st.integers(1, 2000).flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.dictionaries(st.integers(0, size - 1), st.sampled_from(StatusBits), max_size=40),
        )
    )
)
def test_a_map_survives_the_round_trip(case: tuple[int, dict[int, StatusBits]]) -> None:
    """Every index has the status it was given, and all others are valid."""
    size, changes = case
    (part,) = encode_map(size, changes)
    bits = decode_part(part)
    assert len(bits) == -(-size // 4)
    found = [status_in(bits, index) for index in range(size)]
    assert found == [changes.get(index, StatusBits.VALID) for index in range(size)]


def test_a_large_map_comes_in_parts() -> None:
    """262 144 raw bytes each; the last is shorter."""
    size = 4 * PART_BYTES + 5
    parts = encode_map(size, {4 * PART_BYTES + 4: StatusBits.SUSPENDED})
    first, second = map(decode_part, parts)
    assert (len(first), second) == (PART_BYTES, b"\0\2")


def test_an_empty_map_is_one_empty_part() -> None:
    """An issuer that has not begun."""
    assert [decode_part(part) for part in encode_map(0, {})] == [b""]


IDS = st.binary(min_size=16, max_size=16)


@given(st.sets(IDS, max_size=20), st.sets(IDS, max_size=20), VERSIONS)
def test_lists_of_ids_survive_the_round_trip(
    revoked: set[bytes], restored: set[bytes], old: int
) -> None:
    """Sorted, so that the same change has the same bytes."""
    restored -= revoked
    changes = IdChanges(old, old + 1, tuple(sorted(revoked)), tuple(sorted(restored)))
    assert decode_ids(encode_ids(changes)) == changes
    shuffled = IdChanges(old, old + 1, changes.revoked[::-1], changes.restored[::-1])
    assert encode_ids(shuffled) == encode_ids(changes)


@given(st.lists(st.binary(min_size=8, max_size=8), max_size=30))
def test_references_survive_the_round_trip(refs: list[bytes]) -> None:
    """Of quarantined holders and of issued passes."""
    assert decode_refs(encode_refs(refs)) == tuple(sorted(refs))


@pytest.mark.parametrize(
    "item",
    [
        (),
        (1, 0, 1),
        (1, 0, 1, b"", b"", b"", b""),
        ("1", 0, 1, b"", b"", b""),
        (1, 0, 1, "", b"", b""),
        (1, 0, 1, [], b"", b""),
        (0, 0, 1, b"", b"", b""),
        (256, 0, 1, b"", b"", b""),
        (-1, 0, 1, b"", b"", b""),
        (1, 1, 1, b"", b"", b""),
        (1, 2, 1, b"", b"", b""),
        (1, -1, 1, b"", b"", b""),
        (1, 0, 2**32, b"", b"", b""),
        (1, 0, 1, b"\x80", b"", b""),  # ends within a gap
        (1, 0, 1, b"", b"\xff\xff\xff\xff\xff\x01", b""),  # a gap beyond 35 bits
        (1, 0, 1, b"", b"", b"\xff\xff\xff\xff\x7f"),  # beyond 32 bits
        (1, 0, 1, b"", b"\xff\xff\xff\xff\x0f\x00", b""),  # the index after the last
        (1, 0, 1, b"\x05", b"\x05", b""),  # restored and revoked
        (1, 0, 1, b"", b"\x05", b"\x05"),
        (1, 0, 1, b"", bytes(MAX_CHANGES + 1), b""),
    ],
    ids=lambda item: str(item)[:40],
)
def test_a_delta_that_is_not_of_its_form_is_refused(item: tuple[object, ...]) -> None:
    """Whole; nothing of it is applied."""
    assert refused(decode_delta, packed(*item))


@pytest.mark.parametrize(
    "item",
    [
        (0, 1, b"", b"", b""),
        (0, 1, b""),
        (0, 1, b"x" * 15, b""),
        (0, 1, b"", b"x" * 17),
        (1, 1, b"", b""),
        (2, 1, b"", b""),
        ("0", 1, b"", b""),
        (0, 1, b"x" * 16, b"x" * 16),
    ],
    ids=str,
)
def test_a_list_of_ids_that_is_not_of_its_form_is_refused(item: tuple[object, ...]) -> None:
    """Whole entries, forward in version, one word for each pass."""
    assert refused(decode_ids, packed(*item))


def test_references_are_whole() -> None:
    """8 bytes each."""
    assert "8-byte" in refused(decode_refs, zstd.compress(bytes(9)))


DECODERS = [decode_part, decode_delta, decode_ids, decode_refs]


@pytest.mark.parametrize("decode", DECODERS)
def test_what_inflates_too_far_is_refused(decode: object) -> None:
    """A few kilobytes that stand for gigabytes."""
    bomb = zstd.compress(bytes(64 * 1024 * 1024), 3)
    assert len(bomb) < 10_000
    assert "at most" in refused(decode, bomb)


@pytest.mark.parametrize("decode", DECODERS)
def test_a_frame_that_claims_much_memory_is_refused(decode: object) -> None:
    """A window of 128 MiB, whatever is in it."""
    options = {int(zstd.CompressionParameter.window_log): 27}
    compressor = zstd.ZstdCompressor(options=options)
    frame = compressor.compress(bytes(1000)) + compressor.flush()
    assert "memory" in refused(decode, frame)


@pytest.mark.parametrize("decode", DECODERS)
def test_a_list_is_exactly_one_frame(decode: object) -> None:
    """Not none, not two, not half a one, not other bytes."""
    whole = zstd.compress(b"")
    for other in (b"", whole + whole, whole + b"x", zstd.compress(bytes(99))[:-1], b"no frame"):
        assert refused(decode, other)


@pytest.mark.parametrize("decode", [decode_delta, decode_ids])
@given(item=st.binary(max_size=60))
def test_what_is_no_strict_cbor_is_refused(decode: object, item: bytes) -> None:
    """Nothing but UpdateError, whatever is in the frame."""
    assert callable(decode)
    try:
        decode(zstd.compress(item))
    except UpdateError:
        return
    assert isinstance(decode(zstd.compress(item)), Delta | IdChanges)


def test_negative_index_is_beyond_the_map() -> None:
    """Python would count from the end: a pass must not be judged by another's bits."""
    with pytest.raises(IndexError):
        status_in(b"\x00", -1)
