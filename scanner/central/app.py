"""The web side of the log: POST /v1/log and GET /healthz.

Every answer has 512 bytes, whatever it says: a receipt, or zeros; and the same headers, but for
Retry-After. So whoever watches the wire learns nothing beyond the status. A body of another size is
refused unread and the connection closed. Work on the database runs in a few threads; who comes when
too many wait is told to come again.

    200 receipt · 400 does not hold · 401 not enrolled · 403 revoked · 408 sent too slowly
    409 contradicts what is here · 413 another size · 429 too many at once · 503 no database
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from scanner.central.ingest import Ingest, RefusedError
from scanner.central.ledger import Ledger, LedgerError
from scanner.core.batch import BODY_BYTES
from scanner.core.enrolment import LOG_PATH
from scanner.core.receipt import ANSWER_BYTES, pad_answer
from scanner.core.signed_log import PUBLIC_BYTES, Statement, device_of

HEALTH_PATH = "/healthz"
# A device waits at least so long, and up to a quarter of an hour more by its own dice.
RETRY_BUSY_S, RETRY_BROKEN_S = 10, 30
_ZEROS = bytes(ANSWER_BYTES)
_HEADERS = {"content-type": "application/octet-stream", "cache-control": "no-store"}
_log = logging.getLogger("scanner.central")


@dataclass(frozen=True, slots=True)
class Limits:
    """threads: how many bodies are worked on at once. waiting: how many more are let in. read_s:
    in which a body must have come."""

    threads: int = 4
    waiting: int = 64
    read_s: float = 20.0


class LogApp:
    """Joins a web framework to the ingest."""

    def __init__(self, ingest: Ingest, ledger: Ledger, limits: Limits) -> None:
        self._ingest, self._ledger, self._limits = ingest, ledger, limits
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="ingest")
        self._inside = 0

    def starlette(self) -> Starlette:
        """For any ASGI server."""
        app = Starlette(
            routes=[
                Route(LOG_PATH, self.take, methods=["POST"]),
                Route(HEALTH_PATH, self.health, methods=["GET"]),
            ],
            exception_handlers=dict.fromkeys((404, 405, 500), _bare),
        )
        app.router.redirect_slashes = False
        return app

    async def take(self, request: Request) -> Response:
        if (refusal := _size_refusal(request)) is not None:
            return refusal
        if self._inside >= self._limits.threads + self._limits.waiting:
            return answer(429, retry_s=RETRY_BUSY_S, closes=True)
        self._inside += 1
        try:
            body = await asyncio.wait_for(_read(request), self._limits.read_s)
            return await self._in_thread(partial(self._answer, body))
        except TimeoutError:
            return answer(408, closes=True)
        except ClientDisconnect:
            return answer(400, closes=True)
        finally:
            self._inside -= 1

    async def health(self, request: Request) -> Response:
        """200 while the database answers."""
        return await self._in_thread(self._health)

    async def _in_thread(self, work: Callable[[], Response]) -> Response:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _answer(self, body: bytes) -> Response:
        try:
            return answer(200, pad_answer(self._ingest.take(body)))
        except RefusedError as error:
            _log.warning("device %s, %d: %s", _device_in(body), error.status, error)
            return answer(error.status)
        except LedgerError as error:
            _log.error("%s", error)
            return answer(503, retry_s=RETRY_BROKEN_S)

    def _health(self) -> Response:
        try:
            with self._ledger.book(reading=True) as book:
                book.last_audit()
        except LedgerError as error:
            _log.error("%s", error)
            return answer(503, retry_s=RETRY_BROKEN_S)
        return answer(200)


def answer(
    status: int, body: bytes = _ZEROS, *, retry_s: int | None = None, closes: bool = False
) -> Response:
    """ANSWER_BYTES. closes: of a request that was not read to its end."""
    headers = dict(_HEADERS)
    if retry_s is not None:
        headers["retry-after"] = str(retry_s)
    if closes:
        headers["connection"] = "close"
    return Response(body, status, headers)


def _size_refusal(request: Request) -> Response | None:
    """Before anything of the body is read."""
    length = request.headers.get("content-length", "")
    if not length.isascii() or not length.isdigit():
        return answer(400, closes=True)
    return None if int(length) == BODY_BYTES else answer(413, closes=True)


async def _read(request: Request) -> bytes:
    """Not more than the length that was announced: the server sees to that."""
    return await request.body()


def _bare(request: Request, error: Exception) -> Response:
    return answer(getattr(error, "status_code", 500), closes=True)


def _device_in(body: bytes) -> str:
    """The id of the key that a body names, which need not have signed it."""
    start = len(Statement.BODY.value)
    return device_of(body[start : start + PUBLIC_BYTES]).hex()
