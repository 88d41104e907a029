"""A process beside the player: whatever happens to the player's, no lamp stays lit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hardware.gpiochip import held_lines
from hardware.indicator import GpioIndicator
from hardware.kept_lamps import BEAT_EVERY_S, LampKeeper
from hardware.lamp_keeper import PATIENCE_S, keep
from hardware.pins import Wiring, open_mock
from hardware.simulated_gpio import SimulatedChip
from scanner.core.errors import DeviceError
from tests.hardware.kept import PROGRAM, open_lines
from tests.hardware.played import poll_until

ROOT = Path(__file__).resolve().parents[2]
GREEN = Wiring().green


class Heard:
    """What comes through the pipe, as a list: b"." a beat, None silence, b"" its end."""

    def __init__(self, *told: bytes | None) -> None:
        self.told = list(told)
        self.patience: list[float | None] = []
        self.done: list[str] = []

    def keep(self) -> list[str]:
        keep(self._is_told, lambda: self.done.append("dark"), self._read)
        return self.done

    def _is_told(self, within_s: float | None) -> bool:
        self.patience.append(within_s)
        if self.told[0] is not None:
            return True
        self.told.pop(0)
        return False

    def _read(self) -> bytes:
        self.done.append("read")
        return self.told.pop(0) or b""


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[SimulatedChip]:
    with closing(SimulatedChip(tmp_path / "chip")) as chip:
        yield chip


@pytest.fixture
def lit(chip: SimulatedChip) -> Iterator[subprocess.Popen[bytes]]:
    """A process that shows green, and would for ever."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/hardware/kept.py"), str(chip.path)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"lit\n"
    assert chip.high_lines == [GREEN]
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_stopped_while_green_is_dark(chip: SimulatedChip, lit: subprocess.Popen[bytes]) -> None:
    """A process that is stopped drives nothing any more; its green goes out all the same."""
    lit.send_signal(signal.SIGSTOP)
    poll_until(lambda: not chip.high_lines)
    assert lit.poll() is None


def test_lamp_comes_back_with_its_player(chip: SimulatedChip, lit: subprocess.Popen[bytes]) -> None:
    """A process that goes on lights what is to be lit by then, though it darkened nothing."""
    lit.send_signal(signal.SIGSTOP)
    poll_until(lambda: not chip.high_lines)
    lit.send_signal(signal.SIGCONT)
    poll_until(lambda: chip.high_lines == [GREEN])


def test_killed_while_green_is_dark(chip: SimulatedChip, lit: subprocess.Popen[bytes]) -> None:
    """Nobody else need drive the lines low after a kill, a crash or an out-of-memory end."""
    lit.kill()
    poll_until(lambda: not chip.high_lines)


def test_keeper_that_is_killed_is_replaced(chip: SimulatedChip, tmp_path: Path) -> None:
    """The player misses it at the next beat; the new one keeps the same lines."""
    lines = open_lines(chip.path, Wiring())
    keeper = LampKeeper(lambda: lines, PROGRAM)
    first = keeper.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    now_s = 0.0
    while keeper.pid == first:
        now_s += BEAT_EVERY_S
        keeper.beat(now_s)
    chip.drive(GREEN, high=True)
    keeper.close()
    assert chip.high_lines == []
    for line in lines:
        os.close(line)


def test_end_of_the_unit_does_not_end_it_first(chip: SimulatedChip) -> None:
    """systemd asks all processes of a unit to end at once; the keeper outlives its player."""
    lines = open_lines(chip.path, Wiring())
    with closing(LampKeeper(lambda: lines, PROGRAM)) as keeper:
        assert keeper.pid is not None
        chip.drive(GREEN, high=True)
        keeper.beat(0.0)
        poll_until(lambda: not chip.high_lines)  # it listens by now: its patience has ended once
        os.kill(keeper.pid, signal.SIGTERM)
        chip.drive(GREEN, high=True)
        keeper.beat(1.0)
        poll_until(lambda: not chip.high_lines)
    for line in lines:
        os.close(line)


def test_beats_keep_it_quiet_and_silence_darkens_once() -> None:
    """While beats come nothing is driven; after one silence it waits for the next beat."""
    heard = Heard(b".", b".", None, b".", b"")
    assert heard.keep() == ["read", "read", "dark", "read", "read", "dark"]
    assert heard.patience == [None, PATIENCE_S, PATIENCE_S, None, PATIENCE_S]


def test_late_player_lights_its_lamps_anew(chip: SimulatedChip) -> None:
    """From the second missed beat on the lamps may be dark, and are driven once more."""
    lines = open_lines(chip.path, Wiring())
    with closing(LampKeeper(lambda: lines, PROGRAM)) as keeper:
        said = [keeper.beat(now_s) for now_s in (0.0, 0.05, 0.1, 0.25, 0.5)]
    assert said == [False, True, True, True, False]
    for line in lines:
        os.close(line)


def test_simulated_pins_have_no_keeper() -> None:
    """They are gone with their process: none is started for them."""
    keeper = LampKeeper(open_mock().lines)
    assert keeper.pid is None
    assert keeper.beat(0.0)
    keeper.close()


def test_scanner_without_a_keeper_does_not_start() -> None:
    """Lamps that could stay lit are not lit at all."""

    def refuse(_lines: object) -> LampKeeper:
        raise PermissionError(1, "Operation not permitted")

    with pytest.raises(DeviceError, match=r"^Let the scanner start a process: .*not permitted"):
        GpioIndicator(open_mock(), Wiring(), lambda: 0.0, in_thread=False, keep=refuse)


def test_lines_are_told_from_other_descriptors(tmp_path: Path) -> None:
    """lgpio keeps its descriptors to itself; the kernel names what each of them is."""
    names = {"3": "anon_inode:gpio-line", "4": "/dev/gpiochip0", "12": "anon_inode:gpio-line",
             "5": "socket:[4711]", "6": "anon_inode:gpio-event"}  # fmt: skip
    for number, name in names.items():
        (tmp_path / number).symlink_to(name)
    assert held_lines(tmp_path) == (3, 12)
