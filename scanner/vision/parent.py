"""The reader's parent: it has imported everything, forks the worker, and never looks at a pixel.

    python -m scanner.vision.parent --socket-fd N     a child of the loop, one connection; a byte
                                                      on its standard input: replace the worker
    python -m scanner.vision.parent --socket PATH     a service, one connection after the other

A crafted code may kill or hang the worker: the next one is forked in milliseconds. The parent goes
when the loop closes the socket or dies, and takes its worker along.

A worker lives for a minute. Whoever has taken one over without a trace could keep the passes it
sees and show one of them later, in the name of somebody else: this ends that. One that is well goes
by itself between two frames; one that does not is killed.
"""

from __future__ import annotations

import argparse
import gc
import os
import select
import signal
import socket
import stat
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from scanner.notify import FEED_EVERY_S, SystemdNotifier
from scanner.vision import seccomp
from scanner.vision.charsets import load_charsets
from scanner.vision.messages import ProtocolError, receive_slots
from scanner.vision.stream import StreamReader
from scanner.vision.worker import Ending, Limits, Read, run_worker

QUICK_DEATH_S = 0.05  # a worker that dies sooner after its fork may never have decoded anything
MAX_PAUSE_S = 0.05  # the successor of a killed worker is promised within 300 ms
STANDARD_INPUT = 0
NOT_ALLOWED = 78  # exit status of a parent that may fork no worker [sysexits.h, EX_CONFIG]

EXPECTED = (Ending.LOOP_GONE, Ending.RETIRED, Ending.OF_AGE)
CAUSES = {
    Ending.ITS_OWN_FAULT: "failed in its own code",
    Ending.OUT_OF_MEMORY: "needed more memory than it may have",
    Ending.NO_FRAME: "was asked for what is no frame",
    Ending.UNCONFINED: "could not be confined",
    Ending.LATE: "gave no answer in time",
    -signal.SIGALRM: "took too long for a frame",
    -signal.SIGSYS: "made a system call that decoding does not need",
}


# Called at least each FEED_EVERY_S while there is nothing to be done: a parent that is stopped or
# hangs says nothing any more, and systemd starts another one.
Turn = Callable[[], object]


def _untold() -> None:
    """Where nobody asks whether it still turns."""


def supervise(
    channel: socket.socket,
    fds: Sequence[int],
    read: Read,
    limits: Limits,
    orders: int | None = None,
    turn: Turn = _untold,
) -> None:
    """Keep one worker alive until the loop has gone, or until one could not be confined.

    `orders`: a descriptor on which the loop asks for another worker; None where it hangs up.
    """
    pause_s, ending = 0.0, None
    deaths: Counter[int] = Counter()
    parent_pid = os.getpid()  # asked for before the fork: a child may be an orphan from the start
    while True:
        born_s = time.monotonic()
        worker = os.fork()
        if worker == 0:
            run_worker(channel, fds, read, limits, parent_pid, after=ending)
        # One that retires ends the frame that it has in hand.
        ending = _ending_of(worker, channel, orders, limits.life_s + limits.hang_s, turn)
        if ending == Ending.RETIRED and time.monotonic() - born_s < limits.life_s:
            ending = Ending.ITS_OWN_FAULT  # it says so, with a frame in hand
        deaths[ending] += 1
        _report(ending, deaths[ending])
        if ending in (Ending.LOOP_GONE, Ending.UNCONFINED):
            return
        # A worker that cannot even start must not turn the board into a heater.
        is_quick = time.monotonic() - born_s < QUICK_DEATH_S
        pause_s = min(MAX_PAUSE_S, pause_s * 2 or 0.01) if is_quick else 0.0
        time.sleep(pause_s)


