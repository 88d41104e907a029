"""Whether a process grows: what it has resident, looked at often, compared when it has settled."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median


@dataclass
class Watch:
    """`look()` now and then; `growth_mb()` is from the second quarter of the looks to the last."""

    pid: int = field(default_factory=os.getpid)
    seen_mb: list[float] = field(default_factory=list)

    def look(self) -> None:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1])
        self.seen_mb.append(pages * os.sysconf("SC_PAGESIZE") / 2**20)

    def growth_mb(self) -> float:
        """The first quarter is left out: caches fill and allocators settle in it."""
        quarter = max(1, len(self.seen_mb) // 4)
        return median(self.seen_mb[-quarter:]) - median(self.seen_mb[quarter : 2 * quarter + 1])

    def story(self) -> str:
        """How it grew, what it had at first and at last."""
        first, last = self.seen_mb[0], self.seen_mb[-1]
        return f"{self.growth_mb():+.1f} MB, at first {first:.1f}, at last {last:.1f}"
