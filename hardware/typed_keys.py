"""What a scanner that types means: key events of Linux → the bytes of a code.

A USB scanner is a keyboard. It names places on a keyboard and not letters, so it must be set to the
US layout, as it is when it leaves the factory. A line of which a key is unknown or was lost is no
code: read with a letter missing it would be a forged pass, and its holder would be refused for it.
"""

from __future__ import annotations

import struct

# struct input_event [linux/input.h]: time as two longs, type, code, value; 24 bytes on 64 bits.
EVENT = struct.Struct("llHHi")
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3  # the kernel's buffer was full: events are missing
RELEASED, PRESSED = 0, 1  # 2 is a key held down, which no scanner does on purpose

ENTER = frozenset({28, 96})  # KEY_ENTER, KEY_KPENTER
SHIFT = frozenset({42, 54})  # left, right
CAPS_LOCK = 58

MOST_CHARACTERS = 4296  # of letters in the largest QR code
IDLE_S = 1.0  # between two keys of a line
LINE_S = 20.0  # for a whole line

# First code of a run of neighbouring keys, what they type, and what they type with shift.
_RUNS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (55, "*", "*"),
    (57, " ", " "),
    (71, "789-456+1230.", "789-456+1230."),
    (98, "/", "/"),
)
_PLAIN = {first + at: key for first, keys, _ in _RUNS for at, key in enumerate(keys)}
_SHIFTED = {first + at: key for first, _, keys in _RUNS for at, key in enumerate(keys)}


class Typist:
    """Keys in, lines out. Times are monotonic seconds.

    >>> typist = Typist()
    >>> [typist.take(EV_KEY, code, PRESSED, 0.0) for code in (50, 25, 28)][-1]
    b'mp'
    """

    def __init__(self) -> None:
        self._is_caps = False
        self._shift: set[int] = set()
        self._begin()

    def take(self, kind: int, code: int, value: int, now_s: float) -> bytes | None:
        """One event; the line that it ends: its bytes, none if a part of it is missing."""
        if kind == EV_SYN and code == SYN_DROPPED:
            self._is_spoiled = True
            self._shift.clear()  # whether it was released meanwhile nobody knows
        if kind != EV_KEY or value not in (RELEASED, PRESSED):
            return None
        if code in SHIFT:
            (self._shift.add if value == PRESSED else self._shift.discard)(code)
        elif value == PRESSED and code == CAPS_LOCK:
            self._is_caps = not self._is_caps
        elif value == PRESSED and code in ENTER:
            return self._end()
        elif value == PRESSED:
            self._type(code, now_s)
        return None

    def gives_up(self, now_s: float) -> bool:
        """Whether a line was begun and will not end any more; it is dropped then."""
        is_late = now_s - self._last_s > IDLE_S or now_s - self._begun_s > LINE_S
        if not (self._text or self._is_spoiled) or not is_late:
            return False
        self._begin()
        return True

    def _begin(self) -> None:
        self._text: list[str] = []
        self._is_spoiled = False
        self._begun_s = self._last_s = float("-inf")

    def _end(self) -> bytes | None:
        """None for Enter alone."""
        text, is_spoiled = "".join(self._text), self._is_spoiled
        self._begin()
        if is_spoiled:
            return b""
        return text.encode("ascii") or None

    def _type(self, code: int, now_s: float) -> None:
        if not self._text:
            self._begun_s = now_s
        self._last_s = now_s
        keys = _SHIFTED if self._shift else _PLAIN
        letter = keys.get(code)
        if letter is None or len(self._text) >= MOST_CHARACTERS:
            self._is_spoiled = True
            return
        is_letter = letter.isalpha()
        self._text.append(letter.swapcase() if self._is_caps and is_letter else letter)
