"""`scanner enrol`: make this device a city's, by its card, by a typed code, or by two files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.config import find_config, find_state, load_settings
from scanner.core.errors import EnrolmentError, SyncError, TimeError

if TYPE_CHECKING:
    from scanner.core.enrolment import EnrolmentAnswer
    from scanner.core.offer import Offer

DONE, LATER = 0, 75
CITY_CA = Path("/etc/scanner/city-ca.crt")
_STATE = click.option(
    "--state", type=click.Path(path_type=Path), help="State folder of this device."
)


@click.group(invoke_without_command=True)
@click.option("--url", help="https://HOST:PORT where the city lets devices in.")
@click.option("--code", help="Typed by hand, such as 7K3F-9QXD; good for 15 minutes.")
@click.option("--ca", help="Fingerprint of the city's authority, four groups of four; or its file.")
@click.option("--pending", is_flag=True, help="Go on with what the boot file has begun.")
@click.option("--seconds", type=click.IntRange(1), default=120, show_default=True,
              help="How long the camera looks for a card.")  # fmt: skip
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@_STATE
@click.pass_context
def command(
    context: click.Context,
    url: str | None,
    code: str | None,
    ca: str | None,
    pending: bool,
    seconds: int,
    config: Path | None,
    state: Path | None,
) -> int:
    """Make this device one of a city's.

    \b
    By its card     scanner enrol               and hold the card before the camera
    By a code       scanner enrol --url URL --code 7K3F-9QXD --ca 4F7K-2M9D-81QX-0V3H
    Without network scanner enrol request REQUEST                         here
                    scanner central device enrol REQUEST --out ANSWER     at the city
                    scanner enrol accept ANSWER                           here

    The city makes cards by `scanner central device token` and lines to type by `… code`. A lost
    reply costs nothing: do the same again, within 24 hours. A card counts only here, and only while
    the device belongs to nobody or its trigger is held.

    The device's keys never leave it. Run this as the user whose state folder it is:
    on a device, `sudo -u scanner scanner enrol …`.

    \b
    Exit code:
      0 enrolled     64 refused, or not as it should be     74 databases
      75 the city was not reached; try again
    """
    if context.invoked_subcommand is not None:
        if any(given is not None for given in (url, code, ca, config, state)) or pending:
            raise click.UsageError(f"Write options after `{context.invoked_subcommand}`.")
        return DONE
    folder = find_state(state)
    try:
        if pending:
            return _go_on(folder)
        if url is None and code is None and ca is None:
            return _by_card(folder, config, seconds)
        return _online(folder, _typed(url, code, ca))
    except SyncError as error:
        click.echo(f"scanner: {error}", err=True)
        return LATER


@command.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@_STATE
def request(out: Path, state: Path | None) -> None:
    """Write what the city needs to know of this device into the file OUT, e.g. on a stick."""
    from scanner.assembly.enrolling import request_enrolment

    device = request_enrolment(find_state(state), out)
    click.echo(f"Device {device} asks to be enrolled: take {out} to the city.")


@command.command()
@click.argument("answer", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--anew", is_flag=True, help="For another server, or one that lost its records.")
@_STATE
def accept(answer: Path, anew: bool, state: Path | None) -> None:
    """Check the city's ANSWER to this device and go by it from now on.

    With --anew, the server before is forgotten, and all records that are still here are sent again.
    """
    from scanner.assembly.enrolling import accept_enrolment

    try:
        say_enrolled(accept_enrolment(find_state(state), answer, anew=anew))
    except TimeError as error:
        _say_time(error)


def _by_card(folder: Path, config: Path | None, seconds: int) -> int:
    from scanner.assembly.card_reader import card_before_camera

    settings = load_settings(find_config(config))
    click.echo("Hold the city's card before the camera.")
    offer, is_held = card_before_camera(settings, folder, seconds)
    return _online(folder, offer, anew=is_held)


def _typed(url: str | None, code: str | None, ca: str | None) -> Offer:
    from scanner.core.offer import make_offer

    if url is None or code is None:
        raise EnrolmentError("Give both --url and --code, as the city's screen shows them.")
    if ca is None and not CITY_CA.is_file():
        raise EnrolmentError(
            "Give --ca too: the fingerprint that stands beside the code on the city's screen."
        )
    return make_offer(url, code, _pin_text(ca))


def _pin_text(ca: str | None) -> str:
    """A fingerprint as it was typed, or the text of a certificate's file."""
    path = CITY_CA if ca is None else Path(ca)
    try:
        return path.read_text("ascii") if path.is_file() else str(ca)
    except (OSError, UnicodeDecodeError):
        raise EnrolmentError(f"Give the certificate as PEM: {path} cannot be read.") from None


def _online(folder: Path, offer: Offer, *, anew: bool = False) -> int:
    from scanner.assembly.enrolling import enrol_online

    try:
        say_enrolled(enrol_online(folder, offer, anew=anew))
    except TimeError as error:
        _say_time(error)
    return DONE


def _go_on(folder: Path) -> int:
    from scanner.assembly.pending import enrol_pending

    try:
        answer = enrol_pending(folder)
    except TimeError as error:
        _say_time(error)
        return DONE
    if answer is None:
        click.echo("Nothing is pending.")
    else:
        say_enrolled(answer)
    return DONE


def say_enrolled(answer: EnrolmentAnswer) -> None:
    """With whom, and until when."""
    until = answer.certificates[0].not_valid_after_utc
    click.echo(
        f"Device {answer.device.hex()} is enrolled with {answer.url}; its certificate holds until "
        f"{until:%Y-%m-%d}. Records go with `scanner upload`."
    )


def _say_time(error: TimeError) -> None:
    click.echo(f"Enrolled. The time in the answer was not taken: {error}", err=True)
