"""`scanner enrol`: ask a city to take this device's records, and install what it answers."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.config import find_state
from scanner.core.errors import TimeError

_STATE = click.option(
    "--state", type=click.Path(path_type=Path), help="State folder of this device."
)


@click.group()
def command() -> None:
    """Make this device one of a city's: two files there and back, no network needed.

    \b
    1. here           scanner enrol request REQUEST
    2. at the city    scanner central device enrol REQUEST --out ANSWER
    3. here           scanner enrol accept ANSWER

    The device's keys never leave it. Run this as the user whose state folder it is:
    on a device, `sudo -u scanner scanner enrol …`.
    """


@command.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@_STATE
def request(out: Path, state: Path | None) -> None:
    """Write what the city needs to know of this device into the file OUT, e.g. on a stick."""
    from scanner.assembly.upload import request_enrolment

    device = request_enrolment(find_state(state), out)
    click.echo(f"Device {device} asks to be enrolled: take {out} to the city.")


@command.command()
@click.argument("answer", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--anew", is_flag=True, help="For another server, or one that lost its records.")
@_STATE
def accept(answer: Path, anew: bool, state: Path | None) -> None:
    """Check the city's ANSWER to this device and go by it from now on.

    With --anew, the server before is forgotten, and all records that are still here are sent again.
    """
    from scanner.assembly.upload import accept_enrolment

    try:
        found = accept_enrolment(find_state(state), answer, anew=anew)
    except TimeError as error:
        click.echo(f"Enrolled. The time in the answer was not taken: {error}", err=True)
        return
    until = found.certificates[0].not_valid_after_utc
    click.echo(
        f"Device {found.device.hex()} is enrolled with {found.url}; its certificate holds until "
        f"{until:%Y-%m-%d}. Records go with `scanner upload`."
    )
