"""The offer of a boot file: what stands on a card, or a code, in its table [enrol]."""

from __future__ import annotations

import msgspec

from scanner.boot.reasons import BootError, BootReason
from scanner.boot.text import line_of
from scanner.core.city_pin import read_pin
from scanner.core.clock import ClockReading
from scanner.core.enrolment import is_server_url
from scanner.core.errors import EnrolmentError
from scanner.core.offer import (
    CODE_CHARACTERS,
    TOKEN_CHARACTERS,
    card_text,
    check_age,
    is_code,
    make_offer,
    read_token,
)

TABLE = "enrol"
LATEST = 2**33


class _EnrolTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: str = ""
    token: str | None = None
    code: str | None = None
    ca: str = ""
    issued_at: int | None = None


def read_enrol(members: object, text: str, now: ClockReading) -> bytes:
    """The table [enrol] of `text`, as a card holds it. Raises BootError, which repeats no token."""
    try:
        table = msgspec.convert(members, _EnrolTable)
    except msgspec.ValidationError:
        raise BootError(BootReason.ENROL_KEY, line=line_of(text, TABLE)) from None
    _check_url(table.url, text)
    token = _token(table, text)
    _check_pin(table.ca, text)
    is_dated = table.issued_at is not None and 0 <= table.issued_at < LATEST
    if not is_dated and (table.issued_at is not None or not is_code(token)):
        raise _error(BootReason.ISSUED_AT, text, "issued_at")
    _check_date(table, token, text, now)
    return card_text(table.url, token, table.ca, table.issued_at).encode()


def _check_url(url: str, text: str) -> None:
    if url.startswith("http://"):
        raise _error(BootReason.HTTP, text, "url")
    if not is_server_url(url) or len(url) > 400:
        raise _error(BootReason.URL, text, "url")


def _token(table: _EnrolTable, text: str) -> str:
    if table.token is not None and table.code is not None:
        raise _error(BootReason.BOTH, text, "code")
    name = "token" if table.token is not None else "code"
    said, length = (
        (table.token, TOKEN_CHARACTERS) if name == "token" else (table.code, CODE_CHARACTERS)
    )
    if said is None:
        raise _error(BootReason.NEITHER, text)
    try:
        token = read_token(said)
    except EnrolmentError:
        token = ""
    if len(token) != length:
        raise _error(BootReason.TOKEN, text, name)
    return token


def _check_pin(ca: str, text: str) -> None:
    try:
        _ = read_pin(ca)
    except EnrolmentError:
        raise _error(BootReason.CA, text, "ca") from None


def _check_date(table: _EnrolTable, token: str, text: str, now: ClockReading) -> None:
    """Where the device surely knows that its time is over, nobody need be asked."""
    try:
        check_age(make_offer(table.url, token, table.ca, table.issued_at), now)
    except EnrolmentError:
        old = BootReason.CODE_OLD if is_code(token) else BootReason.TOKEN_OLD
        raise _error(old, text, "issued_at") from None


def _error(reason: BootReason, text: str, key: str = "") -> BootError:
    return BootError(reason, line=line_of(text, TABLE, key))
