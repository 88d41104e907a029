"""When records leave the server: whole days, whether or not anybody has looked at them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.central.audit import Details, note
from scanner.central.intake import today_of
from scanner.central.ledger import Ledger

# As long as a device keeps records that no server takes.
KEEP_DAYS = 30
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed: everything before the day `before`. partitions: whole days at once."""

    before: date
    records: int
    segments: int
    partitions: int


def prune(ledger: Ledger, key: Ed25519PrivateKey, keep_days: int, now: datetime) -> Pruned:
    """Keep today and `keep_days` days before it. Once a day from a timer. Raises LedgerError.

    Records go first and their segments after them, so that a run that was cut off is finished by
    the next one.
    """
    first = today_of(now) - keep_days
    with ledger.book() as book:
        records, partitions = book.drop_records(first)
    before = date.fromordinal(first + _EPOCH)
    with ledger.book() as book:
        segments = book.drop_segments(first)
        if records or segments:
            counts: Details = {"records": records, "segments": segments}
            note(book, key, now, "pruned", {"before": before.isoformat(), **counts})
    ledger.settle()
    return Pruned(before, records, segments, partitions)
