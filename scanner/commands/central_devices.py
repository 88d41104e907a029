"""`scanner central device`: who may send scan records."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.central_desk import FILE, OUT_FILE, Desk, pass_desk, with_database

if TYPE_CHECKING:
    from scanner.central.devices import Office


@click.group()
def device() -> None:
    """Enrol devices, list them, refuse one."""


@device.command()
@click.argument("request", type=FILE)
@click.option("--out", type=OUT_FILE, required=True, help="The answer, for the device.")
@click.option("--url", help="https://HOST:PORT of the records; kept for the next device.")
@click.option("--restore", "restores", is_flag=True, help="Also a device that was revoked.")
@with_database
@pass_desk
def enrol(
    desk: Desk, request: Path, out: Path, url: str | None, restores: bool, database: str | None
) -> None:
    """Certify a device from REQUEST, which `scanner enrol request` wrote there.

    The same request again renews the certificate. The answer holds no secret:
    `scanner enrol accept` takes it on that device alone.
    """
    from scanner.central.devices import answer_file
    from scanner.central.files import write_atomically

    with _office(desk, database) as office:
        answer = office.enrol(request.read_bytes(), url, restores=restores)
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

    with _office(desk, database) as office:
        for line in list_lines(office.ledger, desk.now) or ["No device is enrolled."]:
            click.echo(line)


@device.command()
@click.argument("device_id", metavar="ID")
@with_database
@pass_desk
def revoke(desk: Desk, device_id: str, database: str | None) -> None:
    """Take no more records from device ID; all others go on. What it sent before stays."""
    with _office(desk, database) as office:
        office.revoke(device_id)
    click.echo(f"Device {device_id} is refused from now on.")


@contextmanager
def _office(desk: Desk, database: str | None) -> Iterator[Office]:
    from scanner.central.ca import open_authority
    from scanner.central.devices import Office
    from scanner.central.ledger import open_ledger
    from scanner.central.log_folder import default_database, ensure_receipt_key, log_folder

    key = ensure_receipt_key(desk.folder, secrets.token_bytes)
    authority = open_authority(log_folder(desk.folder), desk.now)
    ledger = open_ledger(database or default_database(desk.folder))
    try:
        yield Office(ledger, authority, key, desk.now)
    finally:
        ledger.close()


COMMANDS = (device,)
