"""`scanner fleet make`, `stick`, `sign`, `sheet`: the city's side of a box of devices."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from scanner.commands.central_desk import (
    FILE,
    MOMENT,
    OUT_FILE,
    Desk,
    DeskClock,
    open_office,
    with_database,
)
from scanner.commands.central_tokens import LISTS_URL_SETTING, with_addresses

if TYPE_CHECKING:
    from scanner.central.devices import Office
    from scanner.central.fleet_cards import Card
    from scanner.central.fleet_plan import DeviceRow
    from scanner.central.ledger import Book

C = TypeVar("C", bound=Callable[..., object])
_STICK = click.Path(exists=True, file_okay=False, path_type=Path)


def with_desk(command: C) -> C:
    """The city's folder, as for `scanner central`."""
    folder = click.option(
        "--dir", "folder", type=click.Path(file_okay=False, path_type=Path),
        default=Path("central"), show_default=True, envvar="SCANNER_CENTRAL",
        help="The central folder; also $SCANNER_CENTRAL.",
    )  # fmt: skip
    at = click.option("--at", type=MOMENT, hidden=True, help="Do as if it were this time.")
    return folder(at(with_database(command)))


@click.command()
@click.argument("table", type=FILE)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
@click.option("--lists-url", "lists", help="Where signed lists are; kept for the next.")
@click.option("--replace", "replaces", is_flag=True, help="Cancel cards that wait for these names.")
@with_addresses
@with_desk
def make(
    table: Path,
    out: Path,
    lists: str | None,
    replaces: bool,
    url: str | None,
    enrol_url: str | None,
    folder: Path,
    at: datetime | None,
    database: str | None,
) -> None:
    """Make a boot file and a card to print for each device of TABLE (devices.csv).

    \b
    Columns: name, and any of serial, zone, transport, asks_plate, asks_card, capacity_mb, camera,
    sound, wifi_ssid, wifi_password, wifi_country

    One wrong row, and nothing is made. The cards are good for 7 days. OUT/cards.html prints all.
    """
    from scanner.central.fleet_cards import whole_folder, write_cards
    from scanner.central.fleet_plan import read_plan

    rows = read_plan(table.read_bytes(), table.name)
    _check_boot_files(rows, table.name)
    desk = _desk(folder, at)
    with (
        whole_folder(out) as passing,
        open_office(desk, database) as office,
        office.ledger.book() as book,
    ):
        if replaces:
            _cancel(book, office, rows)
        cards, files = _cards(book, office, rows, (url, enrol_url, lists))
        write_cards(passing, cards, files)
    click.echo(f"{len(rows)} boot files and cards in {out}; print {out}/cards.html.")


