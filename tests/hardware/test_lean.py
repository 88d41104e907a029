"""gpiozero is imported without what it does not need here, and nothing else is changed by it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hardware.lean import OLDER_NAME, without_metadata


def test_pins_load_no_list_of_packages() -> None:
    """The loop's start does not wait for the readers of e-mail and archives."""
    unwanted = "{'importlib.metadata', 'email', 'zipfile'}"
    program = f"import sys, hardware.pins; print(sorted({unwanted} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert loaded.stdout.split() == [b"[]"]


def test_stand_in_is_gone_afterwards() -> None:
    """Whoever asks for the module of that name gets what is installed, or nothing."""
    with without_metadata():
        points = sys.modules[OLDER_NAME].entry_points
    assert OLDER_NAME not in sys.modules
    assert points(group="no such group") == ()


def test_module_that_is_there_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that has loaded it keeps it."""
    monkeypatch.setitem(sys.modules, OLDER_NAME, sys)
    with without_metadata():
        assert sys.modules[OLDER_NAME] is sys
    assert sys.modules[OLDER_NAME] is sys
