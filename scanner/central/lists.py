"""The online lists as targets: base and deltas of the status map, revoked ids, holders.

The base is made anew weekly, past 64 k changes, or when the map grows; in between the ladder of
deltas leads from every version of the last four weeks to the newest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol

import pyrage

from scanner.central.edition import MAX_TARGET_BYTES, Edition
from scanner.central.errors import CentralError
from scanner.central.ladder import rungs
from scanner.central.register import Artefact, Entry, Register
from scanner.core.entries import Entries
from scanner.core.parts import MOST_HOLDERS, MOST_IDS, IdList, cut_ids, cut_refs
from scanner.core.revocation import (
    ID_BYTES,
    INDEXES_A_BYTE,
    PART_BYTES,
    REF_BYTES,
    Delta,
    StatusBits,
    encode_delta,
    encode_map,
)
from scanner.core.update import parse_target_name

PART_INDEXES = PART_BYTES * INDEXES_A_BYTE
BASE_EVERY = timedelta(days=7)
# A delta takes a byte of a device's memory for each of its changes.
MAX_DELTA_CHANGES = 64 * 1024
MOST = {Artefact.IDS: MOST_IDS, Artefact.HOLDERS: MOST_HOLDERS}


class Progress(Protocol):
    """Hands on the steps of a long work and may show how far it is."""

    def __call__(self, steps: Iterable[int], length: int, label: str) -> Iterable[int]: ...


def in_silence(steps: Iterable[int], length: int, label: str) -> Iterable[int]:
    return steps


@dataclass(frozen=True, slots=True)
class Base:
    """The newest base that the repository names."""

    version: int
    size: int  # indexes
    parts: tuple[str, ...]


class ListMaker:
    """Brings the lists of an edition up to the register."""

    def __init__(
        self, register: Register, edition: Edition, now: datetime, progress: Progress = in_silence
    ) -> None:
        self._register = register
        self._edition = edition
        self._now = now
        self._progress = progress
        self._issuer_no = int(register.setting("issuer_no"))

    def renew(self, artefact: Artefact, *, with_base: bool = False) -> None:
        """Put the newest version of an artefact, drop what it makes needless."""
        match artefact:
            case Artefact.STATUS:
                self._renew_status(with_base=with_base)
            case Artefact.IDS:
                self._renew_ids()
            case Artefact.HOLDERS:
                self._renew_holders()

    def base(self) -> Base | None:
        """The one that is in the edition."""
        names = self._names(f"base-{self._issuer_no}-")
        if not names:
            return None
        sizes = [self._size_of(name) for name in names]
        return Base(int(names[0].split("-")[2]), sum(sizes), tuple(names))

    def _size_of(self, name: str) -> int:
        target = self._edition.after.target(name)
        custom = target.custom if target else None
        return int(custom["indexes"]) if custom else 0

    def has_grown(self) -> bool:
        """New keys have brought new indexes; the larger map is a version of its own."""
        base = self.base()
        return base is not None and base.size != map_size(self._register)

    def needs_base(self) -> bool:
        """Weekly, past 64 k changes, or because the map has grown."""
        base = self.base()
        if base is None or self.has_grown():
            return True
        if base.version == self._register.newest(Artefact.STATUS):
            return False
        made = dict(self._register.history(Artefact.STATUS))[base.version]
        return (
            self._now - made >= BASE_EVERY
            or self._register.touched_since(Artefact.STATUS, base.version) > MAX_DELTA_CHANGES
        )

    def published(self, artefact: Artefact) -> int:
        """The newest version of an artefact that the edition names; 0: none."""
        lists = {
            Artefact.STATUS: f"status-{self._issuer_no}",
            Artefact.IDS: "ids",
            Artefact.HOLDERS: "holders",
        }
        named = map(parse_target_name, self._names(""))
        return max(
            (each.version for each in named if each and each.list_name == lists[artefact]),
            default=0,
        )

    def _renew_status(self, *, with_base: bool) -> None:
        if with_base or self.needs_base():
            self._put_base()
        base = self.base()
        if base is None:
            raise AssertionError("a base was put, and none is named")
        history = self._register.history(Artefact.STATUS)
        wanted = {
            name: body
            for first in rungs(history, base.version, self._now)
            for name, body in self._delta(first, base)
        }
        self._replace(self._names(f"d-{self._issuer_no}-"), wanted)

    def _put_base(self) -> None:
        version = self._register.newest(Artefact.STATUS)
        self._edition.drop(*self._names(f"base-{self._issuer_no}-"))
        parts = self._by_part()
        count = self._part_count()
        for number in self._progress(range(count), count, "Status map"):
            first = number * PART_INDEXES
            size = min(map_size(self._register) - first, PART_INDEXES)
            (packed,) = encode_map(size, parts.get(number, {}))
            name = f"base-{self._issuer_no}-{version}-{number}"
            self._edition.put(name, packed, {"indexes": size})

    def _by_part(self) -> dict[int, dict[int, StatusBits]]:
        """Part → index within it → status."""
        entries = self._register.entries(Artefact.STATUS)
        return {
            number: {_index(entry) % PART_INDEXES: StatusBits(value) for entry, value in group}
            for number, group in groupby(entries, lambda pair: _index(pair[0]) // PART_INDEXES)
        }

    def _part_count(self) -> int:
        return max(1, -(-map_size(self._register) // PART_INDEXES))

    def _delta(self, first: int, base: Base) -> Iterator[tuple[str, bytes]]:
        """Nothing where the base is the shorter way; the step from the base always."""
        touched = self._register.touched_since(Artefact.STATUS, first)
        if touched > MAX_DELTA_CHANGES:
            return
        newest = self._register.newest(Artefact.STATUS)
        changes = {
            _index(entry): StatusBits(value)
            for entry, value in self._register.changes_since(Artefact.STATUS, first).items()
        }
        body = encode_delta(Delta(self._issuer_no, first, newest, changes))
        if len(body) <= MAX_TARGET_BYTES:
            yield f"d-{self._issuer_no}-{first}-{newest}", body

    def _renew_ids(self) -> None:
        newest = self._register.newest(Artefact.IDS)
        revoked = Entries.of(self._hashes(Artefact.IDS), ID_BYTES)
        wanted = whole = _id_parts(IdList(0, newest, revoked))
        for first in rungs(self._register.history(Artefact.IDS), 1, self._now):
            if self._register.touched_since(Artefact.IDS, first) <= MAX_DELTA_CHANGES:
                changes = self._register.changes_since(Artefact.IDS, first)
                step = _id_parts(_id_changes(first, newest, changes))
                if _size(step) < _size(whole):
                    wanted = wanted | step
        self._replace(self._names("ids-"), wanted)

    def _renew_holders(self) -> None:
        newest = self._register.newest(Artefact.HOLDERS)
        refs = Entries.of(self._hashes(Artefact.HOLDERS), REF_BYTES)
        recipient = pyrage.x25519.Recipient.from_str(self._register.setting("fleet_recipient"))
        wanted = {
            f"holders-{newest}-{number}": bytes(pyrage.encrypt(part, [recipient]))
            for number, part in enumerate(cut_refs(refs))
        }
        self._replace(self._names("holders-"), wanted)

    def _hashes(self, artefact: Artefact) -> Iterator[bytes]:
        return (_bytes(entry) for entry, _ in self._register.entries(artefact))

    def _names(self, prefix: str) -> list[str]:
        return self._edition.after.names(prefix)

    def _replace(self, old: Iterable[str], wanted: dict[str, bytes]) -> None:
        self._edition.drop(*old)
        for name, body in wanted.items():
            self._edition.put(name, body)


def map_size(register: Register) -> int:
    """Indexes in the map: as far as any key may sign, so that maps are ahead of issue."""
    row = register.db.execute("SELECT coalesce(max(last) + 1, 0) FROM issuer_key").fetchone()
    return int(row[0])


def check_room(register: Register, artefact: Artefact) -> None:
    """Raises CentralError for a list that no device would take."""
    if artefact is not Artefact.STATUS and (count := register.listed(artefact)) > MOST[artefact]:
        raise CentralError(
            f"{count} entries are more than the {artefact.name.lower()} list may have, which is "
            f"{MOST[artefact]}. Revoke by index, or use a rule for a batch, a district or dates."
        )


def _id_changes(first: int, newest: int, changes: dict[Entry, int]) -> IdList:
    revoked = (_bytes(entry) for entry, value in changes.items() if value)
    restored = (_bytes(entry) for entry, value in changes.items() if not value)
    return IdList(first, newest, Entries.of(revoked, ID_BYTES), Entries.of(restored, ID_BYTES))


def _id_parts(ids: IdList) -> dict[str, bytes]:
    """By the names of the targets."""
    name = f"ids-{ids.from_version}-{ids.to_version}"
    return {f"{name}-{number}": body for number, body in enumerate(cut_ids(ids))}


def _size(bodies: dict[str, bytes]) -> int:
    return sum(map(len, bodies.values()))


def _index(entry: Entry) -> int:
    if not isinstance(entry, int):
        raise CentralError("The register is damaged: an index is no number. Restore the backup.")
    return entry


def _bytes(entry: Entry) -> bytes:
    if not isinstance(entry, bytes):
        raise CentralError("The register is damaged: a hash is no bytes. Restore the backup.")
    return entry
