"""A simulated board: a clock that is told the time, a chip in a file, a record of what was lit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hardware.indicator import GpioIndicator
from hardware.pins import Wiring
from hardware.simulated import SimulatedClock, pass_time
from hardware.simulated_gpio import LampRecorder, SimulatedChip

NOON = datetime(2026, 5, 12, 12, 0, tzinfo=UTC)
# Only ends a test that would otherwise hang for ever.
PATIENCE_S = 60.0


@dataclass
class Bench:
    """Everything that a test of lamps needs, joined."""

    path: Path
    wiring: Wiring
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(NOON, monotonic_s=1000.0))

    def __post_init__(self) -> None:
        self.changed = threading.Condition()
        self.recorder = LampRecorder(self.wiring, self.clock.monotonic_s)
        self.chip = SimulatedChip(self.path, self._note)

    def _note(self, line: int, high: bool, hz: float | None) -> None:
        with self.changed:
            self.recorder.note(line, high, hz)
            self.changed.notify_all()

    def indicator(self, *, in_thread: bool = False) -> GpioIndicator:
        return GpioIndicator(
            self.chip.open(), self.wiring, self.clock.monotonic_s, in_thread=in_thread
        )

    def run(self, seconds: float, indicator: GpioIndicator) -> None:
        """Simulated time goes by, the indicator stepping along."""
        pass_time(self.clock, seconds, indicator.step)

    def wait_until(self, holds: Callable[[], bool]) -> bool:
        """Until another thread has made it so."""
        with self.changed:
            return self.changed.wait_for(holds, PATIENCE_S)

    def is_high(self, line: int) -> bool:
        return line in self.chip.high_lines


MakeBench = Callable[..., Bench]
