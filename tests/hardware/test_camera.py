"""The camera port: the newest frame only, and every way a camera can fail named as a state."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.camera import (
    BACK_OFF_S,
    FIRST_PICTURE_S,
    MAX_FAILURES,
    STALL_S,
    LatestFrameCamera,
    open_camera,
)
from hardware.capture import EndOfPictures
from hardware.feed import Pace
from scanner.core.errors import DeviceError
from scanner.ports import Camera, CameraState, Frame

Grey = NDArray[np.uint8]
PATIENCE_S = 10.0


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
        self.last_error = ""
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
    pause = threading.Event()
    for _ in range(int(PATIENCE_S / 0.001)):
        if is_so():
            return
        pause.wait(0.001)
    pytest.fail("it never became so")


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A camera like a USB one."""
    played = Bench(Pace(frozen_after=4))
    yield played
    for device in played.devices:
        device._answers.put(EndOfPictures())
    played.camera.close()


def test_only_the_newest_frame_is_handed_out(bench: Bench) -> None:
    """Older pictures are dropped, and none is handed out twice."""
    device = bench.opened()
    assert bench.camera.newest() is None
    assert bench.state() is CameraState.WAITING
    device.give(picture(1), picture(2), picture(3))
    frame = bench.camera.newest()
    assert frame is not None
    assert np.array_equal(frame.grey, picture(3))
    assert (frame.number, frame.taken_s) == (3, 1000.0)
    assert bench.camera.newest() is None
    assert bench.state() is CameraState.LIVE


def test_a_frame_carries_the_moment_it_was_taken(bench: Bench) -> None:
    """The stamp is that of the picture, not of the question."""
    device = bench.opened()
    bench.hand.now_s = 1007.0
    device.give(picture(1))
    frame = bench.pass_time(0.1)
    assert frame is not None
    assert frame.taken_s == 1007.0


def test_a_camera_that_hangs_is_reopened(bench: Bench) -> None:
    """Two seconds without a picture: WAITING, and another try after the first back-off."""
    hung = bench.opened()
    hung.give(picture(1))
    assert bench.camera.newest() is not None
    assert bench.pass_time(STALL_S) is None
    assert bench.state() is CameraState.LIVE
    bench.pass_time(0.01)
    assert bench.state() is CameraState.WAITING
    assert "no new picture" in bench.camera.last_error
    bench.pass_time(BACK_OFF_S[0] - 0.01)
    assert len(bench.devices) == 1
    bench.pass_time(0.02)
    fresh = bench.opened()
    fresh.give(picture(2))
    frame = bench.camera.newest()
    assert frame is not None
    assert frame.number == 2
    assert bench.state() is CameraState.LIVE


def test_what_a_forgotten_driver_gives_later_is_not_shown(bench: Bench) -> None:
    """A picture out of a hang of minutes never reaches the loop; the driver is then released."""
    hung = bench.opened()
    bench.pass_time(FIRST_PICTURE_S + 0.01)
    bench.pass_time(BACK_OFF_S[0])
    bench.opened()
    hung._answers.put(picture(66))
    assert hung.closed.wait(PATIENCE_S)
    assert bench.camera.newest() is None
    assert bench.state() is CameraState.WAITING


def test_an_unplugged_camera_is_lost_after_three_tries(bench: Bench) -> None:
    """Three failures in a row, each after a longer wait: LOST, with the reason in words."""
    device = bench.opened()
    device.give(picture(1))
    bench.is_unplugged = True
    device.end(DeviceError("Check the cable: unplugged."))
    poll_until(lambda: bench.camera.newest() is None and bool(bench.camera.last_error))
    for wait_s in BACK_OFF_S[: MAX_FAILURES - 1]:
        assert bench.state() is CameraState.WAITING
        assert bench.pass_time(wait_s - 0.01) is None
        bench.pass_time(0.02)
        bench.failed_to_open()
    assert bench.state() is CameraState.LOST
    assert bench.pass_time(100.0) is None
    assert bench.state() is CameraState.LOST
    assert len(bench.devices) == 1


def test_a_camera_that_answers_nothing_is_reopened(bench: Bench) -> None:
    """An unplugged camera may answer at once that there is no picture: that is no picture."""
    device = bench.opened()
    device.give(picture(1), None, None, None)
    assert bench.camera.newest() is not None
    bench.pass_time(STALL_S + 0.01)
    assert bench.state() is CameraState.WAITING


