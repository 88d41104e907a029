"""`scanner sync`: fetch signed lists and install what has changed."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.config import SYSTEM_ROOT, Settings, find_config, find_state, load_settings
from scanner.core.errors import ConfigError
from scanner.core.update import NO_LISTS

if TYPE_CHECKING:
    from scanner.sync.pull import Report

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--from", "source", help="URL, folder or stick; else as the city has signed, or updates.url."
)
@click.option("--root", type=_FILE, help="The city's root.json; needed the first time only.")
@click.option("--fleet-key", type=_FILE, help="Opens the holder list; else fleet_key counts.")
@click.option(
    "--clock-reset",
    "resets_clock",
    is_flag=True,
    help="This device's time is known to be ahead: take a signed clock-reset.",
)
@click.option("--simulate", is_flag=True, help="Accept test keys, for a simulated device.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--state", type=click.Path(path_type=Path), help="State folder of this device.")
def command(
    source: str | None,
    root: Path | None,
    fleet_key: Path | None,
    resets_clock: bool,
    simulate: bool,
    config: Path | None,
    state: Path | None,
) -> int:
    """Fetch signed lists once and install what has changed; scanning goes on meanwhile.

    What is broken off is gone on with at the next run. Whatever fails, the lists installed before
    stay, and `scanner status` says why. Meant for a timer, every few minutes.

    \b
    Exit code:
      0 done     1 done, but a list was refused or is held
      64 the lists cannot be fetched or are refused     74 databases
    """
    from scanner.assembly.place import standing_of
    from scanner.assembly.sync import FLEET_KEY_FILE, Sync, sync_lists

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("tuf").setLevel(logging.ERROR)  # it tells of each key that did not sign
    settings = _settings(config, source)
    folder = find_state(state)
    where = source or standing_of(settings, folder).lists
    if where is None and settings.standalone:
        click.echo("This device stands alone: its lists come from a stick (--from FOLDER).")
        return 0
    if where is None:
        raise ConfigError("Name a source: set updates.url, or give --from URL or --from FOLDER.")
    first_root = root or _path(settings.updates.root) or _if_there(SYSTEM_ROOT)
    key = fleet_key or _path(settings.fleet_key) or _if_there(folder / FLEET_KEY_FILE)
    sync = Sync(folder, where, first_root, key, simulate, resets_clock)
    report = sync_lists(sync, _progress)
    for line in lines(report):
        click.echo(line)
    return 1 if report.refused or report.held else 0


def _settings(config: Path | None, source: str | None) -> Settings:
    """A stick can be read on a device that has no settings yet."""
    path = find_config(config)
    if config is None and source is not None and not path.exists():
        return Settings()
    return load_settings(path)


def _path(given: str | None) -> Path | None:
    return None if given is None else Path(given)


def _if_there(path: Path) -> Path | None:
    return path if path.is_file() else None


@contextmanager
def _progress(names: list[str]) -> Iterator[Iterable[str]]:
    """A bar on a terminal; the journal gets the line of each list when all is done."""
    if not names or not sys.stdout.isatty():
        yield names
        return
    with click.progressbar(names, label="Fetching lists", show_pos=True) as bar:
        yield bar


def lines(report: Report) -> Iterator[str]:
    """What has changed, what is held, what was refused."""
    issued = datetime.fromtimestamp(report.offer.issued_at, UTC)
    signed = "offline" if report.offer.is_offline_signed else "online"
    size = f"{report.received_bytes / 1000:.1f} kB"
    yield f"Lists of {issued:%Y-%m-%d %H:%M}Z, signed {signed}; {size} fetched."
    yield from report.repaired
    for name, version in sorted(report.changed.items()):
        if name not in NO_LISTS:
            yield f"{name}: version {version}"
    if not report.changed:
        yield "Nothing has changed."
    for held in report.held:
        yield (
            f"{held.list_name}: {held.target} is held: {held.flips} entries taken back and "
            f"{held.restores} restored are beyond the limit of the policy."
        )
    for name, why in sorted(report.refused.items()):
        yield f"{name}: {why}"
