"""Ribbon cameras: grey frames out of a pipe from `rpicam-vid`, which owns the camera.

    sensor ─▶ rpicam-vid --codec yuv420 ─▶ pipe ─▶ Y plane = the grey frame; U and V are dropped

No binding to libcamera is needed, and nothing is converted: the kernel's copy into the frame is the
only one. What was found in the sources of rpicam-apps and in its tracker:

- yuv420 is the camera's buffer as it is. Its rows are padded to a multiple of 64 bytes (480 pixels
  take 512), so only widths that need no padding are asked for.
- libcamera says on stderr which size it has really configured; a frame of another size than asked
  for would be read at wrong offsets, so that line is compared.
- six buffers wait behind a full pipe, oldest first, without their times. Whoever reads late would
  take old pictures for new ones: a frame is as old as the last moment at which the pipe was empty.
- SIGTERM ends it at once; a stuck one needs SIGKILL.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from hardware.capture import Grey
from hardware.exposure import View
from scanner.core.errors import DeviceError

PROGRAM = "rpicam-vid"
ALIGNED = 64  # pixels; rows of such widths have no padding on any Raspberry Pi
WAIT_S = 0.1  # without a whole frame: so often the thread looks whether it is to stop
LOOK_S = 0.02  # so often it looks whether the pipe is empty: no frame seems older by more
GRACE_S = 0.2  # between SIGTERM and SIGKILL
PIPE_BYTES = 1 << 20  # the most that the kernel gives everybody
LAST_WORDS = 4096

_CONFIGURED = re.compile(rb"configuring streams: \(0\) (\d+)x(\d+)-(\w+)")


def arguments_of(number: int, view: View, fps: float) -> list[str]:
    """What rpicam-vid is told; `--timeout 0`: for ever."""
    told = ["--camera", f"{number}", "--codec", "yuv420", "--output", "-", "--flush"]
    told += ["--timeout", "0", "--nopreview", "--denoise", "cdn_off"]
    told += ["--width", f"{view.width}", "--height", f"{view.height}", "--framerate", f"{fps:g}"]
    if view.exposure_ms is None:
        told += ["--exposure", "sport"]  # the automatic that prefers gain to time
    else:
        told += ["--shutter", f"{view.exposure_ms * 1000:.0f}"]  # µs
    if view.gain is not None:
        told += ["--gain", f"{view.gain:g}"]
    told += ["--ev", f"{view.ev:g}"]
    if view.focus is None:
        return [*told, "--autofocus-mode", "continuous"]
    return [*told, "--autofocus-mode", "manual", "--lens-position", f"{view.focus:g}"]


def csi_camera(number: int, view: View, fps: float) -> Callable[[], CsiCapture]:
    """How to open ribbon camera `number`. Raises DeviceError when it can never be opened."""
    if view.width % ALIGNED or view.height % 2:
        raise DeviceError(
            f"Set camera.width to a multiple of {ALIGNED} and camera.height to an even number for"
            f" a ribbon camera: it pads the rows of {view.width} x {view.height} pixels."
        )
    program = shutil.which(PROGRAM)
    if program is None:
        raise DeviceError(
            f"The program for ribbon cameras is missing. Run `sudo apt-get install rpicam-apps`,"
            f" which brings {PROGRAM}."
        )
    command = [program, *arguments_of(number, view, fps)]
    return lambda: CsiCapture(command, view.width, view.height)


class CsiCapture:
    """A running rpicam-vid, in a process group of its own, that ends with this capture."""

    not_taken: tuple[str, ...] = ()

    def __init__(
        self,
        command: Sequence[str],
        width: int,
        height: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises DeviceError when the program cannot be started."""
        self.last_error, self.age_s = "", 0.0
        self._size, self._monotonic = (width, height), monotonic
        self._process = _started(command)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._pictures, self._words = self._process.stdout, self._process.stderr
        self._said = b""
        self._colours = bytearray(width * height // 2)
        self._grey, self._filled = self._new_grey(), 0
        self._empty_s = monotonic()
        self._poll = select.poll()
        for pipe in (self._pictures, self._words):
            os.set_blocking(pipe.fileno(), False)
            self._poll.register(pipe, select.POLLIN)
        with suppress(OSError):  # a smaller pipe is only slower
            fcntl.fcntl(self._pictures, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def read(self) -> Grey | None:
        """The next frame; None when none was complete in WAIT_S. Raises DeviceError at the end."""
        until_s, looks = self._monotonic() + WAIT_S, round(WAIT_S / LOOK_S)
        while looks and self._monotonic() < until_s:
            if not self._poll.poll(1000 * LOOK_S):
                self._note_empty()
                looks -= 1
                continue
            self._listen()
            if self._fill():
                return self._completed()
        return None

    def close(self) -> None:
        """No process of the group is left, not even a hung one. A second call does nothing."""
        if self._process.returncode is None:
            _end(self._process)
        self._pictures.close()
        self._words.close()

    def _new_grey(self) -> Grey:
        width, height = self._size
        return np.empty((height, width), np.uint8)

    def _note_empty(self) -> None:
        if self._filled == 0:
            self._empty_s = self._monotonic()

    def _fill(self) -> bool:
        """Take what is there of the frame; whether it is complete. Raises DeviceError."""
        grey = self._grey.reshape(-1).data[self._filled :]
        colours = memoryview(self._colours)[max(0, self._filled - self._grey.size) :]
        try:
            taken = os.readv(self._pictures.fileno(), [grey, colours])
        except BlockingIOError:
            self._note_empty()
            return False
        if taken == 0:
            raise DeviceError(self._end_in_words())
        self._filled += taken
        return self._filled == self._grey.size + len(self._colours)

    def _completed(self) -> Grey:
        """The frame, and how old it may be. The next one begins."""
        grey, self.age_s = self._grey, self._monotonic() - self._empty_s
        self._grey, self._filled = self._new_grey(), 0
        if not select.select([self._pictures], [], [], 0)[0]:
            self._note_empty()
        return grey

    def _listen(self) -> None:
        """Take what the program says, so that it never waits for us. Raises DeviceError."""
        try:
            said = os.read(self._words.fileno(), 1 << 16)
        except BlockingIOError:
            return
        if not said:  # it has closed stderr: what it does to stdout decides
            with suppress(KeyError):
                self._poll.unregister(self._words)
            return
        self._said = (self._said + said)[-LAST_WORDS:]
        if (told := _CONFIGURED.search(self._said)) is not None:
            self._check_size(int(told[1]), int(told[2]), told[3].decode())

    def _check_size(self, width: int, height: int, kind: str) -> None:
        if (width, height) != self._size or kind != "YUV420":
            asked = "{} x {}".format(*self._size)
            raise DeviceError(
                "The ribbon camera gives pictures of another size. Set camera.width and"
                f" camera.height to what it has: {width} x {height} {kind} instead of {asked}."
            )

    def _end_in_words(self) -> str:
        """How the program ended, and the last that it said."""
        code = _waited(self._process)
        self._listen()
        how = "closed its pipe" if code is None else f"ended with {code}"
        where = " within a picture" if self._filled else ""
        lines = list(filter(str.strip, self._said.decode("ascii", "replace").splitlines()))
        last = "".join(c if c.isprintable() else "?" for c in lines[-1][-200:]) if lines else ""
        return (
            "The ribbon camera stopped. Check its cable, then run `rpicam-hello --list-cameras`:"
            f" {PROGRAM} {how}{where} and said last: {last or 'nothing'}"
        )


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        raise DeviceError(
            f"The ribbon camera cannot be started. Run `sudo apt-get install rpicam-apps`: {error}"
        ) from None


def _waited(process: subprocess.Popen[bytes]) -> int | None:
    """Its exit code, within GRACE_S. It is not reaped yet: that keeps the number of its group."""
    with suppress(OSError):
        leader = os.pidfd_open(process.pid)
        try:
            select.select([leader], [], [], GRACE_S)
        finally:
            os.close(leader)
    ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return None if ended is None else ended.si_status


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, then SIGKILL to all that is left of the group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    _waited(process)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):  # stuck in the kernel: nothing more to be done
        process.wait(1.0)
