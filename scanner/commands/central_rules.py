"""`scanner central rule` and `scanner central policy`: what the sticks of targets sign."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from scanner.commands.central_desk import (
    FILE,
    MOMENT,
    Desk,
    pass_desk,
    published_line,
    with_sticks,
)

RULE_TYPES = (
    "extend", "grace", "close-zone", "quarantine-batch", "quarantine-district", "quarantine-dates"
)  # fmt: skip


@click.group()
def rule() -> None:
    """Signed rules for many passes at once, for 31 days at most: add, remove, list."""


@rule.command()
@click.argument("do", metavar="RULE", type=click.Choice(RULE_TYPES))
@click.argument("rule_id", metavar="ID")
@click.option("--not-after", type=MOMENT, required=True, help="The rule ends then.")
@click.option("--kind", "kinds", type=int, multiple=True, help="Kind of passes; again for each.")
@click.option("--exp-from", type=MOMENT, help="extend: passes that expire from here…")
@click.option("--exp-to", type=MOMENT, help="extend: …to before here")
@click.option("--until", type=MOMENT, help="extend: are valid until then.")
@click.option("--seconds", type=int, help="grace: valid so much longer.")
@click.option("--zone", "zones", type=int, multiple=True, help="close-zone")
@click.option("--except-kind", "except_kinds", type=int, multiple=True, help="close-zone")
@click.option("--batch", "batches", type=int, multiple=True, help="quarantine-batch")
@click.option("--district", "districts", type=int, multiple=True, help="quarantine-district")
@click.option("--iat-from", type=MOMENT, help="quarantine-dates: issued from here…")
@click.option("--iat-to", type=MOMENT, help="quarantine-dates: …to before here")
@with_sticks
@pass_desk
def add(desk: Desk, /, do: str, rule_id: str, sticks: tuple[Path, ...], **fields: object) -> None:
    """Add a rule, named ID.

    \b
    extend               --kind, --exp-from, --exp-to, --until
    grace                --kind, --seconds
    close-zone           --zone, perhaps --except-kind
    quarantine-batch     --batch
    quarantine-district  --district
    quarantine-dates     --kind, --iat-from, --iat-to
    """
    said = {name: _plain(value) for name, value in fields.items() if value not in (None, ())}
    with desk.city(sticks) as city:
        city.sign(
            lambda documents, edition: documents.add_rule(
                {"do": do, "id": rule_id, **said}, desk.now
            )
        )
        click.echo(f"Rule {rule_id} is signed.")
        click.echo(published_line(city))


def _plain(value: object) -> object:
    """As JSON has it: seconds since 1970, lists."""
    if isinstance(value, datetime):
        return int(value.timestamp())
    return list(value) if isinstance(value, tuple) else value


@rule.command()
@click.argument("rule_id", metavar="ID")
@with_sticks
@pass_desk
def remove(desk: Desk, rule_id: str, sticks: tuple[Path, ...]) -> None:
    """Take the rule ID back before its end."""
    with desk.city(sticks) as city:
        city.sign(lambda documents, edition: documents.remove_rule(rule_id))
        click.echo(f"Rule {rule_id} is removed.")
        click.echo(published_line(city))


@rule.command("list")
@pass_desk
def list_rules(desk: Desk) -> None:
    """The signed rules, one a line, as JSON."""
    with desk.city() as city:
        for signed in city.documents().rules():
            click.echo(json.dumps(signed, ensure_ascii=False))


@click.group()
def policy() -> None:
    """Zones, kinds, ages, limits that every checkpoint follows: show, set."""


@policy.command()
@pass_desk
def show(desk: Desk) -> None:
    """The signed policy, as JSON to be edited."""
    with desk.city() as city:
        click.echo(city.documents().policy().decode(), nl=False)


@policy.command("set")
@click.argument("file", type=FILE)
@with_sticks
@pass_desk
def set_policy(desk: Desk, file: Path, sticks: tuple[Path, ...]) -> None:
    """Sign the policy in FILE; its version is counted here."""
    body = file.read_bytes()
    with desk.city(sticks) as city:
        state = city.sign(lambda documents, edition: documents.set_policy(body))
        name = state.names("policy-")[0]
        click.echo(f"{name} is signed.")
        click.echo(published_line(city))


COMMANDS = (rule, policy)
