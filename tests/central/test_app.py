"""The web side of the log: one size of answer, sizes checked unread, a bounded crowd."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette

from scanner.central.app import HEALTH_PATH, RETRY_BROKEN_S, RETRY_BUSY_S, Limits, LogApp
from scanner.central.ingest import Ingest
from scanner.central.ledger import Book, Ledger, LedgerError, open_ledger
from scanner.core.batch import BODY_BYTES
from scanner.core.enrolment import LOG_PATH
from scanner.core.receipt import ANSWER_BYTES, read_receipt, unpad_answer
from tests.central.reporter import Reporter, Ticking

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ZEROS = bytes(ANSWER_BYTES)
HEADERS = [b"cache-control", b"content-length", b"content-type"]


@dataclass
class Said:
    """An answer, and how much of the request was read for it."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    reads: int = 0


async def ask(
    app: Starlette,
    body: bytes = b"",
    *,
    method: str = "POST",
    path: str = LOG_PATH,
    length: str | None = None,
    read: Callable[[], Awaitable[None]] | None = None,
) -> Said:
    """One request as an ASGI server hands it on; `read` is awaited before the body is given."""
    said = Said()
    size = str(len(body)) if length is None else length
    headers = [(b"content-length", size.encode())] if size else []

    async def receive() -> dict[str, Any]:
        said.reads += 1
        if read is not None:
            await read()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            said.status, said.headers = message["status"], dict(message["headers"])
        else:
            said.body += message["body"]

    scope = {"type": "http", "method": method, "path": path, "headers": headers,
             "query_string": b"", "root_path": "", "scheme": "https", "http_version": "1.1",
             "server": ("127.0.0.1", 1), "client": ("127.0.0.1", 2)}  # fmt: skip
    await app(scope, receive, send)
    return said


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Ledger]:
    """An embedded store."""
    opened = open_ledger(str(tmp_path / "log.db"))
    yield opened
    opened.close()


@pytest.fixture
def app(store: Ledger) -> Starlette:
    """A server over it."""
    return LogApp(Ingest(store, KEY, Ticking()), store, Limits(threads=1)).starlette()


def test_answer_is_a_receipt_of_512_bytes(app: Starlette, store: Ledger) -> None:
    """With three headers and no other, so that every answer looks alike."""
    gate = Reporter().enrol(store)
    said = asyncio.run(ask(app, gate.body(gate.seal(3))))
    receipt = read_receipt(unpad_answer(said.body), KEY.public_key())
    assert (said.status, receipt.seq, len(said.body)) == (200, 3, ANSWER_BYTES)
    assert sorted(said.headers) == HEADERS


def test_refusals_look_like_receipts(app: Starlette, store: Ledger) -> None:
    """The status says it all; size and headers are those of every answer."""
    gate, twin, stranger = Reporter().enrol(store), Reporter(), Reporter("stranger")
    asyncio.run(ask(app, gate.body(gate.seal(3))))
    cases = {
        400: bytes(BODY_BYTES),
        401: stranger.body(stranger.seal(1)),
        409: twin.body(twin.seal(4)),
    }
    for status, body in cases.items():
        said = asyncio.run(ask(app, body))
        assert (said.status, said.body, sorted(said.headers)) == (status, ZEROS, HEADERS)


@pytest.mark.parametrize(
    ("length", "status"),
    [("", 400), ("-1", 400), ("16384.0", 400), ("٣", 400), ("0", 413), ("16383", 413),
     ("16385", 413), ("99999999999999999999", 413)],
)  # fmt: skip
def test_other_sizes_are_refused_unread(length: str, status: int, app: Starlette) -> None:
    """Not a byte of the body is taken in, and nothing that follows on the connection."""
    said = asyncio.run(ask(app, b"x" * 100, length=length))
    assert (said.status, said.reads, said.body) == (status, 0, ZEROS)
    assert said.headers[b"connection"] == b"close"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", LOG_PATH, 405), ("POST", "/", 404), ("GET", "/v1/log/", 404), ("PUT", "/x", 404)],
)
def test_nothing_else_is_there(method: str, path: str, status: int, app: Starlette) -> None:
    """Other paths and methods are answered in the same size."""
    said = asyncio.run(ask(app, method=method, path=path))
    assert (said.status, len(said.body)) == (status, ANSWER_BYTES)


def test_body_that_does_not_come_is_given_up(store: Ledger) -> None:
    """A connection that trickles holds its place for a bounded time."""
    app = LogApp(Ingest(store, KEY, Ticking()), store, Limits(read_s=0.0)).starlette()

    async def never() -> None:
        await asyncio.Event().wait()

    assert asyncio.run(ask(app, bytes(BODY_BYTES), read=never)).status == 408


class Held(Ingest):
    """Works on a body until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go = Semaphore(0), Event()

    def take(self, body: bytes) -> bytes:
        self.begun.release()
        self.go.wait(30)
        return b"receipt"


def test_who_comes_to_a_full_house_is_told_to_come_again(store: Ledger) -> None:
    """One at work and one waiting: the third is refused unread, with Retry-After."""
    held = Held()
    app = LogApp(held, store, Limits(threads=1, waiting=1)).starlette()

    async def crowd() -> tuple[Said, list[Said]]:
        inside = [asyncio.create_task(ask(app, bytes(BODY_BYTES))) for _ in range(2)]
        await asyncio.get_running_loop().run_in_executor(None, held.begun.acquire)
        late = await ask(app, bytes(BODY_BYTES))
        held.go.set()
        return late, await asyncio.gather(*inside)

    late, inside = asyncio.run(crowd())
    assert (late.status, late.reads, late.body) == (429, 0, ZEROS)
    assert late.headers[b"retry-after"] == str(RETRY_BUSY_S).encode()
    assert [said.status for said in inside] == [200, 200]
    assert asyncio.run(ask(app, bytes(BODY_BYTES))).status == 200


class Broken:
    """A store whose database is not there."""

    name = "nowhere"

    def book(self, *, reading: bool = False) -> AbstractContextManager[Book]:
        raise LedgerError("The database is away. Start it.")

    def prepare(self, days: object) -> None: ...

    def settle(self) -> None: ...

    def close(self) -> None: ...


def test_server_without_database_asks_for_patience(caplog: pytest.LogCaptureFixture) -> None:
    """503 with Retry-After, and the operator's sentence in the log."""
    app = LogApp(Ingest(Broken(), KEY, Ticking()), Broken(), Limits()).starlette()
    gate = Reporter()
    for said in (
        asyncio.run(ask(app, gate.body())),
        asyncio.run(ask(app, method="GET", path=HEALTH_PATH)),
    ):
        assert (said.status, said.body) == (503, ZEROS)
        assert said.headers[b"retry-after"] == str(RETRY_BROKEN_S).encode()
    assert caplog.text.count("The database is away. Start it.") == 2


def test_health_is_that_of_the_database(app: Starlette) -> None:
    """200 while it answers."""
    assert asyncio.run(ask(app, method="GET", path=HEALTH_PATH)).status == 200


def test_log_names_device_and_reason_alone(
    app: Starlette, store: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a refused body nothing but the id of the device and what is wrong is written."""
    gate = Reporter().enrol(store)
    gate.seal(3)
    asyncio.run(ask(app, gate.body(gate.parts[0], gate.parts[0])))
    (message,) = [record.getMessage() for record in caplog.records]
    assert message == (
        f"device {gate.device.hex()}, 400: The segments of an upload are not in order. "
        "Send them again."
    )
