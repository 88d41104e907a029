"""A process whose lamps are kept: `python kept.py CHIP`, green on a simulated chip for ever.

Says so once a keeper has the lines. What stops or kills it comes from outside.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from hardware.indicator import GpioIndicator
from hardware.kept_lamps import LampKeeper
from hardware.pins import Wiring
from hardware.simulated_gpio import SimulatedChip
from scanner.core.reasons import SignalName
from scanner.core.signal import SIGNALS

PROGRAM = Path(__file__).with_name("simulated_keeper.py")


def open_lines(chip: Path, wiring: Wiring) -> tuple[int, ...]:
    """Descriptors as of the kernel's line requests; see simulated_keeper.py."""
    lines = []
    for number in wiring.outputs:
        lines.append(os.open(chip, os.O_RDWR))
        os.lseek(lines[-1], number, os.SEEK_SET)
    return tuple(lines)


def main(path: str) -> None:
    """Until it is killed."""
    chip, wiring = SimulatedChip(Path(path)), Wiring()
    lines = open_lines(chip.path, wiring)
    gpio = replace(chip.open(), lines=lambda: lines)
    lamps = GpioIndicator(gpio, wiring, time.monotonic, keep=partial(LampKeeper, program=PROGRAM))
    green = replace(SIGNALS[SignalName.ADMIT], hold_s=None, early_dark=None, commit_within_s=None)
    lamps.show(green)
    while wiring.green not in chip.high_lines:
        time.sleep(0.001)
    os.write(1, b"lit\n")
    while True:
        time.sleep(60.0)


if __name__ == "__main__":
    main(sys.argv[1])
