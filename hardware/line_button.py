"""A button on a line of the kernel's GPIO chip: its thread sleeps until a finger moves.

lgpio watches a pin by looking 2 000 times a second, for as long as the program runs [lgpio 0.2.2.0,
lgPthAlerts.c: a poll of 0.5 ms]. The kernel tells of edges by itself, bounced ones left out, so
this button asks the kernel and needs neither lgpio nor gpiozero.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# linux/gpio.h: gpio_v2_line_request {offsets[64], consumer[32], config {flags, num_attrs,
# padding[5], attrs[10] of {id, padding, value, mask}}, num_lines, event_buffer_size, padding[5],
# fd}; gpio_v2_line_values {bits, mask}; gpio_v2_line_event {timestamp_ns, id, offset, seqno,
# line_seqno, padding[6]}.
GET_LINE = 0xC250B407
GET_VALUES = 0xC010B40E
REQUEST = struct.Struct("=64I32sQI20sII2Q216sII20si")
VALUES = struct.Struct("=QQ")
EVENT = struct.Struct("=QIIII24s")
CONSUMER = b"scanner-trigger"
ACTIVE_LOW, INPUT, RISING, FALLING, PULL_UP = 1 << 1, 1 << 2, 1 << 4, 1 << 5, 1 << 8
DEBOUNCE = 3  # GPIO_V2_LINE_ATTR_ID_DEBOUNCE, microseconds
# Of a line that is active when low: the finger comes, the finger goes.
RISING_EDGE = 1
EVENTS_AT_ONCE = 16
END_S = 1.0


def request_line(chip: Path, line: int, bounce_s: float) -> int:
    """A descriptor of this line as an input that tells of its edges. Raises OSError."""
    flags = INPUT | ACTIVE_LOW | RISING | FALLING | PULL_UP
    bounce_us = round(bounce_s * 1e6)
    request = bytearray(
        REQUEST.pack(
            *(line, *[0] * 63, CONSUMER, flags, 1, b""),
            *(DEBOUNCE, 0, bounce_us, 1, b""),
            *(1, EVENTS_AT_ONCE, b"", 0),
        )
    )
    with chip.open("r+b", buffering=0) as file:
        fcntl.ioctl(file, GET_LINE, request)
    fd: int = REQUEST.unpack(request)[-1]
    return fd


def read_level(fd: int) -> bool:
    """Whether the line is active now, bounces left out. Raises OSError."""
    answer = fcntl.ioctl(fd, GET_VALUES, VALUES.pack(0, 1))
    return bool(VALUES.unpack(answer)[0] & 1)


class LineButton:
    """The `Button` of pins.py; `when_…` are called from its own thread.

    line: an open descriptor as `request_line` gives it, which is closed with the button.
    """

    def __init__(self, line: int, read_level: Callable[[int], bool] = read_level) -> None:
        self.when_activated: Callable[[], None] | None = None
        self.when_deactivated: Callable[[], None] | None = None
        self._line, self._read_level = line, read_level
        self._stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._is_closed = False
        self._thread = threading.Thread(target=self._watch, name="trigger", daemon=True)
        self._thread.start()

    @property
    def is_active(self) -> bool:
        """Pressed at this moment; a line that cannot be read is not."""
        with suppress(OSError):
            return self._read_level(self._line)
        return False

    def close(self) -> None:
        """The line is free again. A second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        os.eventfd_write(self._stop, 1)
        self._thread.join(END_S)
        os.close(self._line)
        os.close(self._stop)

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(self._line, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        while self._stop not in {fd for fd, _ in poll.poll()}:
            try:
                told = os.read(self._line, EVENTS_AT_ONCE * EVENT.size)
            except OSError:
                return
            if not told:
                return  # the chip has gone
            for _, edge, *_ in EVENT.iter_unpack(told[: len(told) - len(told) % EVENT.size]):
                act = self.when_activated if edge == RISING_EDGE else self.when_deactivated
                if act is not None:
                    act()


def open_button(chip: Path, line: int, bounce_s: float) -> LineButton:
    """A button pulled up by the board, pressed when low. Raises OSError, EBUSY if it is held."""
    return LineButton(request_line(chip, line, bounce_s))
