"""A city's offer: what a card holds, what is typed, until when it is good."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.city_pin import fingerprint
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import EnrolmentError
from scanner.core.offer import (
    CODE_LIFE,
    LONGEST,
    TOKEN_LIFE,
    card_text,
    check_age,
    is_code,
    looks_like_card,
    make_offer,
    read_card,
)
from tests import pki

CA = fingerprint(pki.Authority().certificate)
MADE = 1_588_150_000
MADE_AT = datetime.fromtimestamp(MADE, UTC)
URL, TOKEN, CODE = "https://city.example:8444", "0123456789ABCDEFGHJKMNPQRS", "7K3F-9QXD"
BOOTED = ClockReading(datetime(1970, 1, 1, tzinfo=UTC), None, ClockLevel.C)


def card(**members: Any) -> bytes:
    """One that is in order, with other members."""
    text = json.loads(card_text(URL, TOKEN, CA, MADE)) | members
    return json.dumps({name: value for name, value in text.items() if value != ...}).encode()


def test_card_says_where_and_with_what() -> None:
    """What is drawn is what is read."""
    offer = read_card(card_text(URL, TOKEN, CA, MADE).encode())
    assert (offer.url, offer.token, offer.issued_at) == (URL, TOKEN, MADE_AT)
    assert not is_code(offer.token)
    assert looks_like_card(card_text(URL, TOKEN, CA, MADE).encode())


def test_later_card_asks_for_an_update() -> None:
    """Whatever else stands on it."""
    with pytest.raises(EnrolmentError, match="Update the scanner"):
        read_card(b'{"v":2,"new":[]}')


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"MP1:ABC",
        b"[]",
        b"{}",
        card(v=0),
        card(v=True),
        card(v="1"),
        card(more=1),
        card(token=...),
        card(issued_at=-1),
        card(issued_at="soon"),
        card(url=7),
        card(ca=["a"]),
        card(token="x" * (LONGEST + 1)),
        card_text(URL, TOKEN, CA, MADE).replace('"v":1', '"v":1,"v":1').encode(),
    ],
)
def test_card_that_is_none_is_refused(raw: bytes) -> None:
    """With the word to have a new one made."""
    with pytest.raises(EnrolmentError, match="Have a new card"):
        read_card(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_card_or_an_error(raw: bytes) -> None:
    """Nothing else can come of what is held before the camera."""
    with pytest.raises(EnrolmentError):
        read_card(raw)


@pytest.mark.parametrize(
    ("url", "token", "ca", "says"),
    [
        ("http://city.example", TOKEN, CA, "Correct the address"),
        ("https://city.example/?a", TOKEN, CA, "Correct the address"),
        (URL, TOKEN[:-1], CA, "Type the code again"),
        (URL, "7K3F-9QX!", CA, "Type the code again"),
        (URL, CODE, "none", "Copy the fingerprint"),
    ],
)
def test_typed_mistake_is_named(url: str, token: str, ca: str, says: str) -> None:
    """The part that must be typed again."""
    with pytest.raises(EnrolmentError, match=says):
        make_offer(url, token, ca)


def test_code_is_taken_as_it_is_typed() -> None:
    """Hyphen or not, small letters, O for 0; a slash at the end of the address is no matter."""
    offer = make_offer(f"{URL}/", "7k3f 9qxo", CA)
    assert (offer.url, offer.token, offer.issued_at) == (URL, "7K3F9QX0", None)
    assert is_code(offer.token)


@pytest.mark.parametrize(("token", "life"), [(TOKEN, TOKEN_LIFE), (CODE, CODE_LIFE)])
def test_offer_whose_time_is_over_is_not_sent(token: str, life: timedelta) -> None:
    """Seven days for a card, a quarter of an hour for a code, by a clock that surely knows."""
    offer = make_offer(URL, token, CA, MADE)
    check_age(offer, ClockReading.exact(MADE_AT + life - timedelta(seconds=1)))
    check_age(offer, BOOTED)
    check_age(make_offer(URL, token, CA), ClockReading.exact(MADE_AT + 9 * life))
    with pytest.raises(EnrolmentError, match="has expired"):
        check_age(offer, ClockReading.exact(MADE_AT + life))


def test_board_that_says_1970_learns_from_the_card() -> None:
    """It is not earlier than the card; what else is known stays."""
    offer = make_offer(URL, TOKEN, CA, MADE)
    assert offer.as_of(BOOTED) == ClockReading(MADE_AT, None, ClockLevel.C)
    day = timedelta(days=1)
    later = ClockReading.exact(MADE_AT + day)
    assert offer.as_of(later) == later
    around = ClockReading(MADE_AT - day, MADE_AT + day, ClockLevel.B)
    assert offer.as_of(around) == ClockReading(MADE_AT, MADE_AT + day, ClockLevel.B)
    before = ClockReading.exact(MADE_AT - day)
    assert offer.as_of(before) == ClockReading(MADE_AT, None, ClockLevel.A)
    assert make_offer(URL, TOKEN, CA).as_of(BOOTED) == BOOTED
