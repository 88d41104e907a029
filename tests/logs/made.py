"""Exported logs made for tests: a day at two checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from scanner.core.events import Event, Export
from scanner.core.reasons import Reason
from scanner.core.receipt import Receipt
from scanner.core.segment import BUCKETS, SegmentFlag, read_segment
from scanner.core.signed_log import public_bytes
from scanner.logs.files import Book
from scanner.logs.volume import (
    Heading,
    Source,
    Volume,
    Wish,
    digest_of_all,
    ended,
    volume_of,
)
from tests.core.chains import DAY, MINUTE, NONCE, Chain, a_record, device_key

CASE = "2 UJs 12/20"
SERVER = device_key("server")
SERVER_KEY = public_bytes(SERVER).hex()
NEXT_DAY = (DAY + 1) * 1440
_REASONS = [
    *[Reason.OK] * 30, *[Reason.EXPIRED] * 4, *[Reason.REVOKED] * 2, Reason.WRONG_ZONE,
    *[Reason.COMPARE] * 3, Reason.CLOCK,
]  # fmt: skip


def a_day(seed: str = "a day", checkpoint: str = "bridge", *, busiest: int = 40) -> Chain:
    """From nine to one: quarters with records, heartbeats, one cut of the power, some amber."""
    dice = Random(seed)
    chain = Chain(device_key(seed), dice.randbytes(8), checkpoint, boot=3)
    for place in range(16):
        minute = MINUTE + 15 * place
        if place == 9:
            chain.boot, chain.is_clean = 4, False
        flags = SegmentFlag.AMBER if place == 5 else 0
        for _ in range(3):
            chain.seal(minute, flags=flags)
        reasons: list[Reason] = []
        for reason in dice.choices(_REASONS, k=dice.randint(0, busiest)):
            reasons.append(reason)
            if reason is Reason.COMPARE:
                reasons.append(dice.choice([Reason.LET_THROUGH, Reason.HOLDER_MISMATCH]))
        records = [a_record(minute, reason) for reason in reasons]
        histogram = (0,) * 5 + (len(reasons), len(reasons) // 20) + (0,) * (BUCKETS - 7)
        counters = {"NOT_A_PASS": dice.randint(1, 9), "FORGED": 1}
        chain.seal(minute + 15, records, day=DAY, histogram=histogram, counters=counters)
    chain.seal(NEXT_DAY)
    return chain


@dataclass
class Made:
    """The volumes of a file, and its heading; the event of the export stands in the first chain."""

    chains: Sequence[Chain]
    wish: Wish = field(default_factory=Wish)
    supervisor: str = ""

    def book(self) -> Book:
        chain = self.chains[0]
        cells = [volume_of(each.log(), self.wish).cells for each in self.chains]
        digest = digest_of_all(
            Volume(each.log(), own) for each, own in zip(self.chains, cells, strict=True)
        )
        wish = self.wish
        export = Export(
            NONCE, wish.since, wish.until, case=wish.case, supervisor=self.supervisor,
            digest=digest,
        )  # fmt: skip
        chain.seal(NEXT_DAY, events=[Event(export)])
        logs = [ended(each.log(), NONCE) for each in self.chains]
        volumes = [
            Volume(volume_of(log, wish).log, own) for log, own in zip(logs, cells, strict=True)
        ]
        heading = Heading(NONCE, wish, Source.DEVICE, "Europe/Moscow", self.supervisor)
        return Book("made", heading, lambda: iter(volumes))


def central_book(chains: Sequence[Chain], wish: Wish | None = None) -> Book:
    """As a server gives it: with its receipts, and no event in any chain."""
    wish = wish or Wish()

    def volumes() -> Iterator[Volume]:
        for chain in chains:
            last = read_segment(chain.segments[-1]).number
            receipt: Receipt = chain.receipt(last)
            log = replace(chain.log(), receipt=receipt.sign(SERVER))
            yield volume_of(log, wish)

    return Book("made", Heading(NONCE, wish, Source.CENTRAL), volumes)


def with_volumes(book: Book, *volumes: Volume) -> Book:
    return replace(book, volumes=lambda: iter(volumes))
