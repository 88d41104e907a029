"""The device that is looked at, and who can be asked what a program cannot see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from scanner.doctor.finding import Finding

if TYPE_CHECKING:
    from scanner.config import Settings
    from scanner.core.clock import ClockReading


class Technician(Protocol):
    """Somebody who stands before the device."""

    def tell(self, words: str) -> None: ...

    def confirm(self, question: str) -> bool: ...


@dataclass
class Subject:
    """Settings file and state folder; what is costly to find out is found out once.

    technician: None where nobody sits at a terminal.
    """

    config: Path
    state: Path
    technician: Technician | None = None

    @cached_property
    def loaded(self) -> tuple[Finding, Settings | None]:
        """What is to be said of the settings, and the settings when they can be used."""
        from scanner.doctor.software import check_config

        return check_config(self.config)

    @property
    def settings(self) -> Settings | None:
        return self.loaded[1]

    @cached_property
    def is_scanning(self) -> bool:
        """Whether the scanner runs as a unit, and so has camera and lamps."""
        from scanner.doctor.units import is_scanning

        return is_scanning()

    @cached_property
    def clock(self) -> tuple[list[Finding], ClockReading | None]:
        """What is to be said of the clock, and the time when the stores could be asked."""
        from scanner.doctor.hardware import check_clock

        return check_clock(self.state)
