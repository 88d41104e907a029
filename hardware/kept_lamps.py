"""The player's end of the lamps' keeper: starts it, and tells it ten times a second that it turns.

    player's process:   beat, beat, beat …  ─▶ a pipe, ten times a second
    keeper's process:   no beat for 0.3 s, or the pipe's end ─▶ every line low

The player's thread outlives a loop that hangs; nothing in a process outlives its being stopped,
starved or killed, and a Raspberry Pi's kernel keeps a line as it was. What the keeper does is in
`lamp_keeper.py`, a program of its own.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

# The player never sleeps for longer than a beat.
BEAT_EVERY_S = 0.1
PROGRAM = Path(__file__).resolve().with_name("lamp_keeper.py")
END_S = 1.0  # for the keeper to end, once it has been left alone
# systemd ends a unit's processes all at once; the keeper ends when the player has.
NOT_MEANT_FOR_IT = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


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
        with _blocked(NOT_MEANT_FOR_IT):
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


@contextmanager
def _blocked(signals: frozenset[signal.Signals]) -> Iterator[None]:
    """A process that is started meanwhile never gets them; this one gets them afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
