"""The example settings are settings, and the defaults they show are the defaults."""

from __future__ import annotations

import re
from pathlib import Path

from scanner.config import Settings, load_settings, parse_settings

EXAMPLE = Path(__file__).parents[2] / "systemd" / "checkpoint.toml"


def test_example_settings_are_accepted() -> None:
    """A technician who copies the file starts from something that works."""
    settings = load_settings(EXAMPLE)
    assert settings.standalone
    assert settings.pins == Settings().pins


def test_every_commented_line_is_a_setting_too() -> None:
    """Taking the # away from a shown default is never an error."""
    text = re.sub(r"^# (?=\w+ = )", "", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    settings = parse_settings(text, "example")
    assert settings.camera.fps == Settings().camera.fps
    assert settings.checkpoint.transport == 4
    assert settings.pins.factory == "lgpio"
