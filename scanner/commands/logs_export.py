"""`scanner logs export`: from a device, an exported file or the central database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.logs_desk import IDENTITY, SINCE, UNTIL, segments_bar
from scanner.config import find_config, load_settings
from scanner.core.errors import LogError
from scanner.core.reasons import Outcome

if TYPE_CHECKING:
    from scanner.config import Settings
    from scanner.logs.files import Format
    from scanner.logs.volume import Wish

_SQLITE = b"SQLite format 3\0"
_OUTCOMES = [outcome.name.lower() for outcome in Outcome if outcome is not Outcome.NONE]


@click.command()
@click.argument("source")
@SINCE
@UNTIL
@click.option("--outcome", type=click.Choice(_OUTCOMES), help="This outcome alone.")
@click.option(
    "--format", "form", type=click.Choice(["csv", "jsonl", "sqlite"]), default="jsonl",
    show_default=True, help="csv is for spreadsheets and cannot be verified.",
)  # fmt: skip
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The new file."
)
@click.option("--to", "recipient", default="", help="Encrypt to this age recipient.")
@click.option("--raw", is_flag=True, help="Single records; needs --case.")
@click.option("--case", default="", help="Number of the case that single records are for.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings of the device (TOML).")
@click.option(
    "--central", type=click.Path(file_okay=False, path_type=Path), default=Path("central"),
    envvar="SCANNER_CENTRAL", show_default=True, help="Central folder, for a central database.",
)  # fmt: skip
@IDENTITY
def export(
    source: str,
    since: int | None,
    until: int | None,
    outcome: str | None,
    form: str,
    out: Path,
    recipient: str,
    raw: bool,
    case: str,
    config: Path | None,
    central: Path,
    identity: Path | None,
) -> None:
    """Write the scan log of SOURCE into one file.

    SOURCE is a device's state folder, an exported file, or a central database: its URL, or the
    central folder for the embedded one. By default the file holds counts by the quarter of an hour
    in which no group of fewer than five can be found, and the signed chain, so that `verify` can
    show that nothing is missing. With --raw --case NUMBER it holds single records, too.

    The source keeps a note of every export in its own chain, before anything is written.
    """
    from scanner.logs.files import Format

    wish = _wish(since, until, outcome, case if raw else "")
    if raw != bool(case):
        raise click.UsageError("Single records need both: --raw --case NUMBER.")
    kind = Format(form)
    if wish.case and wish.outcome is not None and kind is not Format.CSV:
        raise click.UsageError(
            "A part of the records cannot be verified: with --raw, leave out --outcome or export "
            "--format csv."
        )
    path = Path(source)
    if "://" in source or _is_central(path):
        from scanner.commands.logs_central import export_central

        export_central(source, central, wish, kind, out, recipient)
    elif path.is_dir():
        _from_device(path, config, wish, kind, out, recipient)
    else:
        _from_file(path, identity, wish, kind, out, recipient)
    click.echo(
        f"{out}: {_said(wish)}, {'for the recipient alone' if recipient else 'not encrypted'}."
    )


def _wish(since: int | None, until: int | None, outcome: str | None, case: str) -> Wish:
    from scanner.core.tallies import LAST_MINUTE
    from scanner.logs.volume import Wish

    end = LAST_MINUTE if until is None else min(until, LAST_MINUTE)
    if not (since or 0) < end:
        raise click.UsageError("--since must be before --until.")
    return Wish(since or 0, end, Outcome[outcome.upper()] if outcome else None, case)


def _said(wish: Wish) -> str:
    return f"single records for case {wish.case}" if wish.case else "counts from five up"


def _from_device(
    state: Path, config: Path | None, wish: Wish, form: Format, out: Path, recipient: str
) -> None:
    from scanner.assembly.logs import Taking, export_device

    taking = Taking(wish, form, recipient)
    export_device(state, device_settings(config), taking, out, segments_bar(state))


def device_settings(config: Path | None) -> Settings | None:
    """None where there are none: the chain itself says at which checkpoint it stands."""
    path = find_config(config)
    if config is None and not path.exists():
        return None
    return load_settings(path)


def _is_central(path: Path) -> bool:
    """A central folder, or the database in it: an export in SQLite has another table."""
    import sqlite3
    from contextlib import closing

    if path.is_dir():
        return (path / "log" / "receipt.pem").exists()
    try:
        with path.open("rb") as file:
            if file.read(len(_SQLITE)) != _SQLITE:
                return False
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            row = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'export'").fetchone()
    except (OSError, sqlite3.Error) as error:
        raise LogError(f"{path} cannot be read ({error}). Name another source.") from None
    return row is None


def _from_file(
    path: Path, identity: Path | None, wish: Wish, form: Format, out: Path, recipient: str
) -> None:
    """A choice from what another export gave; its chain stays that of the first."""
    from scanner.logs.files import open_book, write_file
    from scanner.logs.selection import select

    heading, volumes = select(open_book(path, identity), wish)
    write_file(out, form, heading, volumes, recipient, wish)


COMMANDS = (export,)
