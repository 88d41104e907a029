"""Lamp by lamp, the buzzer and the button, for whoever has just soldered them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from scanner.assembly.device import wiring_of
from scanner.config import Settings

if TYPE_CHECKING:
    from hardware.pins import Gpio, Wiring

LIT_S, SOUND_S, HZ = 1.5, 0.6, 1000.0
LOOK_EVERY_S = 0.005


class WiredParts:
    """What is wired, by the names of the settings; each method drives one of them, then none."""

    def __init__(
        self,
        gpio: Gpio,
        wiring: Wiring,
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._gpio, self._wiring = gpio, wiring
        self._sleep, self._monotonic = sleep, monotonic

    @property
    def lamps(self) -> dict[str, int]:
        """Name → GPIO, in the order in which they are to be lit."""
        amber = {} if self._wiring.amber is None else {"amber": self._wiring.amber}
        return {"green": self._wiring.green, "red": self._wiring.red, **amber}

    @property
    def trigger(self) -> int | None:
        return self._wiring.trigger

    @property
    def buzzer(self) -> int:
        return self._wiring.buzzer

    def light(self, name: str) -> None:
        """This lamp alone, for LIT_S. Raises DeviceError."""
        with closing(self._gpio.lamp(self.lamps[name])) as lamp:
            lamp.on()
            self._sleep(LIT_S)
            lamp.off()

    def sound(self) -> None:
        """One tone of SOUND_S, as the settings say what is wired. Raises DeviceError."""
        from hardware.pins import Sounder

        if self._wiring.sounder is Sounder.PIEZO:
            with closing(self._gpio.piezo(self.buzzer)) as piezo:
                piezo.play(HZ)
                self._sleep(SOUND_S)
                piezo.off()
            return
        with closing(self._gpio.lamp(self.buzzer)) as buzzer:
            buzzer.on()
            self._sleep(SOUND_S)
            buzzer.off()

    def is_pressed(self) -> bool:
        """Now. Raises DeviceError."""
        if self.trigger is None:
            return False
        with closing(self._gpio.button(self.trigger)) as button:
            return button.is_active

    def await_press(self, limit_s: float) -> float | None:
        """How long the first press within so many seconds was held; None: no press, or no end."""
        if self.trigger is None:
            return None
        edges: list[tuple[bool, float]] = []
        until_s = self._monotonic() + limit_s
        with closing(self._gpio.button(self.trigger)) as button:
            button.when_activated = lambda: edges.append((True, self._monotonic()))
            button.when_deactivated = lambda: edges.append((False, self._monotonic()))
            while self._monotonic() < until_s and not (edges and not edges[-1][0]):
                self._sleep(LOOK_EVERY_S)
        if len(edges) < 2:
            return None
        return edges[-1][1] - edges[0][1]


@contextmanager
def wired_parts(settings: Settings) -> Iterator[WiredParts]:
    """The pins of the settings, dark before and after. Raises DeviceError."""
    from hardware.pins import open_gpio

    gpio = open_gpio(settings.pins.factory)
    with closing(gpio):
        yield WiredParts(gpio, wiring_of(settings), time.sleep, time.monotonic)
