"""`scanner upload`: one body of sealed records to the city's server, or some more of a backlog."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.config import find_config, find_state, load_settings
from scanner.core.errors import SyncError

if TYPE_CHECKING:
    from scanner.sync.push import PushReport

DONE, ASIDE, NOT_ENROLLED, LATER = 0, 1, 3, 75
# What one body takes is no backlog.
BACKLOG = 100


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--state", type=click.Path(path_type=Path), help="State folder of this device.")
def command(config: Path | None, state: Path | None) -> int:
    """Send what is sealed to the city's server; scanning goes on meanwhile. Meant for a timer.

    One request goes each time, of one size, whether or not anybody was scanned; a backlog sends up
    to eight. Nothing is deleted here, and what fails is tried again by itself.

    \b
    Exit code:
      0 sent, or nothing to do yet: the wait after a failure is not over
      1 sent, but the server refused some records; they are set aside
      3 not enrolled       75 not sent; it is tried again by itself
      64 settings          74 databases
    """
    from scanner.assembly.upload import NotEnrolledError, upload_records

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = load_settings(find_config(config))
    if settings.standalone:
        click.echo("This device stands alone (standalone = true): its records are not sent.")
        return DONE
    try:
        report = upload_records(find_state(state), settings, _progress)
    except NotEnrolledError as error:
        click.echo(f"scanner: {error}", err=True)
        return NOT_ENROLLED
    except SyncError as error:
        click.echo(f"scanner: {error}", err=True)
        return LATER
    for line in lines(report):
        click.echo(line, err=bool(report.fault))
    return exit_code(report)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal while there is a backlog; the journal gets a line when all is done."""
    if total <= BACKLOG or not sys.stdout.isatty():
        yield lambda taken: None
        return
    with click.progressbar(length=total, label="Sending segments", show_pos=True) as bar:
        yield bar.update


def lines(report: PushReport) -> Iterator[str]:
    """What the server has, what it refused, what went wrong."""
    if report.receipt is not None:
        yield (
            f"{report.taken} segments sent; the server has this log up to segment "
            f"{report.receipt.segment}, record {report.receipt.seq}."
        )
    for aside in report.aside:
        yield (
            f"Segments {aside.first} to {aside.last} were refused (status {aside.status}) and are "
            "set aside; they are offered again in a day."
        )
    if report.fault:
        yield report.fault
    if report.wait_s:
        yield f"The next try may be in {report.wait_s:.0f} s."


def exit_code(report: PushReport) -> int:
    """As the help says."""
    if report.aside:
        return ASIDE
    return LATER if report.fault else DONE
