"""Which deltas are kept: steps that grow longer with age, each ending at the newest version.

    12 × 5 minutes, 24 × an hour, 7 × a day, 4 × a week

A delta sets each entry that changed after its first version to its newest value. So it fits
every version from its first to its last, and a device takes the shortest step that begins at or
before the version it has; what is older than the longest step starts from the base.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

STEPS = (
    (12, timedelta(minutes=5)),
    (24, timedelta(hours=1)),
    (7, timedelta(days=1)),
    (4, timedelta(weeks=1)),
)


def rungs(history: Sequence[tuple[int, datetime]], base: int, now: datetime) -> list[int]:
    """The versions at which steps begin, oldest first, without the newest.

    For each age the version that was the newest then, and the one of the base, since a device
    that starts anew has no other. `history`: versions and when they were made, oldest first.
    """
    if not history:
        return []
    newest = history[-1][0]
    ages = (number * length for count, length in STEPS for number in range(1, count + 1))
    found = {_version_at(history, now - age) for age in ages} | {base}
    return sorted(version for version in found if version is not None and version < newest)


def _version_at(history: Sequence[tuple[int, datetime]], moment: datetime) -> int | None:
    older = [version for version, at in history if at <= moment]
    return older[-1] if older else None
