"""A server on loopback that answers what a test tells it, over real TLS."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Thread

from scanner.core.enrolment import EnrolmentAnswer
from tests import pki

LOOPBACK = "127.0.0.1"
# What a handler gets: the request as it came, and how to send.
Send = Callable[[bytes], None]
Handler = Callable[[bytes, Send], None]
Face = ssl.SSLContext | None


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """As a server in order sends it."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def answering(*answers: bytes) -> Handler:
    """One answer after the other; the last one again and again."""
    left = list(answers)

    def handle(_: bytes, send: Send) -> None:
        send(left.pop(0) if len(left) > 1 else left[0])

    return handle


@dataclass
class TlsServer:
    """`requests`: head and body as they came; `connections`: how many were opened."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}"


@dataclass(frozen=True)
class City:
    """Its CA, and what a server and a device of it have."""

    folder: Path
    ca: pki.Authority = field(default_factory=pki.Authority)

    def server_context(
        self,
        *hosts: str,
        issuer: pki.Authority | None = None,
        clients: pki.Authority | None = None,
        end: datetime = pki.BEGIN + pki.YEAR,
    ) -> ssl.SSLContext:
        """TLS 1.3, a certificate for `hosts`, and only devices of `clients`, else of the city."""
        key = pki.new_key()
        by = issuer or self.ca
        shown = by.issue(key.public_key(), "server", hosts=hosts or (LOOPBACK,), end=end)
        chain = (shown,) if by is self.ca else (shown, by.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        trusted = pki.write_pem(self.folder / "clients.pem", (clients or self.ca).certificate)
        context.load_verify_locations(trusted)
        context.verify_flags |= 0x200000  # the dates of 2020 are part of the tests
        context.load_cert_chain(
            pki.write_pem(self.folder / "server.pem", *chain),
            pki.write_key(self.folder / "server.key", key),
        )
        return context

    def enrolment(self, url: str, device: bytes = bytes(8)) -> EnrolmentAnswer:
        """For a device whose key is written to `tls.key`."""
        key = pki.new_key()
        pki.write_key(self.folder / "tls.key", key)
        certificate = self.ca.issue(key.public_key(), device.hex())
        return EnrolmentAnswer(
            device, url, (certificate,), self.ca.certificate, bytes(32), 1_588_150_000
        )


@contextmanager
def serve(
    context: Face | Callable[[], Face], handle: Handler, early: bytes = b""
) -> Iterator[TlsServer]:
    """One connection at a time, until the block ends.

    context: None for plain HTTP; it may be another for each connection. early: sent before anything
    is read.
    """
    listener = socket.create_server((LOOPBACK, 0))
    server = TlsServer(listener.getsockname()[1])

    def run() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            with suppress(OSError), raw, _opened(raw, context) as connection:
                connection.sendall(early)
                while early and connection.recv(65536):
                    pass  # or the system would take back what was sent
                while not early and (request := _request(connection)):
                    server.requests.append(request)
                    handle(request, connection.sendall)

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def _opened(raw: socket.socket, context: Face | Callable[[], Face]) -> socket.socket:
    face = context() if callable(context) else context
    if face is None:
        return raw
    connection = face.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
    try:
        connection.do_handshake()
    except OSError:
        _drain(connection)
        connection.close()
        raise
    return connection


def _drain(connection: ssl.SSLSocket) -> None:
    """What is closed unread is reset, and the alert that was sent may be lost with it."""
    with suppress(OSError):
        while socket.socket.recv(connection, 65536):
            pass


def _request(connection: socket.socket) -> bytes:
    """Head and body of one request; b"" when there is none."""
    found = b""
    while b"\r\n\r\n" not in found:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        found += chunk
    head, _, body = found.partition(b"\r\n\r\n")
    announced = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    while announced is not None and len(body) < int(announced[1]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
