"""The wiring on paper is the wiring in the code."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from hardware.pins import Wiring, open_mock

HARDWARE = Path(__file__).resolve().parents[2] / "hardware"
WIRING = Wiring(amber=23)
ROW = re.compile(r"^\| (\w+) \| (\d+) \| (\d+) \|", re.MULTILINE)
NUMBERS = {
    "green": WIRING.green,
    "red": WIRING.red,
    "buzzer": WIRING.buzzer,
    "trigger": WIRING.trigger,
    "amber": WIRING.amber,
}


def table() -> dict[str, tuple[int, int]]:
    """wire → (GPIO, header pin), as the README's table says."""
    rows = ROW.findall((HARDWARE / "README.md").read_text())
    return {wire: (int(gpio), int(pin)) for wire, gpio, pin in rows}


def test_table_names_the_default_pins() -> None:
    """Every wire of the code stands in the table with its number."""
    assert {wire: gpio for wire, (gpio, _) in table().items()} == NUMBERS


@pytest.mark.parametrize("wire", sorted(NUMBERS))
def test_header_pins_are_those_of_the_board(wire: str) -> None:
    """gpiozero's own map of the header agrees: a technician counts pins, not GPIO numbers."""
    gpio, pin = table()[wire]
    board = open_mock().factory.board_info  # type: ignore[attr-defined]  # gpiozero's map
    _, info = next(iter(board.find_pin(gpio)))
    assert f"BOARD{pin}" in info.names


def test_figure_shows_the_same_pins() -> None:
    """The drawing is well-formed and its description names each wire's GPIO and header pin."""
    namespace = "{http://www.w3.org/2000/svg}"
    described = ET.parse(HARDWARE / "wiring.svg").getroot().findtext(f"{namespace}desc") or ""
    for wire, (gpio, pin) in table().items():
        assert re.search(rf"{wire}[^,]* GPIO{gpio} pin {pin}\b", described), wire


def test_boot_line_holds_every_output_low() -> None:
    """config.txt names each pin that a lamp or the buzzer may be wired to."""
    line = re.search(r"gpio=([\d,]+)=op,dl", (HARDWARE / "README.md").read_text())
    assert line is not None
    assert {int(pin) for pin in line[1].split(",")} == set(WIRING.outputs)
