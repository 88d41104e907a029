"""What the commands that set a device up have in common: where things go, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path

import click

from scanner.commands.check import Moment
from scanner.config import Settings, find_state
from scanner.core.signal import Signal

GOOD, WRONG = 0, 64
PRESENT_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)

_OPTIONS = (
    click.option("--etc", type=_FOLDER, default=Path("/etc/scanner"), show_default=True,
                 help="Where the settings go."),
    click.option("--network", type=_FOLDER, show_default=True,
                 default=Path("/etc/NetworkManager/system-connections"),
                 help="Where the Wi-Fi network goes."),
    click.option("--modprobe", type=_FOLDER, default=Path("/etc/modprobe.d"), show_default=True,
                 help="Where the country of the Wi-Fi radio goes."),
    click.option("--state", type=_FOLDER, help="State folder of this device."),
    click.option("--lamps", "lamps_s", type=click.FloatRange(0, 600), default=20.0,
                 show_default=True,
                 help="Seconds in which lamps and buzzer tell of it; 0: not at all."),
    click.option("--at", type=Moment(), hidden=True, help="Do as if it were this time."),
)  # fmt: skip


def setting_up(command: Callable[..., int]) -> Callable[..., int]:
    """Adds those options; the command is given `places`, `lamps_s` and `at` beside its own."""

    @wraps(command)
    def with_places(
        *, etc: Path, network: Path, modprobe: Path, state: Path | None, **others: object
    ) -> int:
        from scanner.boot.taking import Places

        return command(places=Places(etc, network, modprobe, find_state(state)), **others)

    taken: Callable[..., int] = with_places
    for option in reversed(_OPTIONS):
        taken = option(taken)
    return taken


def show(settings: Settings, signal: Signal, lamps_s: float) -> None:
    """On the lamps, for as long as the signal asks and no longer than `lamps_s`."""
    from scanner.assembly.setup_lamps import show_setup

    if not lamps_s:
        return
    held_s = min(lamps_s, signal.hold_s or lamps_s)
    if (fault := show_setup(settings, signal, held_s)) is not None:
        click.echo(f"The lamps show nothing of it: {fault}", err=True)
