"""What a device asks a city over the network, and how the city says no.

POST url + ENROL_PATH   {"version": 1, "token": "…", "request": "the request as a file"}
200                     the answer as a file
400, 403, 429, 503      {"refused": one of Refusal}
GET url + CA_PATH       the certificate of the city's authority, PEM: who asks compares it with
                        the fingerprint that he has, and believes it for no other reason
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

import msgspec

from scanner.core import strict_json
from scanner.core.enrolment import MAX_FILE_BYTES
from scanner.core.errors import EnrolmentError
from scanner.core.offer import TOKEN_CHARACTERS, read_token

ENROL_PATH, CA_PATH = "/v1/enrol", "/v1/ca"
MAX_CALL_BYTES = 8 * 1024
MAX_ANSWER_BYTES = MAX_FILE_BYTES
VERSION = 1

_NEW_CARD = "Have a new card or code made: `scanner central device token` or `code`."


class Refusal(Enum):
    """Why a city does not enrol; the value goes over the wire and never changes its meaning."""

    MALFORMED = "malformed"
    NEWER = "newer"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    CANCELLED = "cancelled"
    REVOKED = "revoked"
    TOO_MANY = "too-many"
    BUSY = "busy"


# Status of HTTP; what the technician reads; whether asking again may help.
MEANINGS: dict[Refusal, tuple[int, str, bool]] = {
    Refusal.MALFORMED: (400, "Update the scanner: the city does not understand it.", False),
    Refusal.NEWER: (400, "Ask the city to update its server: this scanner is newer.", False),
    Refusal.UNKNOWN: (403, f"{_NEW_CARD} The city does not know this one.", False),
    Refusal.EXPIRED: (403, f"{_NEW_CARD} The time of this one is over.", False),
    Refusal.USED: (403, f"{_NEW_CARD} This one was used, by this device or another.", False),
    Refusal.CANCELLED: (403, f"{_NEW_CARD} This one was cancelled.", False),
    Refusal.REVOKED: (
        403, "Ask the city: this device was revoked, and only it can let it in again.", False,
    ),
    Refusal.TOO_MANY: (429, "Wait a quarter of an hour: too many wrong codes were typed.", True),
    Refusal.BUSY: (503, "Wait: the city's server is busy.", True),
}  # fmt: skip


class _Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    token: Annotated[str, msgspec.Meta(max_length=TOKEN_CHARACTERS)]
    request: str


@dataclass(frozen=True, slots=True)
class Call:
    """token: folded. request: the bytes of a request's file."""

    token: str
    request: bytes


class CallError(EnrolmentError):
    """The city refuses; the text says what to do."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(MEANINGS[refusal][1])
        self.refusal = refusal

    @property
    def status(self) -> int:
        """Of HTTP."""
        return MEANINGS[self.refusal][0]

    @property
    def is_passing(self) -> bool:
        """Whether the same may be asked again later."""
        return MEANINGS[self.refusal][2]


def encode_call(call: Call) -> bytes:
    form = _Call(VERSION, call.token, call.request.decode())
    return json.dumps(msgspec.to_builtins(form)).encode()


def read_call(raw: bytes) -> Call:
    """Raises CallError."""
    try:
        found = strict_json.parse(raw)
        version = found.get("version") if isinstance(found, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise CallError(Refusal.NEWER)
        form = msgspec.convert(found, _Call)
        if len(raw) > MAX_CALL_BYTES or form.version != VERSION:
            raise ValueError("too long, or of no version")
        return Call(read_token(form.token), form.request.encode())
    except CallError:
        raise
    except (ValueError, msgspec.ValidationError, EnrolmentError):
        raise CallError(Refusal.MALFORMED) from None


def encode_refusal(refusal: Refusal) -> bytes:
    return json.dumps({"refused": refusal.value}).encode()


def read_refusal(status: int, raw: bytes) -> CallError | None:
    """None for what no server of a city says with this status."""
    try:
        found = strict_json.parse(raw)
        refusal = Refusal(found["refused"]) if isinstance(found, dict) else None
    except (ValueError, KeyError, TypeError):
        return None
    error = None if refusal is None else CallError(refusal)
    return error if error is not None and error.status == status else None
