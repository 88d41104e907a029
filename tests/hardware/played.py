"""A camera that the test plays: its devices, its clock, and what they give."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.camera import LatestFrameCamera
from hardware.feed import Pace
from scanner.core.errors import DeviceError
from scanner.ports import CameraState, Frame

Grey = NDArray[np.uint8]
PATIENCE_S = 20.0


def picture(seed: int, height: int = 6, width: int = 8) -> Grey:
    """Noise, the same for the same seed."""
    return np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)


class Hand:
    """A clock that is turned by hand, in seconds."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class FakeDevice:
    """An opened camera that gives what the test hands it, and hangs when it hands nothing."""

    def __init__(self) -> None:
        self.last_error, self.age_s = "", 0.0
        self.not_taken: tuple[str, ...] = ()
        self.closed = threading.Event()
        self._asked = threading.Semaphore(0)
        self._answers: queue.Queue[Grey | Exception | None] = queue.Queue()

    def read(self) -> Grey | None:
        self._asked.release()
        answer = self._answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.closed.set()

    def is_asked(self) -> None:
        """Wait until the camera's thread hangs in read()."""
        assert self._asked.acquire(timeout=PATIENCE_S)

    def give(self, *answers: Grey | None) -> None:
        """Let read() return these, one after the other, and wait until each has arrived."""
        for answer in answers:
            self._answers.put(answer)
            self.is_asked()

    def end(self, error: Exception) -> None:
        """Let read() raise this, and wait until the device has been released."""
        self._answers.put(error)
        assert self.closed.wait(PATIENCE_S)


class Bench:
    """A camera whose devices the test plays, one for each time it is opened."""

    def __init__(self, pace: Pace) -> None:
        self.hand = Hand()
        self.devices: list[FakeDevice] = []
        self._opened = threading.Semaphore(0)
        self.is_unplugged = False
        self.camera = LatestFrameCamera(self._open, monotonic=self.hand, pace=pace)

    def _open(self) -> FakeDevice:
        if self.is_unplugged:
            self._opened.release()
            raise DeviceError("Check the cable: unplugged.")
        self.devices.append(FakeDevice())
        self._opened.release()
        return self.devices[-1]

    def opened(self) -> FakeDevice:
        """Wait for the next opening; the device that hangs in its first read()."""
        assert self._opened.acquire(timeout=PATIENCE_S)
        device = self.devices[-1]
        device.is_asked()
        return device

    def failed_to_open(self) -> None:
        """Wait for the next opening, which fails, and for the camera to notice."""
        self.camera.last_error = ""
        assert self._opened.acquire(timeout=PATIENCE_S)
        poll_until(lambda: self.camera.newest() is None and "unplugged" in self.camera.last_error)

    def state(self) -> CameraState:
        return self.camera.state

    def pass_time(self, seconds: float) -> Frame | None:
        self.hand.now_s += seconds
        return self.camera.newest()


def poll_until(is_so: Callable[[], bool]) -> None:
    """Ask again and again until it is so, as the loop does."""
    pause, until_s = threading.Event(), time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        if is_so():
            return
        pause.wait(0.001)
    pytest.fail("it never became so")
