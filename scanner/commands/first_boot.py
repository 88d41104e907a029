"""`scanner first-boot`: take the boot file of the card, or say beside it what is wrong."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from scanner.commands.check import Moment
from scanner.config import find_state

GOOD, WRONG = 0, 64
_FOLDER = click.Path(file_okay=False, path_type=Path)
_PRESENT = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--boot", type=_PRESENT, default=Path("/boot/firmware"), show_default=True,
              help="The partition with checkpoint.toml.")  # fmt: skip
@click.option("--etc", type=_FOLDER, default=Path("/etc/scanner"), show_default=True,
              help="Where the settings go.")  # fmt: skip
@click.option(
    "--network", type=_FOLDER, default=Path("/etc/NetworkManager/system-connections"),
    show_default=True, help="Where the Wi-Fi network goes.",
)  # fmt: skip
@click.option("--modprobe", type=_FOLDER, default=Path("/etc/modprobe.d"), show_default=True,
              help="Where the country of the Wi-Fi radio goes.")  # fmt: skip
@click.option("--state", type=_FOLDER, help="State folder of this device.")
@click.option("--lamps", "lamps_s", type=click.FloatRange(0, 600), default=20.0, show_default=True,
              help="Seconds in which lamps and buzzer tell of it; 0: not at all.")  # fmt: skip
@click.option("--at", type=Moment(), hidden=True, help="Do as if it were this time.")
def command(
    boot: Path,
    etc: Path,
    network: Path,
    modprobe: Path,
    state: Path | None,
    lamps_s: float,
    at: datetime | None,
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
    from scanner.assembly import time_of_check
    from scanner.assembly.first_boot import first_boot
    from scanner.assembly.setup_lamps import show_setup
    from scanner.boot.taking import Places

    places = Places(etc, network, modprobe, find_state(state))
    outcome = first_boot(boot, places, time_of_check(at))
    click.echo(outcome.line, err=not outcome.is_good)
    if outcome.signal is not None and lamps_s:
        held_s = min(lamps_s, outcome.signal.hold_s or lamps_s)
        if (fault := show_setup(outcome.settings, outcome.signal, held_s)) is not None:
            click.echo(f"The lamps show nothing of it: {fault}", err=True)
    return GOOD if outcome.is_good else WRONG
