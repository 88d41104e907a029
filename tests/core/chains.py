"""Scan logs made for tests: the chain of one device and epoch, as a device would seal it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core.events import Event, Export, Folded, KeysAttacked, Retired, SetAside
from scanner.core.logbook import DeviceLog
from scanner.core.merkle import merkle_root
from scanner.core.reasons import Outcome, Reason
from scanner.core.receipt import Receipt
from scanner.core.record import ScanRecord, takes_record
from scanner.core.segment import BUCKETS, NO_LINK, Segment, link_of, read_segment
from scanner.core.signed_log import device_of, public_bytes

EPOCH = b"an epoch"
DAY = 18_381  # 2020-04-29
MINUTE = DAY * 1440 + 9 * 60
NONCE = "00112233445566778899aabbccddeeff"
JUDGED = [reason for reason in Reason if takes_record(reason)]


def device_key(seed: str = "device") -> Ed25519PrivateKey:
    """The same key for the same seed."""
    return Ed25519PrivateKey.from_private_bytes(Random(seed).randbytes(32))


def a_record(minute: int, reason: Reason = Reason.OK) -> ScanRecord:
    return ScanRecord(minute, reason.outcome, reason, 7, 0, 5)


@dataclass
class Chain:
    """Grows as the log of a device does; `log()` is what a source would give of it."""

    key: Ed25519PrivateKey = field(default_factory=device_key)
    epoch: bytes = EPOCH
    checkpoint: str = "bridge"
    boot: int = 1
    is_clean: bool = True
    segments: list[bytes] = field(default_factory=list)
    records: dict[int, bytes] = field(default_factory=dict)
    next_seq: int = 1

    @property
    def last(self) -> Segment | None:
        return read_segment(self.segments[-1]) if self.segments else None

    def seal(
        self,
        minute: int,
        records: Sequence[ScanRecord] = (),
        *,
        events: Sequence[Event] = (),
        day: int | None = None,
        counters: dict[str, int] | None = None,
        histogram: tuple[int, ...] = (0,) * BUCKETS,
        flags: int = 0,
    ) -> Segment:
        """One more segment over these records, sealed at this minute."""
        first = self.next_seq
        packed = [record.pack(first + place) for place, record in enumerate(records)]
        segment = Segment(
            device=device_of(public_bytes(self.key)),
            epoch=self.epoch,
            number=self.last.number + 1 if self.last else 1,
            boot=self.boot,
            is_clean=self.is_clean,
            checkpoint=self.checkpoint,
            day=minute // 1440 if day is None else day,
            minute=minute,
            first_seq=first,
            count=len(records),
            root=merkle_root(packed),
            previous=link_of(self.segments[-1]) if self.segments else NO_LINK,
            counters=counters or {},
            histogram=histogram,
            flags=flags,
            events=tuple(events),
        )
        self.segments.append(segment.sign(self.key))
        self.records |= {first + place: body for place, body in enumerate(packed)}
        self.next_seq = segment.next_seq
        return segment

    def end(self, minute: int, nonce: str = NONCE, supervisor: str = "") -> None:
        """The segment of an export."""
        self.seal(minute, events=[Event(Export(nonce, 0, minute, supervisor=supervisor))])

    def log(self, nonce: str = "", **changes: object) -> DeviceLog:
        segments, records = tuple(self.segments), dict(self.records)
        log = DeviceLog(public_bytes(self.key), self.epoch, segments, records, nonce=nonce)
        return replace(log, **changes)  # type: ignore[arg-type]  # the names are the caller's

    def receipt(self, number: int, at: int = 60 * MINUTE) -> Receipt:
        """The server's word for everything up to this segment."""
        signed = next(raw for raw in self.segments if read_segment(raw).number == number)
        segment = read_segment(signed)
        seq, link = segment.next_seq - 1, link_of(signed)
        return Receipt(segment.device, self.epoch, number, seq, link, at)


def random_chain(dice: Random, *, segments: int = 6, most: int = 5) -> Chain:
    """A log with heartbeats, records and events, that ends with an export of NONCE."""
    chain = Chain(device_key(f"device {dice.random()}"), dice.randbytes(8), boot=dice.randint(1, 9))
    minute = MINUTE
    for _ in range(segments):
        reasons = dice.choices(JUDGED, k=dice.choice([0, *range(most + 1)]))
        records = [a_record(minute, reason) for reason in reasons]
        events = [an_event(dice)] if dice.random() < 0.3 else []
        counters = {"NOT_A_PASS": dice.randint(1, 9)} if dice.random() < 0.3 else {}
        if dice.random() < 0.2:
            chain.boot, chain.is_clean = chain.boot + 1, dice.random() < 0.5
        minute += 15
        chain.seal(minute, records, events=events, counters=counters)
    chain.end(minute, supervisor=dice.choice(["", "Anna"]))
    return chain


def an_event(dice: Random) -> Event:
    """Any that leaves the records of a made chain alone."""
    return dice.choice(
        [
            Event(SetAside(1, dice.randint(1, 9), 422)),
            Event(KeysAttacked(DAY, {"00112233aabbccdd": dice.randint(5, 99)})),
            Event(Export(dice.randbytes(16).hex(), 0, MINUTE, "age1qqqqqqqqqqqq")),
            Event(Retired(10**6, 10**6, dice.randbytes(32), is_receipted=True)),
        ]
    )


def folded(chain: Chain, first: int, last: int, *, keep: set[Outcome]) -> Event:
    """Folds these records of a chain but for some outcomes, and takes them out of it."""
    counts: dict[tuple[int, int, int], int] = {}
    for seq in range(first, last + 1):
        body = chain.records[seq]
        if body[8] not in keep:
            key = (int.from_bytes(body[4:8], "little") // 60, body[8], body[9])
            counts[key] = counts.get(key, 0) + 1
            del chain.records[seq]
    kept = [chain.records[seq] for seq in range(first, last + 1) if seq in chain.records]
    rows = tuple((*key, n) for key, n in sorted(counts.items()))
    return Event(Folded(DAY, first, last, rows, len(kept), merkle_root(kept)))
