"""A city, its doors, and the command line of a device."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from scanner.__main__ import run
from tests.central.test_serve_log import Serving

FLEET_KEY = "AGE-SECRET-KEY-1EXAMPLE\n"


@dataclass
class Shell:
    """Runs commands; exit code, output, errors."""

    folder: Path
    central: Path
    capfd: pytest.CaptureFixture[str]

    def scanner(self, *words: object) -> tuple[int, str, str]:
        code = run([str(word) for word in words])
        return (code, *self.capfd.readouterr())

    def city(self, *words: object) -> str:
        code, out, err = self.scanner("central", "--dir", self.central, *words)
        assert code == 0, err
        return out.strip()

    def card(self, name: str, door: int, *more: object) -> str:
        """The text of a config QR."""
        return self.city(
            "device", "token", name, "--url", "https://localhost:8443", "--enrol-url",
            f"https://localhost:{door}", *more,
        )  # fmt: skip

    def typed(self, name: str, door: int) -> list[str]:
        """The line that the city's screen shows, without its first word."""
        line = self.city("device", "code", name, "--url", "https://localhost:8443",
                         "--enrol-url", f"https://localhost:{door}")  # fmt: skip
        return line.split()[1:]

    def state(self, name: str = "state") -> Path:
        return self.folder / name

    def boot(self, card: str, *more: object) -> tuple[int, str, str]:
        """A boot file with this card, taken as at a start."""
        offer = json.loads(card)
        offer.pop("v")
        lines = [f"{key} = {json.dumps(value)}" for key, value in offer.items()]
        boot = self.folder / "boot"
        boot.mkdir(exist_ok=True)
        (boot / "checkpoint.toml").write_text("\n".join(["version = 1", "[enrol]", *lines, ""]))
        return self.start(*more)

    def start(self, *more: object) -> tuple[int, str, str]:
        folder = self.folder
        return self.scanner(
            "first-boot", "--boot", folder / "boot", "--etc", folder / "etc", "--network",
            folder / "network", "--modprobe", folder / "modprobe", "--state", self.state(),
            "--lamps", "0", *more,
        )  # fmt: skip

    def told(self) -> str:
        return (self.folder / "boot/checkpoint.result.txt").read_text()


def door(server: Serving) -> int:
    """The port where devices come in."""
    (line,) = (line for line in server.said if "lets in devices" in line)
    return int(re.findall(r":(\d+)\b", line)[0])
