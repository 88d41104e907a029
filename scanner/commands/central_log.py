"""`scanner central log`: what happens to the records on the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from scanner.commands.central_desk import Desk, pass_desk, with_database

if TYPE_CHECKING:
    from scanner.central.ledger import Ledger

_AUDIT_BROKEN = 2


@click.group()
def log() -> None:
    """Remove records whose time is over; show what was done with them."""


@log.command()
@click.option(
    "--keep-days", type=click.IntRange(1), default=30, show_default=True,
    help="Whole days before today that stay.",
)  # fmt: skip
@with_database
@pass_desk
def prune(desk: Desk, keep_days: int, database: str | None) -> None:
    """Remove records, segments and counts of older days; once a day from a timer."""
    from scanner.central.log_folder import receipt_key
    from scanner.central.retention import prune as remove

    key = receipt_key(desk.folder)
    with _ledger(desk, database) as ledger:
        done = remove(ledger, key, keep_days, desk.now)
    click.echo(
        f"Removed {done.records} records and {done.segments} segments from before {done.before}."
    )


@log.command()
@with_database
@pass_desk
def audit(desk: Desk, database: str | None) -> int:
    """Every export, fork, enrolment, revocation and removal, and whether the chain holds.

    Exit 2 when an entry is missing, changed or not signed by this server.
    """
    from scanner.central.audit import read_audit
    from scanner.central.log_folder import receipt_key

    key, faults = receipt_key(desk.folder).public_key(), 0
    with _ledger(desk, database) as ledger, ledger.book(reading=True) as book:
        for entry, fault in read_audit(book.audit(), key):
            told = ", ".join(f"{name} {value}" for name, value in entry.details.items() if value)
            at = datetime.fromtimestamp(entry.at, UTC)
            click.echo(f"{entry.number:>6}  {at:%Y-%m-%d %H:%M:%S}Z  {entry.what:<8}  {told}")
            if fault:
                click.echo(f"{entry.number:>6}  WRONG: {fault}")
                faults += 1
    return _AUDIT_BROKEN if faults else 0


@contextmanager
def _ledger(desk: Desk, database: str | None) -> Iterator[Ledger]:
    from scanner.central.ledger import open_ledger
    from scanner.central.log_folder import default_database

    ledger = open_ledger(database or default_database(desk.folder), must_exist=True)
    try:
        yield ledger
    finally:
        ledger.close()


COMMANDS = (log,)
