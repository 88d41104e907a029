"""Settings: strict, and errors that say where and what is allowed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.config import (
    IMAGE_BUILT,
    SYSTEM_CONFIG,
    Settings,
    find_config,
    find_image_built,
    find_state,
    load_image_built,
    load_settings,
    parse_settings,
)
from scanner.core.errors import ConfigError


def test_empty_file_is_all_defaults() -> None:
    """Every field has a default, and the defaults are those of the wiring table."""
    settings = parse_settings("", "x.toml")
    assert settings == Settings()
    assert (settings.pins.green, settings.pins.red, settings.pins.buzzer) == (17, 27, 18)
    assert settings.pins.factory == "lgpio"


def test_every_field_can_be_set() -> None:
    """One file that sets them all."""
    settings = parse_settings(
        """
        standalone = true
        fleet_key = "/etc/scanner/fleet.key"
        [checkpoint]
        id = "north-3"
        zone = 4
        transport = 1
        asks_plate = true
        asks_card = true
        [camera]
        source = "dir:/tmp/frames"
        fps = 30
        width = 1920
        height = 1080
        exposure_ms = 4
        gain = 2.5
        ev = -1
        focus = "auto"
        usb_format = "MJPG"
        usb_gain = 0
        usb_focus = 250
        hand_scanner = "/dev/input/by-id/usb-Some_Scanner-event-kbd"
        [pins]
        factory = "mock"
        green = 5
        red = 6
        amber = 23
        buzzer = 13
        trigger = 26
        sound = "piezo"
        [log]
        capacity_mb = 1
        """,
        "x.toml",
    )
    assert settings.standalone
    assert settings.checkpoint.zone == 4
    assert settings.pins.sound == "piezo"
    assert (settings.camera.exposure_ms, settings.camera.focus) == (4.0, "auto")
    assert settings.log.capacity == 1 << 20


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("standalone = 1", 1, "standalone: Expected `bool`, got `int`; allowed: true, false"),
        ("\n[pins]\n\ngreen = 99", 4, "pins.green: Expected `int` <= 53; allowed: 0 to 53"),
        ("colour = 1", 1, "colour: there is no such setting; here stand standalone"),
        ("[pins]\nblue = 3", 2, "pins.blue: there is no such setting; here stand factory, green"),
        ("[pins]\nfactory = 'pigpio'", 2, "allowed: 'lgpio', 'mock'"),
        ("[camera]\nfps = 5\nsource = '0'", 3, "allowed: usb:PATH, csi:NUMBER, video:FILE, dir:F"),
        ("[camera]\nsource = 'csi:imx708'", 2, "allowed: usb:PATH, csi:NUMBER"),
        ("[camera]\nexposure_ms = 'short'", 2, "allowed: 0.1 to 60 or 'auto'"),
        ("[camera]\nexposure_ms = 61", 2, "allowed: 0.1 to 60 or 'auto'"),
        ("[camera]\nfocus = -1", 2, "allowed: 0 to 20 or 'auto'"),
        ("[camera]\nusb_focus = 1.5", 2, "allowed: 0 to 65535 or 'auto'"),
        ("[camera]\nhand_scanner = '/dev/input/event3'", 2, "allowed: /dev/input/by-id/NAME"),
        ("[camera]\nhand_scanner = '/dev/input/by-id/../event3'", 2, "/dev/input/by-id/NAME"),
        ("[camera]\nsource = 'csi:0'\nwidth = 1296", 3, "multiples of 64 and even heights"),
        ("[camera]\nsource = 'csi:0'\nheight = 721", 1, "multiples of 64 and even heights"),
        ("[camera]\nfps = 100", 2, "allowed: 1 to 60"),
        ("[checkpoint]\nid = ''", 2, "allowed: a text of 1 to 32 characters"),
        ("[checkpoint]\nzone = 'north'", 2, "allowed: 0 to 65535"),
        ("[pins]\nred = 17", 1, "two of the pins have the same number"),
        ("[zones]\na = 1", 1, "zones: there is no such setting"),
        ("pins = 3", 1, "pins: Expected `object`, got `int`"),
    ],
)
def test_wrong_setting_is_named(text: str, line: int, says: str) -> None:
    """File, line, key and what is allowed stand in one sentence."""
    with pytest.raises(ConfigError) as caught:
        parse_settings(text, "x.toml")
    assert str(caught.value).startswith(f"x.toml, line {line}, ")
    assert says in str(caught.value)


def test_broken_toml_names_its_line() -> None:
    """What is not TOML is said with the place."""
    with pytest.raises(ConfigError, match="line 2"):
        parse_settings("standalone = true\nx = = 3", "x.toml")


def test_missing_file_says_where_to_get_one(tmp_path: Path) -> None:
    """A device without settings does not start with guesses."""
    with pytest.raises(ConfigError, match="--config"):
        load_settings(tmp_path / "none.toml")


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """An editor that saves UTF-16 is told so."""
    (tmp_path / "x.toml").write_bytes("standalone = true".encode("utf-16"))
    with pytest.raises(ConfigError, match="UTF-8"):
        load_settings(tmp_path / "x.toml")


def test_config_is_found_in_order(tmp_path: Path) -> None:
    """--config, then $SCANNER_CONFIG, then /etc."""
    given = tmp_path / "a.toml"
    assert find_config(given, {"SCANNER_CONFIG": "/b.toml"}) == given
    assert find_config(None, {"SCANNER_CONFIG": "/b.toml"}) == Path("/b.toml")
    assert find_config(None, {}) == SYSTEM_CONFIG


def test_state_is_found_in_order(tmp_path: Path) -> None:
    """--state, then what systemd says, then the user's own folder."""
    assert find_state(tmp_path, {"STATE_DIRECTORY": "/var/lib/scanner"}) == tmp_path
    assert find_state(None, {"STATE_DIRECTORY": "/var/lib/scanner:/x"}) == Path("/var/lib/scanner")
    assert find_state(None, {}).name == "scanner"


def test_image_says_when_it_was_made(tmp_path: Path) -> None:
    """RFC 3339 with any offset, also with a line end; nothing where there is no such file."""
    path = tmp_path / "image-built"
    assert load_image_built(path) is None
    for text in ("2026-11-25T09:30:00Z", "2026-11-25 12:30:00+03:00\n", "2026-11-25t09:30:00.0z"):
        path.write_text(text)
        assert load_image_built(path) == datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [b"", b"soon", b"2026-11-25", b"2026-11-25T09:30:00", b"2026-13-25T09:30:00Z", b"\xff\xfe",
     b"2026-11-25T09:30:00Z and more", b"0001-01-01T00:00:00+14:00", b"2026-11-25T09:30:00Z" * 9],
)  # fmt: skip
def test_image_time_that_is_none_is_refused_by_name(tmp_path: Path, body: bytes) -> None:
    """One line that names the file and says what stands there."""
    path = tmp_path / "image-built"
    path.write_bytes(body)
    with pytest.raises(ConfigError) as caught:
        load_image_built(path)
    assert str(caught.value).startswith(f"Correct or remove {path}: ")
    assert "\n" not in str(caught.value)


def test_image_time_is_looked_for_where_it_is_said(tmp_path: Path) -> None:
    """The environment, else the system's own place; a folder in its place is an error."""
    assert find_image_built({}) == IMAGE_BUILT
    assert find_image_built({"SCANNER_IMAGE_BUILT": "/x"}) == Path("/x")
    with pytest.raises(ConfigError, match="cannot be used"):
        load_image_built(tmp_path)
