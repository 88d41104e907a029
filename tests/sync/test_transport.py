"""The way to the server over real TLS on loopback: who is let in, and what is believed."""

from __future__ import annotations

import gzip
import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from urllib3.connection import HTTPSConnection

from scanner.core.batch import BODY_BYTES
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import SyncError
from scanner.core.receipt import ANSWER_BYTES
from scanner.core.upload import Reply
from tests.sync.posted import ANSWER, BODY, FINE, post, transport
from tests.sync.tls_server import LOOPBACK, City, Handler, Send, answering, response, serve


@pytest.fixture
def city(tmp_path: Path) -> City:
    """With a CA of its own."""
    return City(tmp_path)


def test_body_arrives_and_the_answer_comes_back(city: City) -> None:
    """Byte for byte, both ways, in one connection for the bodies of a tick."""
    with serve(city.server_context(), answering(response(ANSWER), response(b"b" * 512))) as server:
        sender = transport(city, server)
        assert sender.post(BODY) == Reply(200, ANSWER)
        assert sender.post(bytes(BODY_BYTES)) == Reply(200, b"b" * 512)
        sender.close()
    bodies = [request.partition(b"\r\n\r\n")[2] for request in server.requests]
    assert bodies == [BODY, bytes(BODY_BYTES)]
    assert server.connections == 1


def test_request_says_nothing_but_its_body(city: City) -> None:
    """Path and headers are the same for every device, release and day."""
    with serve(city.server_context(), FINE) as server:
        sender = transport(city, server)
        sender.post(BODY)
        sender.close()
    head = server.requests[0].partition(b"\r\n\r\n")[0].decode()
    assert sorted(head.split("\r\n")) == [
        "Accept-Encoding: identity",
        "Accept: application/octet-stream",
        "Content-Length: 16384",
        "Content-Type: application/octet-stream",
        f"Host: {LOOPBACK}:{server.port}",
        "POST /v1/log HTTP/1.1",
        "User-Agent: checkpoint-scanner",
    ]


@pytest.mark.parametrize(
    ("line", "asked_s"),
    [
        ("Retry-After: 120", 120),
        ("Retry-After: 9999999999999", 999_999_999),
        ("Retry-After: Wed, 29 Apr 2020 09:02:00 GMT", 120),
        ("Retry-After: Wed, 29 Apr 2020 08:00:00 GMT", -3600),
        ("Retry-After: soon", None),
        ("Retry-After: -5", None),
        ("X-Other: 1", None),
    ],
)
def test_status_and_retry_after_are_handed_on(city: City, line: str, asked_s: float | None) -> None:
    """In seconds or as a date, and garbage is no word at all; the text of a fault is not read."""
    busy = answering(response(b"later" * 1000, "429 Too Many Requests", line))
    assert post(city, city.server_context(), busy) == Reply(429, asked_s=asked_s)


def test_date_to_wait_for_counts_from_the_servers_own(city: City) -> None:
    """The clock of the device may say 1970."""
    lines = ("Date: Sun, 07 Jun 2026 09:00:00 GMT", "Retry-After: Sun, 07 Jun 2026 09:00:30 GMT")
    busy = answering(response(b"", "503 Busy", *lines))
    unknown = ClockReading(datetime.fromtimestamp(0, UTC), None, ClockLevel.C)
    assert post(city, city.server_context(), busy, unknown) == Reply(503, asked_s=30)


def test_redirect_is_not_followed(city: City) -> None:
    """It is an answer like others; nothing is sent to where it leads."""
    moved = answering(response(b"", "307 Moved", "Location: https://elsewhere.test/v1/log"))
    with serve(city.server_context(), moved) as server:
        assert transport(city, server).post(BODY) == Reply(307)
    assert len(server.requests) == 1


def cut(body: bytes) -> Handler:
    """What is sent before the connection ends."""

    def handle(_: bytes, send: Send) -> None:
        send(body)
        raise OSError("the connection ends here")

    return handle


