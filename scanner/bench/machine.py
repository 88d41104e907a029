"""Which machine this is: a figure without it is of nobody's use."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

BOARD = Path("/proc/device-tree/model")
BOARD_BESIDE = Path("/sys/firmware/devicetree/base/model")  # where ProcSubset=pid hides the other
PROCESSORS = Path("/proc/cpuinfo")


def machine_in_words(
    boards: tuple[Path, ...] = (BOARD, BOARD_BESIDE), processors: Path = PROCESSORS
) -> str:
    """Board by its own name, else the processor's; cores, kernel, Python, load."""
    name = next(filter(None, map(_board, boards)), "") or _processor(processors)
    cores = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    system = f"{platform.machine()}, {cores} cores, {platform.system()} {platform.release()}"
    load = f"load {os.getloadavg()[0]:.1f}"
    return f"{name}, {system}, Python {platform.python_version()}, {load}"


def _board(path: Path) -> str:
    try:
        return path.read_text("ascii", errors="replace").strip("\0\n ")
    except OSError:
        return ""


def _processor(path: Path) -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", path.read_text(errors="replace"), re.M)
    except OSError:
        found = None
    return found[1].strip() if found else "no board that tells its name"
