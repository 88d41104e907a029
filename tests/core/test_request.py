"""A request for records is honoured for the one who may ask, here, now and once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import LogError
from scanner.core.policy import Supervisor
from scanner.core.request import (
    MAX_REQUEST_BYTES,
    PullRequest,
    RequestField,
    check_request,
    read_request,
)
from scanner.core.signed_log import Statement, public_bytes, read_map, sign_map
from tests.core.chains import NONCE, device_key

AT = datetime(2020, 4, 30, 9, 0, tzinfo=UTC)
ANNA = device_key("Anna")
POLICY = (
    Supervisor("Boris", public_bytes(device_key("Boris"))),
    Supervisor("Anna", public_bytes(ANNA)),
)
DEVICE = b"a device"
REQUEST = PullRequest(
    DEVICE, 100, 200, "age1recipient", NONCE, int(AT.timestamp()) + 3600, "2 UJs 12/20", "Anna"
)


def check(request: PullRequest, now: ClockReading | None = None, used: str = "") -> PullRequest:
    signed = request.sign(ANNA)
    return check_request(signed, POLICY, now or ClockReading.exact(AT), DEVICE, {used}.__contains__)


def test_request_survives_the_round_trip() -> None:
    """And is what the device answers."""
    assert read_request(REQUEST.sign(ANNA)) == REQUEST
    assert check(REQUEST) == REQUEST
    assert check(replace(REQUEST, device=b"")).device == b""


@pytest.mark.parametrize(
    ("name", "key"), [("Anna", "Boris"), ("Boris", "Anna"), ("Clara", "Clara"), ("", "Anna")]
)
def test_only_a_supervisor_of_the_policy_may_ask(name: str, key: str) -> None:
    """And under the own name: it will stand in the chain."""
    signed = replace(REQUEST, supervisor=name).sign(device_key(key))
    with pytest.raises(LogError, match="not signed by a supervisor"):
        check_request(signed, POLICY, ClockReading.exact(AT), DEVICE, lambda _: False)


def test_request_for_another_device_is_refused() -> None:
    """It names both."""
    with pytest.raises(LogError, match=b"stranger".hex()):
        check(replace(REQUEST, device=b"stranger"))


@pytest.mark.parametrize("after_s", [0, 1, 86_400])
def test_expired_request_is_refused(after_s: int) -> None:
    """To the second."""
    with pytest.raises(LogError, match="expired"):
        check(replace(REQUEST, expires=int(AT.timestamp()) - after_s))


@pytest.mark.parametrize(
    "now",
    [
        ClockReading(AT, None, ClockLevel.C),
        ClockReading(AT, AT + timedelta(hours=1), ClockLevel.B),
        ClockReading(datetime(1970, 1, 1, tzinfo=UTC), None, ClockLevel.C),
    ],
)
def test_clock_that_cannot_tell_refuses(now: ClockReading) -> None:
    """And says what to do about it."""
    with pytest.raises(LogError, match="Scan a time code"):
        check(REQUEST, now)


@pytest.mark.parametrize("hours", [24.01, 25, 8760, 10**6])
def test_request_is_valid_for_a_day_at_most(hours: float) -> None:
    """A stick that was lost is worthless tomorrow."""
    expires = int(AT.timestamp() + 3600 * hours)
    with pytest.raises(LogError, match="longer than 24 hours"):
        check(replace(REQUEST, expires=expires))
    a_day = replace(REQUEST, expires=int(AT.timestamp()) + 86_400)
    assert check(a_day) == a_day


def test_request_is_answered_once() -> None:
    """The chain remembers the nonce."""
    with pytest.raises(LogError, match="before"):
        check(REQUEST, used=NONCE)


@pytest.mark.parametrize(
    ("which", "value"),
    [
        (RequestField.VERSION, 2),
        (RequestField.DEVICE, b"short"),
        (RequestField.SINCE, -1),
        (RequestField.UNTIL, 100),
        (RequestField.UNTIL, 2**33),
        (RequestField.RECIPIENT, b"age1"),
        (RequestField.RECIPIENT, "a" * 2001),
        (RequestField.NONCE, b"short"),
        (RequestField.EXPIRES, -1),
        (RequestField.EXPIRES, 2**33),
        (RequestField.CASE, None),
        (RequestField.SUPERVISOR, 1),
    ],
)
def test_request_of_another_form_is_refused(which: RequestField, value: object) -> None:
    """Although a supervisor has signed it."""
    fields = {**read_map(REQUEST.sign(ANNA), Statement.REQUEST), which: value}
    with pytest.raises(LogError, match="not of its form"):
        read_request(sign_map(ANNA, Statement.REQUEST, fields))  # type: ignore[arg-type]


@given(st.binary(max_size=300) | st.just(bytes(MAX_REQUEST_BYTES + 1)))
def test_garbage_is_an_error_of_ours(garbage: bytes) -> None:
    """No other exception leaves the reader."""
    with pytest.raises(LogError):
        read_request(garbage)
