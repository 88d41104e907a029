"""Folders and recordings as cameras, and sources that are none."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from hardware.camera import LatestFrameCamera, open_camera
from scanner.core.errors import DeviceError
from scanner.ports import Camera, CameraState, Frame
from tests.hardware.played import Hand, picture, poll_until


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