def test_a_camera_that_worked_for_a_while_has_three_tries_again(bench: Bench) -> None:
    """Failures count in a row only: two seconds of pictures clear them."""
    for _ in range(2 * MAX_FAILURES):
        device = bench.opened()
        device.give(picture(1))
        bench.pass_time(STALL_S - 0.1)
        device.give(picture(2))
        bench.pass_time(0.2)
        bench.pass_time(STALL_S + 0.01)
        assert bench.state() is CameraState.WAITING
        bench.pass_time(BACK_OFF_S[0])


def test_one_picture_after_each_opening_is_no_working_camera(bench: Bench) -> None:
    """A camera that stalls again and again right after its first picture is LOST, too."""
    for attempt in range(MAX_FAILURES):
        bench.opened().give(picture(attempt))
        bench.camera.newest()
        bench.pass_time(STALL_S + 0.01)
        bench.pass_time(BACK_OFF_S[-1])
    assert bench.state() is CameraState.LOST


def test_a_frozen_picture_is_a_failure(bench: Bench) -> None:
    """The same picture again and again, to the last pixel, comes from no living sensor."""
    device = bench.opened()
    device.give(*[picture(1)] * 4)
    assert bench.camera.newest() is not None
    device._answers.put(picture(1))
    assert device.closed.wait(PATIENCE_S)
    poll_until(lambda: bench.camera.newest() is None and "same picture" in bench.camera.last_error)
    assert bench.state() is CameraState.WAITING


def test_darkness_is_not_a_frozen_camera(bench: Bench) -> None:
    """Black pictures are equal, and yet the camera works: a phone will light the scene up."""
    device = bench.opened()
    device.give(*[np.zeros((6, 8), np.uint8)] * 12)
    assert bench.camera.newest() is not None
    assert bench.state() is CameraState.LIVE
    assert not device.closed.is_set()


def test_closing_releases_the_device(bench: Bench) -> None:
    """A camera that is closed asks for nothing more, and its device is released."""
    device = bench.opened()
    device._answers.put(picture(1))
    bench.camera.close()
    bench.camera.close()
    device._answers.put(picture(2))
    assert device.closed.wait(PATIENCE_S)
    assert bench.camera.newest() is None


def test_closing_does_not_wait_for_a_hung_driver(bench: Bench) -> None:
    """close() comes back while the driver still hangs."""
    device = bench.opened()
    bench.camera.close()
    assert not device.closed.is_set()


