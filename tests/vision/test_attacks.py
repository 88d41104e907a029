"""A worker that a crafted code has taken over: whatever it tries ends it, and the next one reads.

The attacks run inside a real worker, with all that confines it. A black frame starts one.
"""

from __future__ import annotations

import ctypes
import faulthandler
import mmap
import os
import resource
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scanner.core.reading import Reading
from scanner.ports import Frame
from scanner.vision.confine import DECODING_BYTES
from scanner.vision.decode import read_codes
from scanner.vision.link import ReaderLink
from scanner.vision.messages import receive_slots
from scanner.vision.parent import supervise
from scanner.vision.session import Session
from scanner.vision.worker import Limits

Grey = NDArray[np.uint8]
Render = Callable[..., Grey]

libc = ctypes.CDLL(None, use_errno=True)
BLACK = np.zeros((40, 40), np.uint8)
FORBIDDEN = "a system call that decoding does not need"
TOO_MUCH = "more memory than it may have"
TOO_LONG = "too long for a frame"


@dataclass(frozen=True, slots=True)
class Target:
    """What an attack may know: its parent, a path that it could write, a descriptor."""

    parent_pid: int
    path: Path
    fd: int


Attack = Callable[[Target], object]


def fill_memory(_: Target) -> object:
    return [bytes(2**20) for _ in range(2 * DECODING_BYTES >> 20)]


def spin(_: Target) -> object:
    while True:
        pass


def spin_without_alarm(_: Target) -> object:
    signal.setitimer(signal.ITIMER_REAL, 0)
    return spin(_)


def map_executable(_: Target) -> object:
    return mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)


def call(number: int, *arguments: int) -> object:
    """A system call that the standard library does not know; the numbers are the same on both."""
    return libc.syscall(ctypes.c_long(number), *[ctypes.c_long(word) for word in arguments])


