"""What the commands of `scanner central` share: the folder, the time, the sticks, the bar."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from scanner.commands.moment import Moment

if TYPE_CHECKING:
    from scanner.central.city import City, Means
    from scanner.central.devices import Office
    from scanner.central.ledger import Ledger

C = TypeVar("C", bound=Callable[..., object])

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT_FILE = click.Path(dir_okay=False, path_type=Path)
MOMENT = Moment()


@dataclass(frozen=True, slots=True)
class DeskClock:
    """The time of this computer, or always the same; goes to other processes by value."""

    at: datetime | None = None

    def __call__(self) -> datetime:
        from scanner.assembly.desk import time_of_check

        return time_of_check(self.at).earliest


@dataclass(frozen=True, slots=True)
class Desk:
    """The central folder and the time; `now` is the same for the whole command."""

    folder: Path
    now: datetime
    clock: DeskClock = DeskClock()

    def means(self, sticks: Sequence[Path] = ()) -> Means:
        from scanner.central.city import Means

        return Means(self.now, secrets.token_bytes, sticks, progress=show_progress)

    @contextmanager
    def city(self, sticks: Sequence[Path] = ()) -> Iterator[City]:
        from scanner.central.city import open_city

        with open_city(self.folder, self.means(sticks)) as city:
            yield city


pass_desk = click.make_pass_decorator(Desk)


def with_sticks(command: C) -> C:
    """`--offline FOLDER`, as often as there are sticks."""
    return click.option(
        "--offline",
        "sticks",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        multiple=True,
        help="Folder of a stick with offline keys; again for each. Default: DIR/offline.",
    )(command)


def with_database(command: C) -> C:
    """`--database URL`, the store of scan records; None is the one in the central folder."""
    return click.option(
        "--database",
        metavar="URL",
        envvar="SCANNER_DATABASE",
        help="postgresql://…; also $SCANNER_DATABASE. Default: log.db in the central folder.",
    )(command)


def with_publish(command: C) -> C:
    """`--no-publish` and `--beyond-breaker`, for what changes the online lists."""
    beyond = click.option(
        "--beyond-breaker",
        is_flag=True,
        help="Also what devices hold back until `approve`.",
    )
    wait = click.option("--no-publish", "waits", is_flag=True, help="Wait for the next `publish`.")
    return beyond(wait(command))


def office_of(desk: Desk, ledger: Ledger) -> Office:
    """Who enrols devices; its keys are made at first use, the fleet key is where the city was
    founded. Raises CentralError."""
    from scanner.central.ca import open_authority
    from scanner.central.city import FLEET_KEY
    from scanner.central.devices import Office
    from scanner.central.log_folder import ensure_receipt_key, log_folder

    key = ensure_receipt_key(desk.folder, secrets.token_bytes)
    authority, fleet = open_authority(log_folder(desk.folder), desk.now), desk.folder / FLEET_KEY
    identity = fleet.read_text() if fleet.is_file() else None
    return Office(ledger, authority, key, desk.now, identity)


@contextmanager
def open_office(desk: Desk, database: str | None) -> Iterator[Office]:
    """With the store of scan records. Raises CentralError."""
    from scanner.central.ledger import open_ledger
    from scanner.central.log_folder import default_database

    ledger = open_ledger(database or default_database(desk.folder))
    try:
        yield office_of(desk, ledger)
    finally:
        ledger.close()


def show_progress(steps: Iterable[int], length: int, label: str) -> Iterable[int]:
    """A bar on a terminal; silence in a journal."""
    if not sys.stderr.isatty():
        return steps
    return _with_bar(steps, length, label)


def _with_bar(steps: Iterable[int], length: int, label: str) -> Iterator[int]:
    with click.progressbar(steps, length, label, file=sys.stderr) as bar:
        yield from bar


def published_line(city: City) -> str:
    """What is out now, in one line."""
    state = city.repository.state()
    issued = datetime.fromtimestamp(state.issued_at, city.means.now.tzinfo)
    size = sum(target.length for target in state.all_targets())
    return (
        f"Published as number {state.timestamp.signed.version} at {issued:%Y-%m-%d %H:%M:%S}Z: "
        f"{len(state.all_targets())} targets, {size:,} bytes."
    )
