"""The camera port: the newest frame only, and every way a camera can fail named as a state."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from hardware.camera import BACK_OFF_S, FIRST_PICTURE_S, MAX_FAILURES, STALL_S
from hardware.capture import EndOfPictures
from hardware.feed import Pace
from scanner.core.errors import DeviceError
from scanner.ports import CameraState
from tests.hardware.played import PATIENCE_S, Bench, picture, poll_until


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A camera like a USB one."""
    played = Bench(Pace(must_change=True))
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


def test_waiting_ends_with_the_next_picture(bench: Bench) -> None:
    """Whoever waits for a frame has it as soon as it comes, and need not ask all the time."""
    device = bench.opened()
    waiter = threading.Thread(target=lambda: bench.camera.wait(3 * PATIENCE_S))
    waiter.start()
    assert bench.camera.newest() is None
    device.give(picture(1))
    waiter.join(PATIENCE_S)
    assert not waiter.is_alive()
    assert bench.camera.newest() is not None


def test_waiting_for_a_frame_that_is_there_takes_no_time(bench: Bench) -> None:
    """A picture that came while nobody waited is not waited for."""
    bench.opened().give(picture(1))
    bench.camera.wait(3 * PATIENCE_S)
    assert bench.camera.newest() is not None


def test_waiting_ends_without_a_picture_too(bench: Bench) -> None:
    """The loop has to turn all the same: with a camera that gives nothing, and with none."""
    bench.opened()
    bench.camera.wait(0.001)
    assert bench.camera.newest() is None
    bench.pass_time(FIRST_PICTURE_S + 0.1)
    bench.camera.wait(0.001)
    assert bench.state() is CameraState.WAITING


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
    device.give(picture(1))
    assert bench.camera.newest() is None, "what has not changed shows nothing new"
    assert bench.state() is CameraState.LIVE
    assert bench.pass_time(STALL_S + 0.1) is None
    assert "the same picture for 2 s" in bench.camera.last_error
    assert bench.state() is CameraState.WAITING


def test_a_camera_that_stays_frozen_is_lost(bench: Bench) -> None:
    """One picture after each opening, however often it comes again, is no camera that works."""
    for _ in range(MAX_FAILURES):
        device = bench.opened()
        device.give(*[picture(1)] * 4)
        bench.pass_time(0.0)
        bench.pass_time(STALL_S + 0.1)
        bench.pass_time(BACK_OFF_S[-1])
    assert bench.state() is CameraState.LOST


def test_what_went_wrong_stands_in_the_journal(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Settings that were not taken, once, and why a camera is opened anew."""
    device = bench.opened()
    device.give(picture(1))
    assert bench.camera._feed is not None
    bench.camera._feed.not_taken = ("fps = 15: has 30",)
    bench.pass_time(0.1)
    bench.pass_time(0.1)
    bench.pass_time(STALL_S)
    assert [record.message for record in caplog.records] == [
        "the camera did not take fps = 15: has 30",
        "the camera is opened anew: no new picture for 2 s",
    ]
    assert bench.camera.not_taken == ("fps = 15: has 30",)


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
