"""`scanner logs`: what supervisors do with the scan logs of devices."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.commands import logs_export, logs_look, logs_request
from scanner.commands.logs_desk import FILES, IDENTITY, SERVER_KEY, open_books, segments_bar

NOT_WHOLE = 2


@click.group()
def command() -> None:
    """Export, verify, report and look at scan logs.

    A log holds no names and no passes: when, which outcome, why. An export gives counts in which no
    group of fewer than five can be found, and the signed chain that shows that nothing is missing.
    How a supervisor works with it, step by step: scanner/logs/README.md.
    """


@command.command()
@FILES
@IDENTITY
@SERVER_KEY
def verify(files: tuple[Path, ...], identity: Path | None, server_key: bytes | None) -> int:
    """Say what of each FILE is intact, missing, cut off or forged; needs no device.

    FILE is an export (jsonl or sqlite), or a device's state folder or a copy of one.

    \b
    intact          every record is there, as it was sealed
    accounted for   sealed; the records themselves are not in this file
    folded          counts in their place, for want of room; the device says so
    retired         removed when their time was over
    open            the newest records of a running device, not sealed yet
    MISSING, CUT, FORGED

    Exit code: 0 nothing is missing, 2 something is, or a file cannot be read.
    """
    from scanner.core.errors import CheckpointError
    from scanner.logs.verify import check_book, told, whose_cells

    is_whole = True
    for file in files:
        click.echo(str(file))
        try:
            ((book, key),) = open_books([file], identity, server_key)
            is_sound = True
            for checked in check_book(book, key, segments_bar(file)):
                is_sound &= checked.is_sound
                for line in told(checked):
                    click.echo(f"  {line}")
            if is_sound and (whose := whose_cells(book.heading)):
                click.echo(f"  {whose}")
            is_whole &= is_sound
        except CheckpointError as error:
            is_whole = False
            click.echo(f"  {error}")
    click.echo("Nothing is missing." if is_whole else "NOT WHOLE: see above.")
    return 0 if is_whole else NOT_WHOLE


for _part in (*logs_export.COMMANDS, *logs_look.COMMANDS, *logs_request.COMMANDS):
    command.add_command(_part)
