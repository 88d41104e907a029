"""`scanner logs report` and `open`: a page, or a database with dashboards, from exported logs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.logs_desk import (
    FILES,
    IDENTITY,
    SERVER_KEY,
    open_exports,
    segments_bar,
)
from scanner.core.errors import LogError

if TYPE_CHECKING:
    from scanner.logs.files import Book
    from scanner.logs.health import Health
    from scanner.logs.summary import Summary

NOT_WHOLE = 2
_OUT = click.Path(dir_okay=False, path_type=Path)


@click.command()
@FILES
@click.option("--html", "out", required=True, type=_OUT, help="The page to write.")
@click.option("--time-zone", help="As Europe/Moscow; else that of the first file.")
@click.option(
    "--silent-after", "silent_min", type=click.IntRange(15), default=30, show_default=True,
    help="Minutes without a heartbeat that are silence.",
)  # fmt: skip
@click.option("--raw", is_flag=True, help="Also groups of fewer than five; needs --case.")
@click.option("--case", default="", help="The case that the files were exported for.")
@IDENTITY
@SERVER_KEY
def report(
    files: tuple[Path, ...],
    out: Path,
    time_zone: str | None,
    silent_min: int,
    raw: bool,
    case: str,
    identity: Path | None,
    server_key: bytes | None,
) -> int:
    """Write one page about exported FILEs: for a browser, a phone or paper, without network.

    Scans an hour, outcomes, reasons, checkpoints, decisions by hand, amber minutes, unclean starts,
    silent devices, reading times, and whether anything is missing.

    Exit code: 0 nothing is missing, 2 something is; the page says what.
    """
    from scanner.logs.health import note_silence
    from scanner.logs.page import page
    from scanner.logs.said import zone_of
    from scanner.logs.summary import Summary
    from scanner.logs.verify import check_book
    from scanner.logs.volume import Source

    books = open_exports(files, identity, server_key)
    _check_case([book for book, _ in books], raw, case)
    zone = zone_of(time_zone or books[0][0].heading.zone)
    summary = Summary([book.heading for book, _ in books], raw)
    served: list[Health] = []
    for (book, key), file in zip(books, files, strict=True):
        before = len(summary.trails)
        for checked in check_book(book, key, segments_bar(file)):
            summary.add(book.heading, checked, silent_min=silent_min)
        if book.heading.source is Source.CENTRAL:
            served += [trail.health for trail in summary.trails[before:]]
    note_silence(served, silent_min)
    write_text(out, page(summary, zone))
    return _told(summary, out)


def _check_case(books: list[Book], raw: bool, case: str) -> None:
    """Single records are for the case that they were taken for."""
    if raw != bool(case):
        raise click.UsageError("Groups of fewer than five need both: --raw --case NUMBER.")
    for book in books:
        if raw and book.heading.wish.case != case:
            raise LogError(
                f"{book.name} was not exported for case {case}. Leave out --raw, or export it for "
                "that case."
            )


def write_text(out: Path, text: str) -> None:
    """Raises LogError."""
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise LogError(f"{out} cannot be written ({error.strerror}). Name another place.") from None


def _told(summary: Summary, out: Path) -> int:
    click.echo(f"{out}: {len(summary.trails)} log{'s' * (len(summary.trails) != 1)}.")
    if summary.is_sound:
        click.echo("Nothing is missing.")
        return 0
    click.echo("NOT WHOLE: see the end of the page, or `scanner logs verify`.")
    return NOT_WHOLE


@click.command("open")
@FILES
@click.option(
    "--db", "out", type=_OUT, default=Path("logs.sqlite"), show_default=True,
    help="The database to write; what stood there is replaced.",
)  # fmt: skip
@click.option("--no-serve", is_flag=True, help="Write the database and its dashboards only.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True)
@IDENTITY
@SERVER_KEY
def look(
    files: tuple[Path, ...],
    out: Path,
    no_serve: bool,
    host: str,
    port: int,
    identity: Path | None,
    server_key: bytes | None,
) -> int:
    """Verify exported FILEs, merge them into one database, and open it in datasette.

    Dashboards are ready: scans an hour, outcomes, reasons, checkpoints, decisions by hand, health
    of devices, exports. Needs the extra: pip install "checkpoint-scanner[logs]".

    Exit code: 0 nothing is missing, 2 something is; the database says what.
    """
    from scanner.logs.browse import merge, serve, write_dashboards

    books = open_exports(files, identity, server_key)
    sound = merge(books, out, segments_bar(out))
    dashboards = write_dashboards(out)
    click.echo(f"{out} and {dashboards}: {len(books)} file{'s' * (len(books) != 1)} merged.")
    click.echo("Nothing is missing." if sound else "NOT WHOLE: see the table `finding`.")
    if not no_serve:
        click.echo(f"http://{host}:{port}/{out.stem} shows it; end with Ctrl-C.")
        serve(out, dashboards, host, port)
    return 0 if sound else NOT_WHOLE


COMMANDS = (report, look)
