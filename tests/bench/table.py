"""How every benchmark prints what it measured: one figure a line, and on which machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable

NAME_CHARS, FIGURE_CHARS = 66, 10

Rows = Iterable[tuple[str, str]]


def print_table(title: str, rows: Rows) -> None:
    """Each line as soon as it is known. The figures are never those of another board."""
    print(f"{title}: this machine ({platform.machine()}, {os.cpu_count()} cores),", end=" ")
    print("not a Raspberry Pi")
    for name, figure in rows:
        print(f"{name:{NAME_CHARS}}{figure:>{FIGURE_CHARS}}", flush=True)
