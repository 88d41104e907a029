"""Whether the servers answer: real TLS and HTTP on loopback, and nothing that stops a scan."""

from __future__ import annotations

import functools
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from scanner.config import Settings, parse_settings
from scanner.core.clock import ClockReading
from scanner.core.enrolment import encode_answer
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.server import check_servers
from scanner.store.enrolment import keep_answer
from tests import pki
from tests.sync.tls_server import LOOPBACK, City, answering, response, serve

NOW = ClockReading.exact(datetime(2020, 4, 29, 9, 0, tzinfo=UTC))
FINE = answering(response(b""))
STANDALONE = parse_settings("standalone = true", "x.toml")


@pytest.fixture
def city(tmp_path: Path) -> City:
    """Its device's state folder is where its files are."""
    return City(tmp_path)


def found(
    city: City, settings: Settings | None = None, now: ClockReading | None = NOW
) -> dict[str, Finding]:
    return {each.id: each for each in check_servers(settings, city.folder, now)}


def enrol(city: City, port: int) -> None:
    keep_answer(city.folder, encode_answer(city.enrolment(f"https://{LOOPBACK}:{port}")))


@contextmanager
def lists(folder: Path) -> Iterator[str]:
    """A web server over this folder."""
    handler = functools.partial(Silent, directory=str(folder))
    server = ThreadingHTTPServer((LOOPBACK, 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class Silent(SimpleHTTPRequestHandler):
    """Writes no log into the output of the tests."""

    def log_message(self, *_: object) -> None: ...


def listening(url: str) -> Settings:
    return parse_settings(f'standalone = true\n[updates]\nurl = "{url}"', "x.toml")


def test_server_of_the_enrolment_is_reached(city: City) -> None:
    """By TLS with the city's CA; no request is sent, so nobody learns that doctor ran."""
    with serve(city.server_context(), FINE) as server:
        enrol(city, server.port)
        told = found(city)["E-SERVER"]
    assert told.grade is Grade.OK
    assert (server.connections, server.requests) == (1, [])


def test_server_of_somebody_else_is_a_warning(city: City) -> None:
    """Whoever answers there without the city's certificate is not the server."""
    with serve(city.server_context(issuer=pki.Authority("Other")), FINE) as server:
        enrol(city, server.port)
        told = found(city)["E-SERVER"]
    assert told.grade is Grade.WARNING
    assert "does not show itself as theirs" in told.found


def test_server_that_is_not_there_is_a_warning(city: City) -> None:
    """No verdict waits for it."""
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    enrol(city, port)
    told = found(city)["E-SERVER"]
    assert told.grade is Grade.WARNING
    assert "the server is not reached" in told.found
    assert told.fix.startswith("Look at cable")


def test_device_that_is_not_enrolled_asks_nobody(city: City) -> None:
    """There is no server yet, which is no fault of the network."""
    assert found(city)["E-SERVER"].grade is Grade.OK
    (city.folder / "enrolment.json").write_bytes(b"{")
    assert found(city) == {}


def test_device_that_stands_alone_needs_no_server(city: City) -> None:
    """It is said that none is configured."""
    assert (
        found(city, STANDALONE)["E-SERVER"].found == "no server is configured, and none is needed"
    )


def test_lists_are_asked_for(city: City, tmp_path: Path) -> None:
    """The first small file of them, from where the settings say."""
    (tmp_path / "web/metadata").mkdir(parents=True)
    with lists(tmp_path / "web") as url:
        missing = found(city, listening(url))["E-LISTS-SERVER"]
        (tmp_path / "web/metadata/timestamp.json").write_text("{}")
        there = found(city, listening(url))["E-LISTS-SERVER"]
    gone = found(city, listening(url))["E-LISTS-SERVER"]
    assert (missing.grade, there.grade, gone.grade) == (Grade.WARNING, Grade.OK, Grade.WARNING)
    assert "404" in missing.found


def test_lists_may_come_from_a_folder(city: City, tmp_path: Path) -> None:
    """A stick, or a share that is mounted."""
    assert found(city, listening(str(tmp_path)))["E-LISTS-SERVER"].grade is Grade.WARNING
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata/timestamp.json").write_text("{}")
    assert found(city, listening(str(tmp_path)))["E-LISTS-SERVER"].grade is Grade.OK
