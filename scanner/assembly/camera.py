"""Camera and hand scanner as the settings describe them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from scanner.config import Auto, CameraTable

if TYPE_CHECKING:
    from hardware.camera import LatestFrameCamera
    from hardware.exposure import View
    from hardware.hand_scanner import TypingScanner

LIVE = ("usb:", "csi:")

_Number = TypeVar("_Number", int, float)


def is_live(table: CameraTable) -> bool:
    """Whether the frames come from a sensor, and not from a folder or a recording."""
    return table.source.startswith(LIVE)


def camera_of(
    table: CameraTable,
    monotonic: Callable[[], float],
    *,
    every_frame: bool = False,
    loop: bool = False,
) -> LatestFrameCamera:
    """`every_frame` and `loop` are for what is no camera. Raises DeviceError."""
    from hardware.camera import open_camera

    return open_camera(
        table.source,
        fps=table.fps,
        monotonic=monotonic,
        view=view_of(table),
        every_frame=every_frame,
        loop=loop,
    )


def hand_scanner_of(table: CameraTable, monotonic: Callable[[], float]) -> TypingScanner | None:
    """The scanner that types, where one is set; it may be plugged in later."""
    if table.hand_scanner is None:
        return None
    from hardware.hand_scanner import TypingScanner

    return TypingScanner(Path(table.hand_scanner), monotonic)


def view_of(table: CameraTable) -> View:
    """The settings as the camera takes them: "auto" is None there."""
    from hardware.exposure import View

    return View(
        width=table.width,
        height=table.height,
        exposure_ms=_given(table.exposure_ms),
        gain=_given(table.gain),
        ev=table.ev,
        focus=_given(table.focus),
        usb_format=None if table.usb_format == "auto" else table.usb_format,
        usb_gain=_given(table.usb_gain),
        usb_focus=_given(table.usb_focus),
    )


def _given(value: _Number | Auto) -> _Number | None:
    return None if value == "auto" else value
