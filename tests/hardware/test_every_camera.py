"""What every source of frames keeps to, whatever it is: the contract of the Camera port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from hardware.camera import LatestFrameCamera, open_camera
from hardware.exposure import View
from scanner.ports import CameraState, Frame
from scanner.vision.decode import decode
from scanner.vision.probe import TEST_PAYLOAD, card_picture
from tests.hardware.played import picture, poll_until
from tests.hardware.rpicam import FakeProgram

WIDTH, HEIGHT = 64, 48
SMALL = View(width=WIDTH, height=HEIGHT)


class Ticks:
    """A clock that goes on by a hundredth of a second each time it is asked."""

    def __init__(self) -> None:
        self._ticks = count(1)

    def __call__(self) -> float:
        return next(self._ticks) / 100


class PlayedDriver:
    """A USB camera's driver as OpenCV offers it, that writes every picture into one buffer."""

    def __init__(self, path: str, backend: int) -> None:
        assert backend == cv2.CAP_V4L2
        self._buffer = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        self._number = count(1)

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def set(self, control: int, value: float) -> bool:
        return True

    def get(self, control: int) -> float:
        return 0.0

    def read(self) -> tuple[bool, object]:
        self._buffer[:] = picture(next(self._number), HEIGHT, WIDTH)[..., None]
        return True, self._buffer

    def release(self) -> None:
        pass


Open = Callable[[], LatestFrameCamera]


def _folder(tmp_path: Path) -> str:
    for number in range(9):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture(number, HEIGHT, WIDTH))
    return f"dir:{tmp_path}"


def _recording(tmp_path: Path) -> str:
    path = tmp_path / "shown.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (WIDTH, HEIGHT))
    for number in range(9):
        writer.write(np.repeat(picture(number, HEIGHT, WIDTH)[..., None], 3, axis=2))
    writer.release()
    return f"video:{path}"


@pytest.fixture(params=["dir", "video", "usb", "csi"])
def camera(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LatestFrameCamera]:
    """An opened camera of each kind: the driver and rpicam-vid are played, the rest is real."""
    match request.param:
        case "dir":
            source = _folder(tmp_path)
        case "video":
            source = _recording(tmp_path)
        case "usb":
            (tmp_path / "camera").touch()
            source = f"usb:{tmp_path}/camera"
            monkeypatch.setattr("cv2.VideoCapture", PlayedDriver)
        case _:
            FakeProgram(tmp_path, monkeypatch).behave("live")
            source = "csi:0"
    opened = open_camera(source, fps=60, monotonic=Ticks(), view=SMALL, loop=True)
    yield opened
    opened.close()


def frames(camera: LatestFrameCamera, least: int = 4) -> list[Frame]:
    taken: list[Frame] = []

    def has_enough() -> bool:
        if (frame := camera.newest()) is not None:
            taken.append(frame)
        return len(taken) >= least

    poll_until(has_enough)
    return taken


def test_frames_are_grey_and_their_own(camera: LatestFrameCamera) -> None:
    """uint8 [H, W], contiguous, and not overwritten by what comes later."""
    first = frames(camera, 1)[0]
    kept = first.grey.copy()
    later = frames(camera)
    for frame in (first, *later):
        assert frame.grey.dtype == np.uint8
        assert frame.grey.shape == (HEIGHT, WIDTH)
        assert frame.grey.flags.c_contiguous
    assert np.array_equal(first.grey, kept)
    assert not np.array_equal(first.grey, later[0].grey)


def test_numbers_and_stamps_only_rise(camera: LatestFrameCamera) -> None:
    """No frame is handed out twice, and none is older than the one before."""
    taken = frames(camera, 6)
    numbers = [frame.number for frame in taken]
    stamps = [frame.taken_s for frame in taken]
    assert numbers == sorted(set(numbers))
    assert stamps == sorted(stamps)
    assert camera.state is CameraState.LIVE


def test_a_closed_camera_gives_nothing(camera: LatestFrameCamera) -> None:
    """Closing twice is closing once."""
    frames(camera, 1)
    camera.close()
    camera.close()
    assert camera.newest() is None
    assert camera.state is CameraState.ENDED


def test_a_code_before_a_ribbon_camera_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Y plane of the size that ships is a grey picture: the reader finds what is in it."""
    grey = np.full((View().height, View().width), 180, np.uint8)
    grey[200:374, 500:674] = card_picture()
    (tmp_path / "picture").write_bytes(grey.tobytes())
    monkeypatch.setenv("FAKE_RPICAM_PICTURE", str(tmp_path / "picture"))
    FakeProgram(tmp_path, monkeypatch).behave("picture")
    camera = open_camera("csi:0", fps=30, monotonic=Ticks())
    try:
        (frame,) = frames(camera, 1)
        assert np.array_equal(frame.grey, grey)
        assert decode(frame.grey) == [TEST_PAYLOAD]
    finally:
        camera.close()


def test_a_ribbon_camera_that_dies_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rpicam-vid ends, is told of, and another is started by the camera's back-off; no third one
    is needed."""
    program = FakeProgram(tmp_path, monkeypatch)
    program.behave("dies")
    camera = open_camera("csi:0", fps=60, monotonic=Ticks(), view=SMALL)
    try:
        poll_until(lambda: camera.newest() is None and "last: ERROR" in camera.last_error)
        program.behave("live")
        frames(camera, 3)
        assert len(program.started) >= 2
    finally:
        camera.close()
    poll_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in program.started))


def test_a_ribbon_camera_that_never_starts_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three tries, then LOST with the program's own last words."""
    program = FakeProgram(tmp_path, monkeypatch)
    program.behave("no camera")
    camera = open_camera("csi:0", fps=60, monotonic=Ticks(), view=SMALL)
    poll_until(lambda: camera.newest() is None and camera.state is CameraState.LOST)
    assert "no cameras available" in camera.last_error
    assert len(program.started) == 3
    camera.close()
