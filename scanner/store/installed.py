"""What is installed, read from `lists.db` in one transaction, checked, and indexed in memory.

Only the bases of the status maps stay on the disk. Each body carries a digest, each version with
its age a CRC, and the changes of a list are a chain from its base to its version: a damaged or
missing row is an error, never a shorter list and never a younger one.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from zlib import crc32

from scanner.core.entries import Entries
from scanner.core.errors import StoreError
from scanner.core.hashing import sha256
from scanner.core.parts import join_ids, join_refs
from scanner.core.revocation import (
    ID_BYTES,
    REF_BYTES,
    StatusBits,
    decode_delta,
    decode_ids,
    decode_refs,
)
from scanner.store.status_map import StatusMap

DIGEST_BYTES = 16
STATUS = "status-"

_KEEP = "INSERT OR REPLACE INTO artefact (name, version, issued_at, crc) VALUES (?, ?, ?, ?)"
_NUMBERS = Struct(">qq")  # as wide as SQLite's own, so that whatever it reads can be packed

_CHAIN = (
    "SELECT id, list, from_version, to_version, body, digest FROM change"
    " WHERE body IS NOT NULL AND id > ? ORDER BY id"
)


@dataclass(frozen=True, slots=True)
class Artefact:
    """Which version is installed and when it was last confirmed (seconds since 1970)."""

    version: int
    issued_at: int


@dataclass(slots=True)
class RevokedIds:
    """The list as it last came as a whole, and what steps have changed since. None: no list."""

    version: int | None = None
    base: Entries = field(default_factory=lambda: Entries(b"", ID_BYTES))
    overlay: dict[bytes, bool] = field(default_factory=dict)

    def __contains__(self, id_: object) -> bool:
        if isinstance(id_, bytes) and (is_revoked := self.overlay.get(id_)) is not None:
            return is_revoked
        return id_ in self.base

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.merged())

    def put(self, ids: Iterable[bytes], *, is_revoked: bool) -> None:
        self.overlay.update(dict.fromkeys(ids, is_revoked))

    def merged(self) -> Entries:
        """All that are revoked now."""
        revoked = [id_ for id_, is_revoked in self.overlay.items() if is_revoked]
        restored = [id_ for id_, is_revoked in self.overlay.items() if not is_revoked]
        return self.base.changed(revoked, restored)


@dataclass(slots=True)
class Installed:
    """One moment of the lists. Maps are open files: `close` those that the next one lacks."""

    artefacts: Mapping[str, Artefact]
    documents: dict[str, list[bytes]] = field(default_factory=dict)
    maps: dict[int, StatusMap] = field(default_factory=dict)
    overlays: dict[int, dict[int, StatusBits]] = field(default_factory=dict)
    ids: RevokedIds = field(default_factory=RevokedIds)
    holders: Entries = field(default_factory=lambda: Entries(b"", REF_BYTES))
    issued: dict[str, Entries] = field(default_factory=dict)
    digests: dict[str, tuple[bytes, ...]] = field(default_factory=dict)  # of documents, by list
    last_change: int = 0
    generation: int = 0  # another one: not only new changes have come

    def status(self, issuer: int, index: int) -> StatusBits | None:
        """None beyond the map and where there is none. Raises StoreError."""
        if (changed := self.overlays.get(issuer, {}).get(index)) is not None:
            return changed
        map_ = self.maps.get(issuer)
        return None if map_ is None else map_.status(index)

    def size(self, issuer: int | None = None) -> int:
        """Indexes of one issuer's map, or of all."""
        return sum(map_.size for no, map_ in self.maps.items() if issuer in (None, no))

    def close(self, but: Installed | None = None) -> None:
        """The maps, without those that another moment goes on with."""
        kept = () if but is None else but.maps.values()
        for map_ in self.maps.values():
            if not any(map_ is other for other in kept):
                map_.close()


def read_installed(
    db: sqlite3.Connection,
    folder: Path,
    before: Installed | None = None,
    *,
    skip_lost_maps: bool = False,
) -> Installed:
    """In a read transaction of the caller. Raises StoreError, UpdateError, sqlite3.Error.

    before: an earlier moment of the same file, whose maps and overlays are gone on with.
    skip_lost_maps: a map whose file is gone is left out, for who brings a new one.
    """
    installed = Installed({})
    try:
        installed.artefacts = read_artefacts(db)
        _read_documents(db, installed, before)
        bases = _open_maps(db, folder, installed, before, skip_lost=skip_lost_maps)
        _read_changes(db, installed, bases, before)
    except BaseException as error:
        installed.close(but=before)
        # A damaged block turns a value into any other.
        if isinstance(error, TypeError | ValueError | OverflowError):
            raise _damaged(type(error).__name__) from error
        raise
    return installed


def read_artefacts(db: sqlite3.Connection) -> dict[str, Artefact]:
    """By the names of their lists. Raises StoreError for a row that is damaged, sqlite3.Error."""
    rows = db.execute("SELECT name, version, issued_at, crc FROM artefact").fetchall()
    _check_types(rows, (str, int, int, int))
    found = {name: Artefact(version, at) for name, version, at, _ in rows}
    if any(crc != _crc(name, found[name]) for name, _, _, crc in rows):
        raise _damaged("the version or age of a list is not what was written")
    return found


def keep_artefact(db: sqlite3.Connection, name: str, now: Artefact) -> None:
    """In the place of what was known of this list. Raises sqlite3.Error."""
    db.execute(_KEEP, (name, now.version, now.issued_at, _crc(name, now)))


