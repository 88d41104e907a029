"""On every board the right pins, or a fault with its reason: never somebody else's lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from hardware import gpiochip
from hardware.fault_lamp import find_header
from hardware.gpiochip import find_chip, open_lgpio
from hardware.pins import Wiring
from scanner.core.errors import DeviceError
from tests.hardware.boards import BOARDS, PI_5, RecordingLgpio, answer, make_dev

RP1 = "pinctrl-rp1"


@pytest.fixture
def lgpio(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordingLgpio]:
    """Found where `import lgpio` looks first; gpiozero's own factory is the real one."""
    module = RecordingLgpio()
    monkeypatch.setattr("fcntl.ioctl", answer)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    monkeypatch.setitem(sys.modules, "lgpio", module)
    yield module
    sys.modules.pop("gpiozero.pins.lgpio", None)


@pytest.mark.parametrize("board", BOARDS)
def test_lamps_of_every_board_are_on_its_header(
    board: str, tmp_path: Path, lgpio: RecordingLgpio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever number the kernel gave it: one chip is opened, and each wire is the line of it."""
    revision, labels, header = BOARDS[board]
    monkeypatch.setattr(gpiochip, "board_revision", lambda: revision)
    gpio = open_lgpio(find=partial(find_chip, make_dev(tmp_path / "dev", labels)))
    wiring = Wiring(amber=23)
    for pin in wiring.outputs:
        gpio.lamp(pin).on()
    assert lgpio.opened == [header]
    assert lgpio.claimed == {(100 + header, pin) for pin in wiring.outputs}
    assert [each for each in lgpio.written if each[2]] == [
        (100 + header, pin, True) for pin in wiring.outputs
    ]
    gpio.close()


@pytest.mark.usefixtures("lgpio")
@pytest.mark.parametrize("board", BOARDS)
def test_fault_pattern_is_on_the_same_header(board: str, tmp_path: Path) -> None:
    """The program that needs no library looks for the chip by itself."""
    _, labels, header = BOARDS[board]
    assert find_header(make_dev(tmp_path / "dev", labels)).name == f"gpiochip{header}"


def test_chip_is_looked_for_at_each_start(
    tmp_path: Path, lgpio: RecordingLgpio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an update of the kernel the same card has it under another number."""
    monkeypatch.setattr(gpiochip, "board_revision", lambda: PI_5)
    dev = make_dev(tmp_path / "dev", {4: RP1})
    open_lgpio(find=partial(find_chip, dev)).close()
    (dev / "gpiochip4").rename(dev / "gpiochip0")
    open_lgpio(find=partial(find_chip, dev)).close()
    assert lgpio.opened == [4, 0]


@pytest.mark.usefixtures("lgpio")
def test_link_to_the_header_is_not_a_second_one(tmp_path: Path) -> None:
    """Some systems keep gpiochip4 as another name of a Raspberry Pi 5's header."""
    dev = make_dev(tmp_path / "dev", {0: RP1, 10: "gpio-brcmstb@107d508500"})
    (dev / "gpiochip4").symlink_to("gpiochip0")
    assert find_chip(dev) == 0


@pytest.mark.usefixtures("lgpio")
def test_two_headers_are_a_fault(tmp_path: Path) -> None:
    """Nobody can tell which of them the lamps are on."""
    dev = make_dev(tmp_path / "dev", {0: "pinctrl-bcm2711", 1: RP1})
    with pytest.raises(DeviceError, match=r"^Remove one of .*gpiochip0 and gpiochip1 both"):
        find_chip(dev)


@pytest.mark.usefixtures("lgpio")
def test_missing_chip_names_what_is_there(tmp_path: Path) -> None:
    """An expander is never taken for the header, nor a label that only begins like it."""
    dev = make_dev(tmp_path / "dev", {0: "mcp23017", 1: "pinctrl-bcm2835-aux"})
    with pytest.raises(DeviceError, match=r"none of .*\(mcp23017, pinctrl-bcm2835-aux\)"):
        find_chip(dev)
    with pytest.raises(DeviceError, match="has no gpiochip"):
        find_chip(make_dev(tmp_path / "empty", {}))


def labels_of(closed: str, gone: str, device: Path) -> str:
    """One chip is closed to this user, one has just been unplugged."""
    if device.name == closed:
        raise PermissionError(13, "Permission denied", str(device))
    if device.name == gone:
        raise OSError(19, "No such device", str(device))
    return device.read_text()


def test_closed_and_vanished_decoys_hide_no_header(tmp_path: Path) -> None:
    """Only what is wrong with the header itself is a fault."""
    dev = make_dev(tmp_path / "dev", {0: "mcp23017", 1: "usb-gpio", 2: "pinctrl-bcm2711"})
    assert find_chip(dev, partial(labels_of, "gpiochip0", "gpiochip1")) == 2
    with pytest.raises(DeviceError, match=r"^Add this user to the group gpio .*gpiochip2"):
        find_chip(dev, partial(labels_of, "gpiochip2", "gpiochip1"))
    with pytest.raises(DeviceError, match="No such device"):
        find_chip(dev, partial(labels_of, "", "gpiochip2"))


def test_board_without_a_revision_is_named_as_that(
    tmp_path: Path, lgpio: RecordingLgpio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as a pin that somebody else holds."""
    monkeypatch.setattr(gpiochip, "board_revision", lambda: None)
    monkeypatch.setattr("gpiozero.pins.local.get_pi_revision", _unknown)
    dev = make_dev(tmp_path / "dev", {0: "pinctrl-bcm2711"})
    with pytest.raises(DeviceError, match=r"^Check that /dev/gpiochip0 can be opened: .*revision"):
        open_lgpio(find=partial(find_chip, dev))
    assert lgpio.claimed == set()


def _unknown() -> int:
    from gpiozero.exc import PinUnknownPi

    raise PinUnknownPi("unable to locate Pi revision")
