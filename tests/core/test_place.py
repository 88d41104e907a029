"""Where a device stands, as its city signs it."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.errors import EnrolmentError
from scanner.core.place import Place, PlaceField, read_place, sign_place
from scanner.core.policy import Checkpoint
from scanner.core.signed_log import Statement, sign_map

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC, DEVICE = KEY.public_key(), b"device-1"
BARE = Place(Checkpoint("north-3"))
FULL = Place(
    Checkpoint("Пост 3", 7, 4, asks_plate=True, asks_card=True), "https://lists.example/", 128
)
FIELDS: dict[int, object] = {
    PlaceField.VERSION: 1, PlaceField.DEVICE: DEVICE, PlaceField.ISSUED_AT: 9,
    PlaceField.CHECKPOINT: "a", PlaceField.ASKS: 0,
}  # fmt: skip


def signed(**changes: Any) -> bytes:
    """A place of the city with other fields; … takes one out."""
    named = {PlaceField[name]: value for name, value in changes.items()}
    fields = {int(key): value for key, value in (FIELDS | named).items() if value is not ...}
    return sign_map(KEY, Statement.PLACE, fields)


@pytest.mark.parametrize("place", [BARE, FULL])
def test_place_comes_back_as_it_was_signed(place: Place) -> None:
    """All of it, and what is not said stays unsaid."""
    assert read_place(sign_place(KEY, DEVICE, place, 9), PUBLIC, DEVICE) == place


@pytest.mark.parametrize("plate", [False, True])
@pytest.mark.parametrize("card", [False, True])
def test_what_is_asked_is_told_apart(plate: bool, card: bool) -> None:
    """Plate and card are two questions."""
    place = Place(Checkpoint("a", asks_plate=plate, asks_card=card))
    assert read_place(sign_place(KEY, DEVICE, place, 9), PUBLIC, DEVICE) == place


def test_place_of_another_is_not_taken() -> None:
    """Neither another device's, nor one that another key has signed."""
    raw = sign_place(KEY, DEVICE, FULL, 9)
    with pytest.raises(EnrolmentError, match="not for it"):
        read_place(raw, PUBLIC, b"device-2")
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    with pytest.raises(EnrolmentError, match="not signed by its city"):
        read_place(raw, stranger, DEVICE)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_changed_place_is_never_taken(at: int, by: int) -> None:
    """Whichever byte it is."""
    raw = bytearray(sign_place(KEY, DEVICE, FULL, 9))
    raw[at % len(raw)] ^= by
    with pytest.raises(EnrolmentError):
        read_place(bytes(raw), PUBLIC, DEVICE)


def test_later_form_asks_for_an_update() -> None:
    """A field that this release does not know could say that something is not allowed."""
    with pytest.raises(EnrolmentError, match="Update the scanner"):
        read_place(signed(VERSION=2), PUBLIC, DEVICE)


@pytest.mark.parametrize(
    "changes",
    [
        {"CHECKPOINT": ...},
        {"CHECKPOINT": ""},
        {"CHECKPOINT": "x" * 33},
        {"CHECKPOINT": "a\nb"},
        {"ZONE": -1},
        {"ZONE": "1"},
        {"ZONE": True},
        {"TRANSPORT": 65536},
        {"ASKS": 4},
        {"ASKS": ...},
        {"LISTS": 7},
        {"LISTS": "file:///etc/passwd"},
        {"LISTS": "https://a b"},
        {"LISTS": "https://" + "a" * 400},
        {"CAPACITY_MB": 0},
        {"CAPACITY_MB": 5000},
    ],
)
def test_place_out_of_bounds_is_refused(changes: dict[str, object]) -> None:
    """Also from the city itself: a slip must not become a checkpoint without a zone."""
    with pytest.raises(EnrolmentError, match="out of bounds"):
        read_place(signed(**changes), PUBLIC, DEVICE)


def test_unknown_field_is_refused() -> None:
    """As are fields that nobody has named."""
    fields = {int(key): value for key, value in FIELDS.items()} | {99: 1}
    with pytest.raises(EnrolmentError, match="not for it"):
        read_place(sign_map(KEY, Statement.PLACE, fields), PUBLIC, DEVICE)
