"""One thread that reads one opened source of pictures and keeps only the newest.

A driver that hangs takes this thread with it and nothing else: the camera forgets the feed, and
whatever the thread publishes later is seen by nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from hardware.capture import Capture, EndOfPictures, Grey
from scanner.core.errors import DeviceError
from scanner.ports import Frame

NO_PICTURE_PAUSE_S = 0.02  # an unplugged camera answers "nothing" at once, again and again


class FeedEnd(Enum):
    """How a feed ended; a feed that still runs has none."""

    SHOWN = "shown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Pace:
    """How a feed reads. `period_s` 0: as fast as the source gives pictures.

    `is_patient`: the next picture waits until this one was taken (a demo shows every picture).
    `must_change`: a picture without one changed pixel is none, as of a sensor that hangs.
    """

    period_s: float = 0.0
    is_patient: bool = False
    must_change: bool = False


class Feed:
    """Reads until stopped, ended or failed; `number` gives each picture its running number."""

    def __init__(
        self,
        open_capture: Callable[[], Capture],
        pace: Pace,
        monotonic: Callable[[], float],
        number: Iterator[int],
    ) -> None:
        self.end: FeedEnd | None = None
        self.error = ""
        self.not_taken: tuple[str, ...] = ()
        self.first_s: float | None = None  # when the first picture came
        self.repeats = 0  # how often the newest picture has come again
        self.newest_s = monotonic()  # when the newest one came, before that the start
        self._open_capture = open_capture
        self._pace = pace
        self._monotonic = monotonic
        self._number = number
        self._newest: Frame | None = None
        self._changed = threading.Condition()
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    @property
    def has_untaken(self) -> bool:
        return self._newest is not None

    def take(self) -> Frame | None:
        """The newest picture not taken before. Never waits for the source.

        A picture of a recording that waits to be taken is as new as the moment it is taken.
        """
        with self._changed:
            frame, self._newest = self._newest, None
            self._changed.notify_all()
        if frame is not None and self._pace.is_patient:
            return replace(frame, taken_s=self._monotonic())
        return frame

    def wait(self, at_most_s: float) -> None:
        """Until there is a picture to be taken."""
        with self._changed:
            self._changed.wait_for(lambda: self.has_untaken, at_most_s)

    def stop(self, wait_s: float = 0.0) -> None:
        """Ask the thread to release its source; wait at most so long for it."""
        with self._changed:
            self._is_stopped.set()
            self._changed.notify_all()
        self._thread.join(wait_s)

    def _run(self) -> None:
        try:
            with closing(self._open_capture()) as capture:
                self.not_taken = capture.not_taken
                self._read_all(capture)
        except EndOfPictures:
            self.end = FeedEnd.SHOWN
        except DeviceError as error:
            self.error = str(error)
            self.end = FeedEnd.FAILED

    def _read_all(self, capture: Capture) -> None:
        before: Grey | None = None
        while not self._is_stopped.is_set():
            try:
                grey = capture.read()
            finally:
                self.error = capture.last_error or self.error
            if grey is None:
                self._is_stopped.wait(NO_PICTURE_PAUSE_S)
                continue
            if self._pace.must_change and _is_same(grey, before):
                self.repeats += 1
                continue
            before, self.repeats = grey, 0
            self._publish(grey, capture.age_s)
            self._is_stopped.wait(self._pace.period_s)

    def _publish(self, grey: Grey, age_s: float) -> None:
        with self._changed:
            if self._pace.is_patient:
                self._changed.wait_for(lambda: self._newest is None or self._is_stopped.is_set())
            now_s = self._monotonic()
            self._newest = Frame(next(self._number), grey, now_s - age_s)
            self.newest_s = now_s
            self.first_s = now_s if self.first_s is None else self.first_s
            self._changed.notify_all()


def _is_same(grey: Grey, before: Grey | None) -> bool:
    """Whether not one pixel changed. A sensor that works is never without noise, except in full
    darkness or light, where all pixels are equal: that is no sign of a frozen camera."""
    if before is None or not np.array_equal(grey, before):
        return False
    return bool((grey != grey[0, 0]).any())
