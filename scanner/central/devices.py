"""Which devices may send records: certify one, list all, refuse one without touching the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.central.audit import note
from scanner.central.ca import Authority
from scanner.central.errors import CentralError
from scanner.central.ledger import Book, Device, Ledger, Log
from scanner.central.placing import read_place_text, seal_fleet_key
from scanner.core.enrolment import (
    EnrolmentAnswer,
    EnrolmentRequest,
    encode_answer,
    is_server_url,
    read_request,
)
from scanner.core.place import sign_place
from scanner.core.signed_log import device_of, public_bytes

URL_SETTING, ENROL_URL_SETTING = "url", "enrol_url"


@dataclass(frozen=True, slots=True)
class Office:
    """What enrolling takes. key: of the receipts. fleet_key: the age identity, where it is here."""

    ledger: Ledger
    authority: Authority
    key: Ed25519PrivateKey
    now: datetime
    fleet_key: str | None = None

    def enrol(
        self, raw: bytes, url: str | None, *, restores: bool = False, place: str | None = None
    ) -> EnrolmentAnswer:
        """A device's request → the city's answer; the same again renews its certificate.

        url: where devices reach the server; None: as the time before. restores: also one that was
        revoked. place: text of `placing.py`; None: as the time before. Raises EnrolmentError for
        the request, CentralError for the rest.
        """
        request = read_request(raw)
        with self.ledger.book() as book:
            keep_address(book, url)
            if place is not None:
                book.keep_place(request.device, place)
            return self.answer(book, request, restores=restores)

    def answer(
        self, book: Book, request: EnrolmentRequest, *, restores: bool = False
    ) -> EnrolmentAnswer:
        """Certified, with its place where one is kept. Raises CentralError."""
        certificate = self.authority.certify(request, self.now)
        address, place = keep_address(book, None), book.place(request.device)
        self._keep(book, request, certificate.not_valid_after_utc, restores=restores)
        at = int(self.now.timestamp())
        return EnrolmentAnswer(
            device=request.device,
            url=address,
            certificates=(certificate,),
            ca=self.authority.certificate,
            receipt_key=public_bytes(self.key),
            issued_at=at,
            place=b"" if place is None else self._signed(request, place, at),
            fleet_key=self._sealed(request) if place is not None else b"",
        )

    def revoke(self, device: str) -> Device:
        """That device alone is refused from now on. Raises CentralError for an unknown id."""
        with self.ledger.book() as book:
            found = _find(book, device)
            if found.revoked_at is None:
                found = replace(found, revoked_at=int(self.now.timestamp()))
                book.keep_device(found)
                note(book, self.key, self.now, "revoked", {"device": device_of(found.public).hex()})
            return found

    def _signed(self, request: EnrolmentRequest, place: str, at: int) -> bytes:
        return sign_place(self.key, request.device, read_place_text(place), at)

    def _sealed(self, request: EnrolmentRequest) -> bytes:
        return seal_fleet_key(self.fleet_key, request.public) if self.fleet_key else b""

    def _keep(
        self, book: Book, request: EnrolmentRequest, until: datetime, *, restores: bool
    ) -> None:
        old = book.device(request.device)
        if old is not None and old.revoked_at is not None and not restores:
            raise CentralError(
                f"Device {request.device.hex()} was revoked on "
                f"{_date(old.revoked_at)}. Give --restore to let it in again."
            )
        at = int(self.now.timestamp())
        seen = old.seen if old else None
        book.keep_device(Device(request.public, at, int(until.timestamp()), None, seen))
        note(book, self.key, self.now, "enrolled", {"device": request.device.hex()})


def answer_file(answer: EnrolmentAnswer) -> bytes:
    """As it goes to the device."""
    return encode_answer(answer)


def list_lines(ledger: Ledger, now: datetime) -> list[str]:
    """One line a device: id, state, where it is, when it was seen, how far its log goes."""
    with ledger.book(reading=True) as book:
        devices, logs = book.devices(), book.logs()
    newest = {log.device: log for log in logs}  # by their numbers: the latest epoch
    return [_line(device, newest.get(device_of(device.public)), now) for device in devices]


def _line(device: Device, log: Log | None, now: datetime) -> str:
    state = "enrolled"
    if device.revoked_at is not None:
        state = f"revoked {_date(device.revoked_at)}"
    elif device.certified_until <= now.timestamp():
        state = "certificate expired"
    seen = "never seen" if device.seen is None else f"seen {_moment(60 * device.seen)}"
    length = f"{log.seq} records in {log.segment} segments" if log else "no records"
    place = log.checkpoint if log and log.checkpoint else "-"
    return (
        f"{device_of(device.public).hex()}  {state:<20}  until {_date(device.certified_until)}  "
        f"{seen:<22}  {length}, {place}"
    )


def keep_address(book: Book, url: str | None, name: str = URL_SETTING) -> str:
    """The address of a server of this city: kept when it is given. Raises CentralError."""
    url = url or book.setting(name)
    if url is None:
        raise CentralError(
            f"Say where devices reach this server: --{name.replace('_', '-')} https://HOST:PORT"
        )
    if not is_server_url(url):
        raise CentralError(f"{url} is no plain https address, as https://records.city.example:8443")
    book.keep_setting(name, url)
    return url


def _find(book: Book, device: str) -> Device:
    try:
        found = book.device(bytes.fromhex(device))
    except ValueError:
        found = None
    if found is None:
        raise CentralError(
            f"No device {device} is enrolled. `scanner central device list` names them."
        )
    return found


def _date(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%MZ}"