def _crc(name: str, now: Artefact) -> int:
    """Finds every flip of up to three bits: an old list whose age is damaged is not fresh."""
    return crc32(name.encode(), crc32(_NUMBERS.pack(now.version, now.issued_at)))


def digest_of(body: bytes) -> bytes:
    """Tells a damaged body; whether it is genuine was decided before it was written."""
    return sha256(body)[:DIGEST_BYTES]


def _read_documents(db: sqlite3.Connection, installed: Installed, before: Installed | None) -> None:
    """What has other digests than before; the rest, which may be large, is gone on with."""
    rows = db.execute("SELECT target, digest FROM document ORDER BY target").fetchall()
    _check_types(rows, (str, bytes))
    lists: dict[str, list[tuple[str, bytes]]] = {}
    for name, digest in rows:
        lists.setdefault(_list_of(name), []).append((name, digest))
    for list_name, documents in lists.items():
        digests = tuple(digest for _, digest in documents)
        installed.digests[list_name] = digests
        if before is not None and before.digests.get(list_name) == digests:
            _go_on(installed, before, list_name)
        else:
            _take(installed, list_name, (_body(db, *document) for document in documents))


def _list_of(document: str) -> str:
    """`holders-007` → holders; an issued set goes on with the kid of its key."""
    kind, *rest = document.split("-")
    return f"{kind}-{rest[0]}" if kind == "issued" else kind


def _body(db: sqlite3.Connection, name: str, digest: bytes) -> bytes:
    (body,) = db.execute("SELECT body FROM document WHERE target = ?", (name,)).fetchone()
    if not isinstance(body, bytes) or digest_of(body) != digest:
        raise _damaged(f"the document {name} is not what was written")
    return body


def _take(installed: Installed, list_name: str, bodies: Iterable[bytes]) -> None:
    """Texts as they were signed; holders, revoked ids and issued sets as they are to be asked."""
    match list_name.split("-"):
        case ["holders"]:
            installed.holders = join_refs(list_name, bodies)
        case ["ids"]:
            whole = join_ids(list_name, bodies)
            installed.ids = RevokedIds(whole.to_version, whole.revoked)
        case ["issued", kid]:
            refs = itertools.chain.from_iterable(map(decode_refs, bodies))
            installed.issued[kid] = Entries.of(refs, REF_BYTES)
        case _:
            installed.documents[list_name] = list(bodies)


def _go_on(installed: Installed, before: Installed, list_name: str) -> None:
    match list_name.split("-"):
        case ["holders"]:
            installed.holders = before.holders
        case ["ids"]:
            installed.ids = RevokedIds(before.ids.version, before.ids.base)
        case ["issued", kid]:
            installed.issued[kid] = before.issued[kid]
        case _:
            installed.documents[list_name] = before.documents[list_name]


def _open_maps(
    db: sqlite3.Connection,
    folder: Path,
    installed: Installed,
    before: Installed | None,
    *,
    skip_lost: bool,
) -> dict[str, int]:
    """Opens the map of each issuer; returns the version of each base by its list."""
    bases = {}
    rows = db.execute("SELECT issuer, version, file, size FROM base ORDER BY issuer").fetchall()
    _check_types(rows, (int, int, str, int))
    for issuer, version, file, size in rows:
        bases[f"{STATUS}{issuer}"] = version
        known = before.maps.get(issuer) if before else None
        is_same = known is not None and known.file == file
        if skip_lost and not is_same and not (folder / file).is_file():
            continue
        installed.maps[issuer] = known if known and is_same else StatusMap(folder, file, size)
    return bases


def _read_changes(
    db: sqlite3.Connection,
    installed: Installed,
    bases: dict[str, int],
    before: Installed | None,
) -> None:
    """Over the bases, in order; only the new ones when nothing else has changed before them."""
    installed.generation = int(db.execute("SELECT number FROM generation").fetchone()[0])
    at, after = dict(bases), 0
    if installed.ids.version is not None:
        at["ids"] = installed.ids.version
    if before is not None and before.generation == installed.generation:
        after = before.last_change
        installed.overlays = {no: dict(overlay) for no, overlay in before.overlays.items()}
        installed.ids.overlay = dict(before.ids.overlay)
        at = {name: before.artefacts[name].version for name in at}
    installed.last_change = after
    for number, name, from_version, to_version, body, digest in db.execute(_CHAIN, (after,)):
        if not isinstance(body, bytes) or digest_of(body) != digest or at.get(name) != from_version:
            raise _damaged(f"change {number} of {name} does not fit")
        _put(installed, name, body)
        at[name], installed.last_change = to_version, number
    for name, version in at.items():
        if name not in installed.artefacts or installed.artefacts[name].version != version:
            raise _damaged(f"the last change of {name} is missing")


def _put(installed: Installed, name: str, body: bytes) -> None:
    if name.startswith(STATUS):
        delta = decode_delta(body)
        installed.overlays.setdefault(delta.issuer_no, {}).update(delta.changes)
    else:
        changes = decode_ids(body)
        installed.ids.put(changes.restored, is_revoked=False)
        installed.ids.put(changes.revoked, is_revoked=True)


def _check_types(rows: list[tuple[object, ...]], types: tuple[type, ...]) -> None:
    """Raises StoreError for a value that was never written."""
    for row in rows:
        if not all(isinstance(value, kind) for value, kind in zip(row, types, strict=True)):
            raise _damaged("a row is not what was written")


def _damaged(why: str) -> StoreError:
    return StoreError(f"lists.db is damaged ({why}). Run `scanner sync`; it is rebuilt.")
