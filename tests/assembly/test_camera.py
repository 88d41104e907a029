"""Settings of the camera as its driver gets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.csi import ALIGNED
from hardware.exposure import View
from scanner.assembly.camera import hand_scanner_of, is_live, view_of
from scanner.assembly.device import check_simulation
from scanner.config import CameraTable, parse_settings
from scanner.core.errors import ConfigError

HAND = '[camera]\nsource = "dir:x"\nhand_scanner = "/dev/input/by-id/x"\n[pins]\nfactory = "mock"\n'


def test_defaults_of_settings_and_of_hardware_are_the_same() -> None:
    """What the table of the settings says is what a camera does when nothing is set."""
    assert view_of(CameraTable()) == View()


def test_auto_is_left_to_the_camera() -> None:
    """And numbers go through, a gain of zero among them."""
    text = '[camera]\nexposure_ms = "auto"\nfocus = "auto"\ngain = 2\nusb_gain = 0\nusb_focus = 9'
    view = view_of(parse_settings(text, "x.toml").camera)
    assert (view.exposure_ms, view.focus) == (None, None)
    assert (view.gain, view.usb_gain, view.usb_focus) == (2.0, 0, 9)


def test_default_size_needs_no_padding() -> None:
    """A ribbon camera starts with the defaults."""
    assert CameraTable().width % ALIGNED == CameraTable().height % 2 == 0


@pytest.mark.parametrize(
    ("source", "live"),
    [("usb:/dev/x", True), ("csi:0", True), ("dir:x", False), ("video:x", False)],
)
def test_sensors_are_told_from_recordings(source: str, live: bool) -> None:
    """A simulation may have only the latter."""
    assert is_live(CameraTable(source=source)) is live


def test_no_hand_scanner_is_opened_unless_one_is_named() -> None:
    """A keyboard that is plugged in is never a source of passes by itself."""
    assert hand_scanner_of(CameraTable(), float) is None


def test_a_named_hand_scanner_is_waited_for(tmp_path: Path) -> None:
    """Not there at the start is no error: the camera reads meanwhile."""
    scanner = hand_scanner_of(CameraTable(hand_scanner=str(tmp_path / "none")), float)
    assert scanner is not None
    assert scanner.take() is None
    scanner.close()


def test_a_simulation_has_no_hand_scanner() -> None:
    """Test keys are accepted there: nothing real may come in."""
    with pytest.raises(ConfigError, match="hand_scanner"):
        check_simulation(parse_settings(HAND, "x.toml"), simulate=True)
