"""A device asks a city over real TLS on loopback: whom it believes, and what it gives away."""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from scanner.core.city_pin import fingerprint, spoken
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.enrol_call import (
    MAX_ANSWER_BYTES,
    CallError,
    Refusal,
    encode_refusal,
    read_call,
)
from scanner.core.errors import EnrolmentError, SyncError
from scanner.core.offer import Offer, make_offer
from scanner.sync.enrol import ask_city
from tests import pki
from tests.sync.tls_server import (
    LOOPBACK,
    City,
    Handler,
    Send,
    TlsServer,
    answering,
    response,
    serve,
)

MADE = datetime(2020, 4, 29, 9, 0, tzinfo=UTC)
BOOTED = ClockReading(datetime(1970, 1, 1, tzinfo=UTC), None, ClockLevel.C)
TOKEN, REQUEST, ANSWER = "0123456789ABCDEFGHJKMNPQRS", b'{"request": 1}', b'{"answer": 1}'


@pytest.fixture
def city(tmp_path: Path) -> City:
    """With a CA of its own."""
    return City(tmp_path)


def door(city: City, *hosts: str) -> ssl.SSLContext:
    """The server's side: asks devices for no certificate."""
    context = city.server_context(*hosts)
    context.verify_mode = ssl.CERT_NONE
    return context


def city_says(ca: pki.Authority, reply: bytes) -> Handler:
    """The authority to whoever asks, and this reply to a call."""
    pem = ca.certificate.public_bytes(Encoding.PEM)

    def handle(request: bytes, send: Send) -> None:
        send(response(pem) if request.startswith(b"GET /v1/ca ") else reply)

    return handle


def offer(server: TlsServer, ca: str, made: datetime | None = MADE) -> Offer:
    """Of a card for this server."""
    at = None if made is None else int(made.timestamp())
    return make_offer(f"https://{LOOPBACK}:{server.port}", TOKEN, ca, at)


def ask(
    city: City, context: ssl.SSLContext, handle: Handler, now: ClockReading = BOOTED, **card: Any
) -> tuple[bytes, list[bytes]]:
    """The answer, and all that the server was sent."""
    with serve(context, handle) as server:
        asked = offer(server, card.pop("ca", fingerprint(city.ca.certificate)), **card)
        return ask_city(asked, REQUEST, asked.as_of(now), lambda: 0.0), server.requests


FORMS: list[Callable[[City], str]] = [
    lambda city: fingerprint(city.ca.certificate),
    lambda city: spoken(city.ca.certificate),
    lambda city: city.ca.certificate.public_bytes(Encoding.PEM).decode(),
]


@pytest.mark.parametrize("form", FORMS)
def test_board_that_says_1970_is_answered(form: Callable[[City], str], city: City) -> None:
    """By fingerprint, typed or printed, and by certificate; the token goes to the city alone."""
    handle = city_says(city.ca, response(ANSWER))
    said, requests = ask(city, door(city), handle, ca=form(city))
    assert said == ANSWER
    call = requests[-1].partition(b"\r\n\r\n")[2]
    assert (read_call(call).token, read_call(call).request) == (TOKEN, REQUEST)
    assert [TOKEN.encode() in each for each in requests] == [False] * (len(requests) - 1) + [True]


def test_nothing_is_sent_to_a_city_of_another_fingerprint(city: City) -> None:
    """Who answers in the city's place learns no token, and his certificate is not taken."""
    thief = City(city.folder)
    with serve(door(thief), city_says(thief.ca, response(ANSWER))) as server:
        asked = offer(server, fingerprint(city.ca.certificate))
        with pytest.raises(EnrolmentError, match="Nothing was sent to it"):
            ask_city(asked, REQUEST, BOOTED)
    assert all(TOKEN.encode() not in request for request in server.requests)


def test_nothing_is_sent_to_a_server_that_the_city_has_not_certified(city: City) -> None:
    """Though it can show the city's own certificate: everybody can have that."""
    thief = City(city.folder)
    with serve(door(thief), city_says(city.ca, response(ANSWER))) as server:
        asked = offer(server, fingerprint(city.ca.certificate))
        with pytest.raises(SyncError, match="does not show itself as theirs"):
            ask_city(asked, REQUEST, BOOTED)
    assert all(TOKEN.encode() not in request for request in server.requests)


def test_server_of_another_name_is_refused(city: City) -> None:
    """A certificate of the city for another host is none for this one."""
    with pytest.raises(SyncError, match="does not show itself as theirs"):
        ask(city, door(city, "elsewhere.example"), city_says(city.ca, response(ANSWER)))


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "made"),
    [(BOOTED, pki.BEGIN + pki.YEAR + DAY), (ClockReading.exact(pki.BEGIN + pki.YEAR + DAY), None)],
)
def test_certificate_that_has_ended_is_refused(
    now: ClockReading, made: datetime | None, city: City
) -> None:
    """By the device's clock, or by the date on the card when that is all it knows."""
    handle = city_says(city.ca, response(ANSWER))
    with pytest.raises(SyncError, match="its certificate ended"):
        ask(city, door(city), handle, now, made=made)


@pytest.mark.parametrize("refusal", Refusal)
def test_word_of_the_city_is_heard(refusal: Refusal, city: City) -> None:
    """As its own error, so that a final one is told from a busy server."""
    status = CallError(refusal).status
    reply = response(encode_refusal(refusal), f"{status} No")
    with pytest.raises(CallError) as caught:
        ask(city, door(city), city_says(city.ca, reply))
    assert caught.value.refusal is refusal


@pytest.mark.parametrize(
    ("reply", "retryable"),
    [
        (response(b"<html>", "302 Found", "Location: https://thief.example/"), False),
        (response(b"<html>", "404 Not Found"), False),
        (response(b"<html>", "502 Bad Gateway"), True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\nhalf", True),
        (response(b"x" * (MAX_ANSWER_BYTES + 9)), True),
        (b"nonsense\r\n\r\n", True),
    ],
)
def test_what_no_city_says_is_told(reply: bytes, retryable: bool, city: City) -> None:
    """No redirect is followed, and no half of an answer is taken for a whole."""

    def handle(request: bytes, send: Send) -> None:
        if request.startswith(b"GET"):
            city_says(city.ca, b"")(request, send)
        else:
            send(reply)
            raise ConnectionResetError

    with pytest.raises(SyncError) as caught:
        ask(city, door(city), handle)
    assert caught.value.retryable is retryable


def test_authority_that_is_none_is_told(city: City) -> None:
    """What answers at the address lets no devices in."""
    for reply in (response(b"<html>"), response(b"", "404 Not Found")):
        with pytest.raises(SyncError, match="Check the address"):
            ask(city, door(city), answering(reply))


def test_server_that_trickles_is_given_up(city: City) -> None:
    """All of a request is bounded, however steadily bytes come."""
    seconds = itertools.count(0, 50)
    with serve(door(city), answering(response(ANSWER))) as server:
        asked = offer(server, fingerprint(city.ca.certificate))
        with pytest.raises(SyncError, match="does not answer in time"):
            ask_city(asked, REQUEST, BOOTED, lambda: float(next(seconds)))


def test_city_that_is_away_is_tried_again(city: City) -> None:
    """No network is no refusal."""
    with serve(door(city), answering(b"")) as server:
        asked = offer(server, fingerprint(city.ca.certificate))
    with pytest.raises(SyncError) as caught:
        ask_city(asked, REQUEST, BOOTED)
    assert caught.value.retryable
