"""Carries out what the reader of a boot file has left, or does it in the same process.

    python -I -m scanner.boot.placing [--boot DIR]        as root, in the units that set a device up

It has no right but to own root's files: the unit takes every capability from it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from scanner.boot.order import ORDER_FOLDER, Order, read_order
from scanner.boot.partition import BootPartition
from scanner.boot.reasons import BootError
from scanner.boot.taking import Places, place_network, place_settings
from scanner.core.errors import StoreError

# Beside the order: how it went. /tmp of the unit is root's, so nobody else can have left it there.
ANSWER = "placed"
DONE, FAILED = 0, 74
_LONGEST_LINE = 2000


def carry_out(order: Order, places: Places, partition: BootPartition | None) -> str:
    """Empty, or the line that was told in the place of the order's. Raises StoreError.

    partition: of the boot file, None: this order came another way. Secrets leave it when all that
    they are needed for is on the disk.
    """
    if partition is not None:
        partition.tidy()
    line = order.line
    try:
        if order.settings is not None:
            place_settings(order.settings, places)
        if order.wifi is not None:
            place_network(order.wifi, places)
        if partition is not None and order.clean is not None:
            partition.replace(order.clean.encode())
        failure = ""
    except BootError as error:
        line = failure = str(error)
    if partition is not None and line is not None:
        partition.tell(line)
    return failure


def read_answer(folder: Path) -> str:
    """As `carry_out` gave it for the order in this folder. Raises StoreError: nothing was done."""
    try:
        return (folder.parent / ANSWER).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise StoreError("Start the device again: root has not placed the settings.") from None


def _answer(folder: Path, failure: str) -> None:
    path = folder.parent / ANSWER
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o644)
        file.write(failure.encode()[:_LONGEST_LINE])


def main(
    arguments: Sequence[str], folder: Path = ORDER_FOLDER, places: Places | None = None
) -> int:
    """places: of this device where none is named; their state is not touched here."""
    partition = BootPartition(Path(arguments[1])) if "--boot" in arguments[:1] else None
    try:
        failure = carry_out(read_order(folder), places or Places.of_device(), partition)
        _answer(folder, failure)
    except (StoreError, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    return DONE


if __name__ == "__main__":
    os.umask(0o022)  # what lies beside the boot file is for all to read, also where that is no FAT
    sys.exit(main(sys.argv[1:]))
