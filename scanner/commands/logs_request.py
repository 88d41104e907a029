"""`scanner logs request` and `pull`: records from a device without network, by a stick."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.logs_desk import SINCE, UNTIL
from scanner.commands.logs_export import device_settings
from scanner.commands.moment import Moment
from scanner.config import find_state
from scanner.core.errors import LogError

if TYPE_CHECKING:
    from scanner.logs.keys import Keys

SOME_REFUSED = 1
_ANY = "*"


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--key", "key_file", required=True, type=click.Path(dir_okay=False, path_type=Path),
    help="The supervisor's signing key; NAME.age beside it opens the answers.",
)  # fmt: skip
@click.option("--make-key", is_flag=True, help="Make both keys first.")
@click.option("--passphrase", is_flag=True, help="With --make-key: ask for one for the key.")
@click.option("--supervisor", required=True, help="Name by which the policy knows the key.")
@click.option("--device", default=_ANY, show_default=True, help="16 hex digits, or * for any.")
@SINCE
@UNTIL
@click.option("--to", "recipient", default="", help="Another age recipient than that of NAME.age.")
@click.option("--hours", type=click.IntRange(1, 24), default=12, show_default=True,
              help="How long the request is valid.")  # fmt: skip
@click.option("--case", default="", help="Ask for single records, for this case.")
@click.option("--at", type=Moment(), hidden=True, help="Do as if it were this time.")
def request(
    out: Path,
    key_file: Path,
    make_key: bool,
    passphrase: bool,
    supervisor: str,
    device: str,
    since: int | None,
    until: int | None,
    recipient: str,
    hours: int,
    case: str,
    at: object,
) -> None:
    """Sign a request for records into the file OUT, on a stick for a device.

    The device answers it with `scanner logs pull STICK`, for the recipient alone, once, while it is
    valid, and keeps a note. The public half of the key must stand in the policy, under supervisors.
    """
    from datetime import datetime

    from scanner.assembly.desk import time_of_check
    from scanner.core.request import PullRequest
    from scanner.core.signed_log import public_bytes
    from scanner.logs import age
    from scanner.logs.keys import age_file

    now = time_of_check(at if isinstance(at, datetime) else None).earliest
    keys = _keys(key_file, make_key, passphrase)
    to = recipient or keys.recipient
    if not to:
        raise LogError(f"Nobody could open the answer: {age_file(key_file)} is missing. Give --to.")
    age.recipient_of(to)
    until_minute = int(now.timestamp() // 60) if until is None else until
    asked = PullRequest(
        device=_device(device),
        since=since or 0,
        until=until_minute,
        recipient=to,
        nonce=secrets.token_hex(16),
        expires=int((now + timedelta(hours=hours)).timestamp()),
        case=case,
        supervisor=supervisor,
    )
    if not asked.since < asked.until:
        raise click.UsageError("--since must be before --until.")
    _write(out, asked.sign(keys.signing))
    if make_key:
        click.echo(f"{key_file} signs requests, {age_file(key_file)} opens answers: keep both.")
        click.echo("Have this put into the policy, under supervisors:")
        click.echo(f'  {{"name": "{supervisor}", "ed25519": "{public_bytes(keys.signing).hex()}"}}')
    what = f"single records for case {case}" if case else "counts from five up"
    click.echo(f"{out}: asks {'any device' if device == _ANY else device} for {what}.")
    click.echo(f"Valid until {now + timedelta(hours=hours):%Y-%m-%d %H:%M}Z. On the device:")
    click.echo("  scanner logs pull STICK")


def _keys(path: Path, make: bool, passphrase: bool) -> Keys:
    from scanner.logs.keys import load_keys, make_keys

    if not make:
        return load_keys(path, lambda: str(click.prompt("Passphrase", hide_input=True, err=True)))
    words = ""
    if passphrase:
        words = str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True))
    return make_keys(path, words.encode())


def _device(text: str) -> bytes:
    try:
        device = b"" if text == _ANY else bytes.fromhex(text)
    except ValueError:
        device = b"?"
    if len(device) not in (0, 8):
        raise click.UsageError(f"{text} is no device: 16 hex digits, or * for any.")
    return device


def _write(out: Path, signed: bytes) -> None:
    from scanner.assembly.logs import REQUEST_SUFFIX

    if not out.name.endswith(REQUEST_SUFFIX):
        raise click.UsageError(f"Devices look for names that end with {REQUEST_SUFFIX}.")
    try:
        out.write_bytes(signed)
    except OSError as error:
        raise LogError(f"{out} cannot be written ({error.strerror}).") from None


@click.command()
@click.argument("stick", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--state", type=click.Path(path_type=Path), help="State folder of this device.")
def pull(stick: Path, config: Path | None, state: Path | None) -> int:
    """Answer the signed requests on STICK, each with a file beside it that only they can open.

    A request is refused when no supervisor of the policy has signed it, when it is for another
    device, has expired, or was answered before; and while this device's time is not confirmed.

    Exit code: 0 all are answered, 1 some are refused, 64 there is none.
    """
    from scanner.assembly.logs import pull as pull_from

    refused = 0
    for pulled in pull_from(stick, find_state(state), device_settings(config)):
        if pulled.answer is None:
            refused += 1
            click.echo(f"{pulled.request.name}: refused. {pulled.words}")
        else:
            click.echo(f"{pulled.request.name}: {pulled.answer.name}: {pulled.words}.")
    return SOME_REFUSED if refused else 0


COMMANDS = (request, pull)
