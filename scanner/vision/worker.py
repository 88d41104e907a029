"""The worker: turns the pixels of one slot into bytes, over and over, confined.

It is forked by `parent.py`, one after the other, and is worth nothing: whatever it meets, it ends.
"""

from __future__ import annotations

import mmap
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, NoReturn

import numpy as np

from scanner.core.reading import Reading
from scanner.vision.confine import confine, keep_only
from scanner.vision.messages import (
    MAX_REQUEST_BYTES,
    SLOT_BYTES,
    Answer,
    ProtocolError,
    Request,
)
from scanner.vision.prepare import Grey

Read = Callable[[Grey], Sequence[Reading]]


class Ending(IntEnum):
    """Exit statuses of a worker. It has no words: they might hold what was read."""

    LOOP_GONE = 0
    ITS_OWN_FAULT = 1
    OUT_OF_MEMORY = 3
    NO_FRAME = 4
    UNCONFINED = 5
    RETIRED = 6  # of age, and between two frames: none is lost
    LATE = 254  # its parent ended it, since the loop has asked for that
    OF_AGE = 255  # its parent ended it, since it did not retire


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds a frame: no stage starts after `stages_s`; the worker is killed after `hang_s`.

    `life_s`: until another worker takes over, once a frame is through. `is_filtered`: False where
    no filter can be had.
    """

    stages_s: float
    hang_s: float
    life_s: float
    is_filtered: bool = True


def serve(
    channel: socket.socket, slots: Sequence[mmap.mmap], read: Read, limits: Limits
) -> Literal[Ending.LOOP_GONE, Ending.RETIRED]:
    """Answer requests until the loop has gone or the worker is of age.

    Raises ProtocolError at a wrong one.
    """
    born_s = time.monotonic()
    while message := channel.recv(MAX_REQUEST_BYTES):
        request = Request.decode(message)
        # The default action of SIGALRM ends the process, even inside native code.
        signal.setitimer(signal.ITIMER_REAL, limits.hang_s)
        readings = read(_frame(slots[request.slot], request))
        signal.setitimer(signal.ITIMER_REAL, 0)
        channel.send(Answer(request.number, tuple(readings)).encode())
        if time.monotonic() - born_s >= limits.life_s:
            return Ending.RETIRED
    return Ending.LOOP_GONE


def _frame(slot: mmap.mmap, request: Request) -> Grey:
    """A private copy: pixels that change under a native decoder would be a bug of their own."""
    pixels = np.frombuffer(slot, np.uint8, request.height * request.width)
    return pixels.reshape(request.height, request.width).copy()


def run_worker(
    channel: socket.socket,
    fds: Sequence[int],
    read: Read,
    limits: Limits,
    parent_pid: int,
    *,
    after: int | None = None,
) -> NoReturn:
    """The forked process; never returns. A failure ends it: the next one starts clean.

    `after`: how the one before ended. To the loop a new worker means that a frame is lost; so one
    that takes over from a retired one says nothing, and a frame sent meanwhile waits for it.
    """
    ending = Ending.UNCONFINED
    try:
        slots = [mmap.mmap(fd, SLOT_BYTES, mmap.MAP_SHARED, mmap.PROT_READ) for fd in fds]
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a handler would need more system calls
        keep_only(channel.fileno())
        life_s, is_filtered = limits.life_s, limits.is_filtered
        confine(parent_pid, channel.fileno(), life_s=life_s, is_filtered=is_filtered)
        ending = Ending.ITS_OWN_FAULT
        if after != Ending.RETIRED:
            channel.send(Answer(None).encode())  # only now: a worker that waits is a confined one
        ending = serve(channel, slots, read, limits)
    except (BrokenPipeError, ConnectionResetError):
        ending = Ending.LOOP_GONE
    except ProtocolError:
        ending = Ending.NO_FRAME
    except MemoryError:
        ending = Ending.OUT_OF_MEMORY
    finally:
        os._exit(ending)
