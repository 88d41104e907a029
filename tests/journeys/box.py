"""A city, a table of devices, a stick, and boards with serial numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from scanner.__main__ import run

TABLE = """name,serial,zone,wifi_ssid,wifi_password,wifi_country
north-1,10000000abcdef01,7,Gate,secret123,DE
north-2,10000000abcdef02,8,Gate,secret123,DE
"""


@dataclass
class Box:
    """A city, a table of devices, a stick, and boards with serial numbers."""

    folder: Path
    capfd: pytest.CaptureFixture[str]

    @property
    def table(self) -> Path:
        return self.folder / "devices.csv"

    @property
    def stick(self) -> Path:
        return self.folder / "stick"

    def fleet(self, *words: object) -> tuple[int, str, str]:
        central = ["--dir", str(self.folder / "central")]
        code = run(["fleet", *(str(word) for word in words), *central])
        return (code, *self.capfd.readouterr())

    def lay_out(self) -> None:
        code, _, err = self.fleet("stick", self.stick, "--devices", self.table)
        assert (code, err) == (0, "")

    def sign(self) -> str:
        code, out, err = self.fleet("sign", self.stick, "--url", "https://r.example:8443")
        assert (code, err) == (0, "")
        return out.strip()

    def sheet(self) -> list[str]:
        code, out, _ = self.fleet("sheet", self.stick, "--html", self.folder / "sheet.html")
        assert code == 0
        return out.splitlines()

    def plug(self, number: int) -> tuple[int, str]:
        """The stick into board NUMBER; exit code, and what its journal says."""
        board = self.board(number)
        board.mkdir(exist_ok=True)
        (board / "serial").write_bytes(b"10000000abcdef%02d\0" % number)
        code = run([
            "fleet", "plug", str(self.stick), "--serial-file", str(board / "serial"), "--etc",
            str(board / "etc"), "--network", str(board / "network"), "--modprobe",
            str(board / "modprobe"), "--state", str(self.state(number)), "--lamps", "0",
        ])  # fmt: skip
        return code, "".join(self.capfd.readouterr())

    def board(self, number: int) -> Path:
        return self.folder / f"board-{number}"

    def state(self, number: int) -> Path:
        return self.board(number) / "state"