@click.command()
@click.argument("folder_of_stick", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--devices", "table", type=FILE, required=True, help="devices.csv with serials.")
@click.option("--install", "installs", type=click.Path(exists=True, path_type=Path), multiple=True,
              help="Package or folder of wheels to be copied; again for each.")  # fmt: skip
@click.option("--lists", "bundle", type=_STICK, help="Folder of `scanner central bundle`.")
@click.option("--lists-url", "lists", help="Where signed lists are; kept for the next.")
@with_desk
def stick(
    folder_of_stick: Path,
    table: Path,
    installs: tuple[Path, ...],
    bundle: Path | None,
    lists: str | None,
    folder: Path,
    at: datetime | None,
    database: str | None,
) -> None:
    """Lay out one stick for a box of devices, by the serial numbers of their boards."""
    from scanner.central.fleet_cards import boot_file
    from scanner.central.fleet_plan import RowError, read_plan
    from scanner.central.fleet_stick import lay_out

    rows = read_plan(table.read_bytes(), table.name)
    for row in rows:
        if row.serial is None:
            raise RowError(
                f"{table.name}, line {row.line}, column serial: write the number that "
                "/sys/firmware/devicetree/base/serial-number shows on this board."
            )
    _check_boot_files(rows, table.name)
    with open_office(_desk(folder, at), database) as office, office.ledger.book() as book:
        _keep_plans(book, rows, lists)
    files = {str(row.serial): boot_file(row, None) for row in rows}
    lay_out(folder_of_stick, files, installs, bundle)
    click.echo(f"{len(rows)} devices on {folder_of_stick}: plug it into each of them.")


@click.command()
@click.argument("folder_of_stick", metavar="DIR", type=_STICK)
@click.option("--url", help="https://HOST:PORT of the records; kept for the next.")
@with_desk
def sign(
    folder_of_stick: Path,
    url: str | None,
    folder: Path,
    at: datetime | None,
    database: str | None,
) -> None:
    """At the city: answer what the devices have asked on the stick."""
    from scanner.central.devices import keep_address
    from scanner.central.fleet_stick import sign_stick, summary

    with open_office(_desk(folder, at), database) as office:
        with office.ledger.book() as book:
            keep_address(book, url)
        found = sign_stick(folder_of_stick, office)
    click.echo(summary(found))


@click.command()
@click.argument("folder_of_stick", metavar="DIR", type=_STICK)
@click.option("--html", "page", type=OUT_FILE, help="Also a page to print.")
@with_desk
def sheet(
    folder_of_stick: Path,
    page: Path | None,
    folder: Path,
    at: datetime | None,
    database: str | None,
) -> None:
    """Print what is done and what is not, and why."""
    from scanner.central.files import write_atomically
    from scanner.central.fleet_sheet import sheet_lines, sheet_page
    from scanner.central.fleet_stick import stands

    desk = _desk(folder, at)
    with open_office(desk, database) as office, office.ledger.book(reading=True) as book:
        names = {plan.serial: plan.name for plan in book.plans() if plan.serial is not None}
    found = stands(folder_of_stick, names)
    for line in sheet_lines(found):
        click.echo(line)
    if page is not None:
        write_atomically(page, sheet_page(found, desk.now).encode())


def _desk(folder: Path, at: datetime | None) -> Desk:
    clock = DeskClock(at)
    return Desk(folder, clock(), clock)


def _check_boot_files(rows: Sequence[DeviceRow], source: str) -> None:
    """By the very reader of the device. Raises RowError."""
    from scanner.boot.form import read_boot_file
    from scanner.boot.reasons import BootError
    from scanner.central.fleet_cards import boot_file
    from scanner.central.fleet_plan import RowError
    from scanner.core.clock import ClockLevel, ClockReading
    from scanner.core.time_bounds import NEVER_SET

    unknown = ClockReading(NEVER_SET, None, ClockLevel.C)
    for row in rows:
        try:
            read_boot_file(boot_file(row, None).encode(), unknown)
        except BootError as error:
            raise RowError(f"{source}, line {row.line}: no device would take it. {error}") from None


def _cards(
    book: Book,
    office: Office,
    rows: Sequence[DeviceRow],
    addresses: tuple[str | None, str | None, str | None],
) -> tuple[list[Card], dict[str, str]]:
    """A token each, in one transaction; the cards, and the boot files by name."""
    from scanner.central.devices import ENROL_URL_SETTING, keep_address
    from scanner.central.fleet_cards import boot_file, make_card, offer_of
    from scanner.central.tokens import TokenDesk
    from scanner.core.city_pin import fingerprint

    keep_address(book, addresses[0])
    door = keep_address(book, addresses[1], ENROL_URL_SETTING)
    ca, at = fingerprint(office.authority.certificate), int(office.now.timestamp())
    places, desk = _keep_plans(book, rows, addresses[2]), TokenDesk(office)
    cards: list[Card] = []
    files: dict[str, str] = {}
    for row in rows:
        made = desk.make(book, row.name, places[row.name], secrets.token_bytes)
        offer = offer_of(door, made.token, ca, at)
        cards.append(make_card(row, offer, made.ends_at))
        files[row.name] = boot_file(row, offer)
    return cards, files


def _cancel(book: Book, office: Office, rows: Sequence[DeviceRow]) -> None:
    from scanner.central.tokens import TokenDesk

    for row in rows:
        TokenDesk(office).cancel(book, row.name)


def _keep_plans(book: Book, rows: Sequence[DeviceRow], lists: str | None) -> Mapping[str, str]:
    """Name → place as text; the rows are kept for `sign`."""
    from scanner.central.ledger import Plan
    from scanner.central.placing import read_form

    lists = lists or book.setting(LISTS_URL_SETTING)
    if lists is not None:
        book.keep_setting(LISTS_URL_SETTING, lists)
    places = {row.name: read_form({**row.place, "lists": lists}) for row in rows}
    for row in rows:
        book.keep_plan(Plan(row.name, row.serial, places[row.name]))
    return places


CITY_COMMANDS = (make, stick, sign, sheet)
