"""`scanner fleet`: many devices at once, on the city's side and on each device."""

from __future__ import annotations

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import click

from scanner.commands.check import Moment
from scanner.config import find_state

GOOD, WRONG = 0, 64
SERIAL_FILE = Path("/sys/firmware/devicetree/base/serial-number")
_FOLDER = click.Path(file_okay=False, path_type=Path)
_PRESENT = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Prepare many devices at once.

    \b
    With network      make devices.csv, hand out boot files and cards, switch on
    Without           make devices.csv, lay out a stick; plug it into each device: one beep;
                      sign the stick at the city; plug it into each device again: done; print
                      the sheet
    """


@command.command()
@click.argument("stick", type=_PRESENT)
@click.option("--serial-file", type=click.Path(path_type=Path), default=SERIAL_FILE,
              show_default=True, help="Where the board tells its serial number.")  # fmt: skip
@click.option("--etc", type=_FOLDER, default=Path("/etc/scanner"), show_default=True)
@click.option("--network", type=_FOLDER, default=Path("/etc/NetworkManager/system-connections"),
              show_default=True)  # fmt: skip
@click.option("--modprobe", type=_FOLDER, default=Path("/etc/modprobe.d"), show_default=True)
@click.option("--state", type=_FOLDER, help="State folder of this device.")
@click.option("--lamps", "lamps_s", type=click.FloatRange(0, 600), default=20.0, show_default=True,
              help="Seconds in which lamps and buzzer tell of it; 0: not at all.")  # fmt: skip
@click.option("--at", type=Moment(), hidden=True, help="Do as if it were this time.")
def plug(
    stick: Path,
    serial_file: Path,
    etc: Path,
    network: Path,
    modprobe: Path,
    state: Path | None,
    lamps_s: float,
    at: datetime | None,
) -> int:
    """On a device: take what is its own from the STICK that is mounted there, leave its request.

    Meant for root; settings are taken by root, the rest as the owner of the state folder. Both
    lamps for a second and two beeps: pull the stick out, next box. Red blinking seven times: the
    sheet says why.
    """
    from scanner.assembly import time_of_check
    from scanner.assembly.setup_lamps import show_setup
    from scanner.assembly.stick import plug as plug_in
    from scanner.boot.taking import Places

    places = Places(etc, network, modprobe, find_state(state))
    plugged = plug_in(stick, serial_file, places, time_of_check(at))
    click.echo(plugged.line, err=not plugged.is_good)
    if lamps_s:
        held_s = min(lamps_s, plugged.signal.hold_s or lamps_s)
        if (fault := show_setup(plugged.settings, plugged.signal, held_s)) is not None:
            click.echo(f"The lamps show nothing of it: {fault}", err=True)
    return GOOD if plugged.is_good else WRONG


# What is installed on a device is without the city's side.
if find_spec("scanner.commands.central_fleet") is not None:
    from scanner.commands.central_fleet import CITY_COMMANDS

    for _command in CITY_COMMANDS:
        command.add_command(_command)
