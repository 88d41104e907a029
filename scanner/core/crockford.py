"""Crockford's base32: what people type and read aloud, and what their hands confuse.

https://www.crockford.com/base32.html: no I, L, O and U among the digits; I and L are read as 1, O
as 0, and case, spaces and hyphens count for nothing.
"""

from __future__ import annotations

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# U is missing, so that no word is rude.
FOLDED = str.maketrans("OIL", "011", "- \t")
_BITS = 5
_GROUP = 4


def fold(text: str) -> str:
    """As it was meant: `7k3f-9qxd` → `7K3F9QXD`. Raises ValueError for what is no such text."""
    folded = text.upper().translate(FOLDED)
    if not folded or set(folded) - set(DIGITS):
        raise ValueError("it holds a character that is none of Crockford's base32")
    return folded


def encode(raw: bytes) -> str:
    """All bits, the last character filled up with zeros; without hyphens."""
    count = -(-8 * len(raw) // _BITS)
    number = int.from_bytes(raw) << (_BITS * count - 8 * len(raw))
    places = range(_BITS * (count - 1), -1, -_BITS)
    return "".join(DIGITS[number >> place & 31] for place in places)


def grouped(text: str) -> str:
    """In groups of four, for people."""
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
