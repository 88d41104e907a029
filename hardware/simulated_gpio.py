"""A GPIO chip whose lines outlive the process that drives them, and a record of what was lit.

A line keeps its level when its owner is killed, as it does under the Raspberry Pi's kernel. So the
lines live in a file that is mapped into memory: what a killed process has left high stays high,
until another process drives it low.
"""

from __future__ import annotations

import errno
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gpiozero.pins.mock import MockFactory, MockPWMPin

from hardware.pins import MOCK_REVISION, Gpio, Wiring
from scanner.core.errors import DeviceError
from scanner.core.signal import NO_LAMPS, Lamps

LINES = 64
_LOW, _HIGH = 0, 1

# (line, whether it is driven high, the tone's Hz or None)
OnChange = Callable[[int, bool, float | None], None]


class SimulatedChip:
    """The lines of one chip in a file of 64 bytes, a byte a line; made when it is not there."""

    def __init__(self, path: Path, on_change: OnChange | None = None) -> None:
        try:
            with path.open("r+b" if path.exists() else "w+b") as file:
                if path.stat().st_size < LINES:
                    file.truncate(LINES)
                self._lines = mmap.mmap(file.fileno(), LINES)
        except (OSError, ValueError) as error:
            raise DeviceError(f"Name a file that can be written as the chip: {error}.") from error
        self.path = path
        self._on_change = on_change
        self._broken: set[int] = set()

    @property
    def high_lines(self) -> list[int]:
        """Every line that is high now, whoever drove it there."""
        return [number for number, level in enumerate(self._lines[:]) if level != _LOW]

    def drive(self, line: int, *, high: bool, hz: float | None = None) -> None:
        """What a pin does to its line; OSError when the line is broken."""
        if line in self._broken:
            raise OSError(errno.EIO, f"line {line} cannot be driven")
        self._set(line, high, hz)

    def release(self, line: int) -> None:
        """The line is driven no more, hence low; a broken one stays as it is."""
        if line not in self._broken:
            self._set(line, False, None)

    def _set(self, line: int, high: bool, hz: float | None) -> None:
        if self._lines.closed:
            return
        self._lines[line] = _HIGH if high else _LOW
        if self._on_change is not None:
            self._on_change(line, high, hz)

    def break_line(self, line: int) -> None:
        """From now on nothing drives this line: it stays as it is."""
        self._broken.add(line)

    def open(self) -> Gpio:
        """gpiozero pins on these lines."""
        return Gpio(_ChipFactory(self))

    def close(self) -> None:
        """Unmaps the file; the lines stay as they are, whatever its pins do later."""
        self._lines.close()


class _LinePin(MockPWMPin):  # type: ignore[misc]  # gpiozero ships no types
    """A mock pin that drives a line: high for any duty above zero, not driven as an input."""

    def _set_function(self, value: str) -> None:
        super()._set_function(value)
        if value == "input":
            self.factory.chip.release(self._line)

    def _set_state(self, value: float) -> None:
        super()._set_state(value)
        # Not left to `_change_state`, which is silent when this process sees no change: the line
        # may still be high from a process before.
        self._drive(value)

    def _set_frequency(self, value: float | None) -> None:
        super()._set_frequency(value)
        if value is None:
            self.factory.chip.release(self._line)
        else:
            self._drive(self._state)

    def _drive(self, value: float) -> None:
        hz = self._frequency if value else None
        self.factory.chip.drive(self._line, high=bool(value), hz=hz)

    @property
    def _line(self) -> int:
        """17 of a pin named GPIO17."""
        return int(self.info.name.removeprefix("GPIO"))


class _ChipFactory(MockFactory):  # type: ignore[misc]  # gpiozero ships no types
    def __init__(self, chip: SimulatedChip) -> None:
        super().__init__(revision=MOCK_REVISION, pin_class=_LinePin)
        self.chip = chip


@dataclass(frozen=True, slots=True)
class Shown:
    """From `at_s` (monotonic seconds) on, these lamps and this sound.

    hz: of the piezo; an active buzzer that is on counts as 0 Hz; None is silence.
    """

    at_s: float
    lamps: Lamps
    hz: float | None


class LampRecorder:
    """Writes down what the pins did, not what was asked of them."""

    def __init__(self, wiring: Wiring, monotonic: Callable[[], float]) -> None:
        self._wiring, self._monotonic = wiring, monotonic
        self._levels: dict[int, bool] = {}
        self._hz: float | None = None
        self.history: list[Shown] = [Shown(monotonic(), NO_LAMPS, None)]

    @property
    def lamps(self) -> Lamps:
        """What is lit now."""
        levels, amber = self._levels, self._wiring.amber
        return Lamps(
            green=levels.get(self._wiring.green, False),
            red=levels.get(self._wiring.red, False),
            amber=amber is not None and levels.get(amber, False),
        )

    def note(self, line: int, high: bool, hz: float | None) -> None:
        """The chip's `on_change`. Changes at one moment are one entry; no change is none."""
        self._levels[line] = high
        if line == self._wiring.buzzer:
            self._hz = (hz or 0.0) if high else None
        entry = Shown(self._monotonic(), self.lamps, self._hz)
        if self.history[-1].at_s == entry.at_s:
            self.history.pop()
        before = self.history[-1] if self.history else None
        if before is None or (before.lamps, before.hz) != (entry.lamps, entry.hz):
            self.history.append(entry)
