"""Whether anybody has said where this device stands: the unit of the loop asks before each start.

    python3 -I may_scan.py          0: yes, or it cannot be known here     3: nobody has

A device that waits for its city is no fault: without this its loop, which refuses to run, would
bring the fault pattern. Needs nothing but Python, and whatever it does not understand it leaves to
the loop, which looks again (scanner/assembly/place.py) and whose failures are shown.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

MAY, NOT_CONFIGURED = 0, 3
# What an enrolment leaves, and what is left when the regime has ended and all else was wiped.
SIGNS = ("enrolment.json", "regime-ended.json")


def may_scan(settings: Path, state: Path) -> bool:
    """False only where it is sure: settings that can be read, and no city."""
    try:
        is_alone = tomllib.loads(settings.read_text("utf-8")).get("standalone", False)
    except (OSError, ValueError):
        return True
    return is_alone is not False or any((state / name).exists() for name in SIGNS)


def main(arguments: Sequence[str]) -> int:
    """arguments: settings and state folder, where they are not those of a device."""
    settings, state = arguments or ("/etc/scanner/checkpoint.toml", "/var/lib/scanner")
    if may_scan(Path(settings), Path(state)):
        return MAY
    print("Enrol this device, or set standalone = true: nobody has said where it stands.")
    return NOT_CONFIGURED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
