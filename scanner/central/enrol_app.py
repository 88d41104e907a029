"""The web side of enrolment: POST /v1/enrol and GET /v1/ca, with TLS but no device certificate.

A service of its own on a port of its own, so that where records are taken nobody comes in without a
certificate. Nothing of who asks is kept or logged but the device's id, once it is enrolled.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from cryptography.hazmat.primitives.serialization import Encoding
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from scanner.central.devices import Office
from scanner.central.errors import CentralError
from scanner.central.ingest import Clock
from scanner.central.tokens import TokenDesk
from scanner.core.enrol_call import (
    CA_PATH,
    ENROL_PATH,
    MAX_CALL_BYTES,
    CallError,
    Refusal,
    encode_refusal,
    read_call,
)

MOST_WAITING, READ_S = 32, 20.0
RETRY_S = {Refusal.BUSY: "30", Refusal.TOO_MANY: "900"}
_log = logging.getLogger("scanner.central")


class EnrolApp:
    """Joins a web framework to the token desk. One call is worked on at a time: a morning's box of
    fifty takes a second."""

    def __init__(self, office: Office, clock: Clock) -> None:
        """office: its `now` is replaced by the clock's at each call."""
        self._office, self._clock = office, clock
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="enrol")
        self._inside = 0

    def starlette(self) -> Starlette:
        """For any ASGI server."""
        app = Starlette(
            routes=[
                Route(ENROL_PATH, self.enrol, methods=["POST"]),
                Route(CA_PATH, self.authority, methods=["GET"]),
            ],
            exception_handlers=dict.fromkeys((404, 405, 500), _bare),
        )
        app.router.redirect_slashes = False
        return app

    async def authority(self, request: Request) -> Response:
        """Whom to trust is for the device to compare."""
        pem = self._office.authority.certificate.public_bytes(Encoding.PEM)
        return Response(pem, headers=_headers("application/x-pem-file"))

    async def enrol(self, request: Request) -> Response:
        if not _is_small(request):
            return refused(Refusal.MALFORMED, closes=True)
        if self._inside >= MOST_WAITING:
            return refused(Refusal.BUSY, closes=True)
        self._inside += 1
        try:
            body = await asyncio.wait_for(request.body(), READ_S)
            work = partial(self._answer, body)
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except (TimeoutError, ClientDisconnect):
            return refused(Refusal.MALFORMED, closes=True)
        finally:
            self._inside -= 1

    def _answer(self, body: bytes) -> Response:
        try:
            desk = TokenDesk(replace(self._office, now=self._clock()))
            return Response(desk.take(read_call(body)), headers=_headers("application/json"))
        except CallError as error:
            _log.warning("an enrolment was refused: %s", error.refusal.value)
            return refused(error.refusal)
        except CentralError as error:
            _log.error("%s", error)
            return refused(Refusal.BUSY)


def refused(refusal: Refusal, *, closes: bool = False) -> Response:
    """With the status of its kind. closes: of a request that was not read to its end."""
    headers = _headers("application/json")
    if refusal in RETRY_S:
        headers["retry-after"] = RETRY_S[refusal]
    if closes:
        headers["connection"] = "close"
    return Response(encode_refusal(refusal), CallError(refusal).status, headers)


def _headers(kind: str) -> dict[str, str]:
    return {"content-type": kind, "cache-control": "no-store"}


def _is_small(request: Request) -> bool:
    """Before anything of the body is read."""
    length = request.headers.get("content-length", "")
    is_number = length.isascii() and length.isdigit() and len(length) < 10
    return is_number and int(length) <= MAX_CALL_BYTES


def _bare(request: Request, error: Exception) -> Response:
    return Response(status_code=getattr(error, "status_code", 500), headers={"connection": "close"})
