"""What goes over the wire at an enrolment, and how a city says no."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.enrol_call import (
    MAX_CALL_BYTES,
    MEANINGS,
    Call,
    CallError,
    Refusal,
    encode_call,
    encode_refusal,
    read_call,
    read_refusal,
)

TOKEN = "0123456789ABCDEFGHJKMNPQRS"
CALL = Call(TOKEN, b'{"version": 1}')


def changed(**members: object) -> bytes:
    """A call with other members."""
    return json.dumps(json.loads(encode_call(CALL)) | members).encode()


def test_call_arrives_as_it_was_made() -> None:
    """Token and request, byte for byte."""
    assert read_call(encode_call(CALL)) == CALL


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"{}", b"\xff", changed(version=0), changed(token="x"), changed(token=1),
        changed(more=1), changed(request="x" * MAX_CALL_BYTES),
    ],
)  # fmt: skip
def test_call_that_is_none_is_malformed(raw: bytes) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(CallError) as caught:
        read_call(raw)
    assert caught.value.refusal is Refusal.MALFORMED


@given(st.binary(max_size=100))
def test_any_bytes_are_a_call_or_refused(raw: bytes) -> None:
    """Nothing else can come of what a stranger sends."""
    with pytest.raises(CallError):
        read_call(raw)


def test_later_call_is_told_as_such() -> None:
    """The city's server is the one that is old."""
    with pytest.raises(CallError, match="Ask the city to update"):
        read_call(changed(version=2, more=1))


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_is_heard_on_the_device(refusal: Refusal) -> None:
    """With a sentence that says what to do, and whether to try again."""
    status, words, is_passing = MEANINGS[refusal]
    heard = read_refusal(status, encode_refusal(refusal))
    assert heard is not None
    assert (heard.refusal, heard.status, str(heard)) == (refusal, status, words)
    assert heard.is_passing is is_passing is (status in (429, 503))


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (403, b"<html>"), (403, b"{}"), (403, b"[]"), (403, b'{"refused": []}'),
        (403, b'{"refused": "because"}'), (200, encode_refusal(Refusal.USED)),
    ],
)  # fmt: skip
def test_what_no_city_says_is_no_refusal(status: int, raw: bytes) -> None:
    """A proxy's page must not make a device forget its card."""
    assert read_refusal(status, raw) is None
