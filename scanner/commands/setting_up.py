"""What the commands that set a device up have in common: where things go, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.boot.order import ORDER_FOLDER
from scanner.boot.taking import ETC, MODPROBE, NETWORK
from scanner.commands.moment import Moment
from scanner.config import Settings, find_state
from scanner.core.signal import Signal

if TYPE_CHECKING:
    from scanner.boot.order import Order
    from scanner.boot.taking import Places
    from scanner.core.setup_signal import Blinks

GOOD, WRONG = 0, 64
# The units take and show as the scanner's user; scanner.boot.placing, in between, is root.
ALL, TAKE, SHOW = "all", "take", "show"
PRESENT_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
# Not looked at here: who only reads a boot file has no right to see all of them.
_FOLDER = click.Path(file_okay=False, readable=False, path_type=Path)

_OPTIONS = (
    click.option("--etc", type=_FOLDER, default=ETC, show_default=True,
                 help="Where the settings go."),
    click.option("--network", type=_FOLDER, show_default=True,
                 default=NETWORK, help="Where the Wi-Fi network goes."),
    click.option("--modprobe", type=_FOLDER, default=MODPROBE, show_default=True,
                 help="Where the country of the Wi-Fi radio goes."),
    click.option("--state", type=_FOLDER, help="State folder of this device."),
    click.option("--lamps", "lamps_s", type=click.FloatRange(0, 600), default=20.0,
                 show_default=True,
                 help="Seconds in which lamps and buzzer tell of it; 0: not at all."),
    click.option("--step", type=click.Choice([ALL, TAKE, SHOW]), default=ALL, hidden=True),
    click.option("--order", type=_FOLDER, default=ORDER_FOLDER, hidden=True),
    click.option("--at", type=Moment(), hidden=True, help="Do as if it were this time."),
)  # fmt: skip


def setting_up(command: Callable[..., int]) -> Callable[..., int]:
    """Adds those options; the command is given all but the folders, which are its `places`."""

    @wraps(command)
    def with_places(
        *, etc: Path, network: Path, modprobe: Path, state: Path | None, **others: object
    ) -> int:
        from scanner.boot.taking import RADIO, Places

        radio = RADIO if network == NETWORK else None
        return command(places=Places(etc, network, modprobe, find_state(state), radio), **others)

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


def show_order(order: Order, failure: str, places: Places, lamps_s: float, group: Blinks) -> int:
    """How it went, once root has carried it out; failure: why not, blinked as this group.

    The settings that now count tell on which pins the lamps are. Returns the exit code.
    """
    from scanner.core.setup_signal import blinking, signal_of

    is_good = not failure and order.blinks <= 1
    click.echo(failure or order.line, err=not is_good)
    signal = blinking(group) if failure else signal_of(order.blinks)
    if signal is not None:
        show(settings_in(places.etc), signal, lamps_s)
    return GOOD if is_good else WRONG


def settings_in(etc: Path) -> Settings:
    """Those that count now; by default where there are none, or wrong ones."""
    from scanner.boot.reasons import FILE
    from scanner.config import load_settings
    from scanner.core.errors import ConfigError

    try:
        return load_settings(etc / FILE)
    except ConfigError:
        return Settings()
