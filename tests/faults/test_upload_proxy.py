"""Bodies through a proxy with every fault: at the server each record is there exactly once.

The server is the city's own, on both of its stores. 2 000 bodies on each by default, 100 000 by
name: `sh tests/run.sh faults`.
"""

from __future__ import annotations

import shutil
import ssl
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from scanner.central.ingest import Ingest, RefusedError
from scanner.central.ledger import Device, Ledger, open_ledger
from scanner.central.log_source import read_logs
from scanner.core.chain import State, check_log
from scanner.core.clock import ClockReading
from scanner.core.receipt import pad_answer, read_receipt
from scanner.core.signed_log import public_bytes
from scanner.core.upload import Reply
from scanner.store.upload_queue import SegmentState
from scanner.sync.transport import HttpsTransport
from tests import pki
from tests.faults.proxy import BOMB, WEIGHTS, FaultProxy
from tests.postgres import NOT_FOUND, Postgres, find_binaries, running_postgres
from tests.sync.pushing import Pusher
from tests.sync.sealed import SERVER_KEY, MemoryServer
from tests.sync.tls_server import City, Send, response, serve

QUICK, FULL = 2_000, 100_000
DAY_S, DAY = 24 * 3600, timedelta(days=1)
MOST_DAYS = 100  # in which everything has arrived once the network is well
# No power is cut here, and a disk would only be slow.
MEMORY, ROOM = Path("/dev/shm"), 2 * 10**9


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In memory where there is room for it."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if has_room else tmp_path_factory.mktemp("street")


@pytest.fixture(scope="module")
def postgres(place: Path) -> Iterator[Postgres]:
    """A server of its own."""
    if find_binaries() is None:
        pytest.skip(NOT_FOUND)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(place))
        with running_postgres() as server:
            yield server


@pytest.fixture
def folder(place: Path) -> Iterator[Path]:
    """Gone after the test."""
    with tempfile.TemporaryDirectory(prefix="scanner-street-", dir=place) as name:
        yield Path(name)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, folder: Path) -> str:
    """An empty store of the city."""
    if request.param == "sqlite":
        return str(folder / "log.db")
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


class Street:
    """Two devices, the proxy before each, and the city behind both."""

    def __init__(self, folder: Path, ledger: Ledger, chance: Random) -> None:
        self.chance, self.ledger = chance, ledger
        self.pushers = [Pusher(folder / name) for name in ("gate", "door")]
        self.ingest = Ingest(ledger, SERVER_KEY, lambda: self.pushers[0].device.now)
        for number, pusher in enumerate(self.pushers):
            pusher.become(bytes([number + 1]) * 32)
            pusher.transport = FaultProxy(self.take, SERVER_KEY, chance)
            pusher.draws = iter(chance.random, None)
            with ledger.book() as book:
                book.keep_device(Device(public_bytes(pusher.device.key), 0, 2**32))

    def take(self, body: bytes) -> Reply:
        """As the city's web server answers."""
        try:
            return Reply(200, pad_answer(self.ingest.take(body)))
        except RefusedError as error:
            return Reply(error.status)

    @property
    def proxies(self) -> list[FaultProxy]:
        return [each.transport for each in self.pushers if isinstance(each.transport, FaultProxy)]

    def run(self, bodies: int) -> None:
        """Ten minutes at a time, until so many bodies came to the proxies."""
        while sum(proxy.posts for proxy in self.proxies) < bodies:
            for pusher in self.pushers:
                pusher.device.scan(self.chance.choice([0, 0, 1, 2, 3, 40]))
                pusher.device.seal()
                pusher.tick()
                pusher.wait(600)

    def calm(self) -> None:
        """The network is well again; what was set aside is offered a day later."""
        for pusher, proxy in zip(self.pushers, self.proxies, strict=True):
            proxy.calm = True
            pusher.device.seal(whole=True)
            for _ in range(MOST_DAYS):
                pusher.wait(DAY_S)
                if not pusher.tick().taken:
                    break


# How a server may show itself, and what it may do with a request.
FACES = ["ours"] * 8 + ["another CA", "another host", "ended", "older TLS"]
DEEDS = ["keep"] * 6 + ["lose the answer", "half an answer", "keep twice", "500", "garbage", "bomb"]


