"""A link between a device and its server that loses answers: bytes pass, TLS is not opened."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread

LOOPBACK = "127.0.0.1"
# A call with a request is longer than what ends a handshake and asks for a certificate, and its
# answer longer than a server's tickets.
CALL_BYTES, ANSWER_BYTES = 700, 1500


@dataclass
class LossyLink:
    """port: where it listens. losing: how many answers more it loses. lost: how many it has."""

    port: int
    losing: int = 0
    lost: int = 0

    def carry(self, device: socket.socket, server: socket.socket) -> None:
        """Both ways, until one end closes or an answer is lost."""
        sent = [0, 0]  # in all, and up to the first word of the server
        up = Thread(target=_pour, args=(device, server, sent), daemon=True)
        up.start()
        held = b""
        while chunk := _received(server):
            sent[1] = sent[1] or sent[0]
            if not self.losing or sent[0] - sent[1] < CALL_BYTES:
                device.sendall(chunk)
                continue
            # The server has the call. When this much has come, it has answered.
            held += chunk
            if len(held) >= ANSWER_BYTES:
                self.losing, self.lost = self.losing - 1, self.lost + 1
                break
        for end in (device, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        up.join(10)


def _received(end: socket.socket) -> bytes:
    with suppress(OSError):
        return end.recv(65536)
    return b""


def _pour(source: socket.socket, target: socket.socket, sent: list[int]) -> None:
    with suppress(OSError):
        while chunk := _received(source):
            sent[0] += len(chunk)
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def lossy_link(server_port: int) -> Iterator[LossyLink]:
    """One connection at a time, until the block ends."""
    listener = socket.create_server((LOOPBACK, 0))
    link = LossyLink(listener.getsockname()[1])

    def run() -> None:
        while True:
            try:
                device, _ = listener.accept()
            except OSError:
                return
            with device, socket.create_connection((LOOPBACK, server_port)) as server:
                link.carry(device, server)

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield link
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
