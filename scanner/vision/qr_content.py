"""Data bits of a QR code → the bytes they stand for [ISO/IEC 18004 7.4], or a refusal.

Strict on purpose: what comes here was corrected from doubtful modules, so the terminator and the
padding to the very end are part of the check. Modes that no pass uses (FNC1, structured append)
are left to the other readers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NUMERIC, ALPHANUMERIC, BYTE, KANJI, ECI, TERMINATOR = 1, 2, 4, 8, 7, 0
LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
COUNT_BITS = {
    NUMERIC: (10, 12, 14),
    ALPHANUMERIC: (9, 11, 13),
    BYTE: (8, 16, 16),
    KANJI: (8, 10, 12),
}
PADDING = (0xEC, 0x11)


class ContentError(Exception):
    """These bits are not what an encoder writes."""


class _Bits:
    """Reads whole numbers from the front of a row of bytes."""

    def __init__(self, symbols: Sequence[int]) -> None:
        self._value = int.from_bytes(bytes(symbols), "big")
        self.left = 8 * len(symbols)

    def take(self, count: int) -> int:
        """Raises ContentError at the end."""
        if count > self.left:
            raise ContentError("the bits end within a segment")
        self.left -= count
        return self._value >> self.left & (1 << count) - 1


def payload_of(symbols: NDArray[np.uint8], version: int) -> bytes:
    """Data symbols of one code → the bytes of all its segments. Raises ContentError."""
    bits = _Bits(symbols.tolist())
    size = 0 if version < 10 else 1 if version < 27 else 2
    payload = bytearray()
    while bits.left >= 4 and (mode := bits.take(4)) != TERMINATOR:
        if mode == ECI:
            _skip_eci(bits)
        elif mode in COUNT_BITS:
            payload += _segment(bits, mode, bits.take(COUNT_BITS[mode][size]))
        else:
            raise ContentError(f"mode {mode}")
    if bits.take(bits.left % 8):
        raise ContentError("no zeros up to the next byte")
    _check_padding(bytes(bits.take(8) for _ in range(bits.left // 8)))
    if not payload:
        raise ContentError("empty")
    return bytes(payload)


def _check_padding(padding: bytes) -> None:
    # Some encoders write a whole byte of zeros when the terminator ends at a byte.
    for skipped in (padding, padding[1:] if padding[:1] == b"\0" else padding):
        if all(byte == PADDING[place % 2] for place, byte in enumerate(skipped)):
            return
    raise ContentError("wrong padding")


def _segment(bits: _Bits, mode: int, count: int) -> bytes:
    match mode:
        case 1:
            return _digits(bits, count)
        case 2:
            return _letters(bits, count)
        case 4:
            return bytes(bits.take(8) for _ in range(count))
        case _:
            return b"".join(_double_byte(bits.take(13)) for _ in range(count))


def _digits(bits: _Bits, count: int) -> bytes:
    text = b""
    for start in range(0, count, 3):
        digits = min(3, count - start)
        number = bits.take((0, 4, 7, 10)[digits])
        if number >= 10**digits:
            raise ContentError("not a group of digits")
        text += b"%0*d" % (digits, number)
    return text


def _letters(bits: _Bits, count: int) -> bytes:
    text = bytearray()
    for _ in range(count // 2):
        first, second = divmod(bits.take(11), len(LETTERS))
        if first >= len(LETTERS):
            raise ContentError("not a pair of letters")
        text += LETTERS[first : first + 1] + LETTERS[second : second + 1]
    if count % 2:
        last = bits.take(6)
        if last >= len(LETTERS):
            raise ContentError("not a letter")
        text += LETTERS[last : last + 1]
    return bytes(text)


def _double_byte(number: int) -> bytes:
    high, low = divmod(number, 0xC0)
    both = high << 8 | low
    return (both + (0x8140 if both < 0x1F00 else 0xC140)).to_bytes(2, "big")


def _skip_eci(bits: _Bits) -> None:
    """The number of a charset, in 1 to 3 bytes: no part of the payload."""
    first = bits.take(8)
    if first >> 5 == 0b110:
        bits.take(16)
    elif first >> 6 == 0b10:
        bits.take(8)
    elif first >> 7:
        raise ContentError("not a charset")