ATTACKS: dict[str, Attack] = {
    "a network socket": lambda _: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "a Unix socket": lambda _: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "a pair of sockets": lambda _: socket.socketpair(),
    "a file to read": lambda _: os.open("/etc/passwd", os.O_RDONLY),
    "a file to write": lambda on: os.open(on.path, os.O_WRONLY | os.O_CREAT, 0o600),
    "a folder": lambda _: os.listdir("/"),
    "the name of a file": lambda _: os.stat("/etc/passwd"),
    "the memory of the machine": lambda _: os.open("/dev/mem", os.O_RDWR),
    "a device": lambda _: os.open("/dev/null", os.O_RDWR),
    "a file in memory": lambda _: os.memfd_create("code"),
    "a fork": lambda _: os.fork(),
    "a program": lambda _: os.execv("/bin/true", ["true"]),
    "a child program": lambda _: subprocess.run(["/bin/true"], check=False),
    "a thread": lambda _: threading.Thread(target=print).start(),
    "to trace its parent": lambda on: libc.ptrace(16, on.parent_pid, 0, 0),  # PTRACE_ATTACH
    "to be traced": lambda _: libc.ptrace(0, 0, 0, 0),  # PTRACE_TRACEME
    "its parent's memory": lambda on: libc.process_vm_readv(on.parent_pid, 0, 0, 0, 0, 0),
    "to kill its parent": lambda on: os.kill(on.parent_pid, signal.SIGKILL),
    "to stop its parent": lambda on: os.kill(on.parent_pid, signal.SIGSTOP),
    "to learn its parent's id": lambda _: os.getppid(),
    "more than its limits": lambda _: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)),
    "to be dumped again": lambda _: libc.prctl(4, 1, 0, 0, 0),  # PR_SET_DUMPABLE
    "another namespace": lambda _: libc.unshare(0x10000000),  # CLONE_NEWUSER
    "executable memory": map_executable,
    "to read what is open": lambda on: os.read(on.fd, 10),
    "to write into what is open": lambda on: os.write(on.fd, b"x"),
    "to hand out a descriptor": lambda on: socket.send_fds(socket.socket(fileno=on.fd), [b""], []),
    "an advice that nobody gives": lambda _: mmap.mmap(-1, 4096).madvise(64),
    "io_uring": lambda _: call(425, 8, 0),
    "a handle of its parent": lambda on: call(434, on.parent_pid, 0),
    "another filter": lambda _: libc.prctl(22, 1, 0, 0, 0),  # PR_SET_SECCOMP
}
OTHERS: dict[str, tuple[Attack, str]] = {
    "memory without end": (fill_memory, TOO_MUCH),
    "memory all at once": (lambda _: bytes(2**40), TOO_MUCH),
    "time without end": (spin, TOO_LONG),
    "an error of its own": (lambda _: 1 // 0, "failed in its own code"),
    "a fault in native code": (lambda _: ctypes.string_at(8), "killed by SIGSEGV"),
}
ALL = {name: (attack, FORBIDDEN) for name, attack in ATTACKS.items()} | OTHERS


def reading_but(attack: Attack, target: Target) -> Callable[[Grey], Sequence[Reading]]:
    """The real cascade, taken over by a black frame."""

    def read(grey: Grey) -> Sequence[Reading]:
        if not grey.any():
            attack(target)
        return read_codes(grey)

    return read


def hold(channel: socket.socket, attack: Attack, path: Path) -> None:
    """A reader's parent, as `hold_session`, whose workers can be taken over."""
    fds = receive_slots(channel)
    assert fds is not None
    faulthandler.disable()  # pytest's: no reader has one
    target = Target(os.getpid(), path, channel.fileno())
    supervise(channel, fds, reading_but(attack, target), Limits(10, hang_s=0.2, life_s=60))


def start(attack: Attack, path: Path) -> tuple[Session, int]:
    """A reader in a process of its own, which is the parent of its workers."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = os.fork()
    if child == 0:
        ours.close()
        try:
            hold(theirs, attack, path)
        finally:
            os._exit(0)
    theirs.close()
    return Session(ours, None), child


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[Attack], ReaderLink]]:
    """A link whose readers can be taken over by this attack; all end with the test."""
    started: list[int] = []
    links: list[ReaderLink] = []

    def begun(attack: Attack) -> ReaderLink:
        def starting() -> Session:
            session, child = start(attack, tmp_path / "written")
            started.append(child)
            return session

        links.append(ReaderLink(starting, deadline_s=2.0))
        assert links[0].wait_until_ready()
        return links[0]

    yield begun
    for link in links:
        link.close()
    for child in started:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(("attack", "cause"), ALL.values(), ids=ALL)
def test_an_attack_ends_the_worker_and_the_next_one_reads(
    begin: Callable[[Attack], ReaderLink],
    capfd: pytest.CaptureFixture[str],
    render: Render,
    tmp_path: Path,
    attack: Attack,
    cause: str,
) -> None:
    """What it tries does not happen: it dies, its parent lives on and forks one that reads."""
    link = begin(attack)
    assert link.read(Frame(1, BLACK, 0.0)) is None
    readings = link.read(Frame(2, render(b"MP1:NEXT"), 0.0))
    assert [reading.payload for reading in readings or ()] == [b"MP1:NEXT"]
    assert link.replaced == 0
    assert cause in capfd.readouterr().err
    assert not (tmp_path / "written").exists()


def test_a_worker_that_stops_its_own_alarm_is_ended_by_the_loop(
    begin: Callable[[Attack], ReaderLink], render: Render
) -> None:
    """The deadline of the loop does not depend on anything in the worker."""
    link = begin(spin_without_alarm)
    assert link.read(Frame(1, BLACK, 0.0)) is None
    assert link.replaced == 1
    assert link.wait_until_ready()
    readings = link.read(Frame(2, render(b"MP1:NEXT"), 0.0))
    assert [reading.payload for reading in readings or ()] == [b"MP1:NEXT"]
