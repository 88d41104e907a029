"""The trigger button: short and long presses, and a button that is stuck.

What a press means is the loop's business. A press is told when it ends: only then is it known to be
short, long, or a stuck button, which must not decide anything about anybody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from hardware.pins import Gpio
from scanner.ports import Press

LONG_S = 1.0
STUCK_S = 10.0


class TriggerButton:
    """A button on a pin. Its pin factory's thread reports the edges, the loop asks for presses."""

    def __init__(self, gpio: Gpio, pin: int, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._presses: list[Press] = []
        self._button = gpio.button(pin)
        # Held while the scanner starts: counts from now, so that a stuck button is found.
        self._pressed_s = monotonic() if self._button.is_active else None
        self._button.when_activated = self._press
        self._button.when_deactivated = self._release

    @property
    def fault(self) -> str | None:
        """A button held for 10 s; None once it is released."""
        pressed_s = self._pressed_s
        if pressed_s is None or self._monotonic() - pressed_s < STUCK_S:
            return None
        return "E-TRIGGER: free the button, it is stuck"

    def presses(self) -> list[Press]:
        """The presses since the last call, in their order; never blocks."""
        with self._lock:
            presses, self._presses = self._presses, []
        return presses

    def close(self) -> None:
        """The pin released."""
        self._button.close()

    def _press(self) -> None:
        self._pressed_s = self._monotonic()

    def _release(self) -> None:
        pressed_s, self._pressed_s = self._pressed_s, None
        if pressed_s is None:
            return
        held_s = self._monotonic() - pressed_s
        if held_s < STUCK_S:
            with self._lock:
                self._presses.append(Press.SHORT if held_s < LONG_S else Press.LONG)
