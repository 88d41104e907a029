"""`scanner fleet`: many devices at once, on the city's side and on each device."""

from __future__ import annotations

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.boot.taking import ETC
from scanner.commands.setting_up import (
    GOOD,
    PRESENT_FOLDER,
    SHOW,
    TAKE,
    WRONG,
    setting_up,
    settings_in,
    show,
    show_order,
)

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
    stick: Path,
    serial_file: Path,
    places: Places,
    lamps_s: float,
    step: str,
    order: Path,
    at: datetime | None,
) -> int:
    """On a device: take what is its own from the STICK that is mounted there, leave its request.

    Meant for root; settings are taken by root, the rest as the owner of the state folder. Both
    lamps for a second and two beeps: pull the stick out, next box. Red blinking seven times: the
    sheet says why.
    """
    from scanner.assembly.desk import time_of_check
    from scanner.assembly.stick import plug as plug_in
    from scanner.assembly.stick import plug_for_root
    from scanner.boot.order import leave_order
    from scanner.boot.placing import carry_out

    if step == SHOW:
        return _show(stick, serial_file, places, order, lamps_s)
    now = time_of_check(at)
    if step == TAKE:
        leave_order(plug_for_root(stick, serial_file, places, now), order)
        return GOOD
    plugged = plug_in(stick, serial_file, places, now, lambda all_: carry_out(all_, places, None))
    click.echo(plugged.line, err=not plugged.is_good)
    show(plugged.settings, plugged.signal, lamps_s)
    return GOOD if plugged.is_good else WRONG


def _show(stick: Path, serial_file: Path, places: Places, folder: Path, lamps_s: float) -> int:
    from scanner.assembly.stick import serial_of, tell_reason
    from scanner.boot.order import read_order
    from scanner.boot.placing import read_answer
    from scanner.core.setup_signal import Blinks

    failure = read_answer(folder)
    if failure:
        tell_reason(stick, serial_of(serial_file), failure)
    return show_order(read_order(folder), failure, places, lamps_s, Blinks.CITY)


@command.command(hidden=True)
@click.argument("blinks", type=click.IntRange(1, 7))
@click.option("--etc", type=PRESENT_FOLDER, default=ETC)
@click.option("--lamps", "lamps_s", type=click.FloatRange(0, 600), default=20.0)
def lamps(blinks: int, etc: Path, lamps_s: float) -> int:
    """On a device: show on the lamps how a visit of the stick went; 1: done."""
    from scanner.core.setup_signal import Blinks, signal_of

    signal = signal_of(blinks if blinks in (1, *Blinks) else Blinks.CITY)
    if signal is not None:
        show(settings_in(etc), signal, lamps_s)
    return GOOD


# What is installed on a device is without the city's side.
if find_spec("scanner.commands.central_fleet") is not None:
    from scanner.commands.central_fleet import CITY_COMMANDS

    for _command in CITY_COMMANDS:
        command.add_command(_command)
