"""`scanner central device`: who may send scan records, and how devices are let in."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.commands.central_desk import (
    FILE,
    OUT_FILE,
    Desk,
    open_office,
    pass_desk,
    with_database,
)
from scanner.commands.central_tokens import TOKEN_COMMANDS, place_of, with_place


@click.group()
def device() -> None:
    """Enrol devices by file, card or code, list them, refuse one."""


@device.command()
@click.argument("request", type=FILE)
@click.option("--out", type=OUT_FILE, required=True, help="The answer, for the device.")
@click.option("--url", help="https://HOST:PORT of the records; kept for the next device.")
@click.option("--restore", "restores", is_flag=True, help="Also a device that was revoked.")
@click.option("--checkpoint", help="Where the device stands; then its settings are signed, too.")
@with_place
@with_database
@pass_desk
def enrol(
    desk: Desk,
    /,
    request: Path,
    out: Path,
    url: str | None,
    restores: bool,
    checkpoint: str | None,
    database: str | None,
    **where: object,
) -> None:
    """Certify a device from REQUEST, which `scanner enrol request` wrote there.

    The same request again renews the certificate. The answer holds no secret that another device
    could read: `scanner enrol accept` takes it on that device alone.
    """
    from scanner.central.devices import answer_file
    from scanner.central.files import write_atomically

    with open_office(desk, database) as office:
        place = None if checkpoint is None else place_of(office, checkpoint, where)
        answer = office.enrol(request.read_bytes(), url, restores=restores, place=place)
        write_atomically(out, answer_file(answer))
    until = answer.certificates[0].not_valid_after_utc
    click.echo(f"Device {answer.device.hex()} may send records to {answer.url}.")
    click.echo(f"Its certificate holds until {until:%Y-%m-%d}; take {out} to the device.")


@device.command("list")
@with_database
@pass_desk
def list_devices(desk: Desk, database: str | None) -> None:
    """One line a device: state, certificate, when it was seen, how far its log goes."""
    from scanner.central.devices import list_lines

    with open_office(desk, database) as office:
        for line in list_lines(office.ledger, desk.now) or ["No device is enrolled."]:
            click.echo(line)


@device.command()
@click.argument("device_id", metavar="ID")
@with_database
@pass_desk
def revoke(desk: Desk, device_id: str, database: str | None) -> None:
    """Take no more records from device ID; all others go on. What it sent before stays."""
    with open_office(desk, database) as office:
        office.revoke(device_id)
    click.echo(f"Device {device_id} is refused from now on.")


for _command in TOKEN_COMMANDS:
    device.add_command(_command)

COMMANDS = (device,)
