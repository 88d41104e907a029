"""Lists in parts: together they are the list that was cut, and nothing less passes for it."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import pytest

from scanner.core.entries import Entries
from scanner.core.errors import UpdateError
from scanner.core.parts import (
    MOST_HOLDERS,
    PART_IDS,
    PART_REFS,
    IdList,
    cut_ids,
    cut_refs,
    join_ids,
    join_refs,
)
from scanner.core.revocation import (
    ID_BYTES,
    REF_BYTES,
    IdChanges,
    decode_ids,
    decode_refs,
    encode_ids,
    encode_refs,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FAST = 1


def refs(numbers: Iterable[int]) -> Entries:
    return Entries.of((n.to_bytes(REF_BYTES) for n in numbers), REF_BYTES)


def ids(numbers: Iterable[int]) -> Entries:
    return Entries.of((n.to_bytes(ID_BYTES) for n in numbers), ID_BYTES)


def refused(parts: list[bytes]) -> str:
    with pytest.raises(UpdateError) as caught:
        join_refs("holders-5", parts)
    return str(caught.value)


@pytest.mark.parametrize(
    ("count", "lengths"),
    [
        (0, [0]),
        (1, [1]),
        (PART_REFS - 1, [PART_REFS - 1]),
        (PART_REFS, [PART_REFS, 0]),
        (2 * PART_REFS + 5, [PART_REFS, PART_REFS, 5]),
    ],
)
def test_holders_are_the_same_after_cutting_and_joining(count: int, lengths: list[int]) -> None:
    """Every part is full but the last, and the last never is."""
    parts = list(cut_refs(refs(range(count)), FAST))
    assert [len(decode_refs(part)) for part in parts] == lengths
    assert join_refs("holders-5", parts).joined == refs(range(count)).joined


@pytest.mark.parametrize("count", [0, PART_IDS - 1, PART_IDS, 2 * PART_IDS + 6])
def test_ids_are_the_same_after_cutting_and_joining(count: int) -> None:
    """What was revoked and what was restored, a part having so many of both together."""
    revoked, restored = ids(range(0, count, 3)), ids(set(range(count)) - set(range(0, count, 3)))
    parts = list(cut_ids(IdList(4, 9, revoked, restored), FAST))
    each = [decode_ids(part) for part in parts]
    assert len(parts) == count // PART_IDS + 1
    assert {len(part.revoked) + len(part.restored) for part in each[:-1]} <= {PART_IDS}
    joined = join_ids("ids-4-9", parts)
    assert (joined.from_version, joined.to_version) == (4, 9)
    assert joined.revoked.joined == revoked.joined
    assert joined.restored.joined == restored.joined


def test_a_list_of_before_is_a_last_part() -> None:
    """16 000 holders, or 8 000 ids, were the most that one target had."""
    old = encode_refs(refs(range(16_000)))
    assert len(join_refs("holders-5", [old])) == 16_000
    known = encode_ids(IdChanges(0, 3, tuple(ids(range(8_000))), ()))
    assert len(join_ids("ids-0-3", [known]).revoked) == 8_000


def test_a_lost_end_is_noticed() -> None:
    """A shorter list would let the holders at its end through."""
    parts = list(cut_refs(refs(range(2 * PART_REFS + 5)), FAST))
    assert "holders-5 lacks its last part. Ask whoever signs" in refused(parts[:2])
    assert "lacks its last part" in refused(list(cut_refs(refs(range(PART_REFS)), FAST))[:1])
    assert "lacks its last part" in refused([])


def test_a_lost_middle_is_noticed() -> None:
    """Also where the numbers of the parts say nothing."""
    parts = list(cut_refs(refs(range(PART_REFS + 5)), FAST))
    assert "not of its length" in refused([parts[1], parts[1]])


def test_a_part_that_is_too_long_is_refused() -> None:
    """It is not unpacked further than a part may go."""
    assert "one zstd frame" in refused([encode_refs(refs(range(PART_REFS + 1)), FAST)])
    more = IdChanges(0, 1, tuple(ids(range(PART_IDS + 1))), ())
    with pytest.raises(UpdateError, match="not of its length"):
        join_ids("ids-0-1", [encode_ids(more, FAST)])


@pytest.mark.parametrize("second", [range(5), range(PART_REFS - 1, PART_REFS + 9)])
def test_parts_of_two_lists_do_not_mix(second: range) -> None:
    """Each part goes on where the one before has ended."""
    first = next(cut_refs(refs(range(PART_REFS)), FAST))
    assert "twice or out of order" in refused([first, encode_refs(refs(second))])


def test_an_entry_stands_once_and_in_its_place() -> None:
    """A look-up goes by the order; what is twice in a list was put together wrongly."""
    unsorted = zstd.compress(b"".join(refs([1, 2]))[::-1])
    for part in (encode_refs([bytes(8), bytes(8)]), unsorted):
        assert "twice or out of order" in refused([part])


def test_parts_say_the_same_versions() -> None:
    """One of another step is told, though its ids would fit."""
    first = next(cut_ids(IdList(0, 9, ids(range(PART_IDS))), FAST))
    other = encode_ids(IdChanges(3, 9, (bytes([255]) * ID_BYTES,), ()))
    with pytest.raises(UpdateError, match="ids-0-9 has parts of several versions"):
        join_ids("ids-0-9", [first, other])


def test_more_than_a_million_is_refused() -> None:
    """What a stolen key makes endless fills no memory."""
    joined = b"".join(n.to_bytes(REF_BYTES) for n in range(MOST_HOLDERS + 1))
    parts = cut_refs(Entries(joined, REF_BYTES), FAST)
    assert "more than 1000000 entries" in refused(list(parts))
