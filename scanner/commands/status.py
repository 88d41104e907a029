"""`scanner status`: what this device judges by, and how old it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.config import find_state

if TYPE_CHECKING:
    from scanner.assembly.clock import ClockProbe
    from scanner.doctor.lists import ListsStatus


@click.command()
@click.option("--state", type=click.Path(path_type=Path), help="State folder of this device.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(state: Path | None, as_json: bool) -> None:
    """Versions and ages of the lists, the clock, issuer keys, what is held, the space.

    "old" is past the soft age of the policy: a notice. "too old" is past the hard age: passes are
    undecided until newer lists arrive.
    """
    from scanner.assembly.clock import probe_clock
    from scanner.doctor.lists import lists_status

    where = find_state(state)
    clock = probe_clock(where)
    status = lists_status(where, clock.now, allow_test_keys=True)
    used, free = _space(where)
    if as_json:
        click.echo(json.dumps(_object(clock, status, used, free)))
        return
    for line in _lines(clock, status):
        click.echo(line)
    click.echo(f"space: {used / 1e6:.1f} MB used by this device, {free / 1e6:.0f} MB free")


def _space(folder: Path) -> tuple[int, int]:
    """Bytes that the state folder takes, and bytes that are free beside it."""
    used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return used, shutil.disk_usage(folder).free


def _lines(clock: ClockProbe, status: ListsStatus) -> Iterator[str]:
    from scanner.doctor.lists import words_of, words_of_key

    now, source = clock.now, clock.source
    latest = f"{now.latest:%Y-%m-%d %H:%M}Z" if now.latest else "not known"
    by = f", by {source.value}" if source else ""
    yield f"clock: level {now.level.name}{by}, {now.earliest:%Y-%m-%d %H:%M}Z to {latest}"
    if not status.lists:
        yield "lists: none. Run `scanner sync`."
    for each in status.lists:
        age = "" if each.age_s is None else f"{each.age_s / 3600:8.1f} h"
        yield f"{each.name:20} version {each.version:<10}{age:>10}  {each.mark}"
    for key in status.keys:
        yield f"issuer: {words_of_key(key)}"
    if status.end_of_regime is not None:
        yield f"the regime ends {status.end_of_regime:%Y-%m-%d %H:%M}Z"
    for held in status.held:
        yield f"held: {words_of(held)}"
    for at, words in status.faults:
        yield f"fault: {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}Z {words}"


def _object(clock: ClockProbe, status: ListsStatus, used: int, free: int) -> dict[str, object]:
    now = clock.now
    return {
        "clock": {
            "level": now.level.name,
            "source": clock.source.value if clock.source else None,
            "earliest": now.earliest.isoformat(),
            "latest": now.latest.isoformat() if now.latest else None,
        },
        "lists": [
            {
                "name": each.name,
                "version": each.version,
                "issued_at": each.issued_at,
                "age_s": each.age_s,
                "mark": each.mark,
            }
            for each in status.lists
        ],
        "keys": [
            {
                "issuer": key.issuer,
                "kid": key.kid.hex(),
                "state": key.state.value,
                "expires": key.expires.isoformat() if key.expires else None,
            }
            for key in status.keys
        ],
        "end_of_regime": status.end_of_regime.isoformat() if status.end_of_regime else None,
        "held": [asdict(held) for held in status.held],
        "faults": [{"at": at, "words": words} for at, words in status.faults],
        "space": {"used_bytes": used, "free_bytes": free},
    }
