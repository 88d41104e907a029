"""How the setting up of a device is shown, and that it does not depend on being shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.__main__ import USAGE, run
from scanner.assembly.setup_lamps import show_setup
from scanner.config import PinsTable, Settings
from scanner.core.errors import DeviceError
from scanner.core.setup_signal import DONE

MOCK = Settings(pins=PinsTable(factory="mock"))


def test_signal_is_shown_for_as_long_as_it_is_told() -> None:
    """On the pins of the settings; nothing is wrong then."""
    slept = list[float]()
    assert show_setup(MOCK, DONE, 1.5, slept.append) is None
    assert slept == [1.5]


def test_lamps_that_cannot_be_driven_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was set up stands in a file, too."""

    def no_gpio(factory: str) -> None:
        raise DeviceError("There is no GPIO chip.")

    monkeypatch.setattr("hardware.pins.open_gpio", no_gpio)
    assert show_setup(MOCK, DONE, 1.5) == "There is no GPIO chip."


@pytest.mark.parametrize(("text", "code"), [("version = 1\n", 0), ("version = 7\n", USAGE)])
def test_start_goes_on_without_lamps(
    text: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The exit code tells of the file alone, the journal tells of both."""

    def no_gpio(factory: str) -> None:
        raise DeviceError("There is no GPIO chip.")

    monkeypatch.setattr("hardware.pins.open_gpio", no_gpio)
    for name in ("boot", "state"):
        (tmp_path / name).mkdir()
    (tmp_path / "boot/checkpoint.toml").write_text(text)
    folders = [word for name in ("boot", "etc", "network", "modprobe", "state")
               for word in (f"--{name}", str(tmp_path / name))]  # fmt: skip
    assert run(["first-boot", *folders]) == code
    said = capsys.readouterr()
    assert "The lamps show nothing of it: There is no GPIO chip." in said.err
    assert ("E-BOOT-VERSION" in said.err) is (code != 0)
