"""A device whose log is sealed for real, and the city's server as it should be, in memory."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core.batch import unpack_body
from scanner.core.errors import LogError
from scanner.core.events import Event, Folded, KeysAttacked
from scanner.core.merkle import merkle_root
from scanner.core.reasons import Outcome, Reason
from scanner.core.receipt import Receipt, pad_answer
from scanner.core.record import ScanRecord
from scanner.core.segment import NO_LINK, is_sealed, link_of, read_segment, split_records
from scanner.core.signed_log import Statement, device_of, is_signed_by, public_bytes, public_key
from scanner.store.database import OUTBOX, transaction
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.segments import Running, SegmentLog
from scanner.store.upload_queue import UploadQueue

START = datetime(2020, 4, 29, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RUNNING = Running("gate-7", 1, True, 15, ZoneInfo("Europe/Moscow"))
SERVER_KEY = Ed25519PrivateKey.from_private_bytes(b"s" * 32)


@cache
def _migrated() -> Path:
    """Made once: it takes longer than many a test."""
    folder = Path(tempfile.mkdtemp(prefix="scanner-test-"))
    atexit.register(shutil.rmtree, folder)
    migrate(folder)
    return folder


class SealedDevice:
    """A state folder with records and segments; `now` goes on as it is told."""

    def __init__(self, folder: Path, seed: bytes = b"d" * 32) -> None:
        self.folder, self.key = folder, Ed25519PrivateKey.from_private_bytes(seed)
        self.now = START
        if not (folder / OUTBOX.name).exists():
            shutil.copytree(_migrated(), folder, dirs_exist_ok=True)
        self.outbox, self.log = SqliteOutbox(folder), SegmentLog(folder, self.key)
        self.queue = UploadQueue(folder, public_bytes(self.key))

    def scan(self, count: int, reason: Reason = Reason.OK) -> None:
        """So many records at the present time."""
        minute = int(self.now.timestamp()) // 60
        record = ScanRecord(minute - minute % 15, reason.outcome, reason, 1, 0, 7)
        with transaction(self.outbox._db, OUTBOX.name):  # one sync for all: no power is cut here
            for _ in range(count):
                self.outbox.append(record)

    def seal(self, *events: Event, whole: bool = False) -> None:
        """A minute goes by, and the log is sealed as far as it is due."""
        self.now += MINUTE
        self.log.seal(self.now, RUNNING, events=events, whole=whole)

    def seal_minutes(self, count: int) -> None:
        """Heartbeats."""
        for _ in range(count):
            self.seal()

    def seal_bulky(self, count: int) -> None:
        """Segments of which about ten fit a body."""
        chance = Random(count)
        for _ in range(count):
            forged = {chance.randbytes(8).hex(): 5 for _ in range(100)}
            self.seal(Event(KeysAttacked(18_380, forged)))

    def note(self, event: Event) -> None:
        """Something happens to the log."""
        self.log.seal(self.now, RUNNING, events=(event,))

    def records(self) -> dict[int, bytes]:
        """By seq, as they are on the device."""
        return {int.from_bytes(body[:4], "little"): body for body in self.outbox.records()}

    def states(self) -> list[int]:
        """Column `state` of all segments, by number."""
        rows = self.queue._db.execute("SELECT state FROM segment ORDER BY number")
        return [row[0] for row in rows]

    def fold(self, first: int, last: int) -> None:
        """Records give way to counts; refusals stay."""
        kept = [body for seq, body in self.records().items() if first <= seq <= last
                and body[8] == Outcome.REFUSE]  # fmt: skip
        db = self.queue._db
        span = "DELETE FROM record WHERE seq BETWEEN ? AND ? AND substr(hex(body), 17, 2) != '02'"
        db.execute(span, (first, last))
        gone = (int(self.now.timestamp()) // 3600, 1, 0, last - first + 1 - len(kept))
        day = int(self.now.timestamp()) // 86400
        self.note(Event(Folded(day, first, last, (gone,), len(kept), merkle_root(kept))))

    def close(self) -> None:
        for part in (self.outbox, self.log, self.queue):
            part.close()


class MemoryServer:
    """Takes what hangs together, each record once, and says how far it has it without a gap."""

    def __init__(self, key: Ed25519PrivateKey = SERVER_KEY) -> None:
        self.key = key
        self.segments: dict[tuple[bytes, bytes], dict[int, bytes]] = {}
        self.records: dict[tuple[bytes, bytes], dict[int, bytes]] = {}
        self.written: list[int] = []
        self.at = 1_588_150_000

    def take(self, body: bytes) -> tuple[int, bytes]:
        """Status and answer for a body."""
        try:
            batch = unpack_body(body)
            log = (device_of(batch.public), batch.epoch)
            segments = dict(self.segments.get(log, {}))
            records: dict[int, bytes] = {}
            for part in batch.parts:
                if not is_signed_by(public_key(batch.public), part.segment, Statement.SEGMENT):
                    return 400, b""
                segment = read_segment(part.segment)
                if (segment.device, segment.epoch) != log:
                    return 400, b""
                if segments.get(segment.number, part.segment) != part.segment:
                    return 409, b""
                segments[segment.number] = part.segment
                found = split_records(part.records)
                own = [one for one in found if _seq(one) in
                       range(segment.first_seq, segment.next_seq)]  # fmt: skip
                if own and not is_sealed(segment, own):
                    return 400, b""
                records |= {_seq(one): one for one in found}
        except LogError:
            return 400, b""
        self.segments[log] = segments
        kept = self.records.setdefault(log, {})
        fresh = {seq: one for seq, one in records.items() if seq not in kept}
        self.written += fresh
        kept |= fresh
        return 200, pad_answer(self.receipt(log).sign(self.key))

    def receipt(self, log: tuple[bytes, bytes]) -> Receipt:
        """Up to the first gap."""
        number, seq, link = 0, 0, NO_LINK
        segments = self.segments.get(log, {})
        while (signed := segments.get(number + 1)) is not None:
            segment = read_segment(signed)
            if segment.previous != link:
                break
            number, seq, link = segment.number, segment.next_seq - 1, link_of(signed)
        return Receipt(*log, number, seq, link, self.at)


def _seq(record: bytes) -> int:
    return int.from_bytes(record[:4], "little")
