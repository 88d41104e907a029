"""The steps of the units that set a device up: read by one, placed by root, shown by the first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from scanner.__main__ import run
from scanner.boot import placing
from scanner.boot.partition import RESULT
from scanner.boot.reasons import FILE
from scanner.boot.taking import Places
from scanner.core.stick import FOLDERS, MARK, mark

WRONG, STORE = 64, 74
SERIAL = "10000000abcdef01"
ALONE = "version = 1\nstandalone = true\n"


@dataclass
class Device:
    """Its folders, a boot partition and a stick; `words` are of the command line."""

    folder: Path
    capfd: pytest.CaptureFixture[str]

    @property
    def order(self) -> Path:
        return self.folder / "unit/order"

    @property
    def places(self) -> Places:
        return Places(*(self.folder / name for name in ("etc", "network", "modprobe", "state")))

    def step(self, *words: str) -> tuple[int, str]:
        """Exit code, and all that was said."""
        places = self.places
        code = run([
            *words, "--etc", str(places.etc), "--network", str(places.network), "--modprobe",
            str(places.modprobe), "--state", str(places.state), "--lamps", "0", "--order",
            str(self.order),
        ])  # fmt: skip
        return code, "".join(self.capfd.readouterr())

    def first_boot(self, step: str) -> tuple[int, str]:
        return self.step("first-boot", "--boot", str(self.folder / "boot"), "--step", step)

    def plug(self, step: str) -> tuple[int, str]:
        stick, serial = self.folder / "stick", self.folder / "serial"
        words = ("fleet", "plug", str(stick), "--serial-file", str(serial))
        return self.step(*words, "--step", step)


@pytest.fixture
def device(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Device:
    """On which nothing was done yet; its board has a place on the stick."""
    for name in ("state", "unit", "boot", "stick"):
        (tmp_path / name).mkdir()
    (tmp_path / "boot" / FILE).write_text(ALONE)
    for name in FOLDERS:
        (tmp_path / "stick" / name).mkdir()
    (tmp_path / "stick" / MARK).write_bytes(mark())
    (tmp_path / "stick/devices" / f"{SERIAL}.toml").write_text(ALONE)
    (tmp_path / "serial").write_text(f"{SERIAL}\0")
    return Device(tmp_path, capfd)


def place(device: Device, *words: str) -> None:
    assert placing.main(words, device.order, device.places) == placing.DONE


def test_boot_file_is_taken_in_three_steps(device: Device) -> None:
    """Nobody but root's step touches settings and partition; the last one says how it went."""
    assert device.first_boot("take") == (0, "")
    assert not device.places.etc.exists()
    place(device, "--boot", str(device.folder / "boot"))
    code, said = device.first_boot("show")
    assert (code, said.startswith("OK The settings are taken")) == (0, True)
    assert (device.places.etc / FILE).exists()


def test_mistake_ends_the_unit_with_its_line(device: Device) -> None:
    """The unit has failed when all was told and shown, not before."""
    (device.folder / "boot" / FILE).write_text("version = 1\ncolour = 1\n")
    assert device.first_boot("take") == (0, "")
    place(device, "--boot", str(device.folder / "boot"))
    code, said = device.first_boot("show")
    assert (code, said.startswith("E-BOOT-KEY line 2")) == (WRONG, True)
    assert (device.folder / "boot" / RESULT).read_text() == said


def test_nothing_is_shown_of_what_was_not_placed(device: Device) -> None:
    """Root's step did not run: neither done nor a mistake of the file."""
    device.first_boot("take")
    code, said = device.first_boot("show")
    assert (code, "root has not placed" in said) == (STORE, True)


def test_stick_is_taken_in_three_steps(device: Device) -> None:
    """Its request is written by the first, its settings by root."""
    assert device.plug("take") == (0, "")
    assert (device.folder / "stick/requests" / f"{SERIAL}.json").exists()
    assert not device.places.etc.exists()
    place(device)
    code, said = device.plug("show")
    assert (code, said.startswith(f"{SERIAL}: settings taken")) == (0, True)


def test_settings_that_were_not_placed_are_a_reason_on_the_stick(device: Device) -> None:
    """The sheet of the city says so, though the request is there."""
    device.plug("take")
    (device.places.etc / f"{FILE}.new").mkdir(parents=True)  # in the way
    place(device)
    code, said = device.plug("show")
    reason = (device.folder / "stick/reasons" / f"{SERIAL}.txt").read_text()
    assert (code, said.startswith("E-BOOT-WRITE"), reason.startswith("E-BOOT-WRITE")) == (
        WRONG, True, True,
    )  # fmt: skip


def test_board_that_is_not_on_the_stick_fails_in_the_end(device: Device) -> None:
    """Its unit's failure is what makes red blink."""
    (device.folder / "stick/devices" / f"{SERIAL}.toml").unlink()
    assert device.plug("take") == (0, "")
    place(device)
    code, said = device.plug("show")
    assert (code, "Add this board" in said) == (WRONG, True)


@pytest.mark.parametrize("blinks", [1, 2, 7])
def test_lamps_of_a_visit_are_shown_by_number(blinks: int, device: Device) -> None:
    """On the pins that the settings name; where nothing can be shown, that is said."""
    device.places.etc.mkdir()
    words = ("fleet", "lamps", str(blinks), "--etc", str(device.places.etc), "--lamps")
    assert run([*words, "0"]) == 0
    (device.places.etc / FILE).write_text('[pins]\nfactory = "mock"\n')
    assert run([*words, "0.01"]) == 0
    assert device.capfd.readouterr().err == ""
