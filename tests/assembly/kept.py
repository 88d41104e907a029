"""A device's state folder with a day of records in it, sealed as a running device seals them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from scanner.core.events import Export
from scanner.core.reasons import Reason
from scanner.core.record import ScanRecord, floored_minute
from scanner.core.segment import read_segment
from scanner.core.signed_log import public_bytes
from scanner.logs.files import Book
from scanner.logs.verify import check_book
from scanner.store.device_key import provide_device_key
from scanner.store.device_log import read_device_logs
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.segments import Running, SegmentLog
from tests import city
from tests.core.chains import device_key
from tests.journeys.booth import install

MORNING = datetime(2020, 4, 30, 9, 0, tzinfo=UTC)
ANNA = device_key("Anna")
RUNNING = Running("bridge", 1, True, 15, ZoneInfo("Europe/Moscow"))
_REASONS = [*[Reason.OK] * 12, Reason.EXPIRED, Reason.COMPARE, Reason.LET_THROUGH]


def a_state(folder: Path) -> Path:
    """Lists whose policy names Anna, and 40 quarters of an hour with records."""
    migrate(folder)
    policy = {
        "version": 3,
        "time_zone": "Europe/Moscow",
        "supervisors": [{"name": "Anna", "ed25519": public_bytes(ANNA).hex()}],
    }
    install(folder, city.targets(policy=json.dumps(policy).encode()))
    keep(folder, MORNING - timedelta(hours=15), [_REASONS[n % 5 :] for n in range(40)])
    return folder


def keep(folder: Path, begin: datetime, quarters: Sequence[Sequence[Reason]]) -> None:
    """Records as they came, each quarter sealed when it was over."""
    with (
        closing(SqliteOutbox(folder)) as outbox,
        closing(SegmentLog(folder, provide_device_key(folder))) as chain,
    ):
        for place, reasons in enumerate(quarters):
            at = begin + timedelta(minutes=15 * place)
            for reason in reasons:
                outbox.append(record(at, reason))
            chain.seal(at + timedelta(minutes=15), RUNNING)


def record(at: datetime, reason: Reason) -> ScanRecord:
    return ScanRecord(floored_minute(at, 15), reason.outcome, reason, 7, 0, 2)


def exports(state: Path) -> list[Export]:
    """Every export that the chain of the device remembers."""
    return [
        event.body
        for log in read_device_logs(state)
        for signed in log.segments
        for event in read_segment(signed).events
        if isinstance(event.body, Export)
    ]


def is_whole(book: Book) -> bool:
    return all(checked.is_sound for checked in check_book(book))
