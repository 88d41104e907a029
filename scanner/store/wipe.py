"""The end of the regime: lists, logs and keys are removed, and a signed statement says so.

A memory card may keep old copies of what is overwritten; no program can reach those. What can be
done is done: rows are zeroed in their pages, files are overwritten before they are unlinked.
"""

from __future__ import annotations

import json
import os
import shutil
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scanner.core.errors import StoreError
from scanner.core.update import END_OF_REGIME, END_ROOT
from scanner.store.database import (
    LISTS,
    OUTBOX,
    StoreFile,
    connect,
    transaction,
    translated,
)
from scanner.store.device_key import KEY_FILE, device_id, provide_device_key
from scanner.store.space import RESERVE
from scanner.store.whole_file import sync_folder, write_synced

STATEMENT = "regime-ended.json"
_BEGUN = f"{STATEMENT}.begun"
# The date itself stays, with the root that named it, or the device would forget that no pass is
# needed; and what SQLite and the migrations note about tables.
_KEPT_ROWS = {"artefact": f"name NOT IN ('{END_OF_REGIME}', '{END_ROOT}')"}
_KEPT_TABLES = ("sqlite_%", "\\_sqlite\\_migrations%", "epoch", "generation")
_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table'"
    " AND name NOT LIKE ? AND name NOT LIKE ? ESCAPE '\\' AND name NOT IN (?, ?)"
)
# Another regime begins another chain: in it the numbers of the first would be a gap.
_ANEW = {OUTBOX: "UPDATE epoch SET id = randomblob(8)"}
# Metadata, status maps, what `scanner migrate` moved aside, whose the device was, half a key.
_OURS = (
    "tuf", "status-*", "*.db.damaged-*", "device.new", "fleet.key", "tls.key", "tls.new",
    "enrolment.json", "enrolment.new",
)  # fmt: skip
_CHUNK = 1 << 20


def is_wiped(folder: Path, end: datetime) -> bool:
    """Whether everything was removed for this date; another regime may have come since."""
    try:
        said = json.loads((folder / STATEMENT).read_text("utf-8"))
        return bool(said["statement"]["ended"] == end.isoformat())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def wipe(folder: Path, end: datetime, at: datetime, beside: Sequence[Path] = ()) -> list[Path]:
    """Remove all but `state.db` and the date of the end; leaves the statement in the folder.

    beside: key files elsewhere; those that this user may not remove are returned. Cut off anywhere,
    it is done again from where it was: the statement has its final name only when all is gone.
    Raises StoreError.
    """
    try:
        begun = folder / _BEGUN
        if not begun.exists():
            _write(begun, _statement(provide_device_key(folder), end, at))
        (folder / RESERVE).unlink(missing_ok=True)  # emptying a database needs some room
        for file in (LISTS, OUTBOX):
            _empty(folder, file)
        for path in (*_leavings(folder), folder / KEY_FILE):
            _remove(path)
        left = [path for path in beside if not _may_remove(path)]
        begun.rename(folder / STATEMENT)
        sync_folder(folder)
    except OSError as error:
        raise StoreError(f"{folder} cannot be wiped ({error}). Remove it by hand.") from error
    return left


def _statement(key: Ed25519PrivateKey, end: datetime, at: datetime) -> bytes:
    """What was done and when; signed by the key that is removed with the rest."""
    said = {
        "device": device_id(key),
        "ended": end.isoformat(),
        "wiped": at.isoformat(timespec="seconds"),
        "what": "lists, scan records and keys",
    }
    raw = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signed = {
        "statement": said,
        "ed25519": b64encode(public).decode(),
        "signature": b64encode(key.sign(raw)).decode(),
    }
    return json.dumps(signed, sort_keys=True, indent=2).encode() + b"\n"


def _empty(folder: Path, file: StoreFile) -> None:
    """Every row, zeroed by secure_delete, and its pages given back; the loop keeps the tables."""
    db = connect(folder, file)
    try:
        with transaction(db, file.name):
            for (table,) in db.execute(_TABLES, _KEPT_TABLES).fetchall():
                where = _KEPT_ROWS.get(table, "1")
                db.execute(f'DELETE FROM "{table}" WHERE {where}')
            if file in _ANEW:
                db.execute(_ANEW[file])
        with translated(file.name):
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()


def _leavings(folder: Path) -> Iterator[Path]:
    """What else we put there, by name: whoever named a wrong folder must not lose his own files."""
    for path in sorted(folder.iterdir()):
        if any(fnmatchcase(path.name, name) for name in _OURS):
            yield path


def _remove(path: Path) -> None:
    """Overwritten, synced, unlinked; folders with all that is in them."""
    if path.is_dir() and not path.is_symlink():
        for inside in sorted(path.rglob("*")):
            if inside.is_file() and not inside.is_symlink():
                _overwrite(inside)
        shutil.rmtree(path)
    elif path.is_file():
        _overwrite(path)
        path.unlink()


def _may_remove(path: Path) -> bool:
    """It is gone when this returns True. /etc is read-only for a service."""
    try:
        _remove(path)
    except OSError:
        return False
    return True


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        left = path.stat().st_size
        while left > 0:
            left -= file.write(bytes(min(left, _CHUNK)))
        file.flush()
        os.fsync(file.fileno())


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all."""
    fresh = path.with_suffix(".writing")
    write_synced(fresh, body, 0o666)
    fresh.rename(path)
    sync_folder(path.parent)
