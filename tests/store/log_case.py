"""A scan log for tests of the stores: its key, its records, its segments."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core.logbook import DeviceLog
from scanner.core.reasons import Reason
from scanner.core.record import ScanRecord, floored_minute
from scanner.core.segment import Segment, read_segment
from scanner.core.signed_log import public_bytes
from scanner.store.database import OUTBOX, connect
from scanner.store.outbox import SqliteOutbox
from scanner.store.segments import Running

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MOSCOW = ZoneInfo("Europe/Moscow")
# Noon in Moscow, a Wednesday.
AT = datetime(2020, 4, 29, 9, 0, tzinfo=UTC)
RUNNING = Running("north-3", boot=4, is_clean=True, floor_min=15, zone=MOSCOW)


def record_at(at: datetime, reason: Reason = Reason.OK) -> ScanRecord:
    """As the loop would keep it, for a checkpoint with clock level B and list version 7."""
    return ScanRecord(floored_minute(at, 15), reason.outcome, reason, 1, 1, 7)


def scan(outbox: SqliteOutbox, at: datetime, reasons: Sequence[Reason] = (Reason.OK,)) -> int:
    """A record for each reason; returns the last seq."""
    for reason in reasons:
        outbox.append(record_at(at, reason))
    return outbox.last_seq


def segments(folder: Path) -> list[Segment]:
    """All that are there, by number."""
    with closing(connect(folder, OUTBOX)) as db:
        rows = db.execute("SELECT signed FROM segment ORDER BY number").fetchall()
    return [read_segment(row[0]) for row in rows]


def device_log(folder: Path) -> DeviceLog:
    """What `check_log` is asked about."""
    with closing(connect(folder, OUTBOX)) as db:
        signed = db.execute("SELECT signed FROM segment ORDER BY number").fetchall()
        records = dict(db.execute("SELECT seq, body FROM record").fetchall())
        epoch = db.execute("SELECT id FROM epoch").fetchone()[0]
    return DeviceLog(public_bytes(KEY), epoch, tuple(row[0] for row in signed), records)


def running_with(flags: int) -> Running:
    """The same device, with flags."""
    return replace(RUNNING, flags=flags)
