"""Whom the device speaks to: TLS of the city's own authority, by the device's own clock."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import SyncError
from scanner.sync.transport import HttpsTransport
from tests import pki
from tests.sync.posted import ANSWER, BODY, FINE, NOW, post, transport
from tests.sync.tls_server import LOOPBACK, City, response, serve


@pytest.fixture
def city(tmp_path: Path) -> City:
    """With a CA of its own."""
    return City(tmp_path)


def test_server_that_is_not_there_is_an_error(city: City) -> None:
    """Closed port, and a name that nobody has."""
    with serve(city.server_context(), FINE) as server:
        pass
    for host in (LOOPBACK, "no-such-host.invalid"):
        with pytest.raises(SyncError, match="Check the network") as raised:
            transport(city, server, host=host).post(BODY)
        assert raised.value.retryable


STRANGERS: dict[str, Callable[[City], ssl.SSLContext]] = {
    "another CA": lambda city: city.server_context(issuer=pki.Authority()),
    "another host": lambda city: city.server_context("log.example.test", "127.0.0.2"),
    "a CA below the city's": lambda city: city.server_context(
        issuer=pki.Authority("Branch", city.ca)
    ),
}


@pytest.mark.parametrize("what", STRANGERS)
def test_server_that_is_not_the_citys_gets_no_body(city: City, what: str) -> None:
    """The connection ends before anything is sent, and people are told."""
    with serve(STRANGERS[what](city), FINE) as server:
        with pytest.raises(SyncError, match="Tell the city's people") as raised:
            transport(city, server).post(BODY)
        assert not raised.value.retryable
    assert server.requests == []


DATES = {
    "before it begins": (pki.BEGIN - timedelta(days=1), "begins on 2020-04-01"),
    "after its end": (pki.BEGIN + pki.YEAR + timedelta(days=1), "ended on 2021-04-01"),
}


@pytest.mark.parametrize("what", DATES)
def test_dates_count_by_the_clock_of_the_device(city: City, what: str) -> None:
    """What the computer says of the day does not matter, in either direction."""
    at, words = DATES[what]
    with pytest.raises(SyncError, match=words) as raised:
        post(city, city.server_context(), now=ClockReading.exact(at))
    assert not raised.value.retryable


def test_end_of_the_ca_is_the_end(city: City) -> None:
    """Also where the server's own certificate would live longer."""
    late = ClockReading.exact(pki.BEGIN + 11 * pki.YEAR)
    with pytest.raises(SyncError, match="ended on"):
        post(city, city.server_context(), now=late)


def test_device_that_thinks_it_is_1970_sends(city: City) -> None:
    """A board without a battery knows no end of an interval, and its records are wanted."""
    unknown = ClockReading(datetime.fromtimestamp(0, UTC), None, ClockLevel.C)
    assert post(city, city.server_context(), now=unknown).status == 200


def test_older_tls_is_refused(city: City) -> None:
    """Nothing below 1.3, whoever may have asked for it on the way."""
    context = city.server_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(SyncError, match="no safe connection"):
        post(city, context)


def test_server_without_tls_is_refused(city: City) -> None:
    """Plain HTTP on the port of the server gets no byte of a body."""
    plain = serve(None, FINE, early=response(ANSWER))
    with plain as server, pytest.raises(SyncError, match="no safe connection"):
        transport(city, server).post(BODY)
    assert server.requests == []


def test_device_of_another_city_is_not_let_in(city: City) -> None:
    """It says so: the certificate of the device is what people must look at."""
    with pytest.raises(SyncError, match="device's certificate") as raised:
        post(city, city.server_context(clients=pki.Authority()))
    assert not raised.value.retryable


def test_only_the_citys_ca_is_trusted(city: City) -> None:
    """Not those of the system, and no name outside the list of names in a certificate."""
    with serve(city.server_context(), FINE) as server:
        sender = transport(city, server)
        sender.post(BODY)
        context = sender._context
        sender.close()
    assert context.cert_store_stats()["x509"] == 1
    assert context.minimum_version == ssl.TLSVersion.TLSv1_3
    assert not context.hostname_checks_common_name


def test_key_that_is_not_the_certificates_asks_for_enrolment(city: City) -> None:
    """Before any connection."""
    enrolment = city.enrolment("https://log.example.test")
    pki.write_key(city.folder / "tls.key", pki.new_key())
    with pytest.raises(SyncError, match="Enrol this device again") as raised:
        HttpsTransport(enrolment, city.folder / "tls.key", lambda: ClockReading.exact(NOW))
    assert not raised.value.retryable
