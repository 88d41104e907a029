"""Drives the lamps and the buzzer low from a process of its own: `python -m hardware.lamps_off`.

A Raspberry Pi's kernel leaves a line as it was when its owner died, and a green lamp must not be
among what is left. Needs no settings file, no store and no camera. The units have `fault_lamp.py`
for it, which does without gpiozero and lgpio, too; this one also drives simulated pins.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hardware.pins import Gpio, Wiring, open_gpio
from hardware.simulated_gpio import SimulatedChip
from scanner.core.errors import DeviceError

EVERY_OUTPUT = Wiring(amber=23).outputs


def switch_off(gpio: Gpio, pins: Sequence[int]) -> dict[int, str]:
    """Each pin low, whatever the others do; returns what failed, by pin."""
    failed: dict[int, str] = {}
    for pin in pins:
        try:
            # Opening drives it low; closing makes it an input, which lights nothing either.
            gpio.lamp(pin).close()
        except DeviceError as error:
            failed[pin] = str(error)
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """0: all low; 1: not, and why."""
    options = _parser().parse_args(arguments)
    try:
        gpio = _open(options.factory, options.chip)
    except DeviceError as error:
        print(f"lamps_off: {error}", file=sys.stderr)
        return 1
    failed = switch_off(gpio, options.pins)
    gpio.close()
    for reason in failed.values():
        print(f"lamps_off: {reason}", file=sys.stderr)
    low = [f"GPIO{pin}" for pin in options.pins if pin not in failed]
    print(f"lamps_off: low are {', '.join(low) or 'none'}")
    return 1 if failed else 0


def _open(factory: str, chip: Path | None) -> Gpio:
    if factory != "simulated":
        return open_gpio(factory)
    if chip is None:
        raise DeviceError("Name the simulated chip's file with --chip.")
    return SimulatedChip(chip).open()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hardware.lamps_off", description=__doc__)
    default = ",".join(map(str, EVERY_OUTPUT))
    parser.add_argument(
        "--pins", type=_pins, default=default, help=f"GPIO numbers with commas; {default}"
    )
    parser.add_argument("--factory", choices=["lgpio", "simulated"], default="lgpio")
    parser.add_argument("--chip", type=Path, help="the file of a simulated chip")
    return parser


def _pins(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
