"""The wiring on paper is the wiring in the code."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest

from hardware.pins import Wiring, open_mock
from scanner.config import PinsTable

HARDWARE = Path(__file__).resolve().parents[2] / "hardware"
README = (HARDWARE / "README.md").read_text("utf-8")
SVG = "{http://www.w3.org/2000/svg}"
DRAWING = ET.parse(HARDWARE / "wiring.svg").getroot()
# Where the drawing has its pins, and how far above each its name stands.
LEFT_X, RIGHT_X, FIRST_Y, PIN_DOWN, PIN_LABEL_UP = 440, 520, 90, 62, 28
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
    rows = ROW.findall(README)
    return {wire: (int(gpio), int(pin)) for wire, gpio, pin in rows}


def test_table_names_the_default_pins() -> None:
    """Every wire of the code stands in the table with its number."""
    assert {wire: gpio for wire, (gpio, _) in table().items()} == NUMBERS


def test_settings_begin_with_the_drawn_pins() -> None:
    """Who wires as it is drawn sets nothing; the third lamp alone is named when it is there."""
    pins = PinsTable()
    assert {wire: getattr(pins, wire) for wire in NUMBERS if wire != "amber"} == {
        wire: gpio for wire, gpio in NUMBERS.items() if wire != "amber"
    }
    assert pins.amber is None
    example = (HARDWARE.parent / "systemd" / "checkpoint.toml").read_text("utf-8")
    for wire, gpio in NUMBERS.items():
        assert re.search(rf"^# {wire} = {gpio}\b", example, re.MULTILINE), wire


@pytest.mark.parametrize("wire", sorted(NUMBERS))
def test_header_pins_are_those_of_the_board(wire: str) -> None:
    """gpiozero's own map of the header agrees: a technician counts pins, not GPIO numbers."""
    gpio, pin = table()[wire]
    board = open_mock().factory.board_info  # type: ignore[attr-defined]  # gpiozero's map
    _, info = next(iter(board.find_pin(gpio)))
    assert f"BOARD{pin}" in info.names


def test_figure_shows_the_same_pins() -> None:
    """The drawing is well-formed and its description names each wire's GPIO and header pin."""
    described = DRAWING.findtext(f"{SVG}desc") or ""
    for wire, (gpio, pin) in table().items():
        assert re.search(rf"{wire}[^,]* GPIO{gpio} pin {pin}\b", described), wire


def drawn_pins() -> dict[int, str]:
    """Number of each pin in the drawing → what stands above it."""
    texts = list(DRAWING.iter(f"{SVG}text"))
    at = {(float(each.get("x", 0)), float(each.get("y", 0))): each.text or "" for each in texts}
    return {
        int(text): at[x, y - PIN_LABEL_UP]
        for (x, y), text in at.items()
        if text.isdigit() and (x, y - PIN_LABEL_UP) in at
    }


def test_drawn_header_is_that_of_the_board() -> None:
    """Pins 1 to 16 with the names that gpiozero's map of the header gives them."""
    header = open_mock().factory.board_info.headers["J8"]  # type: ignore[attr-defined]
    real = {number: header.pins[number].name for number in range(1, 17)}
    assert drawn_pins() == real


@pytest.mark.parametrize("wire", sorted(NUMBERS))
def test_wire_begins_at_its_pin(wire: str) -> None:
    """A line of the drawing starts where the table says."""
    gpio, pin = table()[wire]
    assert drawn_pins()[pin] == f"GPIO{gpio}"
    x, y = LEFT_X if pin % 2 else RIGHT_X, FIRST_Y + PIN_DOWN * ((pin - 1) // 2)
    starts = {(each.get("points") or "").split()[0] for each in DRAWING.iter(f"{SVG}polyline")}
    assert f"{x},{y}" in starts


def test_drawn_resistors_are_in_the_parts_list() -> None:
    """As many of each value as the drawing has, the one across a piezo included."""
    rows = re.findall(r"^\| resistor \| (\d+) \| (\d+ k?Ω) \|", README, re.MULTILINE)
    listed: Counter[str] = Counter()
    for count, value in rows:
        listed[value] += int(count)
    drawn = Counter(
        value
        for each in DRAWING.iter(f"{SVG}text")
        for value in re.findall(r"\d+ k?Ω", each.text or "")
    )
    assert listed == drawn


@pytest.mark.parametrize("part", ["DS3231", "BC337", "2N2222", "1N4148"])
def test_drawn_parts_are_in_the_parts_list(part: str) -> None:
    """By the name under which they are bought."""
    assert any(part in (each.text or "") for each in DRAWING.iter(f"{SVG}text"))
    assert re.search(rf"^\| [\w ]+ \| 1 \|.*{part}", README, re.MULTILINE)


def test_boot_line_holds_every_output_low() -> None:
    """config.txt names each pin that a lamp or the buzzer may be wired to, in both READMEs."""
    for text in (README, (HARDWARE.parent / "README.md").read_text("utf-8")):
        lines = re.findall(r"gpio=([\d,]+)=op,dl", text)
        assert lines
        assert all({*map(int, line.split(","))} == set(WIRING.outputs) for line in lines)
