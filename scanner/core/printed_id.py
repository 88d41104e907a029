"""The printed id under a QR code: what an officer types when no camera can read the code.

80 bits, big-endian, as 16 characters of Crockford's base32 and one check character. It holds
no name and no validity, so typed in it can only find a revocation.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from scanner.core.crockford import DIGITS, FOLDED

CTI_BYTES = 5
CHARACTERS = 16

_LAYOUT = Struct(f">BI{CTI_BYTES}s")
# The check character counts modulo 37, the next prime, so it needs five signs more.
_CHECKS = DIGITS + "*~$=U"


@dataclass(frozen=True, slots=True)
class PrintedId:
    """Issuer number, place in its status map, first 5 bytes of the pass id."""

    issuer_no: int
    index: int
    cti_start: bytes


def encode(issuer_no: int, index: int, cti: bytes) -> str:
    """`0400-0F3Y-…-C`. Raises ValueError for a number out of range or a cti below 5 bytes."""
    if not 0 <= issuer_no <= 255 or not 0 <= index < 2**32 or len(cti) < CTI_BYTES:
        raise ValueError("issuer number is 8 bits, index is 32 bits, cti has at least 5 bytes")
    number = int.from_bytes(_LAYOUT.pack(issuer_no, index, cti[:CTI_BYTES]))
    places = range(5 * (CHARACTERS - 1), -1, -5)
    text = "".join(DIGITS[number >> place & 31] for place in places)
    groups = [text[at : at + 4] for at in range(0, CHARACTERS, 4)]
    return "-".join([*groups, _CHECKS[number % len(_CHECKS)]])


def decode(typed: str) -> PrintedId:
    """Lower case, O for 0, I or L for 1, dashes and blanks anywhere are accepted.

    Raises ValueError whose text tells the officer what to look at.
    """
    text = typed.upper().translate(FOLDED)
    if len(text) != CHARACTERS + 1:
        raise ValueError(
            f"{len(text)} characters typed; the printed id has {CHARACTERS} and one to check."
        )
    number = 0
    for character in text[:CHARACTERS]:
        digit = DIGITS.find(character)
        if digit < 0:
            raise ValueError(f"{character} is in no printed id. Compare it with the paper.")
        number = number * len(DIGITS) + digit
    if _CHECKS.find(text[CHARACTERS]) != number % len(_CHECKS):
        raise ValueError("The check character does not fit. Compare each group with the paper.")
    return PrintedId(*_LAYOUT.unpack(number.to_bytes(_LAYOUT.size)))
