"""How long it took from the frame to the lamp, on this machine: measured, not simulated."""

from __future__ import annotations

import time

from scanner.core.signal import Signal
from scanner.ports import Indicator


class Stopwatch:
    """An Indicator that passes everything on and looks at its watch."""

    def __init__(self, indicator: Indicator) -> None:
        self._indicator = indicator
        self._begun_s = time.perf_counter()
        self.lamp_s: float | None = None

    def start(self) -> None:
        """The frame is before the camera."""
        self._begun_s, self.lamp_s = time.perf_counter(), None

    @property
    def fault(self) -> str | None:
        return self._indicator.fault

    def show(self, signal: Signal) -> None:
        self._indicator.show(signal)
        if self.lamp_s is None:
            self.lamp_s = time.perf_counter() - self._begun_s

    def confirm(self) -> None:
        self._indicator.confirm()

    def end_view(self) -> None:
        self._indicator.end_view()

    def close(self) -> None:
        self._indicator.close()
