"""Where a device stands and what limits it keeps, as the city has signed it at the enrolment.

COSE_Sign1 by the key of the receipts, which the device learns in the same answer. A device that
stands alone has these from its own file instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from scanner.core.errors import EnrolmentError, LogError
from scanner.core.policy import Checkpoint
from scanner.core.signed_log import Statement, is_signed_by, read_map, sign_map

VERSION = 1
LONGEST_ID, HIGHEST_CODE, LONGEST_URL = 32, 65535, 400
LEAST_MB, MOST_MB = 1, 4096
_AGAIN = "Have this device enrolled again."


class PlaceField(IntEnum):
    """Keys of the signed map; what is None is left out."""

    VERSION = 0
    DEVICE = 1
    ISSUED_AT = 2
    CHECKPOINT = 3
    ZONE = 4
    TRANSPORT = 5
    ASKS = 6
    LISTS = 7
    CAPACITY_MB = 8


ASKS_PLATE, ASKS_CARD = 1, 2


@dataclass(frozen=True, slots=True)
class Place:
    """checkpoint: its name and what it asks for. lists: where signed lists come from, a URL.

    capacity_mb: megabytes that the scan log may take. None: the device's own settings say so.
    """

    checkpoint: Checkpoint
    lists: str | None = None
    capacity_mb: int | None = None

    def __post_init__(self) -> None:
        """Raises ValueError that names what is out of its bounds."""
        spot = self.checkpoint
        if not 1 <= len(spot.id) <= LONGEST_ID or not spot.id.isprintable():
            raise ValueError(f"the name of a checkpoint has 1 to {LONGEST_ID} characters")
        for name, code in (("zone", spot.zone), ("transport", spot.transport)):
            if code is not None and not 0 <= code <= HIGHEST_CODE:
                raise ValueError(f"{name} is 0 to {HIGHEST_CODE}")
        if self.lists is not None and not is_lists_url(self.lists):
            raise ValueError("the lists are at http://… or https://…")
        if self.capacity_mb is not None and not LEAST_MB <= self.capacity_mb <= MOST_MB:
            raise ValueError(f"the scan log takes {LEAST_MB} to {MOST_MB} megabytes")


def is_lists_url(url: str) -> bool:
    """Lists are believed by their signatures, so plain http will do."""
    is_plain = url.isascii() and url.isprintable() and " " not in url
    return is_plain and len(url) <= LONGEST_URL and url.startswith(("https://", "http://"))


def sign_place(key: Ed25519PrivateKey, device: bytes, place: Place, issued_at: int) -> bytes:
    """For one device; issued_at in seconds since 1970."""
    spot = place.checkpoint
    asks = ASKS_PLATE * spot.asks_plate | ASKS_CARD * spot.asks_card
    fields = {
        PlaceField.VERSION: VERSION, PlaceField.DEVICE: device, PlaceField.ISSUED_AT: issued_at,
        PlaceField.CHECKPOINT: spot.id, PlaceField.ZONE: spot.zone,
        PlaceField.TRANSPORT: spot.transport, PlaceField.ASKS: asks,
        PlaceField.LISTS: place.lists, PlaceField.CAPACITY_MB: place.capacity_mb,
    }  # fmt: skip
    known = {int(name): value for name, value in fields.items() if value is not None}
    return sign_map(key, Statement.PLACE, known)


def read_place(signed: bytes, key: Ed25519PublicKey, device: bytes) -> Place:
    """Raises EnrolmentError for another signer, another device, or a newer form."""
    try:
        fields = read_map(signed, Statement.PLACE)
        if not is_signed_by(key, signed, Statement.PLACE):
            raise EnrolmentError(f"{_AGAIN} Its settings are not signed by its city.")
    except LogError as error:
        raise EnrolmentError(f"{_AGAIN} Its settings are damaged ({error}).") from None
    version = fields.get(PlaceField.VERSION)
    if isinstance(version, int) and version > VERSION:
        raise EnrolmentError("Update the scanner: the settings in this enrolment are newer.")
    if set(fields) - set(PlaceField) or fields.get(PlaceField.DEVICE) != device:
        raise EnrolmentError(f"{_AGAIN} These settings are not for it.")
    try:
        return _place(fields)
    except ValueError as error:
        raise EnrolmentError(f"{_AGAIN} Its settings are out of bounds ({error}).") from None


def _place(fields: Mapping[int | str, object]) -> Place:
    """Raises ValueError."""
    name, asks = fields.get(PlaceField.CHECKPOINT), fields.get(PlaceField.ASKS)
    lists = fields.get(PlaceField.LISTS)
    if not isinstance(name, str) or not isinstance(asks, int) or asks not in range(4):
        raise ValueError("no checkpoint is named")
    if lists is not None and not isinstance(lists, str):
        raise ValueError("the address of the lists is no text")
    zone, transport, capacity = (
        _number(fields.get(each))
        for each in (PlaceField.ZONE, PlaceField.TRANSPORT, PlaceField.CAPACITY_MB)
    )
    spot = Checkpoint(
        name, zone, transport, asks_plate=bool(asks & ASKS_PLATE), asks_card=bool(asks & ASKS_CARD)
    )
    return Place(spot, lists, capacity)


def _number(value: object) -> int | None:
    """Raises ValueError. A truth value is no number."""
    if value is not None and type(value) is not int:
        raise ValueError("a number is of another kind")
    return value