BOMB = gzip.compress(bytes(10_000_000))
ANSWERS: dict[str, tuple[Handler, str]] = {
    "nothing": (cut(b""), "not reached"),
    "half a head": (cut(b"HTTP/1.1 200 OK\r\nContent-Le"), "not reached|Check the address"),
    "half an answer": (cut(response(ANSWER)[:-100]), "cut off"),
    "one byte less": (answering(response(ANSWER[1:])), "Check the address"),
    "one byte more": (answering(response(ANSWER + b"x")), "Check the address"),
    "ten terabytes": (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000000\r\n\r\n"),
        "Check the address",
    ),
    "no length": (cut(b"HTTP/1.1 200 OK\r\n\r\n" + ANSWER), "Check the address"),
    "chunks": (
        answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n200\r\n" + ANSWER),
        "Check the address",
    ),
    "a bomb": (answering(response(BOMB, "200 OK", "Content-Encoding: gzip")), "Check the address"),
    "garbage": (answering(b"\x00\xff" * 1000 + b"\r\n"), "not reached"),
    "a head without end": (answering(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200), "not reached"),
    "a line without end": (answering(b"HTTP/1.1 200 " + b"x" * 100_000), "not reached"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_broken_answer_is_an_error_and_nothing_more(city: City, what: str) -> None:
    """Whatever is sent in its place, a device only learns that it has to try again."""
    handle, words = ANSWERS[what]
    with pytest.raises(SyncError, match=words) as raised:
        post(city, city.server_context(), handle)
    assert raised.value.retryable


def test_packed_answer_is_not_unpacked(city: City) -> None:
    """A bomb that is as long as an answer stays as short as one."""
    bomb = gzip.compress(bytes(400_000))[:ANSWER_BYTES].ljust(ANSWER_BYTES, b"\0")
    packed = answering(response(bomb, "200 OK", "Content-Encoding: gzip"))
    assert post(city, city.server_context(), packed) == Reply(200, bomb)


def test_trickle_is_given_up(city: City) -> None:
    """A server that always has one more word does not hold the device for ever."""

    def handle(_: bytes, send: Send) -> None:
        while True:
            send(b"HTTP/1.1 100 Continue\r\n\r\n")

    seconds = itertools.count(0, 5)
    with serve(city.server_context(), handle) as server:
        sender = transport(city, server, monotonic=lambda: float(next(seconds)))
        with pytest.raises(SyncError, match="in time"):
            sender.post(BODY)


def test_connection_that_broke_is_opened_anew(city: City) -> None:
    """The next body goes over another one."""
    turns = iter([cut(response(ANSWER)[:-1]), FINE])

    def handle(request: bytes, send: Send) -> None:
        next(turns)(request, send)

    with serve(city.server_context(), handle) as server:
        sender = transport(city, server)
        with pytest.raises(SyncError):
            sender.post(BODY)
        assert sender.post(BODY) == Reply(200, ANSWER)
        sender.close()


def test_answer_before_the_end_of_the_body_is_heard(city: City) -> None:
    """A server that is busy says so and hangs up; the rest of the body is not wanted."""

    def handle(_: bytes, send: Send) -> None:
        raise AssertionError("the body is not read here")

    context = city.server_context()
    with serve(context, handle, early=response(b"", "429 Busy", "Retry-After: 7")) as server:
        assert transport(city, server).post(BODY) == Reply(429, asked_s=7)


def test_answer_is_read_though_the_pipe_broke(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last write fails, and the answer lies there already."""
    send = HTTPSConnection.request

    def break_pipe(*arguments: Any, **named: Any) -> None:
        send(*arguments, **named)
        raise BrokenPipeError

    monkeypatch.setattr(HTTPSConnection, "request", break_pipe)
    assert post(city, city.server_context()) == Reply(200, ANSWER)
