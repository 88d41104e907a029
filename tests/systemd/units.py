"""The units as the tests read them."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
TIMERS = sorted(FOLDER.glob("*.timer"))


def lines(unit: str) -> list[tuple[str, str]]:
    """(key, value) of each line of a unit; a key may stand there more than once."""
    pairs = [line.partition("=") for line in (FOLDER / unit).read_text("utf-8").splitlines()]
    return [(key, value) for key, sign, value in pairs if sign and not key.startswith("#")]


def settings(unit: str) -> dict[str, str]:
    """Key and value; values of a key that stands there again are joined by a blank."""
    found: dict[str, str] = {}
    for key, value in lines(unit):
        found[key] = f"{found[key]} {value}" if key in found else value
    return found
