"""The lock of a device: the versions that the tests run with, and no desktop."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def pins(lock: Path) -> set[tuple[str, str, str]]:
    """(package, version, marker)."""
    found = re.findall(r"^([\w-]+)==(\S+)(?: ; (.*?))? \\$", lock.read_text("utf-8"), re.MULTILINE)
    return {(name, version, marker) for name, version, marker in found}


def test_device_runs_what_was_tested() -> None:
    """Each package has the version of the project's lock; OpenCV is its headless twin."""
    device, desk = (
        pins(ROOT / "systemd/device/requirements.lock"),
        pins(ROOT / "requirements.lock"),
    )
    twin = {pin for pin in device if pin[0] == "opencv-python-headless"}
    assert len(device) > 20
    assert {(name.removesuffix("-headless"), *rest) for name, *rest in twin} <= desk
    assert device - twin <= desk


def test_no_tool_of_the_tests_and_only_one_opencv() -> None:
    """What only a desk or a city needs is not carried to a device."""
    names = {name for name, _, _ in pins(ROOT / "systemd/device/requirements.lock")}
    assert not names & {"opencv-python", "pytest", "hypothesis", "mypy", "starlette", "datasette"}
