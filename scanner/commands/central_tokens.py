"""`scanner central device token`, `code`, `cancel`, `tokens`: letting devices in online."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from scanner.commands.central_desk import OUT_FILE, Desk, open_office, pass_desk, with_database

if TYPE_CHECKING:
    from scanner.central.devices import Office
    from scanner.central.tokens import Made

C = TypeVar("C", bound=Callable[..., object])

LISTS_URL_SETTING = "lists_url"


def with_place(command: C) -> C:
    """What a device keeps to where it stands, beside the name of its checkpoint."""
    code = click.IntRange(0, 65535)
    for option in (
        click.option("--zone", type=code, help="Number of the zone in the policy."),
        click.option("--transport", type=code, help="1 metro 2 bus 3 rail 4 car 5 taxi 6 on foot."),
        click.option("--asks-plate", is_flag=True, help="The officer types the number plate."),
        click.option("--asks-card", is_flag=True, help="The officer types the transport card."),
        click.option("--lists-url", "lists", help="Where signed lists are; kept for the next."),
        click.option(
            "--capacity-mb", type=click.IntRange(1, 4096), help="Room of the scan log on it."
        ),
    ):
        command = option(command)
    return command


def with_addresses(command: C) -> C:
    """Where devices reach the two services of the city's server."""
    records = click.option("--url", help="https://HOST:PORT of the records; kept for the next.")
    door = click.option("--enrol-url", help="https://HOST:PORT of `serve --enrol-port`; kept.")
    return records(door(command))


@click.command()
@click.argument("name")
@click.option("--out", type=OUT_FILE, help="Config QR as a picture (.png or .svg).")
@with_addresses
@with_place
@with_database
@pass_desk
def token(
    desk: Desk,
    /,
    name: str,
    out: Path | None,
    url: str | None,
    enrol_url: str | None,
    database: str | None,
    **where: object,
) -> None:
    """Make a card for the device that will stand at checkpoint NAME; 7 days, one device.

    Show the picture to the device's camera after `scanner enrol`. For many devices at once:
    `scanner fleet make`.
    """
    from scanner.central import render
    from scanner.core.city_pin import fingerprint
    from scanner.core.offer import card_text

    if out is not None:
        render.check_ending(out)
    with open_office(desk, database) as office:
        made, door = _made(office, name, (url, enrol_url), where, by_hand=False)
        ca, at = fingerprint(office.authority.certificate), int(desk.now.timestamp())
    text = card_text(door, made.token, ca, at)
    if out is not None:
        render.save(text, name, out)
    click.echo(text)
    click.echo(f"The card for {name} is good until {made.ends_at:%Y-%m-%d %H:%M}Z.", err=True)


@click.command()
@click.argument("name")
@with_addresses
@with_place
@with_database
@pass_desk
def code(
    desk: Desk,
    /,
    name: str,
    url: str | None,
    enrol_url: str | None,
    database: str | None,
    **where: object,
) -> None:
    """Make a code to be typed, for the device that will stand at checkpoint NAME; 15 minutes.

    Prints the line to be typed there. Of it, --ca is the same for all devices of the city.
    """
    from scanner.central.tokens import offered_token
    from scanner.core.city_pin import spoken

    with open_office(desk, database) as office:
        made, door = _made(office, name, (url, enrol_url), where, by_hand=True)
        ca = spoken(office.authority.certificate)
    click.echo(f"scanner enrol --url {door} --code {offered_token(made.token)} --ca {ca}")
    click.echo(f"Type this on the device before {made.ends_at:%H:%M}Z.", err=True)


@click.command()
@click.argument("name")
@with_database
@pass_desk
def cancel(desk: Desk, name: str, database: str | None) -> None:
    """Let the cards and codes for NAME be good no more; a device that used one is not touched."""
    from scanner.central.tokens import TokenDesk

    with open_office(desk, database) as office, office.ledger.book() as book:
        count = TokenDesk(office).cancel(book, name)
    click.echo(f"Cancelled: {count}." if count else f"Nothing waits for {name}.")


@click.command()
@with_database
@pass_desk
def tokens(desk: Desk, database: str | None) -> None:
    """One line a card or code: for which checkpoint, and whether it waits or who used it."""
    from scanner.central.tokens import token_lines

    with open_office(desk, database) as office, office.ledger.book(reading=True) as book:
        for line in token_lines(book.tokens(), desk.now) or ["No card and no code was made."]:
            click.echo(line)


def place_of(office: Office, name: str, where: Mapping[str, object]) -> str:
    """Text of `central/placing.py` from options. Raises CentralError."""
    from scanner.central.placing import read_form

    with office.ledger.book() as book:
        lists = where.get("lists") or book.setting(LISTS_URL_SETTING)
        text = read_form({**where, "checkpoint": name, "lists": lists})
        if isinstance(lists, str):
            book.keep_setting(LISTS_URL_SETTING, lists)
    return text


def _made(
    office: Office,
    name: str,
    addresses: tuple[str | None, str | None],
    where: Mapping[str, object],
    *,
    by_hand: bool,
) -> tuple[Made, str]:
    """The token, and where to come with it."""
    from scanner.central.devices import ENROL_URL_SETTING, keep_address
    from scanner.central.tokens import TokenDesk

    place = place_of(office, name, where)
    with office.ledger.book() as book:
        keep_address(book, addresses[0])
        door = keep_address(book, addresses[1], ENROL_URL_SETTING)
        made = TokenDesk(office).make(book, name, place, secrets.token_bytes, by_hand=by_hand)
    return made, door


TOKEN_COMMANDS = (token, code, cancel, tokens)
