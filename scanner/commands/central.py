"""`scanner central`: the issuer's and the relying party's side, on a computer of the city."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from scanner.commands import (
    central_clock,
    central_devices,
    central_keys,
    central_log,
    central_passes,
    central_rules,
    central_serve,
)
from scanner.commands.central_desk import (
    FOLDER,
    MOMENT,
    OUT_FILE,
    Desk,
    DeskClock,
    pass_desk,
    published_line,
    with_sticks,
)


@click.group()
@click.option(
    "--dir",
    "folder",
    type=FOLDER,
    default=Path("central"),
    show_default=True,
    envvar="SCANNER_CENTRAL",
    help="The central folder; also $SCANNER_CENTRAL.",
)
@click.option("--at", type=MOMENT, hidden=True, help="Do as if it were this time.")
@click.pass_context
def command(context: click.Context, folder: Path, at: datetime | None) -> None:
    """Issue and revoke passes, sign and publish the lists, take the scan records.

    How a city runs it, step by step: scanner/central/README.md.
    """
    clock = DeskClock(at)
    context.obj = Desk(folder, clock(), clock)


@command.command()
@click.option("--issuer", required=True, help="Name that stands in each pass; up to 32 letters.")
@click.option("--issuer-no", type=click.IntRange(1, 255), default=1, show_default=True)
@click.option("--time-zone", default="UTC", show_default=True, help="As Europe/Moscow.")
@click.option(
    "--indexes", type=int, default=100_000, show_default=True, help="Passes the first key may sign."
)
@pass_desk
def init(desk: Desk, issuer: str, issuer_no: int, time_zone: str, indexes: int) -> None:
    """Found a city: make all keys, the register, the first empty lists."""
    from scanner.central.founding import Charter, found

    found(desk.folder, Charter(issuer, issuer_no, time_zone, indexes), desk.means())
    folder = desk.folder
    click.echo(f"{issuer} is founded in {folder}.")
    click.echo(f"Move {folder}/offline/stick-1 to stick-5 to five sticks, in five safes.")
    click.echo(f"Give {folder}/fleet.key to devices at enrolment, and to nobody else.")
    click.echo(f"Serve {folder}/repository; its metadata/1.root.json goes into the image.")


@command.command()
@click.option("--beyond-breaker", is_flag=True, help="Also what devices hold back until `approve`.")
@pass_desk
def publish(desk: Desk, beyond_breaker: bool) -> None:
    """Sign and write the newest lists; run it every five minutes from a timer."""
    from scanner.central.status import warnings

    with desk.city() as city:
        city.publish(beyond_breaker=beyond_breaker)
        click.echo(published_line(city))
        for warning in warnings(city):
            click.echo(warning, err=True)


@command.command()
@click.argument("folder", type=FOLDER)
@with_sticks
@pass_desk
def bundle(desk: Desk, folder: Path, sticks: tuple[Path, ...]) -> None:
    """Write the newest lists to FOLDER, for an image or a stick; readable for 30 days."""
    from scanner.central.bundle import write_bundle

    with desk.city(sticks) as city:
        state = write_bundle(city.repository, folder, city.all_keys(), desk.now, city.means.write)
        expires = state.timestamp.signed.expires
    click.echo(
        f"{len(state.all_targets())} targets in {folder}, readable until {expires:%Y-%m-%d}."
    )


@command.command("time-code")
@click.option("--out", type=OUT_FILE, help="Picture (.png or .svg) instead of the terminal.")
@pass_desk
def time_code(desk: Desk, out: Path | None) -> None:
    """Sign the time of now; a checkpoint without network scans it within 60 seconds."""
    from scanner.central import render
    from scanner.central.issue import SigningKey, sign_time
    from scanner.central.keys import TIME_KEY, load_key

    path = desk.folder / TIME_KEY / f"{TIME_KEY}.pem"
    text = sign_time(desk.now, SigningKey(load_key(path, is_online=True).private))
    said = f"{desk.now:%Y-%m-%d %H:%M:%S}Z"
    if out is not None:
        render.save(text, said, out)
    else:
        click.echo(render.to_terminal(text))
    click.echo(text)


@command.command()
@click.option("--all", "is_whole", is_flag=True, help="Every target too.")
@pass_desk
def status(desk: Desk, is_whole: bool) -> None:
    """What is published, what waits, and when signatures and keys expire."""
    from scanner.central.status import status_lines

    with desk.city() as city:
        for line in status_lines(city, is_whole=is_whole):
            click.echo(line)


for _group in (
    central_passes,
    central_rules,
    central_keys,
    central_clock,
    central_serve,
    central_devices,
    central_log,
):
    for _part in _group.COMMANDS:
        command.add_command(_part)
