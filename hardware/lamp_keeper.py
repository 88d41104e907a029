"""A process beside the player that darkens the lamps when the player's process stops or is gone.

    player's process:   beat, beat, beat …  ─▶ a pipe, ten times a second
    keeper's process:   no beat for 0.3 s, or the pipe's end ─▶ every line low

The player's thread outlives a loop that hangs; nothing in a process outlives its being stopped,
starved or killed, and a Raspberry Pi's kernel keeps a line as it was. The keeper holds the same
lines through descriptors that it was given, so it need not open, find or free anything: what was
green is dark after a third of a second, long before systemd notices.

It is a program of its own and imports nothing but Python's library: it must not share a lock or a
library with the process it watches. The fault pattern (`fault_lamp.py`) comes after both.
"""

from __future__ import annotations

import fcntl
import math
import os
import select
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

# The player never sleeps for longer than a beat. The patience is longer than a busy processor takes
# a thread away, and shorter than it takes the next person to step up.
BEAT_EVERY_S = 0.1
PATIENCE_S = 0.3
PROGRAM = Path(__file__).resolve()
END_S = 1.0  # for the keeper to end, once it has been left alone

# linux/gpio.h: GPIO_V2_LINE_SET_VALUES_IOCTL, struct gpio_v2_line_values {bits, mask}.
_SET_VALUES = 0xC010B40F
_FIRST_LINE_LOW = struct.pack("=QQ", 0, 1)


class LampKeeper:
    """The player's end. Only the thread that drives the pins may call `beat`.

    lines: descriptors of the kernel's line requests, one line each; none: nothing outlives this
    process, and there is no keeper. program: what is run. Raises OSError when it cannot be run.
    """

    def __init__(self, lines: Callable[[], Sequence[int]], program: Path = PROGRAM) -> None:
        self._lines, self._program = lines, program
        self._beat_s = -math.inf
        self._process = self._start()

    @property
    def pid(self) -> int | None:
        """Of the keeper's process."""
        return None if self._process is None else self._process.pid

    def beat(self, now_s: float) -> bool:
        """Say that the player turns; False when it comes so late that the lamps may be dark."""
        since_s = now_s - self._beat_s
        if self._process is None or since_s < BEAT_EVERY_S / 2:
            return True
        self._beat_s = now_s
        try:
            _say(self._process, b".")
        except (BrokenPipeError, BlockingIOError):  # it is gone, or does not listen any more
            self._end(is_asked=False)
            self._process = self._start()
        return since_s < 2 * BEAT_EVERY_S

    def close(self) -> None:
        """Leave it alone, so that it darkens all and ends; its hold on the lines ends with it."""
        self._end(is_asked=True)

    def _end(self, *, is_asked: bool) -> None:
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        if is_asked:
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_S)
        process.kill()
        with suppress(subprocess.TimeoutExpired):  # stuck in the kernel: nothing more to be done
            process.wait(END_S)

    def _start(self) -> subprocess.Popen[bytes] | None:
        lines = self._lines()
        if not lines:
            return None
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(self._program), *map(str, lines)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=lines,
            bufsize=0,
            start_new_session=True,  # what a keyboard sends is not meant for it
        )
        assert process.stdin is not None
        os.set_blocking(process.stdin.fileno(), False)
        return process


def _say(process: subprocess.Popen[bytes], word: bytes) -> None:
    assert process.stdin is not None
    os.write(process.stdin.fileno(), word)


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
        with suppress(OSError):
            fcntl.ioctl(line, _SET_VALUES, _FIRST_LINE_LOW)


def main() -> None:
    """`lamp_keeper.py LINE…`: descriptors that are open already; beats come on the input."""
    # systemd ends a unit's processes all at once; this one ends when the player has.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    beats, lines = sys.stdin.fileno(), [int(word) for word in sys.argv[1:]]
    keep(
        lambda within_s: bool(select.select([beats], [], [], within_s)[0]),
        lambda: darken_lines(lines),
        lambda: os.read(beats, 4096),
    )


if __name__ == "__main__":
    main()
