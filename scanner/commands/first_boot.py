"""`scanner first-boot`: take the boot file of the card, or say beside it what is wrong."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.setting_up import (
    GOOD,
    PRESENT_FOLDER,
    SHOW,
    TAKE,
    WRONG,
    setting_up,
    show,
    show_order,
)

if TYPE_CHECKING:
    from scanner.boot.taking import Places


@click.command()
@click.option("--boot", type=PRESENT_FOLDER, default=Path("/boot/firmware"), show_default=True,
              help="The partition with checkpoint.toml.")  # fmt: skip
@setting_up
def command(
    boot: Path, places: Places, lamps_s: float, step: str, order: Path, at: datetime | None
) -> int:
    """Take the settings that stand in checkpoint.toml on the boot partition; meant for root.

    How it went stands in checkpoint.result.txt beside it, and the lamps show it: both lit for a
    second when all is taken, or red blinking 3 to 7 times (3 the file cannot be read, 4 a setting,
    5 Wi-Fi, 6 enrolment, 7 the city). Wi-Fi password and token are then removed from the file. No
    network is asked: `scanner enrol --pending`, as the scanner's user, does what the file has
    begun, and this command, run again, tells how that went. It may run at every start.

    \b
    Exit code:
      0 taken, or nothing new     64 something is wrong: read the result file
      74 the partition cannot be written
    """
    from scanner.assembly.desk import time_of_check
    from scanner.assembly.first_boot import consider, first_boot
    from scanner.boot.order import leave_order, read_order
    from scanner.boot.placing import read_answer
    from scanner.boot.reasons import BootReason

    if step == TAKE:
        leave_order(consider(boot, places, time_of_check(at))[1], order)
        return GOOD
    if step == SHOW:
        failure, group = read_answer(order), BootReason.WRITE.group
        return show_order(read_order(order), failure, places, lamps_s, group)
    outcome = first_boot(boot, places, time_of_check(at))
    click.echo(outcome.line, err=not outcome.is_good)
    if outcome.signal is not None:
        show(outcome.settings, outcome.signal, lamps_s)
    return GOOD if outcome.is_good else WRONG
