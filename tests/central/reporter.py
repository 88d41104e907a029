"""A device that keeps a scan log and sends it, without its databases: for tests of the server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.central.ledger import Device, Ledger
from scanner.core.batch import Part, pack_body
from scanner.core.events import Event, Folded, Retired
from scanner.core.hashing import sha256
from scanner.core.merkle import merkle_root
from scanner.core.reasons import Outcome, Reason
from scanner.core.record import ScanRecord, unpack_rows
from scanner.core.segment import NO_LINK, Segment, link_of
from scanner.core.signed_log import device_of, public_bytes

DAY = int(datetime(2020, 4, 29).toordinal() - datetime(1970, 1, 1).toordinal())
NOON = datetime.fromisoformat("2020-04-29T12:00:00+00:00")
ADMITTED = (Outcome.ADMIT, Reason.OK)
REFUSED = (Outcome.REFUSE, Reason.REVOKED)


class Ticking:
    """A clock that is a second later each time it is asked."""

    def __init__(self, start: datetime = NOON) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Reporter:
    """Seals what it is told to, and remembers all of it."""

    name: str = "gate"
    epoch: bytes = b"epoch-01"
    day: int = DAY
    parts: list[Part] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    records: dict[int, bytes] = field(default_factory=dict)

    @property
    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(sha256(self.name.encode()))

    @property
    def public(self) -> bytes:
        return public_bytes(self.key)

    @property
    def device(self) -> bytes:
        return device_of(self.public)

    def enrol(self, ledger: Ledger, *, at: datetime = NOON) -> Reporter:
        """As `scanner central device enrol` does it."""
        now_s = int(at.timestamp())
        with ledger.book() as book:
            book.keep_device(Device(self.public, now_s, now_s + 10**7))
        return self

    def seal(
        self,
        scans: int | Sequence[tuple[Outcome, Reason]] = 0,
        events: Iterable[object] = (),
        counters: dict[str, int] | None = None,
        **changes: object,
    ) -> Part:
        """One segment more, over so many admissions or these outcomes; 0: a heartbeat."""
        judged = [ADMITTED] * scans if isinstance(scans, int) else scans
        first = self.segments[-1].next_seq if self.segments else 1
        bodies = [
            ScanRecord(24 * 60 * self.day, *each, 7, 5, 12).pack(seq)
            for seq, each in enumerate(judged, first)
        ]
        segment = Segment(
            device=self.device, epoch=self.epoch, number=len(self.segments) + 1, boot=1,
            is_clean=True, checkpoint="metro 1", day=self.day, minute=24 * 60 * self.day,
            first_seq=first, count=len(bodies), root=merkle_root(bodies), previous=self.link,
            counters=counters or {}, histogram=(len(bodies), *[0] * 15),
            events=tuple(Event(each) for each in events),  # type: ignore[arg-type]
        )  # fmt: skip
        return self._append(replace(segment, **changes), bodies)  # type: ignore[arg-type]

    @property
    def link(self) -> bytes:
        """Of the newest segment."""
        return link_of(self.parts[-1].segment) if self.parts else NO_LINK

    def fold(self, first: int, last: int) -> tuple[Folded, bytes]:
        """Admissions of these seqs give way to counts; returns what stays, joined."""
        span = [self.records[seq] for seq in range(first, last + 1)]
        kept = [body for body in span if unpack_rows(body)[0][2] != Outcome.ADMIT]
        counts = ((24 * self.day, *ADMITTED, len(span) - len(kept)),)
        folded = Folded(self.day, first, last, counts, len(kept), merkle_root(kept))
        return folded, b"".join(kept)

    def retire(self, number: int) -> Retired:
        """Segments up to this one were removed."""
        seq = self.segments[number - 1].next_seq - 1
        return Retired(number, seq, link_of(self.parts[number - 1].segment), is_receipted=False)

    def body(self, *parts: Part) -> bytes:
        """These parts, all of them, in one upload."""
        body, fitting = pack_body(self.key, self.epoch, parts)
        assert fitting == len(parts)
        return body

    def bodies(self) -> list[bytes]:
        """All there is, in as many uploads as it takes."""
        packed, left = list[bytes](), self.parts
        while left:
            body, fitting = pack_body(self.key, self.epoch, left)
            packed.append(body)
            left = left[fitting:]
        return packed

    def _append(self, segment: Segment, bodies: list[bytes]) -> Part:
        part = Part(segment.sign(self.key), b"".join(bodies))
        self.parts.append(part)
        self.segments.append(segment)
        self.records |= dict(enumerate(bodies, segment.first_seq))
        return part
