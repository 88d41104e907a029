"""A new base of a status map: built beside the old one, and compared with what is installed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scanner.core.breaker import count_differences
from scanner.core.errors import UpdateError
from scanner.core.revocation import PART_BYTES, StatusBits, decode_delta, decode_part
from scanner.core.update import Step, Update, joint_digest, parse_target_name
from scanner.store.installed import Installed
from scanner.store.status_map import INDEXES_A_ROW, ROW_BYTES, write_map

Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class NewBase:
    """A base that stands in its file. `flips`, `restores`: with the deltas of its step over it."""

    issuer: int
    version: int
    name: str
    file: str
    size: int
    digest: str
    is_approved: bool
    flips: int
    restores: int


def build_base(
    folder: Path, update: Update, step: Step, read: Read, installed: Installed
) -> NewBase:
    """The base that a step begins with → its file. Raises UpdateError, StoreError."""
    names = [name for name in step.targets if name.startswith("base-")]
    first = parse_target_name(names[0])
    if first is None:
        raise UpdateError(f"{names[0]} is no base.")
    issuer, version, _ = first.numbers
    digests = [update.targets[name].sha256 for name in names]
    digest = joint_digest(digests)
    overlay = _merged([read(name) for name in step.targets if name.startswith("d-")])
    count = _Comparison(installed, issuer, overlay)
    file = _new_file(folder, f"status-{issuer}-{version}-{digest[:16]}")
    size = write_map(folder, file, count.watch(_rows(issuer, names, read)))
    return NewBase(
        issuer,
        version,
        f"base-{issuer}-{version}",
        file,
        size,
        digest,
        all(each in update.approved for each in digests),
        count.flips,
        count.restores,
    )


def _new_file(folder: Path, stem: str) -> str:
    """Another name than that of any map, so that readers know the new file from the old."""
    names = (f"{stem}-{number}.db" for number in itertools.count(1))
    return next(name for name in names if not (folder / name).exists())


def _merged(bodies: list[bytes]) -> dict[int, StatusBits]:
    merged: dict[int, StatusBits] = {}
    for body in bodies:
        merged.update(decode_delta(body).changes)
    return merged


def _rows(issuer: int, names: list[str], read: Read) -> Iterator[bytes]:
    """Parts are whole and follow each other, so that each stands where its indexes belong."""
    gap = UpdateError(f"The update is held back: the map of issuer {issuer} has a gap.")
    is_last = False
    for place, name in enumerate(names):
        target = parse_target_name(name)
        if target is None or target.numbers[2] != place or is_last:
            raise gap
        raw = decode_part(read(name))
        is_last = len(raw) < PART_BYTES
        yield from (raw[at : at + ROW_BYTES] for at in range(0, len(raw), ROW_BYTES))


class _Comparison:
    """Counts what differs from the installed map while the new one goes by."""

    def __init__(
        self, installed: Installed, issuer: int, overlay: Mapping[int, StatusBits]
    ) -> None:
        self._map = installed.maps.get(issuer)
        self._old_overlay = _by_row(installed.overlays.get(issuer, {}))
        self._new_overlay = _by_row(overlay)
        self.flips = self.restores = 0

    def watch(self, rows: Iterator[bytes]) -> Iterator[bytes]:
        """Hands the rows on. Raises StoreError when the installed map is damaged."""
        number = -1
        for number, bits in enumerate(rows):
            self._compare(number, bits)
            yield bits
        if self._map is not None:
            for lost in range(number + 1, -(-self._map.size // INDEXES_A_ROW)):
                self._compare(lost, b"")

    def _compare(self, number: int, bits: bytes) -> None:
        if self._map is None:
            return
        is_known = number * INDEXES_A_ROW < self._map.size
        old = _patched(self._map.row(number) if is_known else b"", self._old_overlay.get(number))
        new = _patched(bits, self._new_overlay.get(number))
        flips, restores = count_differences(old, new)
        self.flips, self.restores = self.flips + flips, self.restores + restores


def _by_row(overlay: Mapping[int, StatusBits]) -> dict[int, dict[int, StatusBits]]:
    rows: dict[int, dict[int, StatusBits]] = {}
    for index, status in overlay.items():
        number, place = divmod(index, INDEXES_A_ROW)
        rows.setdefault(number, {})[place] = status
    return rows


def _patched(bits: bytes, changes: Mapping[int, StatusBits] | None) -> bytes:
    if not changes:
        return bits
    row = bytearray(bits.ljust(max(changes) // 4 + 1, b"\0"))
    for place, status in changes.items():
        at, shift = place // 4, 2 * (place % 4)
        row[at] = row[at] & ~(3 << shift) | status << shift
    return bytes(row)
