"""Base45, the text form of bytes in alphanumeric QR codes [RFC 9285]."""

from __future__ import annotations

from struct import error as StructError  # noqa: N812  # the library's own name is lower case
from struct import pack

ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

# Position in the alphabet for each byte, 255 for bytes outside it.
_VALUES = bytes(ALPHABET.find(byte) if byte in ALPHABET else 255 for byte in range(256))
_OUTSIDE = 255


def decode(text: bytes) -> bytes:
    """Raises ValueError for a byte outside the alphabet, a length of 3 n + 1, or a group too big.

    Three characters c, d, e stand for two bytes, c + 45 d + 2025 e [RFC 9285 §4.2].
    """
    values = text.translate(_VALUES)
    if _OUTSIDE in values:
        raise ValueError("a character outside the base45 alphabet")
    rest = len(values) % 3
    if rest == 1:
        raise ValueError("a base45 text of impossible length")
    whole = len(values) - rest
    groups = [
        c + 45 * d + 2025 * e
        for c, d, e in zip(values[0:whole:3], values[1:whole:3], values[2:whole:3], strict=True)
    ]
    try:
        decoded = pack(f">{len(groups)}H", *groups)
        return decoded + pack(">B", values[-2] + 45 * values[-1]) if rest else decoded
    except StructError:
        raise ValueError("a base45 group that stands for no bytes") from None


def encode(raw: bytes) -> str:
    """Two bytes become three characters, a last single byte two."""
    out = bytearray()
    for at in range(0, len(raw) - 1, 2):
        number = raw[at] * 256 + raw[at + 1]
        out += bytes((number % 45, number // 45 % 45, number // 2025))
    if len(raw) % 2:
        out += bytes((raw[-1] % 45, raw[-1] // 45))
    return bytes(ALPHABET[value] for value in out).decode("ascii")
