"""Runs the web side of the log: TLS 1.3 with certificates on both sides, or behind nginx.

With PostgreSQL several workers share one port; a worker that dies is replaced.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from scanner.central.app import Limits, LogApp
from scanner.central.ca import ServerFiles
from scanner.central.errors import CentralError
from scanner.central.ingest import Clock, Ingest
from scanner.central.ledger import is_postgres, open_ledger
from scanner.central.log_folder import receipt_key

MAX_WORKERS = 64
# A device's process ends after its tick: what stays open longer is nginx, or nobody.
_KEEP_ALIVE_S, _STOP_S = 75, 30
_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class LogService:
    """What a worker needs to begin; goes to its process by value.

    database: as for `ledger.open_ledger`. clock: a function of a module.
    """

    central: Path
    database: str
    clock: Clock
    limits: Limits = field(default_factory=Limits)

    def __call__(self) -> Starlette:
        """In the process of the worker. Raises CentralError."""
        ledger = open_ledger(self.database, connections=self.limits.threads)
        ingest = Ingest(ledger, receipt_key(self.central), self.clock)
        return LogApp(ingest, ledger, self.limits).starlette()


def check_workers(database: str, workers: int) -> None:
    """Raises CentralError."""
    if workers > 1 and not is_postgres(database):
        raise CentralError(
            "Several workers need PostgreSQL: one process at a time writes to a file. "
            "Give --database postgresql://…, or leave --workers out."
        )


def listen(host: str, port: int, option: str = "--log-port") -> socket.socket:
    """Port 0: any free one. option: the one that names it. Raises CentralError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        return listener
    except OSError as error:
        raise CentralError(
            f"{host}:{port} cannot be listened to ({error.strerror}). Choose another {option}."
        ) from None


def server_config(
    app: LogService | Starlette,
    tls: Callable[..., ssl.SSLContext] | None,
    *,
    workers: int = 1,
    keep_alive_s: int,
    stop_s: int,
) -> uvicorn.Config:
    """A web server that tells nobody what it is and logs nobody who comes.

    tls: makes the context in each worker; None: behind nginx that does it.
    """
    return uvicorn.Config(
        app,
        factory=isinstance(app, LogService),
        workers=workers,
        ssl_context_factory=tls,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=keep_alive_s,
        timeout_graceful_shutdown=stop_s,
    )


def run(
    service: LogService, listener: socket.socket, tls: ServerFiles | None, workers: int
) -> None:
    """Until it is told to stop by SIGTERM or SIGINT; what was begun is finished."""
    config = server_config(
        service,
        None if tls is None else _Context(tls),
        workers=workers,
        keep_alive_s=_KEEP_ALIVE_S,
        stop_s=_STOP_S,
    )
    if workers > 1:
        Multiprocess(config, [listener]).run()
    else:
        uvicorn.Server(config).run([listener])


@dataclass(frozen=True, slots=True)
class _Context:
    """Makes the same TLS context in each worker."""

    files: ServerFiles

    def __call__(self, *_: object) -> ssl.SSLContext:
        return tls_context(self.files)


def tls_context(files: ServerFiles, *, asks_certificate: bool = True) -> ssl.SSLContext:
    """TLS 1.3 alone; only devices of this city's own authority come in. Raises CentralError.

    asks_certificate False: for those who have none yet.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED if asks_certificate else ssl.CERT_NONE
    try:
        context.load_cert_chain(files.certificate, files.key)
        context.load_verify_locations(files.ca)
    except (OSError, ssl.SSLError) as error:
        folder = os.path.dirname(files.certificate)
        raise CentralError(f"The certificates in {folder} cannot be used ({error}).") from None
    return context
