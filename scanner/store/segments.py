"""The chain of the scan log: seals records into signed segments, and notes what happens to it.

Records are sealed when their floored time is over, or 256 at a time. Sealing each minute would
tell the minute of each scan, which the records themselves do not: so the heartbeat of every minute
holds no record, no counter and no time of reading, and says nothing of how many came by.

Any process of the device may append: each does so in one transaction that begins with what is
there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby, islice, takewhile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core.events import Event
from scanner.core.record import floored_minute
from scanner.core.segment import BUCKETS, MAX_RECORDS
from scanner.store.chain_end import ChainEnd, Running, day_of, minute_of, seq_of
from scanner.store.database import OUTBOX, connect, file_id, transaction

__all__ = ["Running", "SegmentLog"]

Records = list[bytes]


class SegmentLog:
    """The chain in `outbox.db`, signed by the key of the device.

    next_seq: the first that no segment holds, when this process appended last.
    """

    def __init__(self, folder: Path, key: Ed25519PrivateKey) -> None:
        """Raises StoreError."""
        self._folder, self._key, self.next_seq = folder, key, 1
        self._open()

    def _open(self) -> None:
        self._file_id = file_id(self._folder, OUTBOX)
        self.db = connect(self._folder, OUTBOX)

    @contextmanager
    def appending(self, running: Running) -> Iterator[ChainEnd]:
        """The end of the chain, to append to it in one transaction.

        Raises StoreError, and LogError when the chain cannot be read; nothing is kept then.
        """
        if file_id(self._folder, OUTBOX) != self._file_id:  # moved aside: another chain begins
            self.db.close()
            self._open()
        with transaction(self.db, OUTBOX.name):
            chain = ChainEnd(self.db, self._key, running)
            yield chain
        self.next_seq = chain.next_seq

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
        records since the last time that this was True. Raises StoreError, LogError; nothing is
        kept then.
        """
        with self.appending(running) as chain:
            due = list(_due(chain.open_records(), now, running, whole=whole))
            is_over = whole or chain.is_period_over(now)
            noted = [*chain.take_attacks(now), *events]
            for records in due[:-1]:
                chain.append(now, records)
            last = due[-1] if due else []
            if is_over or due:
                chain.append(now, last, chain.take_counters(), histogram, noted)
                return True
            chain.append(now, events=noted)
            return False

    def close(self) -> None:
        self.db.close()


def _due(
    records: Iterator[bytes], now: datetime, running: Running, *, whole: bool
) -> Iterator[Records]:
    """Groups of one day and an unbroken run of seqs, up to the first whose time is not over.

    None is passed over, also where a clock went back: what is not sealed in its turn never is.
    """
    current = floored_minute(now, running.floor_min)
    numbered = enumerate(records)
    for _, group in groupby(
        numbered, lambda pair: (day_of(pair[1], running.zone), seq_of(pair[1]) - pair[0])
    ):
        bodies = (body for _, body in group)
        while part := list(islice(bodies, MAX_RECORDS)):
            if whole or len(part) == MAX_RECORDS or minute_of(part[-1]) != current:
                yield part
            else:
                past = list(takewhile(lambda body: minute_of(body) != current, part))
                yield from [past] if past else []
                return
