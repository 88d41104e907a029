"""The units of the scanner with the canary in the program's place.

python -m tests.systemd.canary_units DIR        writes them there, and prints their paths
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.systemd.units import SERVICES

# What a unit has by design, and therefore is no break-out of it.
BY_DESIGN = {
    "scanner-sync.service": ("tcp",),
    "scanner-upload.service": ("tcp",),
    "scanner-enrol.service": ("tcp",),
}
# Lines of a unit that are about what it runs and how it is kept running, not about its sandbox.
NOT_WALLS = (
    "Type", "NotifyAccess", "Exec", "Restart", "WatchdogSec", "Timeout", "SuccessExitStatus",
    "WorkingDirectory",
)  # fmt: skip
WALLS_ALTHOUGH = ("ExecPaths",)


def has_root_step(unit: Path) -> bool:
    """Whether a program of this unit runs as root within its walls: `!` keeps all but the user."""
    return "=!" in unit.read_text("utf-8")


def unit_with_canary(unit: Path, sign: str = "") -> str:
    """The same sandbox, user and folders, with the canary in the program's place.

    sign: `!` for the place of the step that is root's.
    """
    lines = unit.read_text("utf-8").split("[Service]")[1].split("[Install]")[0].splitlines()
    walls = [
        line
        for line in lines
        if line.startswith(WALLS_ALTHOUGH) or not line.startswith((*NOT_WALLS, "#"))
    ]
    options = "".join(f" --by-design {name}" for name in BY_DESIGN.get(unit.name, ()))
    return "\n".join(
        [
            f"[Unit]\nDescription=Canary in the place of {unit.name}\n\n[Service]\nType=oneshot",
            f"ExecStart={sign}/usr/bin/python3 -I /opt/scanner/canary.py{options}",
            *walls,
            "",
        ]
    )


def write_units(folder: Path) -> None:
    """canary-NAME.service for each service, canary-NAME-root.service for a step that is root's."""
    folder.mkdir(parents=True, exist_ok=True)
    for unit in SERVICES:
        name = "canary-" + unit.name.replace("@", "")
        (folder / name).write_text(unit_with_canary(unit), "utf-8")
        if has_root_step(unit):
            path = folder / name.replace(".service", "-root.service")
            path.write_text(unit_with_canary(unit, "!"), "utf-8")


if __name__ == "__main__":
    write_units(Path(sys.argv[1]))
    print(*sorted(Path(sys.argv[1]).iterdir()), sep="\n")
