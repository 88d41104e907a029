"""Who watches the wire learns nothing: neither how many came by nor who.

The server sees how many, and it may; it does not see who either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from scanner.core.batch import BODY_BYTES, unpack_body
from scanner.core.claims import Movement
from scanner.core.clock import ClockReading
from scanner.core.reasons import Reason
from scanner.core.receipt import ANSWER_BYTES
from scanner.core.record import unpack
from scanner.core.segment import split_records
from scanner.core.upload import Reply
from scanner.sync.transport import HttpsTransport
from tests.journeys.booth import Booth, pass_number
from tests.journeys.traces import Traces, search, traces_of
from tests.sync.pushing import Pusher
from tests.sync.sealed import RUNNING
from tests.sync.tls_server import City, Send, TlsServer, response, serve

MINUTES = 90
NOW = ClockReading.exact(datetime(2020, 4, 29, 9, tzinfo=UTC))
Schedule = Callable[[int], int]


def crowd(minute: int) -> int:
    """A metro door in the morning: how many come in a minute."""
    return Random(minute).choice([0, 3, 12, 30, 45])


def lone(minute: int) -> int:
    """A country road: one in the whole time."""
    return int(minute == 70)


def live(pusher: Pusher, scans: Schedule, minute: int) -> None:
    """One minute at a gate, and the tick at its end."""
    for reason in (Reason.OK, Reason.EXPIRED, Reason.REVOKED, Reason.LIST_TOO_OLD):
        pusher.device.scan(scans(minute) if reason is Reason.OK else scans(minute) // 5, reason)
    pusher.device.seal()
    pusher.tick()
    pusher.wait(60)


class Recorder:
    """A transport that notes when a body went, its size, and the size of the answer."""

    def __init__(self, pusher: Pusher) -> None:
        self._pusher, self.seen = pusher, list[tuple[float, int, int]]()

    def post(self, body: bytes) -> Reply:
        reply = self._pusher.script.post(body)
        self.seen.append((self._pusher.boot_s, len(body), len(reply.body)))
        return reply

    def close(self) -> None:
        pass


@pytest.mark.parametrize("scans", [crowd, lone], ids=["crowd", "lone"])
def test_traffic_does_not_depend_on_scans(tmp_path: Path, scans: Schedule) -> None:
    """One body of one size each minute, one answer of one size, for a crowd as for nobody."""
    pusher = Pusher(tmp_path)
    pusher.transport = recorder = Recorder(pusher)
    for minute in range(MINUTES):
        live(pusher, scans, minute)
    begin = 1000.0
    assert recorder.seen == [(begin + 60 * n, BODY_BYTES, ANSWER_BYTES) for n in range(MINUTES)]
    sealed = sum(len(records) for records in pusher.server.records.values())
    assert sealed >= 0.8 * len(pusher.device.records())


def heads_of(folder: Path, scans: Schedule) -> tuple[list[tuple[bytes, int]], int]:
    """Head and size of each request over real TLS, and how many connections there were."""
    folder.mkdir()
    pusher, city = Pusher(folder), City(folder)

    def handle(request: bytes, send: Send) -> None:
        status, answer = pusher.server.take(request.partition(b"\r\n\r\n")[2])
        send(response(answer, f"{status} x"))

    with serve(city.server_context(), handle) as server:
        for minute in range(60, 80):
            enrolment = city.enrolment(server.url)
            pusher.transport = HttpsTransport(enrolment, folder / "tls.key", lambda: NOW)
            live(pusher, scans, minute)
            pusher.transport.close()
    return [_head(request, server) for request in server.requests], server.connections


def _head(request: bytes, server: TlsServer) -> tuple[bytes, int]:
    """Without the port, which the test's own server has got by chance."""
    head = request.partition(b"\r\n\r\n")[0]
    return head.replace(str(server.port).encode(), b"port"), len(request) - len(head)


def test_requests_differ_in_nothing_but_their_bodies(tmp_path: Path) -> None:
    """Path, headers, sizes and connections are the same for a crowd and for a country road."""
    first, second = (heads_of(tmp_path / scans.__name__, scans) for scans in (crowd, lone))
    assert first == second
    assert len(set(first[0])) == 1
    assert len(first[0]) == first[1] == 20


PEOPLE = 150


@pytest.fixture(scope="module")
def passes() -> list[bytes]:
    """Of people with a name, a birth day, a document and a plate."""
    return [
        pass_number(
            number,
            {
                Movement.HOLDER: [f"A.B.{number:04}", "19720417", f"7{number:05}"],
                Movement.HOLDER_REF: f"ref-{number:04}".encode(),
            },
        )
        for number in range(PEOPLE)
    ]


@pytest.fixture(scope="module")
def traces(passes: list[bytes]) -> Traces:
    """Everything by which one of them could be told."""
    return {
        pattern: what
        for number, text in enumerate(passes)
        for pattern, what in traces_of(str(number), text.decode()).items()
    }


@pytest.fixture
def sent(booth: Booth, passes: list[bytes]) -> Pusher:
    """All of them went past a booth, whose log was sealed and sent."""
    for payload in passes:
        booth.scan(payload)
        booth.clear(0.5)
    pusher = Pusher(booth.state)
    pusher.device.now = booth.clock.now().earliest
    pusher.device.seal(whole=True)
    pusher.tick()
    return pusher


def records_in(body: bytes) -> list[bytes]:
    """What the server keeps of a body."""
    parts = unpack_body(body).parts
    return [record for part in parts for record in split_records(part.records)]


def test_nobody_is_in_what_is_sent(sent: Pusher, traces: Traces) -> None:
    """Names, ids, signatures and their hashes: not in a body, nor in what it unpacks to."""
    (body,) = sent.script.bodies
    records = records_in(body)
    assert len(records) == PEOPLE
    assert {unpack(record)[1].reason for record in records} == {Reason.OK}
    assert search(body, traces) == set()
    for part in unpack_body(body).parts:
        assert search(part.segment, traces) == set()
        assert search(part.records, traces) == set()


def test_search_would_find_somebody_in_a_body(sent: Pusher, traces: Traces) -> None:
    """A search that finds nothing proves something only if it could have found it."""
    named = replace(RUNNING, checkpoint="19720417700003")
    sent.device.log.seal(sent.device.now, named)
    sent.tick()
    (part,) = unpack_body(sent.script.bodies[-1]).parts
    assert {traces[found] for found in search(part.segment, traces)} == {
        "3: birth day and document, raw"
    }
