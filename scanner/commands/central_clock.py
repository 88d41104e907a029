"""`scanner central` and the time of devices: clock-reset."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from scanner.commands.central_desk import MOMENT, Desk, pass_desk, published_line, with_sticks


@click.command("clock-reset")
@click.argument("at", metavar="RFC3339", type=MOMENT)
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_sticks
@pass_desk
def clock_reset(desk: Desk, at: datetime, yes: bool, sticks: tuple[Path, ...]) -> None:
    """Sign that it is not earlier than RFC3339, for devices whose time was pushed ahead.

    A device takes each number once, within 30 days, and only when network time shows that its
    floor of time is wrong, or when a technician runs `scanner sync --clock-reset`. Before that,
    replace the key that was stolen, or the clocks are pushed again.
    """
    from scanner.central.clock_reset import reset_clocks

    if not yes:
        click.confirm(f"Devices may go back to {at:%Y-%m-%d %H:%M}Z. Sign that?", abort=True)
    with desk.city(sticks) as city:
        reset = reset_clocks(city, at)
        click.echo(f"{reset.name} is signed: not earlier than {reset.floor:%Y-%m-%d %H:%M:%S}Z.")
        click.echo(published_line(city))


COMMANDS = (clock_reset,)
