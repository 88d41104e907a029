"""A long list of short entries, sorted: hashes of passes, references of holders.

A set of a million hashes would take a hundred megabytes; here an entry takes its own bytes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

_SHELVES = 256


class Entries:
    """Entries of `size` bytes each, joined, in rising order, none of them twice."""

    __slots__ = ("joined", "size")

    def __init__(self, joined: bytes, size: int) -> None:
        self.joined, self.size = joined, size

    @classmethod
    def of(cls, entries: Iterable[bytes], size: int) -> Entries:
        """In any order, also with repetitions."""
        return cls(b"".join(sorted(set(entries))), size)

    def __len__(self) -> int:
        return len(self.joined) // self.size

    def __getitem__(self, place: int) -> bytes:
        return self.joined[place * self.size : (place + 1) * self.size]

    def __iter__(self) -> Iterator[bytes]:
        return (self[place] for place in range(len(self)))

    def __contains__(self, entry: object) -> bool:
        if not isinstance(entry, bytes):
            return False
        place = bisect_left(self, entry)
        return place < len(self) and self[place] == entry

    def without(self, other: Entries) -> Iterator[bytes]:
        """Those that the other has not, in rising order."""
        for mine, theirs in zip(self._shelves(), other._shelves(), strict=True):
            if mine != theirs:
                yield from sorted(self._cut(mine) - self._cut(theirs))

    def changed(self, added: Iterable[bytes], removed: Iterable[bytes]) -> Entries:
        """With these entries and without those; what is in both is gone."""
        shelves = list(self._shelves())
        more, less = _by_shelf(added), _by_shelf(removed)
        for number in more.keys() | less.keys():
            kept = (self._cut(shelves[number]) | more.get(number, set())) - less.get(number, set())
            shelves[number] = b"".join(sorted(kept))
        return Entries(b"".join(shelves), self.size)

    def _shelves(self) -> Iterator[bytes]:
        """One for each first byte: most are equal in two lists, and few are opened at a time."""
        begin = 0
        for number in range(_SHELVES):
            end = bisect_left(self, bytes([number + 1])) if number + 1 < _SHELVES else len(self)
            yield self.joined[begin * self.size : end * self.size]
            begin = end

    def _cut(self, joined: bytes) -> set[bytes]:
        return {joined[at : at + self.size] for at in range(0, len(joined), self.size)}


def _by_shelf(entries: Iterable[bytes]) -> dict[int, set[bytes]]:
    shelves: dict[int, set[bytes]] = {}
    for entry in entries:
        shelves.setdefault(entry[0], set()).add(entry)
    return shelves
