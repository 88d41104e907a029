"""One reader, from its start to its end, as the loop sees it: a socket and perhaps a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import scanner
from scanner.vision.messages import MAX_ANSWER_BYTES, Answer, ProtocolError, Request

MAX_WAITING_ANSWERS = 32  # more of them is a reader that talks without being asked


@dataclass(slots=True)
class Session:
    """The connection to one reader; `process` None when systemd has started it.

    Times are moments of the monotonic clock. Every method raises OSError when the reader has gone
    or is late, ProtocolError when it says what is not allowed.
    """

    channel: socket.socket
    process: subprocess.Popen[bytes] | None
    is_ready: bool = False
    is_renewed: bool = False

    def send(self, request: Request, until_s: float) -> None:
        self.channel.settimeout(_left_s(until_s))
        self.channel.send(request.encode())

    def receive(self, until_s: float) -> Answer:
        self.channel.settimeout(_left_s(until_s))
        return self._received()

    def becomes_ready(self, until_s: float) -> bool:
        """Whether a worker waits for frames by then; drops what is left of earlier frames."""
        while not self.is_ready:
            try:
                self.is_ready = self.receive(until_s).number is None
            except TimeoutError:
                return False
        self.is_renewed = False
        self.channel.setblocking(False)
        with suppress(BlockingIOError):
            for _ in range(MAX_WAITING_ANSWERS):
                self._received()
            raise ProtocolError("answers that nobody asked for")
        return True

    def renew(self) -> bool:
        """Ask for another worker, which is much faster than another reader; False if it cannot be.

        Then it is renewed, and not ready until the other worker waits for frames.
        """
        if self.process is None or self.process.stdin is None:
            return False
        os.write(self.process.stdin.fileno(), b"!")
        self.is_ready, self.is_renewed = False, True
        return True

    def end(self) -> None:
        """No process is left behind, not even a stopped one. A service ends its own worker."""
        self.channel.close()
        if self.process is None:
            return
        if self.process.stdin is not None:
            self.process.stdin.close()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # stuck in the kernel: nothing more to be done
            self.process.wait(1.0)

    def _received(self) -> Answer:
        # Plain recv: file descriptors that a reader sends along are dropped by the kernel.
        message = self.channel.recv(MAX_ANSWER_BYTES + 1)
        if not message:
            raise ConnectionResetError("the reader has gone")
        return Answer.decode(message)


def _left_s(until_s: float) -> float:
    left_s = until_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("the reader is late")
    return left_s


Start = Callable[[], Session]


def start_child(
    hang_s: float = 0.8, *, may_be_open: bool = False, log_fd: int | None = None
) -> Session:
    """A reader of our own, in a process group of its own; it ends where it cannot be confined,
    unless it `may_be_open`. It reports to `log_fd`, else where we do. Raises OSError."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        fd = theirs.fileno()
        options = ["--socket-fd", str(fd), "--hang-s", str(hang_s)]
        options += ["--may-be-open"] if may_be_open else []
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "scanner.vision.parent", *options],
                pass_fds=[fd],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log_fd,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": _module_path()},
            )
        except OSError:
            ours.close()
            raise
    return Session(ours, process)


def _module_path() -> str:
    """Where the child finds this very package, whatever its working directory."""
    here = str(Path(scanner.__file__).resolve().parent.parent)
    return os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))


def connect(path: Path) -> Session:
    """The reader service behind this Unix socket. Raises OSError."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        channel.connect(str(path))
    except OSError:
        channel.close()
        raise
    return Session(channel, None)
