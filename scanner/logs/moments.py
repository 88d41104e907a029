"""Times as they stand in files: UTC to the minute, days as at the checkpoint."""

from __future__ import annotations

from datetime import UTC, date, datetime

from scanner.core.errors import LogError
from scanner.core.tallies import LAST_DAY, LAST_MINUTE

_EPOCH = date(1970, 1, 1).toordinal()


def iso(minute: int) -> str:
    """Minutes since 1970 → `2020-04-29T09:15Z`; what is beyond the year 9999 counts as its end."""
    at = datetime.fromtimestamp(60 * max(0, min(minute, LAST_MINUTE)), UTC)
    return f"{at:%Y-%m-%dT%H:%M}Z"


def minute_of(text: str) -> int:
    """Back. Raises LogError."""
    try:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    except ValueError:
        raise LogError(f"{text[:40]!r} is no time. Export the log again.") from None
    return int(at.timestamp()) // 60


def iso_day(day: int) -> str:
    """Days since 1970 → `2020-04-29`."""
    return date.fromordinal(_EPOCH + max(0, min(day, LAST_DAY))).isoformat()


def day_of(text: str) -> int:
    """Back. Raises LogError."""
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError:
        raise LogError(f"{text[:40]!r} is no day. Export the log again.") from None
