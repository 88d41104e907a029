"""A scanner that types, as the kernel shows it: input events in a pipe."""

from __future__ import annotations

import os
from pathlib import Path

from hardware.typed_keys import _PLAIN, _SHIFTED, EV_KEY, EV_SYN, EVENT, PRESSED, RELEASED

EV_MSC, MSC_SCAN, LEFT_SHIFT = 4, 4, 42
ENTER = 28
_PLAIN_KEYS = {letter: code for code, letter in reversed(_PLAIN.items())}
_SHIFTED_KEYS = {letter: code for code, letter in reversed(_SHIFTED.items())}


def event(kind: int, code: int, value: int) -> bytes:
    """One input_event at some time of the kernel's."""
    return EVENT.pack(1_600_000_000, 5, kind, code, value)


def stroke(code: int) -> bytes:
    """Down and up, each with its scan code and its end mark, as the HID driver reports them."""
    mark = event(EV_SYN, 0, 0)
    scan = event(EV_MSC, MSC_SCAN, 0x70000 + code)
    return scan + event(EV_KEY, code, PRESSED) + mark + scan + event(EV_KEY, code, RELEASED) + mark


def typed(text: str) -> bytes:
    """The events of a text on a US keyboard, without Enter."""
    raw = b""
    for letter in text:
        if (code := _PLAIN_KEYS.get(letter)) is not None:
            raw += stroke(code)
        else:
            shift = event(EV_KEY, LEFT_SHIFT, PRESSED), event(EV_KEY, LEFT_SHIFT, RELEASED)
            raw += shift[0] + stroke(_SHIFTED_KEYS[letter]) + shift[1]
    return raw


class Keyboard:
    """A named pipe in the place of /dev/input/by-id/…, into which the test types."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._end = os.open(path, os.O_RDWR)  # does not wait for a reader, as a pipe does otherwise
        self.opened = 0

    def open(self, path: Path) -> int:
        """What the scanner does instead of opening and grabbing a device."""
        device = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.opened += 1
        return device

    def write(self, raw: bytes) -> None:
        while raw:
            raw = raw[os.write(self._end, raw[: 24 * 64]) :]

    def unplug(self) -> None:
        """The name is gone, and whoever reads is told that nothing more will come."""
        self.path.unlink()
        os.close(self._end)
        self._end = -1

    def close(self) -> None:
        if self._end >= 0:
            os.close(self._end)
