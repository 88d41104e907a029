"""The chain of the scan log: seals records into signed segments, and notes what happens to it.

Records are sealed when their floored time is over, or 256 at a time. Sealing each minute would
tell the minute of each scan, which the records themselves do not: so the heartbeat of every minute
holds no record, no counter and no time of reading, and says nothing of how many came by.

Any process of the device may append: each does so in one transaction that begins with what is
there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import groupby, islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core.events import Event
from scanner.core.merkle import merkle_root
from scanner.core.record import floored_minute, local_day
from scanner.core.segment import BUCKETS, MAX_RECORDS, NO_LINK, Segment, link_of, read_segment
from scanner.core.signed_log import device_of, public_bytes
from scanner.store.database import OUTBOX, connect, transaction, translated

_LAST = "SELECT signed FROM segment ORDER BY number DESC LIMIT 1"
_KEEP = "INSERT INTO segment (number, first_seq, count, day, signed) VALUES (?, ?, ?, ?, ?)"
_OPEN = "SELECT body FROM record WHERE seq >= ? ORDER BY seq"
_COUNTED = (
    "SELECT name, sum(n - coalesce(sealed, 0)) FROM counter"
    " GROUP BY name HAVING sum(n - coalesce(sealed, 0)) > 0 ORDER BY name"
)
_SEAL_COUNTERS = "UPDATE counter SET sealed = n WHERE sealed IS NOT n"

Records = list[bytes]


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


class SegmentLog:
    """The chain in `outbox.db`, signed by the key of the device."""

    def __init__(self, folder: Path, key: Ed25519PrivateKey) -> None:
        """Raises StoreError."""
        self._key, self._device = key, device_of(public_bytes(key))
        self._db = connect(folder, OUTBOX)
        with translated(OUTBOX.name):
            self._epoch = bytes(self._db.execute("SELECT id FROM epoch").fetchone()[0])

    def seal(
        self,
        now: datetime,
        running: Running,
        *,
        histogram: Sequence[int] = (0,) * BUCKETS,
        events: Sequence[Event] = (),
        whole: bool = False,
    ) -> bool:
        """Once a minute: seal what is due, else a heartbeat. True when `histogram` went in.

        whole: also what is not due, before an export or at the end of a run. histogram: of the
        records since the last time that this was True. Raises StoreError; nothing is kept then.
        """
        with transaction(self._db, OUTBOX.name):
            chain = _Chain(self._db, self._key, self._device, self._epoch, running)
            due = list(_due(chain.open_records(), now, running, whole=whole))
            is_over = whole or chain.is_period_over(now)
            for records in due[:-1]:
                chain.append(records, now)
            last = due[-1] if due else []
            if is_over or due:
                chain.append(last, now, chain.take_counters(), tuple(histogram), tuple(events))
                return True
            chain.append([], now, events=tuple(events))
            return False

    def close(self) -> None:
        self._db.close()


class _Chain:
    """The end of the chain, inside one transaction."""

    def __init__(
        self,
        db: sqlite3.Connection,
        key: Ed25519PrivateKey,
        device: bytes,
        epoch: bytes,
        running: Running,
    ) -> None:
        self._db, self._key, self._device, self._epoch = db, key, device, epoch
        self._running = running
        row = db.execute(_LAST).fetchone()
        self._last = read_segment(row[0]) if row else None
        self._link = link_of(row[0]) if row else NO_LINK

    def open_records(self) -> Iterator[bytes]:
        """Records that no segment holds yet, by seq."""
        for (body,) in self._db.execute(_OPEN, (self._last.next_seq if self._last else 1,)):
            yield body

    def is_period_over(self, now: datetime) -> bool:
        """Whether the newest segment is of another floored time."""
        minute = floored_minute(now, self._running.floor_min)
        return self._last is None or self._last.minute != minute

    def take_counters(self) -> dict[str, int]:
        """What was counted since it was sealed last."""
        counted = {name: int(n) for name, n in self._db.execute(_COUNTED)}
        self._db.execute(_SEAL_COUNTERS)
        return counted

    def append(
        self,
        records: Records,
        now: datetime,
        counters: dict[str, int] | None = None,
        histogram: tuple[int, ...] = (0,) * BUCKETS,
        events: tuple[Event, ...] = (),
    ) -> None:
        running = self._running
        next_seq = self._last.next_seq if self._last else 1
        segment = Segment(
            device=self._device,
            epoch=self._epoch,
            number=self._last.number + 1 if self._last else 1,
            boot=running.boot,
            is_clean=running.is_clean,
            checkpoint=running.checkpoint,
            day=_day_of(records[0], running) if records else local_day(now, running.zone),
            minute=floored_minute(now, running.floor_min),
            first_seq=_seq_of(records[0]) if records else next_seq,
            count=len(records),
            root=merkle_root(records),
            previous=self._link,
            counters=counters or {},
            histogram=histogram,
            flags=running.flags,
            events=events,
        )
        signed = segment.sign(self._key)
        row = (segment.number, segment.first_seq, segment.count, segment.day, signed)
        self._db.execute(_KEEP, row)
        self._last, self._link = segment, link_of(signed)


def _due(
    records: Iterator[bytes], now: datetime, running: Running, *, whole: bool
) -> Iterator[Records]:
    """Groups of one day and an unbroken run of seqs, as far as their time is over."""
    current = floored_minute(now, running.floor_min)
    numbered = enumerate(records)
    for _, group in groupby(
        numbered, lambda pair: (_day_of(pair[1], running), _seq_of(pair[1]) - pair[0])
    ):
        bodies = (body for _, body in group)
        while part := list(islice(bodies, MAX_RECORDS)):
            if whole or len(part) == MAX_RECORDS or _minute_of(part[-1]) != current:
                yield part
            else:
                yield from _over(part, current)


def _over(part: Records, current: int) -> Iterator[Records]:
    """Those before the floored time that is going on."""
    past = [body for body in part if _minute_of(body) != current]
    if past:
        yield past


def _seq_of(body: bytes) -> int:
    return int.from_bytes(body[:4], "little")


def _minute_of(body: bytes) -> int:
    return int.from_bytes(body[4:8], "little")


def _day_of(body: bytes, running: Running) -> int:
    return local_day(datetime.fromtimestamp(60 * _minute_of(body), UTC), running.zone)
