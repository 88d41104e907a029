"""`scanner fleet`: many devices at once, on the city's side and on each device."""

from __future__ import annotations

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.setting_up import GOOD, PRESENT_FOLDER, WRONG, setting_up, show

if TYPE_CHECKING:
    from scanner.boot.taking import Places

SERIAL_FILE = Path("/sys/firmware/devicetree/base/serial-number")


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
@click.argument("stick", type=PRESENT_FOLDER)
@click.option("--serial-file", type=click.Path(path_type=Path), default=SERIAL_FILE,
              show_default=True, help="Where the board tells its serial number.")  # fmt: skip
@setting_up
def plug(
    stick: Path, serial_file: Path, places: Places, lamps_s: float, at: datetime | None
) -> int:
    """On a device: take what is its own from the STICK that is mounted there, leave its request.

    Meant for root; settings are taken by root, the rest as the owner of the state folder. Both
    lamps for a second and two beeps: pull the stick out, next box. Red blinking seven times: the
    sheet says why.
    """
    from scanner.assembly import time_of_check
    from scanner.assembly.stick import plug as plug_in

    plugged = plug_in(stick, serial_file, places, time_of_check(at))
    click.echo(plugged.line, err=not plugged.is_good)
    show(plugged.settings, plugged.signal, lamps_s)
    return GOOD if plugged.is_good else WRONG


# What is installed on a device is without the city's side.
if find_spec("scanner.commands.central_fleet") is not None:
    from scanner.commands.central_fleet import CITY_COMMANDS

    for _command in CITY_COMMANDS:
        command.add_command(_command)
