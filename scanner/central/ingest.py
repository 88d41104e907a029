"""One body of a device → its records in the store, once each, and a signed receipt.

The receipt goes no further than the first gap. A body that does not fit what is there (the same
number with other bytes, a segment that does not follow the one before) is refused whole, and what
was offered is kept as evidence beside an entry in the audit.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.central.audit import Details, note
from scanner.central.intake import ForkError, Intake, days_of
from scanner.central.ledger import Book, Device, Ledger, TryAgainError
from scanner.central.offer import Offer, read_offers
from scanner.core.batch import Batch, unpack_body
from scanner.core.errors import LogError
from scanner.core.segment import link_of
from scanner.core.signed_log import device_of

Clock = Callable[[], datetime]


class RefusedError(LogError):
    """An upload is not taken; `status` of HTTP says what the device does with it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Ingest:
    """Takes bodies; may be used by several threads."""

    def __init__(self, ledger: Ledger, key: Ed25519PrivateKey, clock: Clock) -> None:
        """key: signs receipts and the audit."""
        self._ledger, self._key, self._clock = ledger, key, clock

    def take(self, body: bytes) -> bytes:
        """16 KiB → the receipt as signed, once everything is on the disk.

        Raises RefusedError, and LedgerError when nothing could be stored.
        """
        now = self._clock()
        try:
            return self._take(body, now)
        except TryAgainError:
            return self._take(body, now)

    def _take(self, body: bytes, now: datetime) -> bytes:
        try:
            batch = unpack_body(body)
            with self._ledger.book(reading=True) as book:
                check_device(book, batch.public)
            offers = read_offers(batch)
        except RefusedError:
            raise
        except LogError as error:
            raise RefusedError(400, str(error)) from None
        return self._keep(batch, offers, now)

    def _keep(self, batch: Batch, offers: list[Offer], now: datetime) -> bytes:
        try:
            self._ledger.prepare(days_of(offers, now))
            with self._ledger.book() as book:
                device = check_device(book, batch.public)
                return Intake(book, self._key, now).keep(device, batch.epoch, offers)
        except ForkError as fork:
            self._keep_evidence(fork, batch, now)
            raise RefusedError(409, str(fork)) from None

    def _keep_evidence(self, fork: ForkError, batch: Batch, now: datetime) -> None:
        device = device_of(batch.public)
        with self._ledger.book() as book:
            log = book.open_log(device, batch.epoch)
            if book.keep_fork(log.id, fork.number, link_of(fork.signed), fork.signed):
                details: Details = {
                    "device": device.hex(), "epoch": batch.epoch.hex(), "segment": fork.number,
                    "link": link_of(fork.signed).hex(), "why": fork.words,
                }  # fmt: skip
                note(book, self._key, now, "fork", details)


def check_device(book: Book, public: bytes) -> Device:
    """Raises RefusedError for a device that is not enrolled, or was revoked."""
    device = book.device(device_of(public))
    if device is None or device.public != public:
        raise RefusedError(401, "This device is not enrolled. Run `scanner central device enrol`.")
    if device.revoked_at is not None:
        raise RefusedError(403, "This device was revoked.")
    return device
