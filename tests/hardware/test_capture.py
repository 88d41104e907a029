"""Pictures of every kind a driver may give, and drivers that fail."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.capture import grey_of
from hardware.usb import UsbCapture
from scanner.core.errors import DeviceError


class Driver:
    """What is used of cv2.VideoCapture, giving one answer for ever."""

    def __init__(self, answer: tuple[bool, object] | Exception) -> None:
        self._answer = answer
        self.is_released = False

    def read(self) -> tuple[bool, object]:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def release(self) -> None:
        self.is_released = True


def test_a_colour_picture_becomes_grey() -> None:
    """BGR from the driver is handed on as its luma, contiguous."""
    blue = np.zeros((4, 6, 3), np.uint8)
    blue[..., 0] = 255
    grey = UsbCapture(Driver((True, blue))).read()
    assert grey is not None
    assert grey.shape == (4, 6)
    assert set(grey.ravel().tolist()) == {29}
    assert grey.flags.c_contiguous


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1)])
def test_a_grey_picture_is_copied_out_of_the_driver(shape: tuple[int, ...]) -> None:
    """The frame is the camera's own: what the driver writes next does not change it."""
    buffer = np.full(shape, 7, np.uint8)
    grey = grey_of(buffer)
    buffer[:] = 9
    assert grey.shape == (4, 6)
    assert set(grey.ravel().tolist()) == {7}


@pytest.mark.parametrize("answer", [(False, None), (True, None), (False, np.zeros((4, 6)))])
def test_no_picture_is_none(answer: tuple[bool, object]) -> None:
    """A driver without a picture is no error yet: the camera's clock decides."""
    assert UsbCapture(Driver(answer)).read() is None


@pytest.mark.parametrize(
    "strange",
    [
        np.zeros((4, 6), np.float32),
        np.zeros((4, 6), np.uint16),
        np.zeros((4, 6, 2), np.uint8),
        np.zeros((0, 6), np.uint8),
        np.zeros(24, np.uint8),
    ],
    ids=lambda strange: f"{strange.dtype} {strange.shape}",
)
def test_a_strange_picture_is_a_device_error(strange: NDArray[np.generic]) -> None:
    """A picture of a kind nobody can use is named, not guessed at."""
    with pytest.raises(DeviceError, match="unknown kind"):
        UsbCapture(Driver((True, strange))).read()


def test_an_error_of_the_driver_is_translated() -> None:
    """OpenCV's exception leaves as ours, so that the camera is opened anew."""
    with pytest.raises(DeviceError, match="opened anew"):
        UsbCapture(Driver(cv2.error("VIDIOC_DQBUF: No such device"))).read()


def test_closing_releases_the_driver() -> None:
    """The device file is free again for the next opening."""
    driver = Driver((False, None))
    UsbCapture(driver).close()
    assert driver.is_released
