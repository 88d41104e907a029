"""What is shown in the demo and what must come of it: `sample_codes/manifest.json`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from scanner.core.clock import ClockLevel
from scanner.core.errors import ConfigError
from scanner.core.policy import Checkpoint
from scanner.core.reasons import Notice, Outcome, Reason


class LineFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds at the checkpoint when the frame is shown; None: not asked, not known."""

    zone: int | None = None
    transport: int | None = None
    asked_plate: str | None = None
    clock_level: str = "A"
    list_age_h: float = 0.5
    seen_min_ago: float | None = None


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One frame, its own time, and the expected verdict, by name."""

    file: str
    at: str
    outcome: str
    reason: str
    notices: list[str] = []
    facts: LineFacts = LineFacts()
    note: str = ""

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at).astimezone(UTC)

    @property
    def level(self) -> ClockLevel:
        return ClockLevel[self.facts.clock_level]

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(
            id="demo",
            zone=self.facts.zone,
            transport=self.facts.transport,
            asks_plate=self.facts.asked_plate is not None,
        )

    def expects(self, outcome: Outcome, reason: Reason, notices: tuple[Notice, ...]) -> bool:
        """Whether this is the verdict that the manifest says."""
        names = {notice.name for notice in notices}
        expected = {name.upper().replace("-", "_") for name in self.notices}
        return (self.outcome, self.reason, expected) == (outcome.name, reason.name, names)


def read_manifest(folder: Path) -> list[Line]:
    """Raises ConfigError that names what is wrong."""
    path = folder / "manifest.json"
    try:
        lines = msgspec.json.decode(path.read_bytes(), type=list[Line])
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).") from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path} is not a manifest: {error}.") from None
    if not lines:
        raise ConfigError(f"{path} has no lines.")
    return lines
