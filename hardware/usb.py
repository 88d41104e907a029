"""USB cameras through V4L2: opened by their path, set, and asked what they made of it.

A control that a camera does not have, or sets otherwise, is no failure: most cameras have no focus.
It is told in `not_taken`, for `scanner doctor`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2

from hardware.capture import Device, Grey, read_grey
from hardware.exposure import View
from scanner.core.errors import DeviceError

# V4L2_CID_EXPOSURE_AUTO [V4L2, camera controls]: the values of its menu.
MANUAL_EXPOSURE, APERTURE_PRIORITY = 1.0, 3.0
# V4L2_CID_EXPOSURE_ABSOLUTE counts 100 µs.
EXPOSURES_A_MS = 10.0
FORMAT = cv2.CAP_PROP_FOURCC
# A driver rounds to steps of its own.
TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Control:
    """`setting`: the key in the settings that asks for it, empty for what nobody asked for.

    `a_unit`: of the driver's numbers in one unit of the setting.
    """

    setting: str
    number: int
    value: float
    a_unit: float = 1.0


def controls_of(view: View, fps: float) -> Iterator[Control]:
    """In the order in which drivers want them: the format first, the automatic before the value."""
    if view.usb_format is not None:
        yield Control("usb_format", FORMAT, cv2.VideoWriter.fourcc(*view.usb_format))
    yield Control("width", cv2.CAP_PROP_FRAME_WIDTH, view.width)
    yield Control("height", cv2.CAP_PROP_FRAME_HEIGHT, view.height)
    yield Control("fps", cv2.CAP_PROP_FPS, fps)
    yield Control("", cv2.CAP_PROP_BUFFERSIZE, 1)  # an older picture than the newest is of no use
    if view.exposure_ms is None:
        yield Control("", cv2.CAP_PROP_AUTO_EXPOSURE, APERTURE_PRIORITY)
    else:
        exposure = view.exposure_ms * EXPOSURES_A_MS
        yield Control("", cv2.CAP_PROP_AUTO_EXPOSURE, MANUAL_EXPOSURE)
        yield Control("exposure_ms", cv2.CAP_PROP_EXPOSURE, exposure, EXPOSURES_A_MS)
    if view.usb_gain is not None:
        yield Control("usb_gain", cv2.CAP_PROP_GAIN, view.usb_gain)
    yield Control("", cv2.CAP_PROP_AUTOFOCUS, float(view.usb_focus is None))
    if view.usb_focus is not None:
        yield Control("usb_focus", cv2.CAP_PROP_FOCUS, view.usb_focus)


class Controls(Protocol):
    """What else is used of `cv2.VideoCapture`."""

    def set(self, control: int, value: float, /) -> bool: ...

    def get(self, control: int, /) -> float: ...


class UsbCapture:
    """A camera's driver, already opened."""

    age_s = 0.0

    def __init__(self, device: Device, not_taken: tuple[str, ...] = ()) -> None:
        self.last_error = ""
        self.not_taken = not_taken
        self._device = device

    def read(self) -> Grey | None:
        return read_grey(self._device)

    def close(self) -> None:
        self._device.release()


def open_usb(path: Path, view: View, fps: float) -> UsbCapture:
    """A V4L2 camera by its path. Raises DeviceError when it cannot be opened."""
    if not path.exists():
        raise DeviceError(f"The camera is not there. Check its cable: {path} does not exist.")
    device = cv2.VideoCapture(str(path), cv2.CAP_V4L2)
    if not device.isOpened():
        device.release()
        raise DeviceError(
            f"The camera cannot be opened. Check that nothing else uses {path} and that the"
            " user of this program is in the group video."
        )
    return UsbCapture(device, set_controls(device, view, fps))


def set_controls(device: Controls, view: View, fps: float) -> tuple[str, ...]:
    """Set them all, then ask for each: what the camera did not take, in words of the settings."""
    controls = list(controls_of(view, fps))
    taken = [device.set(control.number, control.value) for control in controls]
    told = []
    for control, is_taken in zip(controls, taken, strict=True):
        if not control.setting:
            continue
        has = device.get(control.number)
        tolerance = 0 if control.number == FORMAT else TOLERANCE
        if not is_taken or abs(has - control.value) > tolerance * control.value:
            told.append(_difference(control, has if is_taken else None))
    return tuple(told)


def _difference(control: Control, has: float | None) -> str:
    asked = f"{control.setting} = {_shown(control, control.value)}"
    return f"{asked}: refused" if has is None else f"{asked}: has {_shown(control, has)}"


def _shown(control: Control, value: float) -> str:
    """In units of the setting; a format by its four letters."""
    if control.number == FORMAT:
        letters = int(value).to_bytes(8, "little", signed=True)[:4].decode("ascii", "replace")
        return "".join(letter if letter.isprintable() else "?" for letter in letters)
    return f"{value / control.a_unit:g}"