class Relay:
    """The server at the other end of real connections, each of another kind."""

    def __init__(self, city: City, memory: MemoryServer, chance: Random) -> None:
        self._memory, self._chance = memory, chance
        self._faces = {
            "ours": city.server_context(),
            "another CA": city.server_context(issuer=pki.Authority()),
            "another host": city.server_context("log.example.test"),
            "ended": city.server_context(end=pki.BEGIN + DAY),
            "older TLS": city.server_context(),
        }
        self._faces["older TLS"].minimum_version = ssl.TLSVersion.TLSv1_2
        self._faces["older TLS"].maximum_version = ssl.TLSVersion.TLSv1_2
        self.seen: Counter[str] = Counter()
        self.calm = False

    def face(self) -> ssl.SSLContext:
        """For one connection."""
        return self._faces["ours" if self.calm else self._count(self._chance.choice(FACES))]

    def handle(self, request: bytes, send: Send) -> None:
        """One request."""
        body = request.partition(b"\r\n\r\n")[2]
        deed = "keep" if self.calm else self._count(self._chance.choice(DEEDS))
        if deed in ("500", "garbage"):
            send(response(b"", "500 Fault") if deed == "500" else b"\x16\x03\x01" * 500)
            raise OSError(deed)
        status, answer = self._memory.take(body)
        if deed == "keep twice":
            status, answer = self._memory.take(body)
        whole = response(answer, f"{status} x")
        if deed == "bomb":
            whole = response(BOMB, "200 OK", "Content-Encoding: gzip")
        send(whole[: {"lose the answer": 0, "half an answer": 200}.get(deed, len(whole))])
        if deed in ("lose the answer", "half an answer"):
            raise OSError(deed)

    def _count(self, what: str) -> str:
        self.seen[what] += 1
        return what


def test_real_connections_of_every_kind_lose_nothing(tmp_path: Path) -> None:
    """Strangers, ended certificates, older TLS, halves and bombs over sockets, one at a time."""
    chance, pusher = Random(7), Pusher(tmp_path)
    city = City(tmp_path)
    relay = Relay(city, pusher.server, chance)
    now = ClockReading.exact(datetime(2020, 4, 29, 9, tzinfo=UTC))
    with serve(relay.face, relay.handle) as server:
        enrolment = city.enrolment(server.url)
        pusher.transport = HttpsTransport(enrolment, tmp_path / "tls.key", lambda: now)
        while len(relay.seen) < len({*FACES, *DEEDS}):
            pusher.device.scan(2)
            pusher.device.seal(whole=True)
            pusher.tick()
            pusher.wait(3600)
        relay.calm = True
        while pusher.device.queue.status().segments:
            pusher.tick()
            pusher.wait(3600)
        pusher.transport.close()
    (records,) = pusher.server.records.values()
    assert records == pusher.device.records()
    assert sorted(pusher.server.written) == sorted(records)


def check_street(url: str, street: Street) -> None:
    """Every record of each device once, the chain whole, and everything acknowledged."""
    logs = {log.public: log for log in read_logs(url, 0, 10**6)}
    assert len(logs) == len(street.pushers)
    for pusher in street.pushers:
        log = logs[public_bytes(pusher.device.key)]
        assert log.records == pusher.device.records()
        receipt = read_receipt(log.receipt, SERVER_KEY.public_key())
        assert {each.state for each in check_log(log, receipt)} == {State.INTACT}
        states = pusher.device.states()
        assert states == [SegmentState.TAKEN] * len(log.segments)
        assert receipt.segment == len(states)


@pytest.mark.parametrize(
    "bodies", [QUICK, pytest.param(FULL, marks=pytest.mark.slow)], ids=["quick", "full"]
)
def test_each_record_is_at_the_server_exactly_once(url: str, folder: Path, bodies: int) -> None:
    """Whatever is lost, doubled, refused or invented on the way."""
    with closing(open_ledger(url)) as ledger:
        street = Street(folder, ledger, Random(7))
        street.run(bodies)
        street.calm()
        assert set().union(*(proxy.seen for proxy in street.proxies)) == set(WEIGHTS)
        check_street(url, street)
