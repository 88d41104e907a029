"""The way of a body to the server: one POST over TLS 1.3, and nothing believed but what it signs.

The device shows its own certificate, and trusts none but the city's CA. A board without a battery
may think that it is 1970, so OpenSSL does not look at dates; what the device knows of the time
judges them instead. No redirects: a server that sends devices elsewhere has been taken over or
moved, and both are for people to look at.
"""

from __future__ import annotations

import http.client
import logging
import math
import os
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from scanner.core.clock import ClockReading
from scanner.core.enrolment import LOG_PATH, EnrolmentAnswer
from scanner.core.errors import SyncError
from scanner.core.receipt import ANSWER_BYTES
from scanner.core.upload import Reply

log = logging.getLogger("scanner.upload")

# To connect and to open TLS, each; for a step of the answer; for all of a request.
CONNECT_S, READ_S, TOTAL_S = 10.0, 20.0, 45.0
X509_V_FLAG_NO_CHECK_TIME = 0x200000
# Nothing that tells devices, releases or days apart; the rest (Host, Content-Length) is fixed, too.
HEADERS = {
    "Accept": "application/octet-stream",
    "Accept-Encoding": "identity",
    "Content-Type": "application/octet-stream",
    "User-Agent": "checkpoint-scanner",
}


# In what OpenSSL calls the alert of a server that does not like our certificate.
_SHUT_OUT = (
    "ALERT_CERTIFICATE",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_UNKNOWN_CA",
    "ALERT_DECRYPT_ERROR",
    "ALERT_ACCESS_DENIED",
)


