"""The way of a body to the server: one POST over TLS 1.3, and nothing believed but what it signs.

The device shows its own certificate, and trusts none but the city's CA. A board without a battery
may think that it is 1970, so OpenSSL does not look at dates; what the device knows of the time
judges them instead. No redirects: a server that sends devices elsewhere has been taken over or
moved, and both are for people to look at.
"""

from __future__ import annotations

import http.client
import logging
import os
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from scanner.core.clock import ClockReading
from scanner.core.enrolment import LOG_PATH, EnrolmentAnswer
from scanner.core.errors import SyncError
from scanner.core.receipt import ANSWER_BYTES
from scanner.core.upload import Reply
from scanner.sync.tls import (
    CONNECT_S,
    TOTAL_S,
    BoundedSocket,
    check_server,
    city_context,
    translated,
)

log = logging.getLogger("scanner.upload")

# Nothing that tells devices, releases or days apart; the rest (Host, Content-Length) is fixed, too.
HEADERS = {
    "Accept": "application/octet-stream",
    "Accept-Encoding": "identity",
    "Content-Type": "application/octet-stream",
    "User-Agent": "checkpoint-scanner",
}


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
        self._monotonic = monotonic
        self._context = city_context(enrolment.ca, monotonic)
        _show_own(self._context, enrolment, tls_key)
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
            raise translated(error) from error

    def post(self, body: bytes) -> Reply:
        """Raises SyncError; the connection is closed then."""
        try:
            connection = self._connected()
            if isinstance(connection.sock, BoundedSocket):
                connection.sock.until_s = self._monotonic() + TOTAL_S
            self._send(connection, body)
            return self._reply(connection.getresponse())
        except SyncError:
            self.close()
            raise
        except (OSError, HTTPError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise translated(error) from error

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
            check_server(self._connection.sock, self._ca, self._now())
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


def _show_own(context: ssl.SSLContext, enrolment: EnrolmentAnswer, tls_key: Path) -> None:
    """The device's own certificate. Raises SyncError."""
    pem = b"".join(each.public_bytes(Encoding.PEM) for each in enrolment.certificates)
    try:
        with os.fdopen(os.memfd_create("certificate"), "wb") as file:  # it only reads files
            file.write(pem)
            file.flush()
            context.load_cert_chain(f"/proc/self/fd/{file.fileno()}", tls_key)
    except OSError as error:
        raise SyncError(
            f"Enrol this device again: its certificate or {tls_key} cannot be used ({error}).",
            retryable=False,
        ) from None


def _http_date(text: str) -> datetime | None:
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        found = parsedate_to_datetime(text)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
