"""`scanner lists`: install lists from a folder, and show what is installed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from scanner.config import find_state
from scanner.core.policy import Checkpoint

_STATE = click.option(
    "--state", type=click.Path(path_type=Path), help="State folder of this device."
)


@click.group()
def command() -> None:
    """Install lists from a folder, and show their versions and ages."""


@command.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--fleet-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Opens the holder list; without it no pass is admitted.",
)
@click.option("--simulate", is_flag=True, help="Accept test keys, for a simulated device.")
@_STATE
def install(folder: Path, fleet_key: Path | None, simulate: bool, state: Path | None) -> None:
    """Replace all lists by those of FOLDER, or none of them when one cannot be used."""
    from scanner.assembly.lists import install_lists
    from scanner.store.migrations import migrate

    where = find_state(state)
    migrate(where)
    number = install_lists(where, folder, fleet_key, allow_test_keys=simulate)
    click.echo(f"{number} lists installed in {where}.")


@command.command()
@_STATE
def show(state: Path | None) -> None:
    """Version and time of issue of each installed list."""
    from scanner.store.trust_list import SqliteLists

    lists = SqliteLists(find_state(state), Checkpoint(), allow_test_keys=True)
    try:
        for name, artefact in sorted(lists.artefacts.items()):
            issued = datetime.fromtimestamp(artefact.issued_at, UTC)
            click.echo(f"{name:20} version {artefact.version:<6} issued {issued:%Y-%m-%d %H:%M}Z")
        if not lists.artefacts:
            click.echo("No lists are installed. Run `scanner lists install FOLDER`.")
    finally:
        lists.close()
