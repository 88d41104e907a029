"""The reader process: a parent that has imported everything and forks the worker that decodes.

    python -m scanner.vision.worker --socket-fd N     a child of the loop, one connection
    python -m scanner.vision.worker --socket PATH     a service, one connection after the other

A crafted code may kill or hang the worker: the parent, which never looks at a pixel, forks the
next one in milliseconds. The parent goes when the loop closes the socket or dies, and takes its
worker along.
"""

from __future__ import annotations

import argparse
import gc
import mmap
import os
import select
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from scanner.core.reading import Reading
from scanner.vision.confine import close_all_but, confine
from scanner.vision.decode import read_codes
from scanner.vision.messages import (
    MAX_REQUEST_BYTES,
    SLOT_BYTES,
    Answer,
    ProtocolError,
    Request,
    receive_slots,
)
from scanner.vision.prepare import Grey

Read = Callable[[Grey], Sequence[Reading]]

QUICK_DEATH_S = 0.05  # a worker that dies sooner after its fork may never have decoded anything
MAX_PAUSE_S = 0.05  # the successor of a killed worker is promised within 300 ms
STANDARD_STREAMS = (0, 1, 2)
LOOP_GONE = 0  # exit status of a worker whose socket was closed


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds a frame: no stage starts after `stages_s`; the worker is killed after `hang_s`."""

    stages_s: float
    hang_s: float


def serve(channel: socket.socket, slots: Sequence[mmap.mmap], read: Read, hang_s: float) -> None:
    """Answer requests until the loop has gone. Raises ProtocolError at a wrong one."""
    while message := channel.recv(MAX_REQUEST_BYTES):
        request = Request.decode(message)
        # The default action of SIGALRM ends the process, even inside native code.
        signal.setitimer(signal.ITIMER_REAL, hang_s)
        readings = read(_frame(slots[request.slot], request))
        signal.setitimer(signal.ITIMER_REAL, 0)
        channel.send(Answer(request.number, tuple(readings)).encode())


def _frame(slot: mmap.mmap, request: Request) -> Grey:
    """A private copy: pixels that change under a native decoder would be a bug of their own."""
    pixels = np.frombuffer(slot, np.uint8, request.height * request.width)
    return pixels.reshape(request.height, request.width).copy()


def run_worker(
    channel: socket.socket, fds: Sequence[int], read: Read, hang_s: float, parent_pid: int
) -> NoReturn:
    """The forked process; never returns. A failure ends it: the next one starts clean."""
    status = 1
    try:
        close_all_but({*STANDARD_STREAMS, channel.fileno(), *fds})
        slots = [mmap.mmap(fd, SLOT_BYTES, mmap.MAP_SHARED, mmap.PROT_READ) for fd in fds]
        confine(parent_pid)
        serve(channel, slots, read, hang_s)
        status = LOOP_GONE
    except (BrokenPipeError, ConnectionResetError):
        status = LOOP_GONE
    except Exception as error:  # noqa: BLE001 - whatever native code raised, this process is over
        # The kind only: its text might hold what was read.
        print(f"reader: worker ends: {type(error).__name__}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def supervise(channel: socket.socket, fds: Sequence[int], read: Read, hang_s: float) -> None:
    """Keep one worker alive until the loop has gone."""
    pause_s = 0.0
    parent_pid = os.getpid()  # asked for before the fork: a child may be an orphan from the start
    while True:
        born_s = time.monotonic()
        worker = os.fork()
        if worker == 0:
            run_worker(channel, fds, read, hang_s, parent_pid)
        if not _announce(channel) or not _outlived(worker, channel):
            return
        # A worker that cannot even start must not turn the board into a heater.
        is_quick = time.monotonic() - born_s < QUICK_DEATH_S
        pause_s = min(MAX_PAUSE_S, pause_s * 2 or 0.01) if is_quick else 0.0
        time.sleep(pause_s)


def _announce(channel: socket.socket) -> bool:
    """Tell the loop that a fresh worker waits; False when the loop has gone."""
    try:
        channel.send(Answer(None).encode(), socket.MSG_DONTWAIT)
    except BlockingIOError:
        pass  # the loop has not listened for long; it will notice by its own deadline
    except OSError:
        return False
    return True


def _outlived(worker: int, channel: socket.socket) -> bool:
    """Wait for the worker's death; False when the loop has gone first, the worker is dead then."""
    pidfd = os.pidfd_open(worker)
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        poll.register(channel, 0)  # only POLLHUP and POLLERR: the messages are the worker's
        is_dead = any(fd == pidfd for fd, _ in poll.poll())
    finally:
        os.close(pidfd)
    if not is_dead:
        os.kill(worker, signal.SIGKILL)
    _, status = os.waitpid(worker, 0)
    return is_dead and status != LOOP_GONE


def hold_session(channel: socket.socket, limits: Limits) -> None:
    """One connection from the slots to its end. Raises ProtocolError."""
    fds = receive_slots(channel)
    if fds is None:
        return
    try:
        supervise(channel, fds, lambda grey: read_codes(grey, limits.stages_s), limits.hang_s)
    finally:
        for fd in fds:
            os.close(fd)


def listen(path: Path) -> socket.socket:
    """A listening socket at this path, for owner and group; replaces one left by a crash."""
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        path.unlink()
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    old_mask = os.umask(0o117)
    try:
        server.bind(str(path))
    finally:
        os.umask(old_mask)
    server.listen(1)
    return server


def serve_path(path: Path, limits: Limits) -> NoReturn:
    """Hold one session after the other, for ever."""
    with listen(path) as server:
        while True:
            channel, _ = server.accept()
            with channel, suppress(ProtocolError):
                hold_session(channel, limits)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="scanner.vision.worker", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--socket-fd", type=int, help="a connected socket inherited from the loop")
    where.add_argument("--socket", type=Path, help="path of a Unix socket to listen on")
    parser.add_argument("--stages-s", type=float, default=0.25)
    parser.add_argument("--hang-s", type=float, default=0.8)
    chosen = parser.parse_args(arguments)
    limits = Limits(chosen.stages_s, chosen.hang_s)
    gc.freeze()  # what is imported stays shared with every worker
    if chosen.socket is not None:
        serve_path(chosen.socket, limits)
    try:
        with socket.socket(fileno=chosen.socket_fd) as channel:
            hold_session(channel, limits)
    except ProtocolError as error:
        print(f"reader: the loop broke the protocol: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
