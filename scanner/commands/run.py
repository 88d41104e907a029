"""`scanner run`: be a checkpoint."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType

import click

from scanner.commands.moment import Moment
from scanner.config import find_config, find_state, load_settings
from scanner.core.errors import ConfigError

TELL = "SCANNER_TELL_SCANS"


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--state", type=click.Path(path_type=Path), help="State folder of this device.")
@click.option("--simulate", is_flag=True, help="Recorded frames, mock pins; takes test keys.")
@click.option("--at", type=Moment(), help="Simulated time of day at the start.")
def command(config: Path | None, state: Path | None, simulate: bool, at: datetime | None) -> int:
    """Scan until stopped: camera, lamps, buzzer, scan records. `scanner migrate` runs before.

    The settings come from --config, else $SCANNER_CONFIG, else /etc/scanner/checkpoint.toml.
    """
    from scanner.assembly.device import open_device

    if at is not None and not simulate:
        raise ConfigError("--at only goes with --simulate: a checkpoint has a clock of its own.")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = load_settings(find_config(config))
    stop = _Stop()
    where = find_state(state)
    with (
        _collecting_later() as collect,
        open_device(settings, where, simulate=simulate, at=at) as device,
    ):
        device.notify.ready()
        collect()
        site = device.loop.ports.lists.policy.checkpoint
        click.echo(f"{_prefix(simulate)}ready at {site.id}")
        tells = tells_scans(simulate=simulate, is_terminal=sys.stdout.isatty())
        while not stop.is_asked and not device.has_ended():
            if (scan := device.turn()) is not None and tells:
                click.echo(f"{_prefix(simulate)}{scan.as_line()}")
            device.pause()
        if device.watch.has_moved():
            click.echo("The city has said where this device stands: it begins anew.")
        device.notify.stopping()
    return 0


def tells_scans(
    *, simulate: bool, is_terminal: bool, environ: Mapping[str, str] = os.environ
) -> bool:
    """Whether each scan is said. A journal stamps its lines to the microsecond, and records are
    floored to a quarter of an hour: so not in a unit, but where a test asks for it.
    """
    return simulate or is_terminal or bool(environ.get(TELL))


@contextmanager
def _collecting_later() -> Iterator[Callable[[], None]]:
    """No garbage is looked for until what it gives is called, and never among what is there then.

    What a start makes stays: looking through it again and again is a twentieth of the start, and
    later it would hold up the loop.
    """

    def collect() -> None:
        gc.freeze()
        gc.enable()

    gc.disable()
    try:
        yield collect
    finally:
        gc.enable()


class _Stop:
    """SIGTERM and SIGINT end the loop between two turns, so that all is closed in order."""

    def __init__(self) -> None:
        self.is_asked = False
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.is_asked = True


def _prefix(simulate: bool) -> str:
    return "SIMULATED  " if simulate else ""