def _ending_of(
    worker: int, channel: socket.socket, orders: int | None, at_most_s: float, turn: Turn
) -> int:
    """Wait until it dies, is too old, is to go or the loop has gone: how it ended; it is dead."""
    pidfd = os.pidfd_open(worker)
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        poll.register(channel, 0)  # only POLLHUP and POLLERR: the messages are the worker's
        if orders is not None:
            poll.register(orders, select.POLLIN)
        seen = _seen(poll, at_most_s, turn)
    finally:
        os.close(pidfd)
    if pidfd in seen:
        return os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    if not seen:
        return Ending.OF_AGE
    has_order = orders in seen and os.read(orders, 64) if orders is not None else b""
    return Ending.LATE if has_order else Ending.LOOP_GONE


def _seen(poll: select.poll, within_s: float, turn: Turn) -> set[int]:
    """The descriptors that something has come of; empty when the time is over."""
    until_s = time.monotonic() + within_s
    while True:
        turn()
        left_s = max(0.0, until_s - time.monotonic())
        seen = {fd for fd, _ in poll.poll(min(FEED_EVERY_S, left_s) * 1000)}
        if seen or left_s <= FEED_EVERY_S:
            return seen


def _report(ending: int, times: int) -> None:
    """Into the log, the first time and then ever more rarely: a card has only so many writes."""
    if ending not in EXPECTED and times in (1, 10, 100, 1000, 10_000, 100_000):
        print(f"reader: a worker {_cause(ending)} ({times}×)", file=sys.stderr, flush=True)


def _cause(ending: int) -> str:
    if ending in CAUSES:
        return CAUSES[ending]
    return f"was killed by {signal.Signals(-ending).name}" if ending < 0 else f"ended: {ending}"


def hold_session(
    channel: socket.socket, limits: Limits, orders: int | None = None, turn: Turn = _untold
) -> None:
    """One connection from the slots to its end. Raises ProtocolError."""
    fds = receive_slots(channel)
    if fds is None:
        return
    try:
        # Each worker is forked with this reader as it is here: it has seen nothing yet.
        reader = StreamReader(limits.stages_s)
        supervise(channel, fds, lambda grey: reader.look(grey).answer, limits, orders, turn)
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


def serve_path(path: Path, limits: Limits, turn: Turn) -> NoReturn:
    """Hold one session after the other, for ever."""
    with listen(path) as server:
        server.settimeout(FEED_EVERY_S)
        while True:
            turn()
            try:
                channel, _ = server.accept()
            except TimeoutError:
                continue
            with channel, suppress(ProtocolError):
                hold_session(channel, limits, turn=turn)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="scanner.vision.parent", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--socket-fd", type=int, help="a connected socket inherited from the loop")
    where.add_argument("--socket", type=Path, help="path of a Unix socket to listen on")
    parser.add_argument("--stages-s", type=float, default=0.25)
    parser.add_argument("--hang-s", type=float, default=0.8)
    parser.add_argument("--life-s", type=float, default=60.0)
    parser.add_argument(
        "--may-be-open", action="store_true", help="go on where no filter of system calls is had"
    )
    chosen = parser.parse_args(arguments)
    missing = seccomp.why_missing()
    if missing and not chosen.may_be_open:
        print(f"reader: not started, it cannot be confined: {missing}", file=sys.stderr)
        return NOT_ALLOWED
    limits = Limits(chosen.stages_s, chosen.hang_s, chosen.life_s, is_filtered=missing is None)
    load_charsets()
    gc.freeze()  # what is imported stays shared with every worker
    if chosen.socket is not None:
        systemd = SystemdNotifier()
        serve_path(chosen.socket, limits, lambda: systemd.watchdog(time.monotonic()))
    return serve_fd(chosen.socket_fd, limits)


def serve_fd(fd: int, limits: Limits) -> int:
    """Hold the one session of an inherited socket: the exit status."""
    try:
        with socket.socket(fileno=fd) as channel:
            hold_session(channel, limits, STANDARD_INPUT)
    except ProtocolError as error:
        print(f"reader: the loop broke the protocol: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
