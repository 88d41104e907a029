"""What of the scan log waits for the server, in `outbox.db`, and how far the server has it.

Nothing is deleted here: rows go when their day is over (see retention.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.core.batch import MOST_SEGMENTS, Part
from scanner.core.errors import LogError
from scanner.core.events import Folded
from scanner.core.merkle import merkle_root
from scanner.core.receipt import Receipt, parse_receipt, read_receipt
from scanner.core.segment import NO_LINK, Segment, link_of, read_segment
from scanner.core.signed_log import device_of
from scanner.core.upload import ASIDE_AGAIN_S, Outgoing, RetryState
from scanner.store.database import OUTBOX, connect, transaction, translated

# Records compress to a third: more than this does not fit a body, and need not be read.
MOST_RAW_BYTES = 96 * 1024

_WAITING = "SELECT number, signed FROM segment WHERE state = ? AND number >= ? ORDER BY number"
_RECORDS = "SELECT body FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq"
_OWN = "SELECT state, signed FROM segment WHERE number = ?"
_TAKEN = "UPDATE segment SET state = 1 WHERE number BETWEEN ? AND ? AND state != 1"
_ASIDE = (
    "SELECT first, last, status, at FROM aside WHERE EXISTS (SELECT 1 FROM segment"
    " WHERE number BETWEEN first AND last AND state = 2) ORDER BY at, first"
)
_OVERLAPPING = "SELECT first, last, status, at FROM aside WHERE first <= ? AND last >= ?"
_ROW = (
    "INSERT INTO upload (id, attempts, wait_s, boot, boot_s, receipt, fault)"
    " VALUES (1, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET attempts = excluded.attempts,"
    " wait_s = excluded.wait_s, boot = excluded.boot, boot_s = excluded.boot_s,"
    " receipt = coalesce(excluded.receipt, receipt), fault = excluded.fault"
)

NOT_THIS_LOG = "Ask the city's people before anything else: the server's word is not about this log"


class SegmentState(IntEnum):
    """Column `state` of a segment."""

    WAITS = 0
    TAKEN = 1  # by a signed receipt, with all before it
    ASIDE = 2
    BEYOND = 3  # the server said so, while it lacks one before it


@dataclass(frozen=True, slots=True)
class AsideBatch:
    """Segments that a server refused; `at`: when they were offered last, in seconds since 1970."""

    first: int
    last: int
    status: int
    at: int


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """For doctor. `receipt`: the newest, as signed, b"" without one; `fault`: of the last try."""

    segments: int
    records: int
    receipt: bytes
    fault: str
    retry: RetryState
    aside: tuple[AsideBatch, ...]


class UploadQueue:
    """One process at a time sends; the loop seals meanwhile."""

    def __init__(self, folder: Path, public: bytes) -> None:
        """public: the raw key of this device. Raises StoreError."""
        self._device = device_of(public)
        self._db = connect(folder, OUTBOX)
        with translated(OUTBOX.name):
            self.epoch = bytes(self._db.execute("SELECT id FROM epoch").fetchone()[0])

    def outgoing(self, now_s: int) -> Outgoing:
        """What is next: a batch that was set aside a day ago, else what waits. Raises StoreError.

        now_s: seconds since 1970, as well as the device knows.
        """
        with self._reading():
            for batch in self._aside():
                if abs(now_s - batch.at) >= ASIDE_AGAIN_S:
                    found = self._run(SegmentState.ASIDE, batch.first, batch.last)
                    return Outgoing(found.first, found.parts, found.has_more, is_again=True)
            newest = self._newest()
            return self._run(SegmentState.WAITS, newest.segment + 1 if newest else 1)

    def acknowledge(self, signed: bytes, server: Ed25519PublicKey, sent: Outgoing) -> Receipt:
        """Take the server's word for what it has; `sent`: what was in the body it answers.

        On the disk when this returns. Raises LogError for a word that cannot be about this log;
        nothing has changed then. Raises StoreError.
        """
        receipt = read_receipt(signed, server)
        with transaction(self._db, OUTBOX.name):
            newest = self._newest()
            self._check(receipt, newest, sent)
            self._db.execute(_TAKEN, (newest.segment + 1 if newest else 1, receipt.segment))
            self._settle_beyond(receipt.segment, sent)
            if sent.is_again:
                self._clear_aside(sent.first, sent.last)
                self._db.execute("UPDATE aside SET at = 0")
            self._db.execute(_ROW, (0, 0.0, "", 0.0, signed, None))
        return receipt

    def set_aside(self, sent: Outgoing, status: int, now_s: int) -> None:
        """A server refused these; they stay, and are offered again in a day. Raises StoreError."""
        with transaction(self._db, OUTBOX.name):
            self._clear_aside(sent.first, sent.last)
            row = (sent.first, sent.last, status, now_s)
            self._db.execute("INSERT INTO aside VALUES (?, ?, ?, ?)", row)
            self._mark(SegmentState.ASIDE, sent.first, sent.last)

    def retry(self) -> RetryState:
        """Raises StoreError."""
        with translated(OUTBOX.name):
            return self._retry()

    def keep_retry(self, retry: RetryState, fault: str | None) -> None:
        """On the disk when this returns; `fault` None: as it was. Raises StoreError."""
        with transaction(self._db, OUTBOX.name):
            said = self._upload_row()[1] if fault is None else fault
            row = (retry.attempts, retry.wait_s, retry.boot, retry.boot_s, None, said)
            self._db.execute(_ROW, row)

    def status(self) -> UploadStatus:
        """Raises StoreError."""
        with self._reading():
            count = "SELECT count(*), coalesce(sum(count), 0) FROM segment WHERE state = 0"
            segments, records = self._db.execute(count).fetchone()
            receipt, fault = self._upload_row()
            aside = tuple(self._aside())
            return UploadStatus(segments, records, receipt, fault or "", self._retry(), aside)

    def send_all_again(self) -> None:
        """For another server, or one that lost its records: forget every receipt. StoreError."""
        with transaction(self._db, OUTBOX.name):
            self._db.execute("UPDATE segment SET state = 0")
            self._db.execute("DELETE FROM aside")
            self._db.execute("DELETE FROM upload")

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """One view of the file, whatever the loop writes meanwhile."""
        with translated(OUTBOX.name):
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("COMMIT")

    def _run(self, state: SegmentState, first: int, last: int | None = None) -> Outgoing:
        """Segments that follow each other without a gap, as far as a body may hold them."""
        numbers, parts, raw = list[int](), list[Part](), 0
        for number, signed in self._db.execute(_WAITING, (state, first)):
            is_over = last is not None and number > last
            if is_over or (numbers and number != numbers[-1] + 1):
                return Outgoing(numbers[0] if numbers else 0, tuple(parts), has_more=not is_over)
            part = self._part(signed)
            if raw > MOST_RAW_BYTES or len(parts) == MOST_SEGMENTS or (parts and part is None):
                return Outgoing(numbers[0], tuple(parts), has_more=True)
            if part is None:
                return Outgoing(number, (Part(signed, b""),), has_more=True)
            raw += len(part.segment) + len(part.records)
            numbers.append(number)
            parts.append(part)
        return Outgoing(numbers[0] if numbers else 0, tuple(parts))

    def _part(self, signed: bytes) -> Part | None:
        """None for a damaged segment, which goes alone: its refusal must not be that of others."""
        try:
            return Part(signed, self._records(read_segment(signed)))
        except LogError:
            return None

    def _records(self, segment: Segment) -> bytes:
        """Its own, unless they were folded; and those that a fold noted in it has kept."""
        own = self._between(segment.first_seq, segment.next_seq - 1)
        joined = b"".join(own) if len(own) == segment.count else b""
        for event in segment.events:
            if isinstance(event.body, Folded):
                kept = self._between(event.body.first, event.body.last)
                if len(kept) == event.body.kept and merkle_root(kept) == event.body.root:
                    joined += b"".join(kept)
        return joined

    def _between(self, first: int, last: int) -> list[bytes]:
        return [bytes(row[0]) for row in self._db.execute(_RECORDS, (first, last))]

    def _check(self, receipt: Receipt, newest: Receipt | None, sent: Outgoing) -> None:
        """Raises LogError unless it speaks of the chain as it stands here, and no less of it."""
        if (receipt.device, receipt.epoch) != (self._device, self.epoch):
            raise LogError(f"{NOT_THIS_LOG}: it names another device or epoch.")
        if newest is not None and receipt.segment < newest.segment:
            raise LogError(
                f"{NOT_THIS_LOG}: it has segments up to {receipt.segment}, and had "
                f"{newest.segment}. If the server lost records, use `scanner enrol accept --anew`."
            )
        if (receipt.seq, receipt.link) != self._end_of(receipt.segment, newest):
            raise LogError(f"{NOT_THIS_LOG}: its segment {receipt.segment} is another.")
        if sent.parts and receipt.segment + 1 == sent.first:
            raise LogError("Ask the city's people: the server does not keep what it is sent.")

    def _end_of(self, number: int, newest: Receipt | None) -> tuple[int, bytes] | None:
        """Last seq and link of a segment of this log, also of one that was removed in order."""
        if number == 0:
            return 0, NO_LINK
        row = self._db.execute(_OWN, (number,)).fetchone()
        if row is not None:
            return read_segment(row[1]).next_seq - 1, link_of(row[1])
        if newest is not None and newest.segment == number:
            return newest.seq, newest.link
        after = self._db.execute(_OWN, (number + 1,)).fetchone()
        if after is None:
            return None
        first = read_segment(after[1])
        return first.first_seq - 1, first.previous

    def _newest(self) -> Receipt | None:
        """The one that is kept. It was verified when it came; its server may have changed since."""
        signed = self._upload_row()[0]
        return parse_receipt(signed) if signed else None

    def _settle_beyond(self, taken: int, sent: Outgoing) -> None:
        """What a server has taken behind a gap is not sent again, unless the gap has closed."""
        row = self._db.execute(_OWN, (taken + 1,)).fetchone()
        if row is None or row[0] == SegmentState.ASIDE:
            self._mark(SegmentState.BEYOND, max(sent.first, taken + 1), sent.last)
        else:
            self._db.execute("UPDATE segment SET state = 0 WHERE state = 3")

    def _clear_aside(self, first: int, last: int) -> None:
        """Of what was set aside before, only the end of a batch may be left."""
        for begin, end, status, at in self._db.execute(_OVERLAPPING, (last, first)).fetchall():
            self._db.execute("DELETE FROM aside WHERE first = ?", (begin,))
            if end > last:
                row = (last + 1, end, status, at)
                self._db.execute("INSERT INTO aside VALUES (?, ?, ?, ?)", row)

    def _mark(self, state: SegmentState, first: int, last: int) -> None:
        span = "UPDATE segment SET state = ? WHERE number BETWEEN ? AND ? AND state != 1"
        self._db.execute(span, (state, first, last))

    def _aside(self) -> Iterator[AsideBatch]:
        for row in self._db.execute(_ASIDE):
            yield AsideBatch(*row)

    def _retry(self) -> RetryState:
        row = self._db.execute("SELECT attempts, wait_s, boot, boot_s FROM upload").fetchone()
        return RetryState(*row) if row else RetryState()

    def _upload_row(self) -> tuple[bytes, str | None]:
        row = self._db.execute("SELECT receipt, fault FROM upload").fetchone()
        return (bytes(row[0] or b""), row[1]) if row else (b"", None)
