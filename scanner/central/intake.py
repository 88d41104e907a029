"""Storing what one body offers: what is new, what fits the chain, how far it goes without a gap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.central.ledger import Book, Device, Kept, Log, kept_day
from scanner.central.offer import Offer
from scanner.core.errors import LogError
from scanner.core.events import Retired
from scanner.core.receipt import Receipt
from scanner.core.record import Row, floored_minute
from scanner.core.segment import NO_LINK, link_of, read_segment
from scanner.core.signed_log import device_of

# When a device was seen is kept no finer than its records.
SEEN_FLOOR_MIN = 15
_STEP = 64
# Of a log that went on behind what its device had removed: the next segment begins a day.
_NO_DAY = -1


class ForkError(LogError):
    """A device has signed two histories; `number` and `signed`: the segment that does not fit."""

    def __init__(self, offer: Offer, words: str) -> None:
        super().__init__(f"Segment {offer.segment.number} {words}.")
        self.number, self.signed, self.words = offer.segment.number, offer.signed, words


@dataclass(frozen=True, slots=True)
class Intake:
    """Storing what one body offers, inside a transaction. key: signs receipts."""

    book: Book
    key: Ed25519PrivateKey
    now: datetime

    def keep(self, device: Device, epoch: bytes, offers: Sequence[Offer]) -> bytes:
        self._see(device)
        name = device_of(device.public)
        if not offers:
            return self._receipt(self.book.log(name, epoch) or Log(0, name, epoch))
        log = self.book.open_log(name, epoch)
        new, filled = self._sort(log, offers)
        self.book.keep_segments(log.id, [(self._as_kept(each), each.segment) for each in new])
        for offer in filled:
            self.book.fill_segment(log.id, offer.segment.number)
        self._keep_rows(log, [*new, *filled])
        for offer in new:
            self._keep_retirements(log, offer)
        return self._advance(log)

    def _see(self, device: Device) -> None:
        minute = floored_minute(self.now, SEEN_FLOOR_MIN)
        if device.seen is None or device.seen < minute:
            self.book.saw(device_of(device.public), minute)

    def _sort(self, log: Log, offers: Sequence[Offer]) -> tuple[list[Offer], list[Offer]]:
        """What is new, and what is known but for its records. Raises ForkError."""
        numbers = {offer.segment.number + step for offer in offers for step in (-1, 0, 1)}
        known = self.book.segments(log.id, sorted(numbers))
        offered = {offer.segment.number: offer for offer in offers}
        new, filled = list[Offer](), list[Offer]()
        for offer in offers:
            number = offer.segment.number
            kept = known.get(number)
            if kept is not None and kept.signed != offer.signed:
                raise ForkError(offer, "is here already, with other bytes")
            if kept is not None:
                if offer.has_records and not kept.has_records:
                    filled.append(offer)
            else:
                _check_end(offer, log)
                _check_before(offer, _before(offer, log, known, offered))
                _check_after(offer, known.get(number + 1))
                new.append(offer)
        return new, filled

    def _as_kept(self, offer: Offer) -> Kept:
        segment = offer.segment
        day = kept_day(segment.day, today_of(self.now))
        return Kept(
            segment.number, segment.first_seq, segment.count, day, offer.has_records,
            segment.checkpoint, offer.signed,
        )  # fmt: skip

    def _keep_rows(self, log: Log, offers: Sequence[Offer]) -> None:
        """Raises ForkError for a record whose seq is taken by another."""
        by_day: dict[int, list[Row]] = {}
        for offer in offers:
            for day, rows in _rows(offer, self.now):
                by_day.setdefault(day, []).extend(rows)
        for day, all_rows in by_day.items():
            if self.book.keep_rows(log.id, day, all_rows) < len(all_rows):
                self._check_rows(log, all_rows, offers)

    def _check_rows(self, log: Log, rows: Sequence[Row], offers: Sequence[Offer]) -> None:
        """Of those that were there already, or came twice."""
        seqs = [row[0] for row in rows]
        kept = {row[0]: row for row in self.book.rows(log.id, min(seqs), max(seqs))}
        for row in rows:
            if kept[row[0]] != row:
                (culprit, *_) = [each for each in offers if row in each.all_rows()]
                raise ForkError(culprit, f"comes with another record {row[0]} than is here")

    def _keep_retirements(self, log: Log, offer: Offer) -> None:
        for event in offer.segment.events:
            if isinstance(event.body, Retired):
                gone = event.body
                self.book.keep_retirement(log.id, gone.segment, gone.seq, gone.link)

    def _advance(self, log: Log) -> bytes:
        """As far as there is no gap; keeps the receipt and returns it as signed."""
        end = log
        for step in self._steps(log):
            if end.segment and step.day != end.day:
                self.book.keep_receipt(log.id, end.segment, self._receipt(end))
            end = step
        signed = self._receipt(end)
        if end.segment != log.segment:
            self.book.advance(replace(end, receipt=signed))
        return signed

    def _steps(self, log: Log) -> Iterator[Log]:
        """The log after each segment that follows without a gap, or over one that was retired."""
        while True:
            found = self.book.span(log.id, log.segment + 1, log.segment + _STEP)
            for number, kept in enumerate(found, log.segment + 1):
                if kept.number != number:
                    break
                log = _after(log, kept)
                yield log
            if len(found) == _STEP and log.segment == found[-1].number:
                continue
            if (over := self._over_retired(log)) is None:
                return
            log = over
            yield log

    def _over_retired(self, log: Log) -> Log | None:
        """Behind what the device has removed by itself, once the next segment hangs on it."""
        retired = self.book.retirement_after(log.id, log.segment)
        if retired is None:
            return None
        number, seq, link = retired
        following = self.book.segments(log.id, [number + 1]).get(number + 1)
        if following is None or read_segment(following.signed).previous != link:
            return None
        return replace(log, segment=number, seq=seq, link=link, day=_NO_DAY)

    def _receipt(self, log: Log) -> bytes:
        at = int(self.now.timestamp())
        receipt = Receipt(log.device, log.epoch, log.segment, log.seq, log.link, at)
        return receipt.sign(self.key)


def _after(log: Log, kept: Kept) -> Log:
    return replace(
        log, segment=kept.number, seq=kept.last_seq, link=link_of(kept.signed), day=kept.day,
        checkpoint=kept.checkpoint,
    )  # fmt: skip


def _before(
    offer: Offer, log: Log, known: dict[int, Kept], offered: dict[int, Offer]
) -> tuple[bytes, int] | None:
    """Link and last seq of the segment before this one; None when it is not here."""
    number = offer.segment.number - 1
    if number == 0:
        return NO_LINK, 0
    if number == log.segment:
        return log.link, log.seq
    if number in offered:
        return offered[number].link, offered[number].segment.next_seq - 1
    if number in known:
        return link_of(known[number].signed), known[number].last_seq
    return None


def _check_end(offer: Offer, log: Log) -> None:
    """The last one before the first gap is known by its link when its time is over, too."""
    if offer.segment.number == log.segment and offer.link != log.link:
        raise ForkError(offer, "was here already, with other bytes")


def _check_before(offer: Offer, before: tuple[bytes, int] | None) -> None:
    """Raises ForkError."""
    if before is None:
        return
    link, seq = before
    if offer.segment.previous != link:
        raise ForkError(offer, "does not follow the one before")
    if offer.segment.first_seq <= seq:
        raise ForkError(offer, "seals records of the one before")
    if offer.segment.number == 1 and offer.segment.first_seq != 1:
        raise ForkError(offer, "is the first and leaves records out")


def _check_after(offer: Offer, kept: Kept | None) -> None:
    """Raises ForkError."""
    if kept is None:
        return
    if read_segment(kept.signed).previous != offer.link:
        raise ForkError(offer, "is not what the one after it follows")
    if kept.first_seq < offer.segment.next_seq:
        raise ForkError(offer, "seals records of the one after it")


def _rows(offer: Offer, now: datetime) -> Iterator[tuple[int, tuple[Row, ...]]]:
    """Day under which they are kept → records; its own, and those that folds have kept."""
    today = today_of(now)
    if offer.rows:
        yield kept_day(offer.segment.day, today), offer.rows
    for fold in offer.folds:
        if fold.rows:
            yield kept_day(fold.day, today), fold.rows


def days_of(offers: Sequence[Offer], now: datetime) -> set[int]:
    """Under which days the records of a body are kept."""
    return {day for offer in offers for day, _ in _rows(offer, now)}


def today_of(now: datetime) -> int:
    """Days since 1970, UTC."""
    return int(now.timestamp()) // 86_400
