"""The header's GPIO chip is found by its label, and only lgpio opens it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from hardware import gpiochip
from hardware.gpiochip import board_revision, find_chip, holder_of, load_lgpio, open_lgpio
from scanner.core.errors import DeviceError


class BusyError(Exception):
    """Stands for lgpio.error."""


class NumberedFactory(MockFactory):  # type: ignore[misc]  # gpiozero ships no types
    """A factory that opened the chip of a given number."""

    def __init__(self, chip: int) -> None:
        super().__init__(pin_class=MockPWMPin)
        self.chip = chip


def devices(folder: Path, *numbers: int) -> Path:
    for number in numbers:
        (folder / f"gpiochip{number}").touch()
    return folder


@pytest.mark.parametrize(
    ("labels", "number"),
    [
        ({0: "gpio-brcmstb@107d508500", 4: "pinctrl-rp1", 10: "gpio-brcmstb@107d517c00"}, 4),
        ({0: "pinctrl-rp1", 10: "gpio-brcmstb@107d508500", 11: "raspberrypi-exp-gpio"}, 0),
        ({0: "pinctrl-bcm2711", 1: "raspberrypi-exp-gpio"}, 0),
        ({0: "raspberrypi-exp-gpio", 1: "pinctrl-bcm2835"}, 1),
        ({2: "tps65086-gpio", 10: "pinctrl-rp1"}, 10),
    ],
)
def test_header_is_found_by_its_label(tmp_path: Path, labels: dict[int, str], number: int) -> None:
    """Whatever number the kernel gave it, the chip with the header's label is taken."""
    dev = devices(tmp_path, *labels)
    found = find_chip(dev, lambda device: labels[int(device.name.removeprefix("gpiochip"))])
    assert found == number


def test_no_gpiochip_says_what_to_do(tmp_path: Path) -> None:
    """On a laptop: run on a Raspberry Pi, or ask for mock pins."""
    with pytest.raises(DeviceError, match=r"^Run this on a Raspberry Pi, or set .* has no gpioch"):
        find_chip(tmp_path)


def test_no_header_among_the_chips_lists_what_is_there(tmp_path: Path) -> None:
    """Another board's chips are never taken for the header."""
    with pytest.raises(DeviceError, match=r"^Use a Raspberry Pi: .*\(gpio-mockup-A\)"):
        find_chip(devices(tmp_path, 0), lambda _: "gpio-mockup-A")


def test_closed_device_names_the_group(tmp_path: Path) -> None:
    """Without the right to open the chip: add the user to the group gpio."""

    def refuse(device: Path) -> str:
        raise PermissionError(13, "Permission denied", str(device))

    with pytest.raises(DeviceError, match=r"^Add this user to the group gpio .*gpiochip0"):
        find_chip(devices(tmp_path, 0), refuse)


def test_label_of_what_is_no_chip_is_an_error(tmp_path: Path) -> None:
    """A plain file in the place of a chip is not asked twice."""
    with pytest.raises(OSError, match="ioctl"):
        gpiochip.chip_label(devices(tmp_path, 0) / "gpiochip0")


def test_holder_of_what_is_no_chip_is_not_known(tmp_path: Path) -> None:
    """Where the kernel cannot be asked, nobody is named."""
    assert holder_of(devices(tmp_path, 0) / "gpiochip0", 17) is None
    assert holder_of(tmp_path / "gpiochip1", 17) is None


def test_ioctl_structures_have_the_kernels_size() -> None:
    """The size is part of an ioctl's number: 68 and 256 bytes."""
    assert gpiochip.CHIP_INFO.size == (gpiochip.GET_CHIPINFO >> 16) & 0x3FFF
    assert gpiochip.LINE_INFO.size == (gpiochip.GET_LINEINFO >> 16) & 0x3FFF


def test_board_revision_is_read_big_endian(tmp_path: Path) -> None:
    """The device tree's four bytes; no file, no revision."""
    file = tmp_path / "linux,revision"
    assert board_revision(file) is None
    file.write_bytes(bytes.fromhex("00902120"))
    assert board_revision(file) == 0x902120


def test_lgpio_opens_the_chip_that_was_found() -> None:
    """The number that belongs to the label is handed on, and nothing else is tried."""
    gpio = open_lgpio(find=lambda: 10, load=lambda: (NumberedFactory, BusyError))
    assert isinstance(gpio.factory, NumberedFactory)
    assert gpio.factory.chip == 10
    assert BusyError in gpio.errors


