"""`python -m hardware.lamps_off`: every line low, or a line that says which is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.lamps_off import main, switch_off
from hardware.simulated_gpio import SimulatedChip


@pytest.fixture
def chip(tmp_path: Path) -> SimulatedChip:
    """All lines high, as a process that was killed may have left them."""
    chip = SimulatedChip(tmp_path / "chip")
    for line in (17, 18, 22, 23, 27):
        chip.drive(line, high=True)
    return chip


def test_drives_the_named_pins_low(
    chip: SimulatedChip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pins that are named, and no other."""
    arguments = ["--pins", "17,27", "--factory", "simulated", "--chip", str(tmp_path / "chip")]
    assert main(arguments) == 0
    assert chip.high_lines == [18, 22, 23]
    assert capsys.readouterr().out == "lamps_off: low are GPIO17, GPIO27\n"


def test_default_is_every_output(chip: SimulatedChip, tmp_path: Path) -> None:
    """Without --pins: both lamps, the buzzer and the amber lamp; not the trigger."""
    assert main(["--factory", "simulated", "--chip", str(tmp_path / "chip")]) == 0
    assert chip.high_lines == [22]


def test_drives_low_before_it_lets_go(chip: SimulatedChip) -> None:
    """The line is low while it is held: nothing depends on what the kernel does afterwards."""
    driven: list[tuple[int, bool]] = []
    watched = SimulatedChip(chip.path, lambda line, high, _hz: driven.append((line, high)))
    watched.release = lambda line: None  # type: ignore[method-assign]  # a kernel that keeps lines
    assert switch_off(watched.open(), [17]) == {}
    assert driven[0] == (17, False)
    assert chip.high_lines == [18, 22, 23, 27]


def test_one_pin_that_fails_does_not_keep_the_others_on(chip: SimulatedChip) -> None:
    """A busy or broken pin is named; all others are low."""
    chip.break_line(27)
    failed = switch_off(chip.open(), [17, 27, 18, 23])
    assert list(failed) == [27]
    assert "Free GPIO27" in failed[27]
    assert chip.high_lines == [22, 27]


def test_pin_that_fails_is_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 and one line on stderr for a pin that cannot be had."""
    arguments = ["--pins", "17,99", "--factory", "simulated", "--chip", str(tmp_path / "chip")]
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == "lamps_off: low are GPIO17\n"
    assert said.err.startswith("lamps_off: Free GPIO99 or name another pin")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--factory", "simulated"], "Name the simulated chip's file with --chip."),
        (["--factory", "simulated", "--chip", "/proc/no/chip"], "Name a file that can be written"),
    ],
)
def test_chip_that_cannot_be_opened_is_an_exit_code(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 and what to do."""
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith(f"lamps_off: {says}")
