"""A scanner that types, as a second source of codes: opened by its name, for us alone.

Its thread empties the kernel's buffer, which holds 64 events: a fast scanner fills it in a fiftieth
of a second, and the loop may be busy for longer. Unplugged, it is looked for each second.
"""

from __future__ import annotations

import fcntl
import logging
import os
import queue
import select
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hardware.typed_keys import EVENT, Typist
from scanner.core.errors import DeviceError
from scanner.ports import Typed

log = logging.getLogger("scanner.hand_scanner")

EVIOCGRAB = 0x40044590  # _IOW('E', 0x90, int) [linux/input.h]
EVENTS_AT_ONCE = 64
RETRY_S = 1.0
WAIT_S = 0.1  # so often the thread looks whether it is to stop, and whether a line has broken off
MOST_WAITING = 8  # codes; nobody scans so many while the loop hangs
CLOSE_S = 1.0


class TypingScanner:
    """The `HandScanner` of scanner/ports.py on an input device of Linux.

    `open_device`: path → open file descriptor; raises DeviceError or OSError.
    """

    def __init__(
        self,
        path: Path,
        monotonic: Callable[[], float],
        open_device: Callable[[Path], int] | None = None,
    ) -> None:
        self.fault: str | None = None
        self._path, self._monotonic = path, monotonic
        self._open = open_device or open_grabbed
        self._codes: queue.Queue[Typed] = queue.Queue(MOST_WAITING)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hand-scanner", daemon=True)
        self._thread.start()

    def take(self) -> Typed | None:
        """The next code that was typed; None when there is none. Never blocks."""
        try:
            return self._codes.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        """The device is free for others again. A second call does nothing."""
        self._stop.set()
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                device = self._open(self._path)
                try:
                    self._note(None)
                    self._read_all(device)
                finally:
                    os.close(device)
            except DeviceError as error:
                self._note(str(error))
            except OSError as error:
                self._note(f"The hand scanner is not there. Plug it in: {self._path}: {error}")
            self._stop.wait(RETRY_S)

    def _read_all(self, device: int) -> None:
        """Until it is to stop. Raises OSError when the scanner is unplugged."""
        typist, rest = Typist(), b""
        while not self._stop.is_set():
            now_s = self._monotonic()
            if typist.gives_up(now_s):
                self._hand_out(b"", now_s)
            if not select.select([device], [], [], WAIT_S)[0]:
                continue
            with suppress(BlockingIOError):
                raw = os.read(device, EVENTS_AT_ONCE * EVENT.size)
                if not raw:
                    raise OSError("it was closed")
                rest = self._take_events(typist, rest + raw)

    def _take_events(self, typist: Typist, raw: bytes) -> bytes:
        """Events one behind the other; what is left of one that was cut."""
        now_s, whole = self._monotonic(), len(raw) - len(raw) % EVENT.size
        for _, _, kind, code, value in EVENT.iter_unpack(raw[:whole]):
            if (line := typist.take(kind, code, value, now_s)) is not None:
                self._hand_out(line, now_s)
        return raw[whole:]

    def _hand_out(self, payload: bytes, now_s: float) -> None:
        with suppress(queue.Full):
            self._codes.put_nowait(Typed(payload, now_s))

    def _note(self, fault: str | None) -> None:
        """In the journal once, and not each second."""
        if fault != self.fault:
            log.warning("%s", fault or "the hand scanner is there")
        self.fault = fault


def open_grabbed(path: Path) -> int:
    """The device, with its events for nobody but us: no console and no browser gets what it types.

    Raises DeviceError when it is none or another program has it, OSError when it is not there.
    """
    device = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        if not stat.S_ISCHR(os.fstat(device).st_mode):
            raise DeviceError(f"Correct camera.hand_scanner: {path} is no input device.")
        fcntl.ioctl(device, EVIOCGRAB, 1)
    except OSError as error:
        os.close(device)
        raise DeviceError(
            f"The hand scanner cannot be had alone. End the program that uses {path}: {error}"
        ) from None
    except DeviceError:
        os.close(device)
        raise
    return device
