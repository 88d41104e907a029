"""A chip whose lines outlive their driver, and a record of what was really lit."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.pins import Wiring
from hardware.simulated import SimulatedClock
from hardware.simulated_gpio import LINES, LampRecorder, Shown, SimulatedChip
from scanner.core.errors import DeviceError
from scanner.core.signal import NO_LAMPS, Lamps
from tests.hardware.bench import NOON

GREEN, RED, BOTH = Lamps(green=True), Lamps(red=True), Lamps(green=True, red=True)


def test_lines_are_seen_by_whoever_maps_the_file(tmp_path: Path) -> None:
    """What one opens and drives, another one reads, also after the first is gone."""
    first, second = SimulatedChip(tmp_path / "chip"), SimulatedChip(tmp_path / "chip")
    lamp = first.open().lamp(17)
    lamp.on()
    assert second.high_lines == [17]
    first.close()
    assert second.high_lines == [17]
    assert (tmp_path / "chip").stat().st_size == LINES


def test_line_left_high_is_driven_low_by_the_next_owner(tmp_path: Path) -> None:
    """Opening a lamp drives its line low, although this process has never seen it high."""
    SimulatedChip(tmp_path / "chip").drive(17, high=True)
    chip = SimulatedChip(tmp_path / "chip")
    assert chip.high_lines == [17]
    lamp = chip.open().lamp(17)
    assert chip.high_lines == []
    lamp.close()


def test_closed_pin_is_an_input_and_lights_nothing(tmp_path: Path) -> None:
    """A clean end leaves no line high."""
    chip = SimulatedChip(tmp_path / "chip")
    gpio = chip.open()
    lamp, piezo = gpio.lamp(17), gpio.piezo(18)
    lamp.on()
    piezo.play(800.0)
    assert chip.high_lines == [17, 18]
    gpio.close()
    assert chip.high_lines == []


def test_broken_line_stays_as_it_is(tmp_path: Path) -> None:
    """It can neither be driven nor released."""
    chip = SimulatedChip(tmp_path / "chip")
    lamp = chip.open().lamp(17)
    lamp.on()
    chip.break_line(17)
    with pytest.raises(OSError, match="line 17 cannot be driven"):
        lamp.off()
    lamp.close()
    assert chip.high_lines == [17]


def test_chip_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    """A folder in the place of the file is a DeviceError."""
    with pytest.raises(DeviceError, match=r"^Name a file that can be written as the chip"):
        SimulatedChip(tmp_path)


def test_recorder_tells_changes_with_their_times(tmp_path: Path) -> None:
    """Changes of one moment are one entry, repeated levels none; a tone is told in Hz."""
    clock = SimulatedClock(NOON)
    recorder = LampRecorder(Wiring(), clock.monotonic_s)
    gpio = SimulatedChip(tmp_path / "chip", recorder.note).open()
    green, red, piezo = gpio.lamp(17), gpio.lamp(27), gpio.piezo(18)
    clock.advance(1.0)
    green.on()
    red.on()
    clock.advance(0.5)
    green.on()
    red.off()
    clock.advance(0.5)
    piezo.play(1200.0)
    clock.advance(0.1)
    piezo.play(600.0)
    clock.advance(0.1)
    piezo.off()
    green.off()
    assert [(round(shown.at_s, 3), shown.lamps, shown.hz) for shown in recorder.history] == [
        (0.0, NO_LAMPS, None),
        (1.0, BOTH, None),
        (1.5, GREEN, None),
        (2.0, GREEN, pytest.approx(1200.0)),
        (2.1, GREEN, pytest.approx(600.0)),
        (2.2, NO_LAMPS, None),
    ]


def test_recorder_knows_amber_and_the_active_buzzer(tmp_path: Path) -> None:
    """An active buzzer that is on counts as 0 Hz; the third lamp is told where it is wired."""
    clock = SimulatedClock(NOON)
    recorder = LampRecorder(Wiring(amber=23), clock.monotonic_s)
    gpio = SimulatedChip(tmp_path / "chip", recorder.note).open()
    amber, buzzer = gpio.lamp(23), gpio.lamp(18)
    clock.advance(1.0)
    amber.on()
    buzzer.on()
    assert recorder.history[-1] == Shown(1.0, Lamps(amber=True), 0.0)
    assert recorder.lamps == Lamps(amber=True)


def test_moment_that_changes_nothing_is_forgotten(tmp_path: Path) -> None:
    """On and off in one moment is not seen, and not told."""
    clock = SimulatedClock(NOON)
    recorder = LampRecorder(Wiring(), clock.monotonic_s)
    green = SimulatedChip(tmp_path / "chip", recorder.note).open().lamp(17)
    clock.advance(1.0)
    green.on()
    green.off()
    assert [shown.lamps for shown in recorder.history] == [NO_LAMPS]
