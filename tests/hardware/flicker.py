"""A process to be killed: shows one signal after another on a simulated chip, for ever.

python flicker.py CHIP SEED     writes a byte for each signal shown
python flicker.py CHIP crash    shows green, then ends with an error that nobody catches
"""

from __future__ import annotations

import os
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

from hardware.indicator import GpioIndicator
from hardware.pins import Sounder, Wiring
from hardware.simulated import SimulatedClock
from hardware.simulated_gpio import SimulatedChip
from scanner.core.reasons import SignalName
from scanner.core.signal import SIGNALS

WIRING = Wiring(amber=23, sounder=Sounder.PIEZO)
# All, but more often what is lit: most kills should leave something on.
LIT = (SignalName.ADMIT, SignalName.REFUSE, SignalName.COMPARE)
SHOWN = (*SignalName, *LIT * 8)


def flicker(indicator: GpioIndicator, clock: SimulatedClock, chance: random.Random) -> None:
    """Never returns."""
    while True:
        indicator.show(SIGNALS[chance.choice(SHOWN)])
        for act in (indicator.confirm, indicator.end_view):
            clock.advance(chance.uniform(0.0, 0.4))
            if chance.random() < 0.7:
                act()
        os.write(1, b".")


def main(path: str, how: str) -> None:
    clock = SimulatedClock(datetime(2026, 5, 12, tzinfo=UTC))
    chip = SimulatedChip(Path(path))
    indicator = GpioIndicator(chip.open(), WIRING, clock.monotonic_s)
    if how != "crash":
        flicker(indicator, clock, random.Random(how))
    indicator.show(SIGNALS[SignalName.ADMIT])
    while WIRING.green not in chip.high_lines:
        pass
    os.write(1, b"!")
    raise RuntimeError("nobody catches this")


if __name__ == "__main__":
    main(*sys.argv[1:])
