"""`scanner check`: judge codes from images, text or standard input."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from scanner.commands.answer import answer
from scanner.commands.codes import codes_of
from scanner.commands.moment import Moment
from scanner.core.policy import Checkpoint
from scanner.core.reasons import Outcome

EXIT_CODES = {Outcome.ADMIT: 0, Outcome.REFUSE: 10, Outcome.UNDECIDED: 11, Outcome.NONE: 12}


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--trust", type=_FILE, help="Trust list (JWK Set) instead of the installed one.")
@click.option("--lists", type=_FOLDER, help="A folder of lists instead of the installed ones.")
@click.option("--fleet-key", type=_FILE, help="Opens the holder list of --lists.")
@click.option("--at", type=Moment(), help="Judge at this time instead of now.")
@click.option("--zone", type=int, help="The checkpoint's zone; without it every zone fits.")
@click.option("--transport", type=int, help="The checkpoint's transport; without it each fits.")
@click.option("--plate", help="The number plate of the car in front of you.")
@click.option("--state", type=click.Path(path_type=Path), help="State folder of this device.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a code.")
def command(
    sources: tuple[str, ...],
    trust: Path | None,
    lists: Path | None,
    fleet_key: Path | None,
    at: datetime | None,
    zone: int | None,
    transport: int | None,
    plate: str | None,
    state: Path | None,
    as_json: bool,
) -> int:
    """Judge each SOURCE: an image, the text of a code, or - for standard input.

    \b
    Exit code, the highest of all sources:
      0 ADMIT   10 REFUSE   11 UNDECIDED   12 none of these (no code, not a pass, training)

    Without --lists and --state nothing is known of revocations, and the answer says so.
    """
    from scanner.assembly.desk import lists_of_check, time_of_check

    site = Checkpoint(zone=zone, transport=transport, asks_plate=plate is not None)
    now = time_of_check(at)
    with lists_of_check(site, trust, lists, fleet_key, state) as (known, has_lists):
        answers = [
            answer(code, known, now, typed_plate=plate, has_lists=has_lists)
            for source in sources
            for code in codes_of(source)
        ]
    for said in answers:
        click.echo(json.dumps(said.as_json()) if as_json else said.as_text())
    return max(EXIT_CODES[said.verdict.outcome] for said in answers)