class HttpsTransport:
    """To one server; `now` judges the dates of its certificate."""

    def __init__(
        self,
        enrolment: EnrolmentAnswer,
        tls_key: Path,
        now: Callable[[], ClockReading],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """tls_key: PEM file of the key that the certificate is for. Raises SyncError."""
        parts = urlsplit(enrolment.url)
        self._host, self._port = parts.hostname or "", parts.port
        self._path, self._ca, self._now = parts.path + LOG_PATH, enrolment.ca, now
        self._monotonic, self._context = monotonic, _context(enrolment, tls_key)
        self._context.sslsocket_class = type(
            "_Bounded", (_BoundedSocket,), {"clock": staticmethod(monotonic)}
        )
        self._connection: HTTPSConnection | None = None

    def reach(self) -> None:
        """Open the connection and look who is there; nothing is sent. Raises SyncError."""
        try:
            self._connected()
        except SyncError:
            self.close()
            raise
        except (OSError, HTTPError, ValueError) as error:
            self.close()
            raise _translated(error) from error

    def post(self, body: bytes) -> Reply:
        """Raises SyncError; the connection is closed then."""
        try:
            connection = self._connected()
            if isinstance(connection.sock, _BoundedSocket):
                connection.sock.until_s = self._monotonic() + TOTAL_S
            self._send(connection, body)
            return self._reply(connection.getresponse())
        except SyncError:
            self.close()
            raise
        except (OSError, HTTPError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise _translated(error) from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> HTTPSConnection:
        if self._connection is None:
            self._connection = HTTPSConnection(
                self._host, self._port, timeout=CONNECT_S, ssl_context=self._context
            )
            self._connection.connect()
            self._check_certificate(self._connection)
        return self._connection

    def _send(self, connection: HTTPSConnection, body: bytes) -> None:
        """A server that hangs up meanwhile may have said why: its answer or alert is read then."""
        try:
            connection.request(
                "POST", self._path, body, HEADERS, preload_content=False, decode_content=False
            )
        except TimeoutError:
            raise
        except OSError as error:
            log.debug("the server took no more: %s", error)

    def _check_certificate(self, connection: HTTPSConnection) -> None:
        """What OpenSSL has left: dates, and that nothing stands between the CA and the server."""
        if not isinstance(connection.sock, ssl.SSLSocket):
            raise SyncError("The connection is not protected. Update the scanner.", retryable=False)
        shown = x509.load_der_x509_certificate(connection.sock.getpeercert(binary_form=True) or b"")
        try:
            shown.verify_directly_issued_by(self._ca)
        except (ValueError, TypeError, InvalidSignature):
            raise _not_ours("its certificate is not issued by the city's CA itself") from None
        for certificate in (shown, self._ca):
            _check_dates(certificate, self._now())

    def _reply(self, response: BaseHTTPResponse) -> Reply:
        asked_s = self._asked_s(response)
        if response.status != 200:
            self.close()  # whatever else it says is not read
            return Reply(response.status, asked_s=asked_s)
        said = response.headers.get("Content-Length"), response.headers.get("Transfer-Encoding")
        if said != (str(ANSWER_BYTES), None):
            raise SyncError(
                "Check the address in the enrolment: what answers there is no server for scan "
                "records.",
                retryable=True,
            )
        body = response.read(ANSWER_BYTES, decode_content=False)
        if len(body) != ANSWER_BYTES:
            raise SyncError("Wait: the server's answer was cut off.", retryable=True)
        return Reply(200, body, asked_s)

    def _asked_s(self, response: BaseHTTPResponse) -> float | None:
        """Retry-After in seconds [RFC 9110 §10.2.3]; a date counts from the server's own."""
        said = response.headers.get("Retry-After", "").strip()
        if said.isascii() and said.isdigit():
            return float(said[:9])
        until = _http_date(said)
        since = _http_date(response.headers.get("Date", "")) or self._now().earliest
        return None if until is None else (until - since).total_seconds()


class _BoundedSocket(ssl.SSLSocket):
    """Gives up when the time of a request is over, however steadily bytes trickle in."""

    clock: Callable[[], float] = staticmethod(time.monotonic)
    until_s: float = math.inf

    def send(self, *arguments: object, **named: object) -> int:
        self._limit()
        return super().send(*arguments, **named)  # type: ignore[arg-type]

    def recv_into(self, *arguments: object, **named: object) -> int:
        self._limit()
        return super().recv_into(*arguments, **named)  # type: ignore[arg-type]

    def _limit(self) -> None:
        left_s = self.until_s - self.clock()
        if left_s <= 0:
            raise TimeoutError("the request took too long")
        self.settimeout(min(READ_S, left_s))


def _context(enrolment: EnrolmentAnswer, tls_key: Path) -> ssl.SSLContext:
    """TLS 1.3, the city's CA alone, the host's name checked, dates left to us. SyncError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.hostname_checks_common_name = False
    context.verify_flags |= X509_V_FLAG_NO_CHECK_TIME
    pem = b"".join(each.public_bytes(Encoding.PEM) for each in enrolment.certificates)
    try:
        context.load_verify_locations(cadata=enrolment.ca.public_bytes(Encoding.PEM).decode())
        with os.fdopen(os.memfd_create("certificate"), "wb") as file:  # it only reads files
            file.write(pem)
            file.flush()
            context.load_cert_chain(f"/proc/self/fd/{file.fileno()}", tls_key)
    except OSError as error:
        raise SyncError(
            f"Enrol this device again: its certificate or {tls_key} cannot be used ({error}).",
            retryable=False,
        ) from None
    return context


def _check_dates(certificate: x509.Certificate, now: ClockReading) -> None:
    """By the device's own clock, as far as it knows the time. Raises SyncError."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if end < now.earliest:
        raise _not_ours(f"its certificate ended on {end:%Y-%m-%d}")
    if now.latest is not None and now.latest < begin:
        raise _not_ours(f"its certificate begins on {begin:%Y-%m-%d}")


def _http_date(text: str) -> datetime | None:
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        found = parsedate_to_datetime(text)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _not_ours(why: str) -> SyncError:
    return SyncError(
        f"Tell the city's people: the server does not show itself as theirs ({why}).",
        retryable=False,
    )


def _translated(error: Exception) -> SyncError:
    cause = error if isinstance(error, OSError) else error.__cause__ or error
    match cause:
        case ssl.SSLCertVerificationError():
            return _not_ours(cause.verify_message or "its certificate does not hold")
        case ssl.SSLError() if any(word in str(cause.reason) for word in _SHUT_OUT):
            return SyncError(
                "Ask the city whether this device's certificate has ended or was revoked: the "
                f"server does not let it in ({cause.reason}).",
                retryable=False,
            )
        case ssl.SSLError():
            why = cause.reason or "TLS failed"
            return SyncError(f"Check the network: no safe connection ({why}).", retryable=True)
        case TimeoutError():
            return SyncError("Wait: the server does not answer in time.", retryable=True)
        case _:
            why = f"{type(cause).__name__}: {cause}"
            return SyncError(f"Check the network: the server is not reached ({why}).",
                             retryable=True)  # fmt: skip
