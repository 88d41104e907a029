"""A process beside the player that darkens the lamps when the player's process stops or is gone.

It holds the same lines through descriptors that it was given, so it need not open, find or free
anything: what was green is dark after a third of a second, long before systemd notices. The fault
pattern (`fault_lamp.py`) comes after both.

It is a program of its own and imports nothing but what Python is made of: it must not share a lock
or a library with the process it watches, and it starts while that one does, on the same processor.
`kept_lamps.py` starts it, with the signals of an ending unit blocked.
"""

from __future__ import annotations

import fcntl
import os
import select
import sys

TYPE_CHECKING = False  # as in `typing`, whose import would take as long as all the others
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Longer than a busy processor takes a thread away, and shorter than it takes the next person to
# step up. A beat comes each tenth of a second.
PATIENCE_S = 0.3

# linux/gpio.h: GPIO_V2_LINE_SET_VALUES_IOCTL, struct gpio_v2_line_values {bits, mask}.
_SET_VALUES = 0xC010B40F
_FIRST_LINE_LOW = bytes(8) + (1).to_bytes(8, sys.byteorder)


def keep(
    is_told: Callable[[float | None], bool], darken: Callable[[], None], read: Callable[[], bytes]
) -> None:
    """Until there is nobody left to read from. is_told: whether something comes within seconds."""
    patience_s: float | None = None
    while True:
        if not is_told(patience_s):
            darken()
            patience_s = None  # once is enough, until the player turns again
        elif read():
            patience_s = PATIENCE_S
        else:
            darken()
            return


def darken_lines(lines: Sequence[int]) -> None:
    """Each line low by itself; an input cannot be driven, and need not be."""
    for line in lines:
        try:
            fcntl.ioctl(line, _SET_VALUES, _FIRST_LINE_LOW)
        except OSError:
            continue


def main() -> None:
    """`lamp_keeper.py LINE…`: descriptors that are open already; beats come on the input."""
    beats, lines = sys.stdin.fileno(), [int(word) for word in sys.argv[1:]]
    keep(
        lambda within_s: bool(select.select([beats], [], [], within_s)[0]),
        lambda: darken_lines(lines),
        lambda: os.read(beats, 4096),
    )


if __name__ == "__main__":
    main()
