"""`scanner central`: issue, revoke, suspend, restore, quarantine, release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.central_desk import (
    FILE,
    MOMENT,
    OUT_FILE,
    Desk,
    pass_desk,
    published_line,
    with_publish,
)
from scanner.commands.windows import WINDOW
from scanner.core.claims import Movement
from scanner.core.revocation import StatusBits

if TYPE_CHECKING:
    from scanner.central.city import City
    from scanner.central.passes import Issued, Request

KIND_NAMES = ("work", "personal", "medical", "transit", "one-off")
_ONE_DAY = {"personal", "one-off"}


@click.command()
@click.argument("kind", type=click.Choice(KIND_NAMES))
@click.option("--document", prompt="Number of the document", help="Not kept; 4 digits are printed.")
@click.option("--initials", prompt=True, help="As А.Б.; up to 8 letters.")
@click.option("--born", prompt="Born (DDMM)", help="Day and month, as 0912.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="One whole day in the city.")
@click.option("--from", "begins", type=MOMENT, help="Default: now.")
@click.option("--until", "ends", type=MOMENT, help="Default: as long as this kind may live.")
@click.option("--plate", help="Number plate; blanks and look-alike letters do not matter.")
@click.option("--card", help="Last digits of the transport card.")
@click.option("--purpose", type=int, help="Number from the policy.")
@click.option("--zone", "zones", type=int, multiple=True, help="Only there; again for each.")
@click.option("--transport", "transports", type=int, multiple=True, help="Only so; again for each.")
@click.option("--window", "windows", type=WINDOW, multiple=True, help="As mon-fri/06:00-22:00.")
@click.option("--district", type=int)
@click.option("--batch", type=int)
@click.option("--specimen", is_flag=True, help="For training: lets nobody through.")
@click.option("--out", type=OUT_FILE, multiple=True, help="Picture, .png or .svg; again for both.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the code.")
@pass_desk
def issue(
    desk: Desk,
    /,
    kind: str,
    document: str,
    initials: str,
    born: str,
    day: datetime | None,
    begins: datetime | None,
    ends: datetime | None,
    out: tuple[Path, ...],
    as_json: bool,
    **wishes: object,
) -> None:
    """Sign a pass of KIND for one person and draw its code.

    A person has at most two personal passes a week, each for one day.
    """
    from scanner.central import render  # first: without it a signed pass could not be shown
    from scanner.central.passes import Person

    for path in out:
        render.check_ending(path)
    with desk.city() as city:
        person = Person(initials, born, document)
        span = _span(city, kind, day, begins, ends)
        issued = _issue(city, _request(kind, person, span, wishes))
    _show(issued, out, as_json=as_json)


def _span(
    city: City, kind: str, day: datetime | None, begins: datetime | None, ends: datetime | None
) -> tuple[datetime, datetime]:
    from scanner.central.issuer import KINDS, LONGEST_DAYS
    from scanner.central.passes import whole_day

    now = city.means.now
    if day is not None and (begins is not None or ends is not None):
        raise click.UsageError("Give either --day, or --from and --until.")
    if day is not None or (kind in _ONE_DAY and begins is None and ends is None):
        local = now.astimezone(city.zone()).date() if day is None else day.date()
        return whole_day(local, city.zone())
    first = begins or now
    return first, ends or first + timedelta(days=LONGEST_DAYS[KINDS[kind]])


def _request(
    kind: str, person: object, span: tuple[datetime, datetime], wishes: dict[str, object]
) -> Request:
    from scanner.central.issuer import KINDS
    from scanner.central.passes import Person, Request

    assert isinstance(person, Person)
    plate = wishes["plate"]
    return Request(
        kind=KINDS[kind],
        person=person,
        begins=span[0],
        ends=span[1],
        plate=plate if isinstance(plate, str) else None,
        restrictions=dict(_restrictions(wishes)),
    )


def _restrictions(wishes: dict[str, object]) -> Iterator[tuple[Movement, object]]:
    single = {
        "card": Movement.TRANSPORT_CARD,
        "purpose": Movement.PURPOSE,
        "district": Movement.DISTRICT,
        "batch": Movement.BATCH,
    }
    for name, key in single.items():
        if wishes[name] is not None:
            yield key, wishes[name]
    zones, transports = (list(_several(wishes[name])) for name in ("zones", "transports"))
    if zones or transports:
        yield Movement.SCOPE, [zones, transports]
    if windows := list(_several(wishes["windows"])):
        yield Movement.WINDOWS, windows
    if wishes["specimen"]:
        yield Movement.SPECIMEN, True


def _several(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def _issue(city: City, request: Request) -> Issued:
    from scanner.central.issuer import current_key
    from scanner.central.passes import Counter, issue

    key = current_key(city.folder, city.register, city.means.now)
    counter = Counter(city.register, key, city.trust(), city.zone())
    return issue(counter, request, city.means.now, city.means.entropy)


def _show(issued: Issued, out: tuple[Path, ...], *, as_json: bool) -> None:
    from scanner.central import render

    if as_json:
        said = {"index": issued.index, "printed_id": issued.printed_id, "text": issued.text}
        click.echo(json.dumps(said))
    else:
        if not out:
            click.echo(render.to_terminal(issued.text))
        # Before the picture: if the disk is full, the clerk knows what to revoke.
        click.echo(f"index {issued.index}, printed id {issued.printed_id}")
    for path in out:
        render.save(issued.text, issued.printed_id, path)
        click.echo(f"drawn in {path}", err=as_json)


@click.command()
@click.argument("passes", nargs=-1, metavar="PASS...")
@click.option("--file", "listed", type=FILE, help="File with one PASS a line.")
@with_publish
@pass_desk
def revoke(
    desk: Desk, passes: tuple[str, ...], listed: Path | None, waits: bool, beyond_breaker: bool
) -> None:
    """Take PASSes back: red at every gate within a poll.

    PASS is its index, its printed id, or, for a pass without an index, the first 32 hex digits of
    SHA-256 of its cti.
    """
    _set(desk, (passes, listed), StatusBits.REVOKED, "revoked", (waits, beyond_breaker))


@click.command()
@click.argument("passes", nargs=-1, metavar="PASS...")
@click.option("--file", "listed", type=FILE, help="File with one PASS a line.")
@with_publish
@pass_desk
def suspend(
    desk: Desk, passes: tuple[str, ...], listed: Path | None, waits: bool, beyond_breaker: bool
) -> None:
    """Stop PASSes for the time of an inquiry; `restore` gives them back."""
    _set(desk, (passes, listed), StatusBits.SUSPENDED, "suspended", (waits, beyond_breaker))


@click.command()
@click.argument("passes", nargs=-1, metavar="PASS...")
@click.option("--file", "listed", type=FILE, help="File with one PASS a line.")
@with_publish
@pass_desk
def restore(
    desk: Desk, passes: tuple[str, ...], listed: Path | None, waits: bool, beyond_breaker: bool
) -> None:
    """Make revoked or suspended PASSes good again."""
    _set(desk, (passes, listed), StatusBits.VALID, "restored", (waits, beyond_breaker))


def _set(
    desk: Desk,
    given: tuple[tuple[str, ...], Path | None],
    status: StatusBits,
    word: str,
    how: tuple[bool, bool],
) -> None:
    from scanner.central.selection import select, set_status

    passes, listed = given
    waits, beyond = how
    lines = listed.read_text("utf-8").split() if listed else []
    if not passes and not lines:
        raise click.UsageError("Name at least one PASS, or a --file of them.")
    with desk.city() as city:
        selection = select(city.register, [*passes, *lines])
        changed = set_status(city, selection, status, beyond_breaker=beyond)
        click.echo(f"{changed} of {len(selection)} passes {word}.")
        _publish(city, waits=waits, beyond=beyond)


def _publish(city: City, *, waits: bool, beyond: bool) -> None:
    if waits:
        click.echo("Not published yet: run `scanner central publish`.")
        return
    city.publish(beyond_breaker=beyond)
    click.echo(published_line(city))


@click.command()
@click.argument("person", required=False, metavar="[REF|INDEX]")
@click.option("--document", help="Number of the person's document instead.")
@with_publish
@pass_desk
def quarantine(
    desk: Desk, person: str | None, document: str | None, waits: bool, beyond_breaker: bool
) -> None:
    """Stop a person whatever passes they hold.

    Named by holder_ref (16 hex digits), the index of any of their passes, or --document.
    """
    _hold(desk, (person, document), 1, "quarantined", (waits, beyond_breaker))


@click.command()
@click.argument("person", required=False, metavar="[REF|INDEX]")
@click.option("--document", help="Number of the person's document instead.")
@with_publish
@pass_desk
def release(
    desk: Desk, person: str | None, document: str | None, waits: bool, beyond_breaker: bool
) -> None:
    """End a person's quarantine."""
    _hold(desk, (person, document), 0, "released", (waits, beyond_breaker))


def _hold(
    desk: Desk,
    who: tuple[str | None, str | None],
    value: int,
    word: str,
    how: tuple[bool, bool],
) -> None:
    from scanner.central.selection import set_quarantine

    waits, beyond = how
    person, document = who
    if (person is None) == (document is None):
        raise click.UsageError("Name the person by REF or INDEX, or else by --document.")
    with desk.city() as city:
        changed = set_quarantine(city, person, document, value, beyond_breaker=beyond)
        click.echo(f"The holder is {word}." if changed else f"The holder was {word} already.")
        _publish(city, waits=waits, beyond=beyond)


COMMANDS = (issue, revoke, suspend, restore, quarantine, release)
