"""The whole demo: a fresh device, all lines, the upload, then contact sheet, report, databases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.assembly.lists import install_lists
from scanner.assembly.simulated import simulated_device
from scanner.demo.journey import Journey, Shown
from scanner.demo.manifest import Line
from scanner.demo.stopwatch import Stopwatch
from scanner.ports import Indicator
from scanner.store.migrations import migrate

if TYPE_CHECKING:
    from scanner.demo.network_back import Arrived


# What a device makes in its folder, but its key.
_MADE = ("*.db", "*.db-*", "*.db.damaged-*", "gpio-lines", "enrolment.json", "tls.key")


@dataclass(frozen=True, slots=True)
class Show:
    """What came of the demo; `files`: what it left behind, by name."""

    shown: tuple[Shown, ...]
    records: int
    counters: dict[str, int]
    files: dict[str, Path]
    arrived: Arrived | None = None

    @property
    def is_as_expected(self) -> bool:
        """Every verdict as in the manifest; and nothing lost where the network came back."""
        has_arrived = self.arrived is None or self.arrived.is_as_expected
        return has_arrived and all(shown.is_as_expected for shown in self.shown)


def show_all(
    lines: Sequence[Line], samples: Path, out: Path, report: Callable[[Shown], None]
) -> Show:
    """Everything is kept under `out`; what a demo left there before is replaced."""
    state = fresh_state(out)
    install_lists(state, samples / "bundle", samples / "fleet.key", allow_test_keys=True)
    watches: list[Stopwatch] = []

    def watch(indicator: Indicator) -> Indicator:
        watches.append(Stopwatch(indicator))
        return watches[0]

    with simulated_device(state, lines[0].moment, watch) as device:
        journey = Journey(device, watches[0], samples, state)
        shown = []
        for line in lines:
            shown.append(journey.show(line))
            report(shown[-1])
        records, counters = device.outbox.waiting(), device.outbox.counters()
    show = Show(tuple(shown), records, counters, {"database": state / "outbox.db"})
    return replace(show, files=_draw(show, samples, out) | show.files)


def bring_back(show: Show, out: Path) -> Show:
    """The network comes back: the records of the demo reach a central server on loopback."""
    from scanner.demo.network_back import bring_network_back

    arrived = bring_network_back(out / "state", out)
    files = show.files | {"central database": arrived.database}
    return replace(show, arrived=arrived, files=files)


def _draw(show: Show, samples: Path, out: Path) -> dict[str, Path]:
    """Contact sheet and report, from what the frames looked like and what the pins did."""
    # Imported last: the first frame must not wait for what only draws.
    from scanner.demo.pen import read_thumbnail
    from scanner.demo.report import write_report
    from scanner.demo.sheet import write_sheet

    small = {name: read_thumbnail(samples / name) for name in {one.line.file for one in show.shown}}
    thumbnails = [small[one.line.file] for one in show.shown]
    files = {"contact sheet": out / "contact-sheet.png", "report": out / "report.html"}
    write_sheet(show, thumbnails, files["contact sheet"])
    write_report(show, thumbnails, files["report"])
    return files


def fresh_state(out: Path) -> Path:
    """`out`/state with new databases; only files that a device makes are removed."""
    state = out / "state"
    for pattern in _MADE:
        for left in state.glob(pattern):
            left.unlink()
    migrate(state)
    return state
