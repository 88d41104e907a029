"""Shows the fault pattern, or nothing at all, with nothing but Python and the kernel.

    python3 -I fault_lamp.py            red blinks twice each two seconds, until it is ended
    python3 -I fault_lamp.py --dark     every lamp and the buzzer low, and done

For when the scanner cannot start: its libraries may be damaged, the camera gone, the stores broken,
the settings wrong. So this file imports nothing of theirs and talks to the GPIO chip by itself.
What it has in common with them (labels, pins, pattern) is compared by tests.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import struct
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HEADER_LABELS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")

# Red lit or not, seconds; and how often the buzzer sounds.
STEPS = ((True, 0.15), (False, 0.2), (True, 0.15), (False, 1.5))
BEEP_EVERY_S = 30.0
BEEP_S = 0.2
TONE_HZ = 500
RETRY_S = 2.0  # until the chip is there, or whoever holds its lines has let go

# linux/gpio.h. gpiochip_info {name[32], label[32], lines}; gpio_v2_line_request {offsets[64],
# consumer[32], config {flags, num_attrs, padding[5], attrs[10]}, num_lines, event_buffer_size,
# padding[5], fd}; gpio_v2_line_values {bits, mask}.
_GET_CHIPINFO = 0x8044B401
_GET_LINES = 0xC250B407
_SET_VALUES = 0xC010B40F
_CHIP_INFO = struct.Struct("=32s32sI")
_REQUEST = struct.Struct("=64I32sQI20s240sII20si")
_VALUES = struct.Struct("=QQ")
_OUTPUT = 1 << 3

# (red, buzzer): high or low; every other line stays low.
Drive = Callable[[bool, bool], None]


@dataclass(frozen=True, slots=True)
class Pins:
    """GPIO numbers, the wiring's defaults; amber is driven low even where no lamp is."""

    green: int = 17
    red: int = 27
    buzzer: int = 18
    amber: int = 23
    is_piezo: bool = False

    @property
    def lines(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys((self.red, self.buzzer, self.green, self.amber)))


def pins_of(settings: Path) -> Pins:
    """As the settings name them; the defaults for whatever is missing or wrong."""
    try:
        table = tomllib.loads(settings.read_text("utf-8"))["pins"]
        numbers = {
            name: table[name] for name in ("green", "red", "buzzer", "amber") if name in table
        }
        if not all(type(number) is int and 0 <= number <= 53 for number in numbers.values()):
            return Pins()
        return Pins(**numbers, is_piezo=table.get("sound") == "piezo")
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return Pins()


def label_of(chip: Path) -> str:
    """Of its driver. Raises OSError."""
    with chip.open("rb", buffering=0) as file:
        answer = fcntl.ioctl(file, _GET_CHIPINFO, bytes(_CHIP_INFO.size))
    label: bytes = _CHIP_INFO.unpack(answer)[1]
    return label.split(b"\0", 1)[0].decode("ascii", "replace")


def find_header(dev: Path, label_of: Callable[[Path], str] = label_of) -> Path:
    """The chip of the header among `dev`/gpiochip*, each of which may have a second name.

    Raises OSError, also for two headers: a lamp might be lit, or left lit, on the wrong one.
    """
    chips = {chip.resolve(): chip for chip in sorted(dev.glob("gpiochip*"), reverse=True)}
    headers = []
    for chip in chips.values():
        with suppress(OSError):
            if label_of(chip) in HEADER_LABELS:
                headers.append(chip)
    if len(headers) > 1:
        names = " and ".join(sorted(chip.name for chip in headers))
        raise OSError(f"remove one of two GPIO chips: {names} both say they are the header")
    if not headers:
        raise OSError(f"none of {dev}/gpiochip* is the header of a Raspberry Pi")
    return headers[0]


def take_lines(chip: Path, pins: Pins) -> int:
    """A descriptor of the lines, all low from this moment. Raises OSError, EBUSY if held."""
    lines = [*pins.lines, *[0] * (64 - len(pins.lines))]
    count = len(pins.lines)
    request = bytearray(
        _REQUEST.pack(*lines, b"scanner-fault", _OUTPUT, 0, b"", b"", count, 0, b"", 0)
    )
    with chip.open("r+b", buffering=0) as file:
        fcntl.ioctl(file, _GET_LINES, request)
    fd: int = _REQUEST.unpack(request)[-1]
    return fd


def drive_of(fd: int, pins: Pins) -> Drive:
    """Sets all lines of a descriptor of `take_lines` at once."""

    def drive(red: bool, buzzer: bool) -> None:
        # Bit n is the nth of `pins.lines`: red first, then the buzzer.
        bits = red << 0 | buzzer << 1
        fcntl.ioctl(fd, _SET_VALUES, _VALUES.pack(bits, (1 << len(pins.lines)) - 1))

    return drive


def blink(drive: Drive, sleep: Callable[[float], None], turns: int, *, is_piezo: bool) -> None:
    """The pattern, so many times; it begins with a beep."""
    turn_s = sum(for_s for _, for_s in STEPS)
    for turn in range(turns):
        beeps = turn % round(BEEP_EVERY_S / turn_s) == 0
        for number, (red, for_s) in enumerate(STEPS):
            left_s = for_s
            if beeps and number == len(STEPS) - 1:
                beep(drive, sleep, is_piezo=is_piezo)
                left_s -= BEEP_S
            drive(red, False)
            sleep(left_s)


def beep(drive: Drive, sleep: Callable[[float], None], *, is_piezo: bool) -> None:
    """While no lamp is lit: an active buzzer is switched on, a piezo needs its waves."""
    if not is_piezo:
        drive(False, True)
        sleep(BEEP_S)
        return
    for _ in range(round(BEEP_S * TONE_HZ)):
        for level in (True, False):
            drive(False, level)
            sleep(0.5 / TONE_HZ)


def take_when_free(pins: Pins, dev: Path, sleep: Callable[[float], None]) -> int:
    """Waits for the chip, and for whoever still holds its lines; says once what it waits for."""
    said = ""
    while True:
        try:
            return take_lines(find_header(dev), pins)
        except OSError as error:
            if str(error) != said:
                said = str(error)
                print(f"fault_lamp: the lamps cannot be driven: {said}", file=sys.stderr)
            sleep(RETRY_S)


def main(arguments: Sequence[str] | None = None) -> int:
    """0: dark, or ended by SIGTERM; 1: not dark, and why."""
    parser = argparse.ArgumentParser(prog="fault_lamp.py", description=__doc__)
    parser.add_argument("--dark", action="store_true", help="every line low, and done")
    parser.add_argument("--config", type=Path, default=Path("/etc/scanner/checkpoint.toml"))
    parser.add_argument("--dev", type=Path, default=Path("/dev"))
    chosen = parser.parse_args(arguments)
    pins = pins_of(chosen.config)
    if chosen.dark:
        return darken(pins, chosen.dev)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    fd = take_when_free(pins, chosen.dev, time.sleep)
    try:
        blink(drive_of(fd, pins), time.sleep, sys.maxsize, is_piezo=pins.is_piezo)
    finally:
        drive_of(fd, pins)(False, False)
        os.close(fd)
    return 0


def darken(pins: Pins, dev: Path) -> int:
    """Each line by itself: one that somebody holds must not keep the others lit."""
    try:
        chip = find_header(dev)
    except OSError as error:
        print(f"fault_lamp: {error}", file=sys.stderr)
        return 1
    failed = 0
    for line in pins.lines:
        try:
            os.close(take_lines(chip, Pins(line, line, line, line)))
        except OSError as error:
            failed = 1
            print(f"fault_lamp: GPIO{line} is not free: {error}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
