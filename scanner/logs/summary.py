"""What a report shows, added up volume by volume; only sums of told rows, never of records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from scanner.core.cells import LEAST, Cell, Span, cells_of
from scanner.core.findings import Finding, is_sound
from scanner.core.reasons import Outcome, Reason
from scanner.core.tallies import Kind, Place
from scanner.logs.health import Health, health_of
from scanner.logs.verify import Checked
from scanner.logs.volume import Heading, chosen


@dataclass(slots=True)
class Counts:
    """Sums of rows. hours: minute at which an hour begins (UTC) and outcome; days: day and outcome.

    An hour holds what is told by the quarter or the hour; what is told by the day only is in the
    day alone. few, later: at how many days and places a rest is not told, for good or for now.
    """

    kinds: Counter[Kind] = field(default_factory=Counter)
    hours: Counter[tuple[int, Outcome | None]] = field(default_factory=Counter)
    days: Counter[tuple[int, Outcome | None]] = field(default_factory=Counter)
    places: Counter[tuple[Place, Outcome | None]] = field(default_factory=Counter)
    by_hand: Counter[tuple[Place, Reason | None, Reason | None]] = field(default_factory=Counter)
    by_the_day: int = 0
    few: int = 0
    later: int = 0

    def add(self, cell: Cell) -> None:
        if not cell.is_told:
            self.few += cell.is_over
            self.later += not cell.is_over
            return
        outcome = cell.kind.outcome
        self.kinds[cell.kind] += cell.n
        self.days[(cell.day, outcome)] += cell.n
        self.places[(cell.place, outcome)] += cell.n
        if cell.minute is None:
            self.by_the_day += cell.n
        else:
            self.hours[(cell.minute - cell.minute % Span.HOUR, outcome)] += cell.n
        if outcome is Outcome.BY_HAND:
            self.by_hand[(cell.place, cell.kind.of, cell.kind.reason)] += cell.n

    @property
    def outcomes(self) -> Counter[Outcome | None]:
        found: Counter[Outcome | None] = Counter()
        for kind, n in self.kinds.items():
            found[kind.outcome] += n
        return found

    @property
    def reasons(self) -> Counter[tuple[Outcome | None, Reason | None]]:
        found: Counter[tuple[Outcome | None, Reason | None]] = Counter()
        for kind, n in self.kinds.items():
            found[(kind.outcome, kind.reason)] += n
        return found


@dataclass(frozen=True, slots=True)
class Trail:
    """What is to be said of one device and epoch: its health and whether its log holds."""

    device: bytes
    epoch: bytes
    checkpoints: tuple[str, ...]
    health: Health
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        return is_sound(self.findings)


@dataclass(slots=True)
class Summary:
    """Everything the report shows. is_raw: cells of one to four are told, for a case."""

    headings: list[Heading] = field(default_factory=list)
    is_raw: bool = False
    counts: Counts = field(default_factory=Counts)
    trails: list[Trail] = field(default_factory=list)
    faults: list[Finding] = field(default_factory=list)

    def add(self, heading: Heading, checked: Checked, *, silent_min: int) -> None:
        """One volume, or what was found about a file as a whole."""
        if not checked.links:
            self.faults += checked.findings
            return
        for cell in self._cells(heading, checked):
            self.counts.add(cell)
        segments = [link.segment for link in checked.links]
        health = health_of(segments, heading.wish, silent_min)
        checkpoints = tuple(sorted({segment.checkpoint for segment in segments}))
        first = segments[0]
        self.trails.append(Trail(first.device, first.epoch, checkpoints, health, checked.findings))

    def _cells(self, heading: Heading, checked: Checked) -> list[Cell]:
        if not self.is_raw:
            return list(checked.volume.cells)
        cells = cells_of(checked.volume.log, checked.links, least=1)
        return list(chosen(cells, heading.wish, checked.links))

    @property
    def is_sound(self) -> bool:
        return not self.faults and all(trail.is_sound for trail in self.trails)

    @property
    def least(self) -> int:
        """The smallest number that is shown."""
        return 1 if self.is_raw else LEAST
