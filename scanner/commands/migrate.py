"""`scanner migrate`: make or update the databases of a state folder."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.config import find_state


@click.command()
@click.option("--state", type=click.Path(path_type=Path), help="State folder of this device.")
def command(state: Path | None) -> None:
    """Make or update the databases and the key of the device; safe to run at any time.

    A damaged database is moved aside, never deleted, and a new one made.
    """
    from scanner.store.device_key import device_id, provide_device_key
    from scanner.store.migrations import migrate

    folder = find_state(state)
    migrate(folder, report=click.echo)
    click.echo(f"device {device_id(provide_device_key(folder))}, state folder {folder}")
