"""`scanner central` with sticks: rotate-key, end-regime, issued-set, approve."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from scanner.commands.central_desk import (
    FOLDER,
    MOMENT,
    Desk,
    pass_desk,
    published_line,
    with_sticks,
)


@click.command("rotate-key")
@click.argument("name", metavar="KEY")
@click.option("--to", "folder", type=FOLDER, help="New stick, when the old one is lost.")
@click.option(
    "--indexes", type=int, default=100_000, show_default=True, help="Passes, for KEY issuer."
)
@with_sticks
@pass_desk
def rotate_key(
    desk: Desk, name: str, folder: Path | None, indexes: int, sticks: tuple[Path, ...]
) -> None:
    """Put a new key in the place of an old one.

    \b
    KEY is
      root-1 … root-5, targets-1 … targets-3, bundle   on sticks
      rev, snapshot, timestamp, time                   on this computer
      issuer    signs passes; a new one is used 72 hours after it is published
    """
    from scanner.central.ceremony import rotate_key as rotate

    with desk.city(sticks) as city:
        path = rotate(city, name, folder, indexes)
        click.echo(f"The new key is {path}.")
        click.echo(published_line(city))


@click.command("end-regime")
@click.argument("at", metavar="RFC3339", type=MOMENT)
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_sticks
@pass_desk
def end_regime(desk: Desk, at: datetime, yes: bool, sticks: tuple[Path, ...]) -> None:
    """Sign the moment at which every checkpoint stops and later wipes itself.

    Needs three root sticks. Nothing takes the date back; signing another one moves it.
    """
    from scanner.central.ceremony import end_regime as end

    if not yes:
        click.confirm(f"Every checkpoint stops at {at:%Y-%m-%d %H:%M}Z. Sign that?", abort=True)
    with desk.city(sticks) as city:
        end(city, at)
        click.echo(f"The regime ends at {at:%Y-%m-%d %H:%M}Z.")
        click.echo(published_line(city))


@click.command("issued-set")
@click.argument("kid", metavar="KID")
@with_sticks
@pass_desk
def issued_set(desk: Desk, kid: str, sticks: tuple[Path, ...]) -> None:
    """After a leak of the issuer's key KID: only what the register knows stays good.

    Its holders keep passing, what a thief signs is refused. The key signs nothing more.
    """
    from scanner.central.ceremony import publish_issued_set

    with desk.city(sticks) as city:
        number = publish_issued_set(city, kid)
        click.echo(f"{number} passes of {kid} stay good; everything else it signs is refused.")
        click.echo(published_line(city))


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@with_sticks
@pass_desk
def approve(desk: Desk, targets: tuple[str, ...], sticks: tuple[Path, ...]) -> None:
    """Let devices apply TARGETs that they hold for changing too much.

    Without TARGETs: every base and delta, the revoked ids and holders as they are published now.
    """
    from scanner.central.roles import REV_PATHS

    with desk.city(sticks) as city:
        prefixes = [pattern.rstrip("*") for pattern in REV_PATHS]
        names = targets or city.repository.state().names(*prefixes)
        approved: list[str] = []
        city.sign(lambda documents, edition: approved.extend(documents.approve(names)))
        click.echo(f"Approved: {', '.join(approved)}.")
        click.echo(published_line(city))


COMMANDS = (rotate_key, end_regime, issued_set, approve)
