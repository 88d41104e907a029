"""Whether the reader that runs on this very machine is confined, as the kernel says, and reads.

For `scanner doctor`; the loop does not need it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scanner.vision.slots import Grey

TEST_PAYLOAD = b"MP1:TEST"
# A code of version 1-M with that text, a row of 21 modules a number, dark is 1.
_TEST_ROWS = (
    0x1FC17F, 0x105F41, 0x17595D, 0x175A5D, 0x174B5D, 0x104541, 0x1FD57F, 0x001B00, 0x1051CE,
    0x1B1956, 0x00D296, 0x0D2413, 0x17F440, 0x0013C7, 0x1FCD68, 0x10439D, 0x174536, 0x174900,
    0x174857, 0x104409, 0x1FD2B0,
)  # fmt: skip
_MODULE_PX, _QUIET_MODULES = 6, 4


def card_picture() -> Grey:
    """A picture of a code that reads TEST_PAYLOAD, uint8 [174, 174]."""
    dark = [[row >> at & 1 for at in reversed(range(21))] for row in _TEST_ROWS]
    modules = np.pad(np.array(dark, np.uint8), _QUIET_MODULES)
    return np.kron((1 - modules) * np.uint8(255), np.ones((_MODULE_PX,) * 2, np.uint8))


def is_confined(reader_pid: int, proc: Path = Path("/proc")) -> bool:
    """Whether every worker of this reader's parent has a filter more than the parent itself."""
    processes = {fields.get("Pid"): fields for fields in _statuses(proc)}
    parent = processes.get(str(reader_pid), {})
    workers = [each for each in processes.values() if each.get("PPid") == str(reader_pid)]
    return bool(workers) and all(_filters(each) > _filters(parent) for each in workers)


def _filters(status: dict[str, str]) -> int:
    """How many filters of system calls a process has; none if it could gain rights."""
    return int(status.get("Seccomp_filters", 0)) if status.get("NoNewPrivs") == "1" else 0


def _statuses(proc: Path) -> Iterator[dict[str, str]]:
    for path in proc.glob("[0-9]*/status"):
        try:
            lines = path.read_text(errors="replace").splitlines()
        except OSError:  # it has ended meanwhile
            continue
        yield {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
