"""Lists too long for one target: revoked ids and quarantined holders, cut into parts and joined.

    full ─ full ─ … ─ the last, which is never full

So a list whose end is missing is not taken for a shorter list. Entries rise from the first part to
the last: parts of two lists do not pass for one.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from scanner.core.entries import Entries
from scanner.core.errors import UpdateError
from scanner.core.revocation import (
    ID_BYTES,
    LEVEL,
    REF_BYTES,
    IdChanges,
    decode_ids,
    decode_refs,
    encode_ids,
    encode_refs,
)

# 129 600 bytes of hashes, which nothing makes smaller; with age around them still below 128 kB.
# Lists of before, without parts, had 16 000 and 8 000 entries at most: each of them is a last part.
PART_REFS, PART_IDS = 16_200, 8_100
# 8 and 16 MB in the memory of a device; a city of 12 million has far fewer.
MOST_HOLDERS = MOST_IDS = 1_000_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class IdList:
    """SHA-256(cti)[:16] of passes without an index: all of them, or a step from a version on."""

    from_version: int
    to_version: int
    revoked: Entries
    restored: Entries = field(default_factory=lambda: Entries(b"", ID_BYTES))


def cut_refs(refs: Entries, level: int = LEVEL) -> Iterator[bytes]:
    """Parts, packed; holder lists are encrypted after this."""
    for part in _cut(refs, PART_REFS):
        yield encode_refs(part, level)


def join_refs(name: str, parts: Iterable[bytes]) -> Entries:
    """Parts in their order → the list that `name` names. Raises UpdateError."""
    joint, joined = _Joint(name, PART_REFS, MOST_HOLDERS), bytearray()
    for packed in parts:
        refs = decode_refs(packed, most=PART_REFS)
        joint.take(refs)
        joined += b"".join(refs)
    joint.close()
    return Entries(bytes(joined), REF_BYTES)


def cut_ids(ids: IdList, level: int = LEVEL) -> Iterator[bytes]:
    """Parts, packed, of as many ids each, whatever became of these."""
    revoked, restored = ((one, True) for one in ids.revoked), ((one, False) for one in ids.restored)
    for part in _cut(heapq.merge(revoked, restored), PART_IDS):
        changes = IdChanges(
            ids.from_version,
            ids.to_version,
            tuple(one for one, is_revoked in part if is_revoked),
            tuple(one for one, is_revoked in part if not is_revoked),
        )
        yield encode_ids(changes, level)


def join_ids(name: str, parts: Iterable[bytes]) -> IdList:
    """Parts in their order → the list or step that `name` names. Raises UpdateError."""
    joint, versions = _Joint(name, PART_IDS, MOST_IDS), set()
    revoked, restored = bytearray(), bytearray()
    for packed in parts:
        ids = decode_ids(packed, most=PART_IDS)
        joint.take(sorted(ids.revoked + ids.restored))
        versions.add((ids.from_version, ids.to_version))
        revoked += b"".join(sorted(ids.revoked))
        restored += b"".join(sorted(ids.restored))
    joint.close()
    if len(versions) > 1:
        raise joint.error("has parts of several versions")
    ((old, new),) = versions
    return IdList(old, new, Entries(bytes(revoked), ID_BYTES), Entries(bytes(restored), ID_BYTES))


def _cut(entries: Iterable[T], size: int) -> Iterator[list[T]]:
    """Full parts, and one more that is not full."""
    rest = iter(entries)
    while len(part := list(islice(rest, size))) == size:
        yield part
    yield part


class _Joint:
    """Watches the parts of one list go by."""

    def __init__(self, name: str, full: int, most: int) -> None:
        self._name, self._full, self._most = name, full, most
        self._count, self._last, self._is_over = 0, b"", False

    def take(self, part: Sequence[bytes]) -> None:
        """The next one. Raises UpdateError."""
        if self._is_over or len(part) > self._full:
            raise self.error("has a part that is not of its length")
        if list(part) != sorted(set(part)) or (part and part[0] <= self._last):
            raise self.error("has entries twice or out of order")
        self._count += len(part)
        if self._count > self._most:
            raise self.error(f"has more than {self._most} entries")
        self._last, self._is_over = part[-1] if part else self._last, len(part) < self._full

    def close(self) -> None:
        """After the last one. Raises UpdateError."""
        if not self._is_over:
            raise self.error("lacks its last part")

    def error(self, fault: str) -> UpdateError:
        return UpdateError(
            f"The update is held back: {self._name} {fault}. Ask whoever signs the lists to "
            "publish them anew."
        )
