"""The kernel's GPIO character devices: which one is the header, and who holds a line.

The number of the header's chip drifts (4 on a Raspberry Pi 5 with the first kernels, 0 with later
ones), its label does not. lgpio opens a named pipe in the working directory when it is imported,
which may be somebody else's, so it is imported in a folder of its own.
"""

from __future__ import annotations

import fcntl
import os
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from gpiozero.exc import GPIOZeroError

from hardware.line_button import open_button
from hardware.pins import Gpio, PinFactory
from scanner.core.errors import DeviceError

# The header's pin controller: Raspberry Pi 5; 4, 400 and CM4; all others, the Zero 2 W among them.
HEADER_LABELS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")

# linux/gpio.h: struct gpiochip_info {name[32], label[32], lines}; struct gpio_v2_line_info
# {name[32], consumer[32], offset, num_attrs, flags, attrs[10], padding[4]}.
GET_CHIPINFO = 0x8044B401
GET_LINEINFO = 0xC100B405
CHIP_INFO = struct.Struct("=32s32sI")
LINE_INFO = struct.Struct("=32s32sIIQ160s16s")

# The board's revision, four bytes, big-endian. /proc shows the same file, but a unit with
# ProcSubset=pid does not see it there.
REVISION_FILE = Path("/sys/firmware/devicetree/base/system/linux,revision")


class ChipFactory(PinFactory, Protocol):
    """gpiozero's LGPIOFactory."""

    @property
    def chip(self) -> int: ...

    @property
    def board_info(self) -> object: ...


OpenChip = Callable[[int], ChipFactory]


def chip_label(device: Path) -> str:
    """/dev/gpiochipN → the label of its driver; OSError when it cannot be opened."""
    with device.open("rb", buffering=0) as chip:
        answer = fcntl.ioctl(chip, GET_CHIPINFO, bytes(CHIP_INFO.size))
    return _text(CHIP_INFO.unpack(answer)[1])


def find_chip(dev: Path = Path("/dev"), label_of: Callable[[Path], str] = chip_label) -> int:
    """The number N of the /dev/gpiochipN that drives the header."""
    devices = _devices(dev)
    if not devices:
        raise DeviceError(
            f'Run this on a Raspberry Pi, or set the pin factory to "mock": {dev} has no gpiochip.'
        )
    labels: dict[Path, str] = {}
    closed: list[Path] = []
    for device in devices:
        try:
            labels[device] = label_of(device)
        except PermissionError:
            closed.append(device)
        except OSError as error:  # it went, or is no chip: the header may be among the others
            labels[device] = error.strerror or type(error).__name__
    headers = [device for device, label in labels.items() if label in HEADER_LABELS]
    if len(headers) == 1:
        return _number(headers[0])
    raise _not_one(headers, labels, closed)


def _devices(dev: Path) -> list[Path]:
    """By number, each chip once: some systems link gpiochip4 to the header of a Raspberry Pi 5."""
    found: dict[Path, Path] = {}
    for device in sorted(dev.glob("gpiochip[0-9]*"), key=_number):
        found.setdefault(device.resolve(), device)
    return list(found.values())


def _not_one(headers: list[Path], labels: dict[Path, str], closed: list[Path]) -> DeviceError:
    """Two headers are as bad as none: a lamp might be lit on the wrong one."""
    if headers:
        names = " and ".join(device.name for device in headers)
        return DeviceError(f"Remove one of two GPIO chips: {names} both say they are the header.")
    if closed:
        return DeviceError(
            f"Add this user to the group gpio and log in again: {closed[0]} is closed to it."
        )
    found = ", ".join(labels.values())
    return DeviceError(f"Use a Raspberry Pi: none of the GPIO chips is its header ({found}).")


def holder_of(device: Path, line: int) -> str | None:
    """The name that the line's holder gave itself; None: free, or it cannot be known."""
    request = LINE_INFO.pack(b"", b"", line, 0, 0, b"", b"")
    try:
        with device.open("rb", buffering=0) as chip:
            answer = fcntl.ioctl(chip, GET_LINEINFO, request)
    except OSError:
        return None
    return _text(LINE_INFO.unpack(answer)[1]) or None


def held_lines(descriptors: Path = Path("/proc/self/fd")) -> tuple[int, ...]:
    """The descriptors of every line that this process holds, a line each; lgpio hides them."""
    found = []
    for entry in descriptors.iterdir():
        with suppress(OSError):  # the descriptor that reads this folder is gone by now
            if os.readlink(entry).startswith("anon_inode:gpio-line"):
                found.append(int(entry.name))
    return tuple(sorted(found))


def board_revision(file: Path = REVISION_FILE) -> int | None:
    """The revision code that tells gpiozero the layout of the header; None: not to be read."""
    try:
        return int.from_bytes(file.read_bytes()[:4], "big") or None
    except OSError:
        return None


def load_lgpio() -> tuple[OpenChip, type[Exception]]:
    """gpiozero's factory on lgpio, and what lgpio raises."""
    try:
        with _own_folder():
            import lgpio
            from gpiozero.pins.lgpio import LGPIOFactory

        lgpio_error: type[Exception] = lgpio.error
    except (ImportError, AttributeError) as error:  # a package of that name without content exists
        raise DeviceError(
            "Install lgpio: `sudo apt install python3-lgpio`, or `pip install lgpio`; "
            f"it cannot be loaded here ({error})."
        ) from error
    except OSError as error:
        raise DeviceError(
            "Let this write to a temporary folder (in a unit, PrivateTmp=): lgpio opens a pipe "
            f"there ({error})."
        ) from error

    class HeaderFactory(LGPIOFactory):  # type: ignore[misc]  # gpiozero ships no types
        def _get_revision(self) -> int:
            return board_revision() or int(super()._get_revision())

    return HeaderFactory, lgpio_error


@contextmanager
def _own_folder() -> Iterator[None]:
    """A working directory that nobody else has; the pipe stays open when its folder has gone."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="scanner-pins-") as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            # `sudo scanner` begins in a folder to which the scanner's user may not return.
            try:
                os.chdir(before)
            except OSError:
                os.chdir("/")


def open_lgpio(
    *,
    find: Callable[[], int] = find_chip,
    load: Callable[[], tuple[OpenChip, type[Exception]]] = load_lgpio,
) -> Gpio:
    """The header's chip through lgpio, and nothing else."""
    number = find()
    open_chip, lgpio_error = load()
    device = Path(f"/dev/gpiochip{number}")
    try:
        factory = open_chip(number)
        # Now, or a board without a revision would look like a pin that somebody holds.
        _ = factory.board_info
    except (lgpio_error, GPIOZeroError) as error:
        raise DeviceError(f"Check that {device} can be opened: {error}.") from error
    if factory.chip != number:  # gpiozero 2.0.1 and older takes a number of its own
        factory.close()
        raise DeviceError(
            f"Update gpiozero: it opened /dev/gpiochip{factory.chip}, the header is {device}."
        )
    errors = (lgpio_error, GPIOZeroError, OSError)
    holder, watched = partial(holder_of, device), partial(open_button, device)
    return Gpio(factory, errors, holder, held_lines, watched)


def _number(device: Path) -> int:
    digits = device.name.removeprefix("gpiochip")
    return int(digits) if digits.isdigit() else -1


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("ascii", "replace")
