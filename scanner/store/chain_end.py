"""The end of the chain of the scan log, inside one transaction: what hangs on it next."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core.errors import StoreError
from scanner.core.events import Event, KeysAttacked
from scanner.core.merkle import merkle_root
from scanner.core.record import floored_minute, local_day
from scanner.core.segment import BUCKETS, NO_LINK, Segment, link_of, read_segment
from scanner.core.signed_log import device_of, public_bytes

# Fewer forged passes by a key than these are shown to nobody, and forgotten when the day is over.
LEAST_ATTACKS = 5
# A segment has room for these and more.
_MOST_KEYS = 100

_LAST = "SELECT signed FROM segment ORDER BY number DESC LIMIT 1"
_KEEP = "INSERT INTO segment (number, first_seq, count, day, signed) VALUES (?, ?, ?, ?, ?)"
_OPEN = "SELECT body FROM record WHERE seq >= ? ORDER BY seq"
_COUNTED = (
    "SELECT name, sum(n - coalesce(sealed, 0)) FROM counter"
    " GROUP BY name HAVING sum(n - coalesce(sealed, 0)) > 0 ORDER BY name"
)
_SPAN = "SELECT first_seq, count FROM segment WHERE number = ?"
_SEAL_COUNTERS = "UPDATE counter SET sealed = n WHERE sealed IS NOT n"
_OTHER_DAYS = "SELECT DISTINCT day FROM key_counter WHERE day != ? ORDER BY day"
_ATTACKED = "SELECT kid, n FROM key_counter WHERE day = ? AND n >= ? ORDER BY n DESC, kid LIMIT ?"


@dataclass(frozen=True, slots=True)
class Running:
    """What a segment says of the device that seals it; `flags` of SegmentFlag.

    boot: how often the device has started. is_clean: whether it had been stopped in order before.
    floor_min: minutes to which the policy floors times. zone: where the device stands.
    """

    checkpoint: str
    boot: int
    is_clean: bool
    floor_min: int
    zone: tzinfo
    flags: int = 0


class ChainEnd:
    """Reads and writes by `db`, in which a transaction is open."""

    def __init__(self, db: sqlite3.Connection, key: Ed25519PrivateKey, running: Running) -> None:
        """Raises LogError when the last segment cannot be read."""
        self.db, self._key, self._running = db, key, running
        self._device = device_of(public_bytes(key))
        self._epoch = bytes(db.execute("SELECT id FROM epoch").fetchone()[0])
        row = db.execute(_LAST).fetchone()
        self._last = read_segment(row[0]) if row else None
        self._link = link_of(row[0]) if row else NO_LINK

    @property
    def number(self) -> int:
        """Of the last segment; 0 before the first."""
        return self._last.number if self._last else 0

    @property
    def next_seq(self) -> int:
        """The first seq that no segment holds yet."""
        return self._last.next_seq if self._last else 1

    def open_records(self) -> Iterator[bytes]:
        """Records that no segment holds yet, by seq."""
        for (body,) in self.db.execute(_OPEN, (self.next_seq,)):
            yield body

    def is_period_over(self, now: datetime) -> bool:
        """Whether the newest segment is of another floored time."""
        minute = floored_minute(now, self._running.floor_min)
        return self._last is None or self._last.minute != minute

    def take_counters(self) -> dict[str, int]:
        """What was counted since it was sealed last."""
        counted = {name: int(n) for name, n in self.db.execute(_COUNTED)}
        self.db.execute(_SEAL_COUNTERS)
        return counted

    def take_attacks(self, now: datetime) -> list[Event]:
        """An event for each day that is over, of its keys from LEAST_ATTACKS up; the rest goes."""
        today, events = local_day(now, self._running.zone), []
        for (day,) in self.db.execute(_OTHER_DAYS, (today,)).fetchall():
            rows = self.db.execute(_ATTACKED, (day, LEAST_ATTACKS, _MOST_KEYS))
            if attacked := {bytes(kid).hex(): int(n) for kid, n in rows}:
                events.append(Event(KeysAttacked(day, attacked)))
            self.db.execute("DELETE FROM key_counter WHERE day = ?", (day,))
        return events

    def append(
        self,
        now: datetime,
        records: Sequence[bytes] = (),
        counters: dict[str, int] | None = None,
        histogram: Sequence[int] = (0,) * BUCKETS,
        events: Sequence[Event] = (),
    ) -> None:
        """One more segment; the records are those from `next_seq` on, of one day."""
        running = self._running
        segment = Segment(
            device=self._device,
            epoch=self._epoch,
            number=self.number + 1,
            boot=running.boot,
            is_clean=running.is_clean,
            checkpoint=running.checkpoint,
            day=day_of(records[0], running.zone) if records else local_day(now, running.zone),
            minute=floored_minute(now, running.floor_min),
            first_seq=seq_of(records[0]) if records else self.next_seq,
            count=len(records),
            root=merkle_root(records),
            previous=self._link,
            counters=counters or {},
            histogram=tuple(histogram),
            flags=running.flags,
            events=tuple(events),
        )
        signed = segment.sign(self._key)
        row = (segment.number, segment.first_seq, segment.count, segment.day, signed)
        self.db.execute(_KEEP, row)
        self._last, self._link = segment, link_of(signed)


def segment_of(db: sqlite3.Connection, seq: int) -> int:
    """The number of the segment that has sealed this record. Raises StoreError."""
    lowest, highest = db.execute("SELECT min(number), max(number) FROM segment").fetchone()

    def span(number: int) -> range:
        row = db.execute(_SPAN, (number,)).fetchone()
        return range(row[0], row[0] + row[1]) if row else range(0)

    # By halves: the rows are long, and there may be forty thousand.
    numbers = range(lowest or 0, (highest or 0) + 1)
    place = bisect_right(numbers, seq, key=lambda number: span(number).start) - 1
    if seq not in span(numbers[place]):
        raise StoreError(f"outbox.db has no segment of record {seq}. Run `scanner logs verify`.")
    return numbers[place]


def seq_of(body: bytes) -> int:
    """Of a record as it is kept."""
    return int.from_bytes(body[:4], "little")


def minute_of(body: bytes) -> int:
    """Of a record as it is kept."""
    return int.from_bytes(body[4:8], "little")


def day_of(body: bytes, zone: tzinfo) -> int:
    """The local day of a record as it is kept."""
    return _day_of(minute_of(body), zone)


@lru_cache(maxsize=16)
def _day_of(minute: int, zone: tzinfo) -> int:
    """Kept, since the records of a quarter of an hour share their minute: 1 ms for 256 of them."""
    return local_day(datetime.fromtimestamp(60 * minute, UTC), zone)
