"""Runs the web side of enrolment in a thread of the process that runs the web side of the log.

It is asked a few times a device's life, so one process does, however many workers take records.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Thread

import uvicorn

from scanner.central.ca import ServerFiles
from scanner.central.devices import Office
from scanner.central.enrol_app import EnrolApp
from scanner.central.ingest import Clock
from scanner.central.serve_log import server_config, tls_context

_KEEP_ALIVE_S, _STOP_S = 5, 10


@contextmanager
def enrolling(
    office: Office, clock: Clock, listener: socket.socket, tls: ServerFiles | None
) -> Iterator[None]:
    """Devices may come in until the block ends. tls None: behind nginx that does it."""
    context = None if tls is None else partial(_context, tls)
    app = EnrolApp(office, clock).starlette()
    config = server_config(app, context, keep_alive_s=_KEEP_ALIVE_S, stop_s=_STOP_S)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, args=([listener],), name="enrol", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_STOP_S)


def _context(tls: ServerFiles, *_: object) -> ssl.SSLContext:
    return tls_context(tls, asks_certificate=False)
