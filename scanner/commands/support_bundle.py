"""`scanner support-bundle`: what an engineer needs of a device, without secrets or people."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from scanner.config import find_config, find_state
from scanner.core.errors import ConfigError
from scanner.doctor.bundle import contents, members, write_bundle
from scanner.doctor.subject import Subject


@click.command()
@click.argument("out", metavar="OUT.zip", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--state", type=click.Path(path_type=Path), help="State folder of this device.")
def command(out: Path, config: Path | None, state: Path | None) -> None:
    """Write what an engineer needs to know of this device to OUT.zip, and say what it is before.

    Findings of doctor, versions, settings without texts, states of the units, known lines of the
    journal, ages of the lists, the end of the scan log. No passes, records, plates, keys, tokens,
    addresses or Wi-Fi. An existing file is not overwritten.
    """
    if out.exists():
        raise ConfigError(f"Name another file for the bundle: {out} (it is there already).")
    chosen = members(Subject(find_config(config), find_state(state)))
    for line in contents(chosen):
        click.echo(line)
    logging.getLogger("scanner").addHandler(logging.NullHandler())  # it would look like a failure
    write_bundle(out, chosen)
    click.echo(f"written: {out}, {out.stat().st_size} bytes")
