"""Every camera behind one port: the newest frame, or the plain statement that there is none.

    usb:PATH    a USB camera by its path, /dev/v4l/by-id/…
    csi:NUMBER  a ribbon camera by its number, through rpicam-vid
    dir:PATH    the pictures of a folder, paced like a camera
    video:PATH  a recording, paced like a camera

    WAITING ──first picture──▶ LIVE ──2 s without a picture, frozen, failed──▶ WAITING
       └──three failures in a row──▶ LOST          LIVE ──recording shown──▶ ENDED

There is no watching thread: the loop waits for the newest frame, but never for long, and each time
that it asks for it the camera looks at its clock.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable
from pathlib import Path

from hardware.capture import Capture, FolderCapture, RecordingCapture, pictures_in
from hardware.csi import csi_camera
from hardware.exposure import View
from hardware.feed import Feed, FeedEnd, Pace
from hardware.usb import open_usb
from scanner.core.errors import DeviceError
from scanner.ports import CameraState, Frame

log = logging.getLogger("scanner.camera")

STALL_S = 2.0
FIRST_PICTURE_S = 5.0  # some USB cameras negotiate for seconds before the first picture
BACK_OFF_S = (0.2, 1.0, 5.0)
MAX_FAILURES = 3
MAX_FPS = 240
CLOSE_S = 0.5  # a driver that hangs is left behind

LIVE = ("usb:", "csi:")  # sources that are cameras; the others are shown at a pace of our own

OpenCapture = Callable[[], Capture]


class LatestFrameCamera:
    """Keeps the newest frame of a source, and opens it anew when it fails. For one thread only.

    `last_error`: what went wrong last, in words; empty if nothing did. `not_taken`: settings that
    the camera did not follow, in words.
    """

    def __init__(
        self,
        open_capture: OpenCapture,
        *,
        monotonic: Callable[[], float],
        pace: Pace = Pace(),  # noqa: B008 - frozen
    ) -> None:
        self.last_error = ""
        self.not_taken: tuple[str, ...] = ()
        self._open_capture = open_capture
        self._monotonic = monotonic
        self._pace = pace
        self._number = itertools.count(1)
        self._failures = 0
        self._reopen_s = 0.0
        self._final: CameraState | None = None
        self._feed: Feed | None = self._new_feed()

    @property
    def state(self) -> CameraState:
        if self._final is not None:
            return self._final
        is_live = self._feed is not None and self._feed.first_s is not None
        return CameraState.LIVE if is_live else CameraState.WAITING

    def newest(self) -> Frame | None:
        """The newest frame not handed out before; reopens a source that fails. Never blocks."""
        if self._final is not None:
            return None
        now_s = self._monotonic()
        if self._feed is None:
            if now_s >= self._reopen_s:
                self._feed = self._new_feed()
            return None
        frame = self._feed.take()
        self._watch(self._feed, now_s)
        return frame

    def wait(self, at_most_s: float) -> None:
        """Return when there may be a frame not handed out before, and by then at the latest."""
        if self._feed is None or self._final is not None:
            time.sleep(at_most_s)
        else:
            self._feed.wait(at_most_s)

    def close(self) -> None:
        """Release the source; what hangs in its driver is left behind. A second call is fine."""
        if self._feed is not None:
            self._feed.stop(CLOSE_S)
            self._feed = None
        self._final = self._final or CameraState.ENDED

    def _new_feed(self) -> Feed:
        return Feed(self._open_capture, self._pace, self._monotonic, self._number)

    def _watch(self, feed: Feed, now_s: float) -> None:
        """Draw the conclusions from how the feed has fared up to now."""
        self.last_error = feed.error or self.last_error
        if feed.not_taken and feed.not_taken != self.not_taken:
            log.warning("the camera did not take %s", "; ".join(feed.not_taken))
        self.not_taken = feed.not_taken or self.not_taken
        allowed_s = FIRST_PICTURE_S if feed.first_s is None else STALL_S + 2 * self._pace.period_s
        if feed.end is FeedEnd.SHOWN:
            if not feed.has_untaken:
                self._final = CameraState.ENDED
        elif feed.end is FeedEnd.FAILED:
            self._fail(feed, feed.error, now_s)
        elif not self._pace.is_patient and now_s - feed.newest_s > allowed_s:
            what = "the same picture" if feed.repeats else "no new picture"
            self._fail(feed, f"{what} for {allowed_s:g} s", now_s)
        elif feed.first_s is not None and now_s - feed.first_s > STALL_S:
            self._failures = 0  # one picture after each opening is not yet a camera that works

    def _fail(self, feed: Feed, error: str, now_s: float) -> None:
        feed.stop()
        self._feed = None
        self.last_error = error
        log.warning("the camera is opened anew: %s", error)
        self._failures += 1
        if self._failures >= MAX_FAILURES:
            self._final = CameraState.LOST
        self._reopen_s = now_s + BACK_OFF_S[min(self._failures, len(BACK_OFF_S)) - 1]


def open_camera(
    source: str,
    *,
    fps: float,
    monotonic: Callable[[], float],
    view: View = View(),  # noqa: B008 - frozen
    loop: bool = False,
    every_frame: bool = False,
) -> LatestFrameCamera:
    """The camera that `source` names, e.g. `usb:/dev/v4l/by-id/usb-Some_Camera-index0`.

    `fps`: pictures a second. For dir: and video: only: `loop` starts again at the end;
    `every_frame` shows the next picture only after this one was taken.
    Raises DeviceError when the source is wrong; a camera that is not there yet is waited for.
    """
    open_capture = _capture_of(source, fps, view, loop=loop)
    pace = (
        Pace(must_change=True)
        if source.startswith(LIVE)
        else Pace(period_s=1 / fps, is_patient=every_frame)
    )
    return LatestFrameCamera(open_capture, monotonic=monotonic, pace=pace)


def _capture_of(source: str, fps: float, view: View, *, loop: bool) -> OpenCapture:
    """How to open what `source` names. Raises DeviceError."""
    if not 0 < fps <= MAX_FPS:
        raise DeviceError(f"Set the pictures a second between 0 and {MAX_FPS}: {fps:g} is not.")
    kind, _, place = source.partition(":")
    path = Path(place)
    if kind == "dir" and place:
        pictures_in(path)
        return lambda: FolderCapture(path, loop=loop)
    if kind == "video" and place:
        RecordingCapture(path).close()
        return lambda: RecordingCapture(path, loop=loop)
    if kind == "csi" and place.isascii() and place.isdigit():
        return csi_camera(int(place), view, fps)
    if kind == "usb" and path.is_absolute():
        return lambda: open_usb(path, view, fps)
    if kind == "usb":  # numbers change from one start to the next
        raise DeviceError(
            f"Name the USB camera by its path, usb:/dev/v4l/by-id/…, not by {place!r}."
            " `ls /dev/v4l/by-id` lists them."
        )
    raise DeviceError(
        f"Name the camera as usb:PATH, csi:NUMBER, dir:PATH or video:PATH, not {source!r}."
    )
