"""USB cameras: what is asked of the driver, and what it made of it."""

from __future__ import annotations

import cv2
import pytest

from hardware.exposure import View
from hardware.usb import controls_of, set_controls

EXPOSURE, AUTO_EXPOSURE = cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_AUTO_EXPOSURE


class Driver:
    """Takes every control but the `refused` ones; some it has at a value of its own."""

    def __init__(
        self, refused: tuple[int, ...] = (), fixed: dict[int, float] | None = None
    ) -> None:
        self.asked: list[tuple[int, float]] = []
        self._refused, self._has = refused, dict(fixed or {})
        self._fixed = set(self._has)

    def read(self) -> tuple[bool, object]:
        return False, None

    def set(self, control: int, value: float) -> bool:
        self.asked.append((control, value))
        if control not in self._fixed:
            self._has[control] = value
        return control not in self._refused

    def get(self, control: int) -> float:
        return self._has.get(control, 0.0)

    def release(self) -> None:
        pass


def test_exposure_is_set_by_hand_after_its_automatic_is_off() -> None:
    """8 ms are 80 steps of 100 µs; a driver refuses them while it exposes by itself."""
    driver = Driver()
    assert set_controls(driver, View(), 15) == ()
    assert driver.asked.index((AUTO_EXPOSURE, 1.0)) < driver.asked.index((EXPOSURE, 80.0))
    assert (cv2.CAP_PROP_BUFFERSIZE, 1) in driver.asked
    assert (cv2.CAP_PROP_AUTOFOCUS, 1.0) in driver.asked


def test_automatic_is_left_to_the_camera() -> None:
    """Nothing is set that would end it."""
    asked = {control.number: control.value for control in controls_of(View(exposure_ms=None), 15)}
    assert asked[AUTO_EXPOSURE] == 3.0
    assert not {EXPOSURE, cv2.CAP_PROP_GAIN, cv2.CAP_PROP_FOCUS} & set(asked)


def test_what_a_camera_does_not_take_is_told_in_units_of_the_settings() -> None:
    """Another exposure, no focus, another rate: three sentences and no failure."""
    driver = Driver(refused=(cv2.CAP_PROP_FOCUS,), fixed={EXPOSURE: 156.0, cv2.CAP_PROP_FPS: 30.0})
    assert set_controls(driver, View(usb_focus=250), 15) == (
        "fps = 15: has 30",
        "exposure_ms = 8: has 15.6",
        "usb_focus = 250: refused",
    )
    assert (cv2.CAP_PROP_AUTOFOCUS, 0.0) in driver.asked


def test_format_is_set_first_and_told_by_its_letters() -> None:
    """Sizes depend on it; a camera that knows another one only says which."""
    driver = Driver(fixed={cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*"YUYV"))})
    assert set_controls(driver, View(usb_format="MJPG"), 15) == ("usb_format = MJPG: has YUYV",)
    assert driver.asked[0][0] == cv2.CAP_PROP_FOURCC
    odd = Driver(fixed={cv2.CAP_PROP_FOURCC: -1.0})
    assert set_controls(odd, View(usb_format="MJPG"), 15)[0].startswith("usb_format = MJPG: has ")
    asked = {control.number for control in controls_of(View(), 15)}
    assert cv2.CAP_PROP_FOURCC not in asked


@pytest.mark.parametrize(("has", "is_taken"), [(78.0, True), (87.0, True), (89.0, False)])
def test_a_driver_may_round(has: float, is_taken: bool) -> None:
    """To a tenth: sensors expose in steps of lines."""
    assert (set_controls(Driver(fixed={EXPOSURE: has}), View(), 15) == ()) is is_taken


def test_a_camera_without_focus_is_no_news_unless_it_was_asked_for() -> None:
    """Most have none."""
    focus = (cv2.CAP_PROP_AUTOFOCUS, cv2.CAP_PROP_FOCUS)
    assert set_controls(Driver(refused=focus), View(), 15) == ()
