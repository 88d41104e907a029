"""The scan records of a central server for who reads them: as logs of devices, and on the record.

Whoever gives records out calls `record_export` first: the entry stands in the audit before anything
is written elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.central.audit import AuditEntry, Details, note
from scanner.central.ledger import Book, Log, open_ledger
from scanner.core.events import Export
from scanner.core.logbook import DeviceLog
from scanner.core.record import pack_row


def read_logs(url: str, since_day: int, until_day: int) -> Iterator[DeviceLog]:
    """Every device and epoch with segments of these days; each one of a moment of its own.

    Days since 1970, `until_day` not included. `receipt` and `start` are as the server has signed
    them when it took the records. Raises LedgerError.
    """
    with closing(open_ledger(url, must_exist=True)) as ledger:
        with ledger.book(reading=True) as book:
            logs = book.logs()
        for log in logs:
            with ledger.book(reading=True) as book:
                found = _read(book, log, since_day, until_day)
            if found is not None:
                yield found


def record_export(url: str, export: Export, key: Ed25519PrivateKey, now: datetime) -> AuditEntry:
    """Note in the audit that records are taken out; `key` is the one of the server's receipts.

    Raises LedgerError; nothing may be given out then.
    """
    details: Details = {
        "nonce": export.nonce, "since": export.since, "until": export.until,
        "recipient": export.recipient, "case": export.case, "supervisor": export.supervisor,
    }  # fmt: skip
    with closing(open_ledger(url, must_exist=True)) as ledger, ledger.book() as book:
        return note(book, key, now, export.WHAT, details)


def _read(book: Book, listed: Log, since_day: int, until_day: int) -> DeviceLog | None:
    log = book.log(listed.device, listed.epoch)
    device = book.device(listed.device)
    numbers = book.numbers_of(listed.id, since_day, until_day - 1)
    if log is None or device is None or numbers is None:
        return None
    first, last = numbers
    kept = book.span(log.id, first, last)
    rows = book.rows(log.id, kept[0].first_seq, kept[-1].last_seq)
    return DeviceLog(
        public=device.public,
        epoch=log.epoch,
        segments=tuple(each.signed for each in kept),
        records={row[0]: pack_row(row) for row in rows},
        receipt=log.receipt if last >= log.segment else book.receipt(log.id, last),
        start=book.receipt(log.id, first - 1),
    )
