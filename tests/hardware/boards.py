"""The GPIO chips of real boards in a folder, and an lgpio that writes down what it is told.

A chip is a file that holds its label; the ioctl that asks for it is answered from there, in the
kernel's own structure.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from hardware import gpiochip

ZERO_2W = 0x902120
PI_4 = 0xB03114
PI_5 = 0xC04170

# Board → its revision, the label of each chip by number, and which of them is the header.
BOARDS: Mapping[str, tuple[int, Mapping[int, str], int]] = {
    "Zero 2 W": (ZERO_2W, {0: "pinctrl-bcm2835", 1: "brcmvirt-gpio"}, 0),
    "3": (0xA02082, {0: "pinctrl-bcm2835", 1: "raspberrypi-exp-gpio", 2: "brcmvirt-gpio"}, 0),
    "4": (PI_4, {0: "pinctrl-bcm2711", 1: "raspberrypi-exp-gpio"}, 0),
    "5 as chip 4": (
        PI_5,
        {
            0: "gpio-brcmstb@107d508500",
            1: "gpio-brcmstb@107d508520",
            2: "gpio-brcmstb@107d517c00",
            3: "gpio-brcmstb@107d517c20",
            4: "pinctrl-rp1",
        },
        4,
    ),
    "5 as chip 0": (
        PI_5,
        {0: "pinctrl-rp1", 10: "gpio-brcmstb@107d508500", 11: "gpio-brcmstb@107d508520"},
        0,
    ),
    "5 as chip 15": (
        PI_5,
        {
            9: "pinctrl-sx150x",
            10: "gpio-brcmstb@107d508500",
            11: "gpio-brcmstb@107d508520",
            15: "pinctrl-rp1",
        },
        15,
    ),
    "decoys first": (
        PI_4,
        {0: "mcp23017", 1: "brcmvirt-gpio", 2: "raspberrypi-exp-gpio", 3: "pinctrl-bcm2711"},
        3,
    ),
}


def make_dev(folder: Path, labels: Mapping[int, str]) -> Path:
    """A /dev with these chips, and with what lies beside chips in a real one."""
    folder.mkdir()
    for number, label in labels.items():
        (folder / f"gpiochip{number}").write_text(label)
    (folder / "gpiomem").write_text("")
    (folder / "gpiochip").mkdir()
    return folder


def answer(descriptor: Any, request: int, argument: bytes) -> bytes:
    """fcntl.ioctl for such a file."""
    if request != gpiochip.GET_CHIPINFO or len(argument) != gpiochip.CHIP_INFO.size:
        raise OSError(25, os.strerror(25))
    label = os.pread(descriptor.fileno(), 32, 0)
    return gpiochip.CHIP_INFO.pack(b"gpiochip", label, 54)


class RecordingLgpio(ModuleType):
    """`opened`: numbers of chips; `claimed`, `written`: (handle, line) and (handle, line, level).

    The handle of chip N is 100 + N.
    """

    SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64
    RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3

    class error(Exception):  # noqa: N801, N818 - lgpio's own name
        """What lgpio raises."""

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.opened: list[int] = []
        self.claimed: set[tuple[int, int]] = set()
        self.written: list[tuple[int, int, bool]] = []
        self._outputs: set[int] = set()

    def gpiochip_open(self, number: int) -> int:
        self.opened.append(number)
        return 100 + number

    def gpiochip_close(self, handle: int) -> None: ...

    def gpio_claim_input(self, handle: int, line: int, _flags: int = 0) -> None:
        self.claimed.add((handle, line))
        self._outputs.discard(line)

    def gpio_claim_output(self, handle: int, line: int) -> None:
        self.claimed.add((handle, line))
        self._outputs.add(line)

    def gpio_get_mode(self, _handle: int, line: int) -> int:
        return 2 if line in self._outputs else 0

    def gpio_read(self, _handle: int, line: int) -> int:
        return 0

    def gpio_write(self, handle: int, line: int, level: bool) -> None:
        self.written.append((handle, line, level))