def test_busy_line_is_a_device_error() -> None:
    """What lgpio raises for a busy line becomes our own error, once."""

    class Busy(NumberedFactory):
        def pin(self, name: object) -> object:
            raise BusyError(f"GPIO busy: {name}")

    gpio = open_lgpio(find=lambda: 0, load=lambda: (Busy, BusyError))
    with pytest.raises(DeviceError, match=r"^Free GPIO17 or name another pin .*GPIO busy"):
        gpio.lamp(17)


def test_chip_that_cannot_be_opened_is_a_device_error() -> None:
    """No fall-back to another library when the chip refuses."""

    def refuse(number: int) -> NumberedFactory:
        raise BusyError(f"can not open gpiochip {number}")

    with pytest.raises(DeviceError, match=r"^Check that /dev/gpiochip4 can be opened"):
        open_lgpio(find=lambda: 4, load=lambda: (refuse, BusyError))


def test_old_gpiozero_that_picks_its_own_chip_is_refused() -> None:
    """A factory on another chip than the header's would light somebody else's lines."""

    def pick(_number: int) -> NumberedFactory:
        return NumberedFactory(4)

    with pytest.raises(DeviceError, match=r"^Update gpiozero: it opened /dev/gpiochip4"):
        open_lgpio(find=lambda: 0, load=lambda: (pick, BusyError))


@pytest.fixture
def lgpio_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where an lgpio module is found before any other; forgotten afterwards."""
    kept = {name: sys.modules.pop(name, None) for name in ("lgpio", "gpiozero.pins.lgpio")}
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "lgpio.py"
    for name, module in kept.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


def test_empty_package_of_that_name_is_not_lgpio(lgpio_source: Path) -> None:
    """An index holds a package "lgpio" without content; it is as good as none."""
    lgpio_source.write_text("")
    with pytest.raises(DeviceError, match=r"^Install lgpio: "):
        load_lgpio()


def test_folder_that_cannot_be_written_is_named(lgpio_source: Path) -> None:
    """lgpio makes a pipe where it is imported; the error says what it needs."""
    lgpio_source.write_text("open('/no/such/folder/.lgd-nfy-3')")
    with pytest.raises(DeviceError, match=r"^Let this write to a temporary folder"):
        load_lgpio()


def test_pipe_of_lgpio_is_in_nobodys_way(
    lgpio_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made in a folder of its own, which goes; whoever called stays where they were."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    lgpio_source.write_text(
        "import os\n"
        "open('.lgd-nfy0', 'w').close()\n"
        "made_in = os.getcwd()\n"
        "error = type('error', (Exception,), {})\n"
        "SET_PULL_NONE = BOTH_EDGES = RISING_EDGE = FALLING_EDGE = 0\n"
    )
    load_lgpio()
    made_in = Path(sys.modules["lgpio"].made_in)
    assert Path.cwd() == here
    assert list(here.iterdir()) == []
    assert made_in != here
    assert not made_in.exists()


def test_folder_that_cannot_be_gone_back_to_is_left(
    lgpio_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who calls as root from his own folder goes on as the scanner's user."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    lgpio_source.write_text(f"import os\nos.rmdir({str(gone)!r})\n")
    with pytest.raises(DeviceError, match=r"^Install lgpio"):
        load_lgpio()
    assert Path.cwd() == Path("/")


def test_revision_is_read_where_a_sandboxed_unit_sees_it(
    lgpio_source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gpiozero looks in /proc, which ProcSubset=pid hides; the factory looks in /sys first."""
    lgpio_source.write_text(
        "error = type('error', (Exception,), {})\n"
        "SET_PULL_NONE = BOTH_EDGES = RISING_EDGE = FALLING_EDGE = 0\n"
        "gpiochip_open = lambda chip: 70 + chip\n"
        "gpiochip_close = lambda handle: None\n"
    )
    monkeypatch.setattr(gpiochip, "board_revision", lambda: 0xC04170)  # a Raspberry Pi 5
    gpio = open_lgpio(find=lambda: 0)
    board = gpio.factory.board_info  # type: ignore[attr-defined]
    assert board.model == "5B"
    gpio.close()


@pytest.mark.skipif(importlib.util.find_spec("lgpio") is not None, reason="lgpio is installed")
def test_missing_lgpio_says_how_to_install_it() -> None:
    """Without lgpio there is no other way to the pins, only the line to type."""
    with pytest.raises(DeviceError, match=r"^Install lgpio: `sudo apt install python3-lgpio`"):
        open_lgpio(find=lambda: 0)
