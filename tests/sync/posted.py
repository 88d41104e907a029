"""A body to the city's server."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime

from scanner.core.batch import BODY_BYTES
from scanner.core.clock import ClockReading
from scanner.core.receipt import ANSWER_BYTES
from scanner.core.upload import Reply
from scanner.sync.transport import HttpsTransport
from tests.sync.tls_server import LOOPBACK, City, Handler, TlsServer, answering, response, serve

NOW = datetime(2020, 4, 29, 9, 0, tzinfo=UTC)
BODY = bytes(range(256)) * (BODY_BYTES // 256)
ANSWER = b"a" * ANSWER_BYTES
FINE = answering(response(ANSWER))


def transport(
    city: City,
    server: TlsServer,
    now: ClockReading | None = None,
    monotonic: Callable[[], float] = lambda: 0.0,
    host: str = LOOPBACK,
) -> HttpsTransport:
    """Of a device of the city, at a time."""
    reading = now or ClockReading.exact(NOW)
    enrolment = city.enrolment(f"https://{host}:{server.port}")
    return HttpsTransport(enrolment, city.folder / "tls.key", lambda: reading, monotonic)


def post(
    city: City, context: ssl.SSLContext, handle: Handler = FINE, now: ClockReading | None = None
) -> Reply:
    """One body to a server of this kind."""
    with serve(context, handle) as server:
        sender = transport(city, server, now)
        try:
            return sender.post(BODY)
        finally:
            sender.close()
