"""Shows on lamps and buzzer how the setting up of a device goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

from scanner.assembly.device import wiring_of
from scanner.config import Settings
from scanner.core.errors import DeviceError
from scanner.core.signal import Signal


def show_setup(
    settings: Settings,
    signal: Signal,
    for_s: float,
    sleep: Callable[[float], None] = time.sleep,
) -> str | None:
    """Lamps and sound for so long, then dark; why nothing was shown, or None.

    What was set up stands in a file, too: lamps that are not wired yet are no reason to fail.
    """
    from hardware.indicator import GpioIndicator
    from hardware.pins import open_gpio

    try:
        gpio = open_gpio(settings.pins.factory)
        with closing(GpioIndicator(gpio, wiring_of(settings), time.monotonic)) as lamps:
            lamps.show(signal)
            lamps.confirm()
            sleep(for_s)
            return lamps.fault
    except DeviceError as error:
        return str(error)
