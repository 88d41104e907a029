"""The web side of enrolment: sizes checked unread, refusals by their status, no secrets logged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette

from scanner.central.ca import open_authority
from scanner.central.devices import Office, keep_address
from scanner.central.enrol_app import MOST_WAITING, EnrolApp
from scanner.central.ledger import Ledger, open_ledger
from scanner.central.tokens import TokenDesk
from scanner.core.enrol_call import (
    CA_PATH,
    ENROL_PATH,
    MAX_CALL_BYTES,
    MEANINGS,
    Call,
    Refusal,
    encode_call,
    read_refusal,
)
from scanner.core.enrolment import make_request, read_answer
from tests.central.conftest import Dice
from tests.central.reporter import NOON, Reporter
from tests.central.test_app import ask
from tests.central.test_devices import tls_key

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PLACE = '{"checkpoint": "north-3"}'
UNKNOWN = "0" * 26


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Ledger]:
    """An embedded store."""
    opened = open_ledger(str(tmp_path / "log.db"))
    yield opened
    opened.close()


@pytest.fixture
def office(store: Ledger, tmp_path: Path) -> Office:
    """One that knows where records go."""
    with store.book() as book:
        keep_address(book, "https://records.example:8443")
    return Office(store, open_authority(tmp_path / "log", NOON), KEY, NOON)


@pytest.fixture
def app(office: Office) -> Starlette:
    """A server over it, at noon."""
    return EnrolApp(office, lambda: NOON).starlette()


def call(token: str, gate: Reporter) -> bytes:
    return encode_call(Call(token, make_request(gate.key, tls_key(gate))))


def card(office: Office) -> str:
    with office.ledger.book() as book:
        return TokenDesk(office).make(book, "north-3", PLACE, Dice()).token


def refusal(app: Starlette, body: bytes, length: str | None = None) -> tuple[Refusal, int]:
    """What is said, and how much was read for it."""
    said = asyncio.run(ask(app, body, path=ENROL_PATH, length=length))
    error = read_refusal(said.status, said.body)
    assert error is not None
    return error.refusal, said.reads


def test_device_with_a_card_is_answered(app: Starlette, office: Office) -> None:
    """The answer is the file that a stick would carry; nothing of it may be cached."""
    gate = Reporter()
    said = asyncio.run(ask(app, call(card(office), gate), path=ENROL_PATH))
    assert (said.status, said.headers[b"cache-control"]) == (200, b"no-store")
    assert read_answer(said.body).device == gate.device


def test_refusal_has_its_status_and_nothing_of_the_card_is_logged(
    app: Starlette, caplog: pytest.LogCaptureFixture
) -> None:
    """Who reads the journal learns that somebody was refused, and no token."""
    with caplog.at_level(logging.DEBUG):
        assert refusal(app, call(UNKNOWN, Reporter()))[0] is Refusal.UNKNOWN
    assert "an enrolment was refused: unknown" in caplog.text
    assert UNKNOWN not in caplog.text


@pytest.mark.parametrize("length", ["", "-1", "many", str(MAX_CALL_BYTES + 1), "9" * 30, "0" * 12])
def test_body_of_another_size_is_not_read(length: str, app: Starlette) -> None:
    """Nobody makes the server hold more than a call has."""
    assert refusal(app, b"x", length) == (Refusal.MALFORMED, 0)


def test_crowd_is_bounded(office: Office) -> None:
    """Who comes when too many wait is told to come again, with a time."""
    crowded = EnrolApp(office, lambda: NOON)
    app = crowded.starlette()
    crowded._inside = MOST_WAITING
    said = asyncio.run(ask(app, call(UNKNOWN, Reporter()), path=ENROL_PATH))
    assert (said.status, said.headers[b"retry-after"]) == (503, b"30")


def test_city_without_an_address_is_busy_and_says_why_in_its_journal(
    store: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The device keeps its card and comes again."""
    office = Office(store, open_authority(tmp_path / "log", NOON), KEY, NOON)
    app = EnrolApp(office, lambda: NOON).starlette()
    token = card(office)
    assert refusal(app, call(token, Reporter()))[0] is Refusal.BUSY
    assert "Say where devices reach this server" in caplog.text
    with store.book() as book:
        keep_address(book, "https://records.example:8443")
    assert asyncio.run(ask(app, call(token, Reporter()), path=ENROL_PATH)).status == 200


def test_authority_is_shown_to_anybody(app: Starlette, office: Office) -> None:
    """A certificate is no secret; who asks compares it with what he has."""
    said = asyncio.run(ask(app, method="GET", path=CA_PATH))
    assert x509.load_pem_x509_certificate(said.body) == office.authority.certificate


@pytest.mark.parametrize(("method", "path"), [("GET", ENROL_PATH), ("POST", "/v1/log")])
def test_nothing_else_is_there(method: str, path: str, app: Starlette) -> None:
    """Records are taken elsewhere, with a certificate."""
    assert asyncio.run(ask(app, b"{}", method=method, path=path)).status in (404, 405)


def test_every_refusal_has_a_status_that_says_whether_to_come_again() -> None:
    """429 and 503 pass, the others do not."""
    assert {status for status, _, passes in MEANINGS.values() if passes} == {429, 503}
    assert {status for status, _, passes in MEANINGS.values() if not passes} == {400, 403}
