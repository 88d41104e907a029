"""The words of the report: outcomes, reasons, events, times where the devices stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scanner.core.errors import LogError
from scanner.core.events import Event, Export, Folded, KeysAttacked, Retired, SetAside
from scanner.core.reasons import Outcome, Reason
from scanner.core.tallies import LAST_MINUTE
from scanner.core.words import words
from scanner.logs.moments import iso, iso_day

# In the order in which they are stacked and listed; None: not told apart.
OUTCOMES: Sequence[tuple[Outcome | None, str, str]] = (
    (Outcome.ADMIT, "admit", "Admitted"),
    (Outcome.REFUSE, "refuse", "Refused"),
    (Outcome.UNDECIDED, "undecided", "Undecided"),
    (Outcome.BY_HAND, "by-hand", "Decided by hand"),
    (None, "other", "Any outcome, too few to tell apart"),
)
# A decision by hand is no scan: it follows one.
SCANS = tuple(each for each in OUTCOMES if each[0] is not Outcome.BY_HAND)
KIND = {outcome: kind for outcome, kind, _ in OUTCOMES}


def reason_words(outcome: Outcome | None, reason: Reason | None) -> tuple[str, str]:
    """Its name, and what the officer read."""
    if reason is not None:
        read = words(reason)
        is_doubt = reason.outcome is Outcome.UNDECIDED
        return reason.name, f"{read.line} {read.do}" if is_doubt else read.line
    if outcome is None:
        return "", "Outcomes and reasons too rare to be told apart"
    return "", f"{_NAMES[outcome]}: reasons too rare to be told apart"


_NAMES = {outcome: name for outcome, _, name in OUTCOMES}


def zone_of(name: str) -> ZoneInfo:
    """Raises LogError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise LogError(f"{name[:40]!r} is no time zone. Write one such as Europe/Moscow.") from None


def local(minute: int, zone: ZoneInfo) -> datetime:
    """Where the devices stand; the ends of the calendar stay in UTC."""
    at = datetime.fromtimestamp(60 * max(0, min(minute, LAST_MINUTE)), UTC)
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at


def clock(minute: int, zone: ZoneInfo) -> str:
    return f"{local(minute, zone):%d.%m.%Y %H:%M}"


def event_words(event: Event) -> str:
    """What happened to the log, in one sentence."""
    match event.body:
        case Export() as export:
            who = f"by {export.supervisor}, on request" if export.supervisor else "on the device"
            what = f"single records for case {export.case}" if export.case else "cells"
            return f"Exported {who}: {what} of {_range(export)}."
        case Retired() as retired:
            words_ = "the server has them" if retired.is_receipted else "no server has them"
            return f"Records up to {retired.seq} were removed, their time being over; {words_}."
        case Folded() as folded:
            return (
                f"Records {folded.first} to {folded.last} of {iso_day(folded.day)} gave way to "
                f"counts for want of room; {folded.kept} were kept."
            )
        case SetAside() as aside:
            return (
                f"The server refused segments {aside.first} to {aside.last} "
                f"(status {aside.status}); they are kept on the device."
            )
        case KeysAttacked() as attacked:
            keys = ", ".join(f"{kid} {n}\u00d7" for kid, n in sorted(attacked.forged.items()))
            return f"Forged passes named these keys on {iso_day(attacked.day)}: {keys}."


def _range(export: Export) -> str:
    if export.until >= LAST_MINUTE:
        return f"everything since {iso(export.since)}" if export.since > 0 else "everything"
    return f"{iso(export.since)} to {iso(export.until)}"
