"""The scan log of a state folder, or of a copy of one, as `scanner logs` takes it: only read.

A database that was moved aside as damaged is another epoch of the same device, and is told as far
as it can be read.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from scanner.core.errors import StoreError
from scanner.core.logbook import DeviceLog
from scanner.core.signed_log import public_bytes
from scanner.store.database import BUSY_TIMEOUT_S, OUTBOX, translated
from scanner.store.device_key import KEY_FILE, provide_device_key
from scanner.store.outbox import last_seq

_SEGMENTS = "SELECT signed FROM segment ORDER BY number"
_RECORDS = "SELECT seq, body FROM record ORDER BY seq"


def read_device_logs(state: Path) -> list[DeviceLog]:
    """Every epoch, that of `outbox.db` last. Raises StoreError."""
    if not (state / KEY_FILE).exists():
        raise StoreError(
            f"There is no {KEY_FILE} in {state}. Name the device's state folder, or a whole copy."
        )
    public = public_bytes(provide_device_key(state))
    logs = {}
    for path in _aside(state):
        try:
            log = _read(path, public)
        except StoreError:
            continue  # damaged beyond reading; doctor tells that it lies there
        logs[log.epoch] = log
    newest = _read(state / OUTBOX.name, public)
    return [*(log for epoch, log in logs.items() if epoch != newest.epoch), newest]


def _aside(state: Path) -> list[Path]:
    """`outbox.db.damaged-1` and so on, by number, without what SQLite keeps beside them."""
    found = state.glob(f"{OUTBOX.name}.damaged-*")
    numbered = [path for path in found if path.name.rpartition("-")[2].isdecimal()]
    return sorted(numbered, key=lambda path: int(path.name.rpartition("-")[2]))


def _read(path: Path, public: bytes) -> DeviceLog:
    """One moment of it, whatever the loop writes meanwhile. Raises StoreError."""
    with closing(_open(path)) as db, translated(path.name):
        db.execute("BEGIN")
        return DeviceLog(
            public=public,
            epoch=_blob(db.execute("SELECT id FROM epoch").fetchone()),
            segments=tuple(_blob(row) for row in db.execute(_SEGMENTS)),
            records={int(seq): _blob((body,)) for seq, body in db.execute(_RECORDS)},
            receipt=_blob(db.execute("SELECT receipt FROM upload").fetchone()),
            given_seq=last_seq(db),
        )


def _blob(row: tuple[object] | None) -> bytes:
    """A damaged file may hold anything, or nothing, where bytes should be."""
    return row[0] if row and isinstance(row[0], bytes) else b""


def _open(path: Path) -> sqlite3.Connection:
    """Where nobody has it open and no WAL is left, as it lies there: a stick may be read-only."""
    if not path.is_file():
        raise StoreError(f"There is no {path.name} in {path.parent}. Run `scanner migrate`.")
    beside = [path.with_name(f"{path.name}-{part}") for part in ("wal", "shm")]
    how = "mode=ro" if any(part.exists() for part in beside) else "mode=ro&immutable=1"
    with translated(path.name):
        uri = f"{path.resolve().as_uri()}?{how}"
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