def shown(camera: Camera) -> list[Frame]:
    """Every frame up to the end of the recording."""
    frames = []
    with closing(camera):

        def is_over() -> bool:
            frame = camera.newest()
            if frame is not None:
                frames.append(frame)
            return camera.state is CameraState.ENDED

        poll_until(is_over)
    return frames


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, an empty file, a broken one and a text, in the order of their names."""
    for number in (1, 3, 5):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture(number, 40, 60))
    (tmp_path / "2.png").write_bytes(b"")
    (tmp_path / "4.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is no picture")
    (tmp_path / "note.txt").write_text("not shown")
    return tmp_path


def test_a_folder_is_shown_by_name_and_ends(folder: Path) -> None:
    """Every picture that can be read is shown once; broken files are skipped."""
    camera = open_camera(f"dir:{folder}", fps=200, monotonic=Hand(), every_frame=True)
    frames = shown(camera)
    assert [frame.number for frame in frames] == [1, 2, 3]
    for frame, number in zip(frames, (1, 3, 5), strict=True):
        assert np.array_equal(frame.grey, picture(number, 40, 60))
        assert frame.grey.flags.c_contiguous


@pytest.mark.parametrize(("name", "others"), [("4.jpg", ""), ("2.png", "4.jpg")])
def test_a_broken_picture_is_reported(folder: Path, name: str, others: str) -> None:
    """A file that is no picture is named; the last one if there are several."""
    if others:
        (folder / others).unlink()
    camera = open_camera(f"dir:{folder}", fps=200, monotonic=Hand(), every_frame=True)
    assert isinstance(camera, LatestFrameCamera)
    assert len(shown(camera)) == 3
    assert name in camera.last_error


def test_a_folder_of_broken_pictures_ends(tmp_path: Path) -> None:
    """Even when it is to be shown over and over, nothing is shown once and not for ever."""
    (tmp_path / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    camera = open_camera(f"dir:{tmp_path}", fps=200, monotonic=Hand(), loop=True)
    assert isinstance(camera, LatestFrameCamera)
    assert shown(camera) == []
    assert "1.png" in camera.last_error


def test_a_folder_can_be_shown_over_and_over(folder: Path) -> None:
    """With `loop` the first picture follows the last one."""
    camera = open_camera(f"dir:{folder}", fps=200, monotonic=Hand(), every_frame=True, loop=True)
    frames: list[Frame] = []

    def has_seen_seven() -> bool:
        frame = camera.newest()
        if frame is not None:
            frames.append(frame)
        return len(frames) == 7

    with closing(camera):
        poll_until(has_seen_seven)
    assert np.array_equal(frames[6].grey, frames[0].grey)
    assert camera.state is CameraState.ENDED


def recording(path: Path, pictures: int) -> Path:
    """A motion-JPEG recording of pictures of one brightness each: 0, 20, 40 …"""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15, (64, 48))
    for number in range(pictures):
        writer.write(np.full((48, 64, 3), 20 * number, np.uint8))
    writer.release()
    return path


def test_a_recording_is_shown_and_ends(tmp_path: Path) -> None:
    """Every picture of a recording comes out grey and in order."""
    path = recording(tmp_path / "queue.avi", 5)
    frames = shown(open_camera(f"video:{path}", fps=200, monotonic=Hand(), every_frame=True))
    assert [round(float(frame.grey.mean()) / 20) for frame in frames] == [0, 1, 2, 3, 4]
    assert {frame.grey.shape for frame in frames} == {(48, 64)}


def test_a_recording_can_be_shown_over_and_over(tmp_path: Path) -> None:
    """With `loop` a recording starts again at its end."""
    path = recording(tmp_path / "queue.avi", 2)
    camera = open_camera(f"video:{path}", fps=200, monotonic=Hand(), every_frame=True, loop=True)
    numbers: set[int] = set()

    def has_seen_five() -> bool:
        frame = camera.newest()
        if frame is not None:
            numbers.add(frame.number)
        return len(numbers) == 5

    with closing(camera):
        poll_until(has_seen_five)
    assert numbers == {1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("usb:0", "by its path"),
        ("usb:", "by its path"),
        ("usb:video0", "by its path"),
        ("0", "usb:PATH"),
        ("", "usb:PATH"),
        ("dir:", "usb:PATH"),
        ("file:/tmp", "usb:PATH"),
        ("dir:/nowhere/at/all", "Name a folder"),
        ("dir:{empty}", "holds none of"),
        ("video:/nowhere/at/all.avi", "cannot be opened"),
        ("video:{empty}", "cannot be opened"),
    ],
)
def test_a_wrong_source_says_what_to_name(source: str, says: str, tmp_path: Path) -> None:
    """A source that names no camera is refused at once, in words a technician can act on."""
    with pytest.raises(DeviceError, match=says):
        open_camera(source.format(empty=tmp_path), fps=15, monotonic=Hand())


@pytest.mark.parametrize("fps", [0.0, -1.0, 1e9, float("nan")])
def test_a_wrong_rate_is_refused(folder: Path, fps: float) -> None:
    """Pictures a second must be a rate that a camera can have."""
    with pytest.raises(DeviceError, match="pictures a second"):
        open_camera(f"dir:{folder}", fps=fps, monotonic=Hand())


@pytest.mark.parametrize(
    ("path", "says"), [("/dev/v4l/by-id/none", "does not exist"), ("/dev/null", "cannot be opened")]
)
def test_a_usb_camera_that_is_not_there_is_waited_for(path: str, says: str) -> None:
    """A missing camera is not an error of the settings: WAITING, and the reason in words."""
    camera = open_camera(f"usb:{path}", fps=15, monotonic=Hand())
    assert isinstance(camera, LatestFrameCamera)
    with closing(camera):
        poll_until(lambda: camera.newest() is None and says in camera.last_error)
        assert camera.state is CameraState.WAITING
