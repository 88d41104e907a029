"""`scanner logs export` from a central database: noted in the server's audit, then written."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from scanner.core.logbook import DeviceLog
    from scanner.logs.files import Format
    from scanner.logs.volume import Wish

_DAY = 1440
_LAST_DAY = 2**31


def export_central(
    url: str, central: Path, wish: Wish, form: Format, out: Path, recipient: str
) -> None:
    """`url` may be a central folder; then `central` counts for nothing.

    One device's log is held at a time. Raises CentralError, LogError.
    """
    from scanner.assembly.desk import time_of_check
    from scanner.central.log_folder import default_database, receipt_key
    from scanner.central.log_source import read_logs, record_export
    from scanner.core.events import Export
    from scanner.core.signed_log import public_bytes
    from scanner.logs import age
    from scanner.logs.files import check_place, write_file
    from scanner.logs.volume import Heading, Source, volume_of

    if Path(url).is_dir():
        central, url = Path(url), default_database(Path(url))
    if recipient:
        age.recipient_of(recipient)
    check_place(out)
    nonce = secrets.token_hex(16)
    event = Export(nonce, wish.since, wish.until, recipient[:16], wish.case)
    key = receipt_key(central)
    record_export(url, event, key, time_of_check(None).earliest)
    # A day more on either side: a row of the day needs the day whole, and its end.
    days = (wish.since // _DAY - 1, min(wish.until // _DAY + 2, _LAST_DAY))
    logs = _watched(read_logs(url, *days))
    volumes = (volume_of(log, wish) for log in logs)
    write_file(out, form, Heading(nonce, wish, Source.CENTRAL), volumes, recipient)
    click.echo(f"To check it: scanner logs verify {out} --server-key {public_bytes(key).hex()}")


def _watched(logs: Iterable[DeviceLog]) -> Iterable[DeviceLog]:
    """How many devices are done, on a terminal."""
    return _with_bar(logs) if sys.stderr.isatty() else logs


def _with_bar(logs: Iterable[DeviceLog]) -> Iterator[DeviceLog]:
    with click.progressbar(logs, label="Devices", file=sys.stderr, show_pos=True) as bar:
        yield from bar
