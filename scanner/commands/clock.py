"""`scanner clock`: what is known of the time, and setting it by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.moment import Moment
from scanner.config import find_state
from scanner.core.clock import ClockLevel
from scanner.core.time_bounds import NEVER_SET

if TYPE_CHECKING:
    from scanner.assembly.clock import ClockProbe

_LEVELS = {
    ClockLevel.A: "confirmed in this boot",
    ClockLevel.B: "held, or set by a time code or by hand",
    ClockLevel.C: "only the floor is known",
}
_RAISES = (
    "a time code before the camera, or network time that agrees with a signed time within a day"
)
_STATE = click.option(
    "--state", type=click.Path(path_type=Path), help="State folder of this device."
)


@click.group(invoke_without_command=True)
@_STATE
@click.pass_context
def command(context: click.Context, state: Path | None) -> None:
    """Show level, interval, source and floor of the clock, and what would raise the level."""
    from scanner.assembly.clock import probe_clock

    context.obj = find_state(state)
    if context.invoked_subcommand is None:
        for line in _lines(probe_clock(context.obj)):
            click.echo(line)


@command.command("set")
@click.argument("at", type=Moment())
@click.option("--confirm", is_flag=True, help="The second step, within five minutes.")
@click.pass_obj
def set_(state: Path, at: datetime, confirm: bool) -> None:
    """Set the time to AT (such as 2020-04-29T09:30:00+03:00) in two steps.

    It counts as ± 5 minutes, for 12 hours, at level B: never below the floor, which it never
    raises. The first step only shows what would be set; the second is the same with --confirm.
    """
    from scanner.assembly.clock import confirm_time, propose_time

    if confirm:
        confirm_time(state, at)
        click.echo("Set by hand, ± 5 minutes, for 12 hours. The scanner follows within a minute.")
        return
    by_hand = propose_time(state, at)
    click.echo(f"It would be between {by_hand.earliest:%A %Y-%m-%d %H:%M}Z and")
    click.echo(f"                 {by_hand.latest:%A %Y-%m-%d %H:%M}Z.")
    click.echo("Look at a second watch. If it is right, run within five minutes:")
    click.echo(f"  scanner clock set {at.isoformat()} --confirm")


def _lines(probe: ClockProbe) -> Iterator[str]:
    now, bounds = probe.now, probe.memory.bounds
    yield f"level     {now.level.name}: {_LEVELS[now.level]}"
    latest = "not bounded" if now.latest is None else _shown(now.latest)
    yield f"now       {_shown(now.earliest)} to {latest}"
    yield f"source    {probe.source.value if probe.source else 'none'}"
    yield f"floor     {'never set' if bounds.floor == NEVER_SET else _shown(bounds.floor)}"
    reach = "any time" if probe.ceiling is None else _shown(probe.ceiling)
    yield f"believes  up to {reach}"
    signed = "none" if probe.memory.signed_at is None else _shown(probe.memory.signed_at)
    yield f"signed    {signed}"
    yield f"battery   {_battery(probe)}"
    if probe.future is not None:
        yield f"fault     E-CLOCK-FUTURE: {_shown(probe.future)} was claimed; see `scanner doctor`"
    if now.is_just_rebooted:
        yield "rebooted  just now, a minute after the floor (reboot_grace of the policy)"
    if now.level is not ClockLevel.A:
        yield f"raised by {_RAISES}"


def _battery(probe: ClockProbe) -> str:
    if not probe.has_rtc:
        return "none fitted"
    set_at = probe.memory.rtc_set_at
    return "not known to be right" if set_at is None else f"right on {_shown(set_at)}"


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"
