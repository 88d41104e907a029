"""A process that dies leaves no lamp on: killed at any moment, or ended by an error."""

from __future__ import annotations

import configparser
import os
import random
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hardware import fault_lamp
from hardware.pins import Wiring
from hardware.simulated_gpio import SimulatedChip

ROOT = Path(__file__).resolve().parents[2]
FLICKER = str(Path(__file__).with_name("flicker.py"))
UNIT = ROOT / "systemd" / "scanner.service"
KILLS = 40


def take_simulated(chip: Path, pins: fault_lamp.Pins) -> int:
    """`fault_lamp.take_lines`, on lines that outlive their driver: low while they are held."""
    lines = SimulatedChip(chip)
    for line in pins.lines:
        lines.drive(line, high=False)
    lines.close()
    return os.open(os.devnull, os.O_RDONLY)


def start(chip: Path, how: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, FLICKER, str(chip), how],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def kill_after(chip: Path, signals: int, seed: str) -> None:
    """SIGKILL, wherever the process is after it has shown so many signals."""
    process = start(chip, seed)
    assert process.stdout is not None
    assert len(process.stdout.read(signals)) == signals
    process.kill()
    process.communicate()
    assert process.returncode == -9


def test_killed_at_random_points_and_switched_off_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After SIGKILL lines may stay high; after what the unit runs then none is."""
    monkeypatch.setattr(fault_lamp, "find_header", lambda dev: dev)
    monkeypatch.setattr(fault_lamp, "take_lines", take_simulated)
    chance = random.Random(20260512)
    left_on = 0
    for number in range(KILLS):
        path = tmp_path / f"chip{number}"
        kill_after(path, chance.randint(1, 400), seed=str(number))
        chip = SimulatedChip(path)
        left_on += bool(chip.high_lines)
        assert fault_lamp.darken(fault_lamp.Pins(), path) == 0
        assert chip.high_lines == []
        chip.close()
    assert left_on >= KILLS // 8, "a chip that forgets what was left on proves nothing"


def test_uncaught_error_leaves_nothing_lit(tmp_path: Path) -> None:
    """An error that nobody catches ends the process, and its lamps before it."""
    process = start(tmp_path / "chip", "crash")
    out, err = process.communicate()
    assert process.returncode == 1
    assert out == b"!"
    assert b"nobody catches this" in err
    chip = SimulatedChip(tmp_path / "chip")
    assert chip.high_lines == []
    chip.close()


def test_unit_switches_off_every_output() -> None:
    """The unit ends with a program that drives each line low that may have a lamp or buzzer."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way
    unit.read(UNIT)
    command = shlex.split(unit["Service"]["ExecStopPost"].removeprefix("-"))
    assert Path(command[-2]).name == Path(fault_lamp.__file__).name
    assert command[-1] == "--dark"
    assert set(fault_lamp.Pins().lines) == set(Wiring(amber=23).outputs)
