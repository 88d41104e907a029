"""A city's offer to a device: where to ask, with which token, whom to trust. One form, three ways.

    config QR   {"v":1,"url":"https://…","token":"…","ca":"sha256:…","issued_at":1588150000}
    by hand     scanner enrol --url https://… --code 7K3F-9QXD --ca 4F7K-2M9D-81QX-0V3H
    boot file   the same names in its table [enrol]

`ca` is for enrolment and upload alone: whose lists a device believes comes with its software.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from scanner.core import crockford, strict_json
from scanner.core.city_pin import CityPin, read_pin
from scanner.core.clock import ClockReading
from scanner.core.enrolment import is_server_url
from scanner.core.errors import EnrolmentError

VERSION = 1
TOKEN_BYTES, CODE_BYTES = 16, 5
TOKEN_CHARACTERS, CODE_CHARACTERS = 26, 8
TOKEN_LIFE, CODE_LIFE = timedelta(days=7), timedelta(minutes=15)
LONGEST = 4096
# How a code for a camera begins, whatever follows.
_BEGIN = b'{"v":'

UPDATE = "Update the scanner: this code is of a newer release."
_AGAIN = "Have a new card made with `scanner central device token`."


class _Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    v: int
    url: Annotated[str, msgspec.Meta(max_length=400)]
    token: Annotated[str, msgspec.Meta(max_length=64)]
    ca: str
    issued_at: Annotated[int, msgspec.Meta(ge=0, lt=2**33)] | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """url: of the server that enrols. token: folded base32; a code has CODE_CHARACTERS.

    issued_at: when the city made it; None where nobody has said.
    """

    url: str
    token: str
    pin: CityPin
    issued_at: datetime | None = None

    def as_of(self, now: ClockReading) -> ClockReading:
        """What is known of the time beside this offer: it is not earlier than its making."""
        made = self.issued_at
        if made is None or made <= now.earliest:
            return now
        latest = now.latest if now.latest is not None and now.latest >= made else None
        return ClockReading(made, latest, now.level)


def read_card(raw: bytes) -> Offer:
    """A config QR. Raises EnrolmentError."""
    try:
        if len(raw) > LONGEST:
            raise ValueError(f"more than {LONGEST} bytes")
        found = strict_json.parse(raw)
        check_version(found.get("v") if isinstance(found, dict) else None)
        card = msgspec.convert(found, _Card)
    except (ValueError, msgspec.ValidationError) as error:
        raise EnrolmentError(f"{_AGAIN} This one cannot be read ({error}).") from None
    return make_offer(card.url, card.token, card.ca, card.issued_at)


def looks_like_card(payload: bytes) -> bool:
    """Whether a code before the camera wants to be one."""
    return payload.startswith(_BEGIN)


def check_version(version: object) -> None:
    """Raises EnrolmentError for a form of a later release."""
    if isinstance(version, int) and version > VERSION:
        raise EnrolmentError(UPDATE)
    if version != VERSION or isinstance(version, bool):
        raise ValueError("it names no version")


def make_offer(url: str, token: str, ca: str, issued_at: int | None = None) -> Offer:
    """From its parts as they stand on a card or were typed. Raises EnrolmentError."""
    if not is_server_url(url):
        raise EnrolmentError(
            f"Correct the address {url[:80]}: it must be https://HOST:PORT and nothing after it."
        )
    made = None if issued_at is None else datetime.fromtimestamp(issued_at, UTC)
    return Offer(url.rstrip("/"), read_token(token), read_pin(ca), made)


def read_token(text: str) -> str:
    """A card's token or a typed code, folded. Raises EnrolmentError."""
    try:
        folded = crockford.fold(text)
    except ValueError:
        folded = ""
    if len(folded) not in (CODE_CHARACTERS, TOKEN_CHARACTERS):
        raise EnrolmentError(
            f"Type the code again: it has {CODE_CHARACTERS} characters, such as 7K3F-9QXD."
        )
    return folded


def is_code(token: str) -> bool:
    """Typed by hand, so short that guessing must be made slow."""
    return len(token) == CODE_CHARACTERS


def check_age(offer: Offer, now: ClockReading) -> None:
    """Raises EnrolmentError when its time is surely over, so that nobody need be asked."""
    life = CODE_LIFE if is_code(offer.token) else TOKEN_LIFE
    if offer.issued_at is not None and now.surely_at_or_after(offer.issued_at + life):
        raise EnrolmentError(f"{_AGAIN} This one is of {offer.issued_at:%Y-%m-%d} and has expired.")


def card_text(url: str, token: str, ca: str, issued_at: int | None) -> str:
    """What is drawn as a config QR. issued_at None: of what was typed, which nobody has dated."""
    card = _Card(VERSION, url, token, ca, issued_at)
    return json.dumps(msgspec.to_builtins(card), separators=(",", ":"))
