"""A device asks a city for its enrolment over the network: one call, before it has a certificate.

    fingerprint ─▶ the authority's certificate, from whoever answers, believed if it fits
      ─▶ TLS 1.3 to a server that this authority has certified ─▶ token and request ─▶ answer

The token is sent only over the second connection. The answer's own signatures are checked by who
installs it.
"""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from cryptography import x509
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError

from scanner.core.clock import ClockReading
from scanner.core.enrol_call import (
    CA_PATH,
    ENROL_PATH,
    MAX_ANSWER_BYTES,
    Call,
    encode_call,
    read_refusal,
)
from scanner.core.errors import EnrolmentError, SyncError
from scanner.core.offer import Offer
from scanner.sync.tls import (
    CONNECT_S,
    TOTAL_S,
    BoundedSocket,
    check_server,
    city_context,
    translated,
    unproven_context,
)

HEADERS = {"Accept-Encoding": "identity", "User-Agent": "checkpoint-scanner"}
MAX_CA_BYTES, MAX_REFUSAL_BYTES = 16 * 1024, 1024


def ask_city(
    offer: Offer,
    request: bytes,
    now: ClockReading,
    monotonic: Callable[[], float] = time.monotonic,
) -> bytes:
    """The answer as a file. now: what the device and the offer know of the time.

    Raises CallError when the city refuses, EnrolmentError when it is not the city that was meant,
    SyncError for the rest.
    """
    ca = offer.pin.certificate or _fetch_authority(offer, monotonic)
    body = encode_call(Call(offer.token, request))
    with _connected(offer, city_context(ca, monotonic), monotonic) as connection:
        check_server(connection.sock, ca, now)
        headers = {**HEADERS, "Content-Type": "application/json"}
        status, said = _exchange(connection, offer, ("POST", ENROL_PATH), body, headers)
    if status == http.client.OK:
        return said
    refusal = read_refusal(status, said[:MAX_REFUSAL_BYTES])
    if refusal is not None:
        raise refusal
    raise SyncError(
        f"Check the address {offer.url}: what answers there lets no devices in (status {status}).",
        retryable=status >= http.client.INTERNAL_SERVER_ERROR,
    )


def _fetch_authority(offer: Offer, monotonic: Callable[[], float]) -> x509.Certificate:
    """Whoever answers may say what he likes: only what fits the fingerprint is believed."""
    with _connected(offer, unproven_context(monotonic), monotonic) as connection:
        status, said = _exchange(connection, offer, ("GET", CA_PATH), None, HEADERS)
    try:
        if status != http.client.OK or len(said) > MAX_CA_BYTES:
            raise ValueError(f"status {status}")
        found = x509.load_pem_x509_certificate(said)
    except ValueError as error:
        raise SyncError(
            f"Check the address {offer.url}: what answers there lets no devices in ({error}).",
            retryable=False,
        ) from None
    if not offer.pin.matches(found):
        raise EnrolmentError(
            "Stop and tell the city's people: what answers is not the city that this card or code "
            "is of. Nothing was sent to it."
        )
    return found


@contextmanager
def _connected(
    offer: Offer, context: ssl.SSLContext, monotonic: Callable[[], float]
) -> Iterator[HTTPSConnection]:
    """Open, and bounded in time as a whole. Raises SyncError."""
    parts = urlsplit(offer.url)
    connection = HTTPSConnection(
        parts.hostname or "", parts.port, timeout=CONNECT_S, ssl_context=context
    )
    try:
        connection.connect()
        if isinstance(connection.sock, BoundedSocket):
            connection.sock.until_s = monotonic() + TOTAL_S
        yield connection
    except (OSError, HTTPError, http.client.HTTPException) as error:
        raise translated(error) from error
    finally:
        connection.close()


def _exchange(
    connection: HTTPSConnection,
    offer: Offer,
    what: tuple[str, str],
    body: bytes | None,
    headers: dict[str, str],
) -> tuple[int, bytes]:
    """Status, and as much of the body as any answer has; no redirects."""
    method, path = what
    base = urlsplit(offer.url).path
    connection.request(
        method, base + path, body, headers, preload_content=False, decode_content=False
    )
    response = connection.getresponse()
    said = response.read(MAX_ANSWER_BYTES + 1, decode_content=False)
    announced = response.headers.get("Content-Length", "")
    if announced != str(len(said)):
        raise SyncError("Wait: the server's answer was cut off.", retryable=True)
    return response.status, said
