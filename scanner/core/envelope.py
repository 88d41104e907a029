"""From the text of a QR code to COSE bytes: prefix, size, base45; and what is no pass at all."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from scanner.core import base45
from scanner.core.cose import Sign1, parse_sign1
from scanner.core.errors import PassError
from scanner.core.reasons import Reason

# The largest live pass has 520 characters; a QR code can carry 4 296. 1 024 leaves room for
# keys and claims to grow and keeps the work for a hostile code small.
MAX_TEXT = 1024
# When every character is escaped; what is longer stays too large.
_MAX_ESCAPED = 3 * MAX_TEXT

_NEWER = re.compile(rb"MP[2-9]:")
_LATER = (b"MPL1:", b"HC1:", b"NZCP:/")
_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")

# What residents hold up for lack of a signed code: the web page of a pass, the bare code of a
# pass by text message (Moscow 2020: 16 letters and digits), the French attestation of 2020 with
# these words in this order.
_URL = re.compile(rb"https?://\S+", re.IGNORECASE)
_BARE_CODE = re.compile(rb"[0-9A-Za-z]{4}(?:[ -]?[0-9A-Za-z]{4}){3}")
_ATTESTATION = (b"Cree le:", b"Nom:")
_ATTESTED = (b"Motif", b"Sortie:")


def has_pass_prefix(payload: bytes) -> bool:
    """True for anything that claims to be a pass, of whatever version; posters do not."""
    return payload.startswith((b"MP1:", *_LATER)) or _NEWER.match(payload) is not None


def refuse_unknown(payload: bytes) -> PassError:
    """The error for a payload that no format of ours opens."""
    if _NEWER.match(payload):
        return PassError(Reason.UPDATE_SCANNER, "a pass of a newer version")
    if payload.startswith(_LATER):
        return PassError(Reason.UNSUPPORTED, "a pass of a format that is not switched on")
    if is_unsigned_permit(payload):
        return PassError(Reason.UNSIGNED, "a permit without a signature")
    return PassError(Reason.NOT_A_PASS)


def is_unsigned_permit(payload: bytes) -> bool:
    """A code that people show as a permit but that nobody signed: the officer must look."""
    text = payload.strip()
    if _URL.fullmatch(text) or _BARE_CODE.fullmatch(text):
        return True
    for word in _ATTESTATION:
        text = text.partition(word)[2]
    return any(word in text for word in _ATTESTED)


def unwrap(text: bytes) -> Sign1:
    """The text after the prefix → COSE_Sign1, unverified.

    Phones and messengers percent-escape the blank, % and + of base45: when the text does not
    open and holds %XX, it is unescaped once and tried again. Raises PassError with the reason of
    the first failure.
    """
    try:
        return _unwrap_once(text)
    except PassError as first:
        if len(text) > _MAX_ESCAPED or _ESCAPE.search(text) is None:
            raise
        try:
            return _unwrap_once(unquote_to_bytes(text))
        except PassError:
            raise first from None


def _unwrap_once(text: bytes) -> Sign1:
    if len(text) > MAX_TEXT:
        raise PassError(Reason.TOO_LARGE, f"{len(text)} characters, at most {MAX_TEXT}")
    try:
        raw = base45.decode(text)
    except ValueError as error:
        raise PassError(Reason.MALFORMED, str(error)) from None
    return parse_sign1(raw)
