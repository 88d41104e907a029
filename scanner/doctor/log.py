"""The scan log on the device: what waits, how full it is, and what its last days say.

How far a server has it is told by `doctor/upload.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from scanner.core.errors import LogError, StoreError
from scanner.core.events import Folded, KeysAttacked
from scanner.core.segment import Segment, SegmentFlag, read_segment
from scanner.doctor.finding import Finding, Grade
from scanner.store.chain_end import LEAST_ATTACKS
from scanner.store.database import OUTBOX, connect, translated
from scanner.store.outbox import SqliteOutbox
from scanner.store.space import LogSpace, look

# A day and what is left of the one before: what somebody could still do something about.
_NEWEST = (
    "SELECT signed FROM segment WHERE day >="
    " (SELECT day - 1 FROM segment ORDER BY number DESC LIMIT 1) ORDER BY number"
)
_OPEN = (
    "SELECT count(*) FROM record WHERE seq >="
    " coalesce((SELECT first_seq + count FROM segment ORDER BY number DESC LIMIT 1), 1)"
)
_ATTACKED = "SELECT kid, sum(n) FROM key_counter WHERE n >= ? GROUP BY kid ORDER BY kid"

MIGRATE = "Run `scanner migrate`."
VERIFY = "Run `scanner logs verify` on the state folder, and give its answer to the city."


def check_log(state: Path, capacity: int) -> Iterator[Finding]:
    """capacity: bytes, as the settings say."""
    try:
        with closing(SqliteOutbox(state)) as outbox, closing(connect(state, OUTBOX)) as db:
            yield _waiting(db, outbox.waiting())
            yield _space(look(db, state, capacity))
            with translated(OUTBOX.name):
                signed = [row[0] for row in db.execute(_NEWEST)]
                attacked = db.execute(_ATTACKED, (LEAST_ATTACKS,)).fetchall()
    except StoreError as error:
        yield Finding("E-LOG", Grade.FAILURE, str(error), MIGRATE)
        return
    try:
        segments = [read_segment(raw) for raw in signed]
    except LogError as error:
        yield Finding("E-LOG", Grade.FAILURE, str(error), VERIFY)
        return
    yield from _days(segments)
    yield from _attacks(segments, {bytes(kid).hex(): int(n) for kid, n in attacked})


def _waiting(db: sqlite3.Connection, waiting: int) -> Finding:
    with translated(OUTBOX.name):
        not_sealed = int(db.execute(_OPEN).fetchone()[0])
    found = f"{waiting} scan records wait for a server, {not_sealed} of them not sealed yet"
    return Finding("E-LOG-WAITING", Grade.OK, found)


def _space(space: LogSpace) -> Finding:
    share = 100 * space.used // space.capacity
    found = f"the scan log takes {space.used / 2**20:.1f} MB, {share} % of its room"
    if space.is_disk_full:
        found = f"{found}; the disk has {space.disk_free / 2**20:.1f} MB left"
    fix = "Look why records are not taken, see E-UPLOAD, or pull them; or raise log.capacity_mb."
    grade = Grade.WARNING if space.is_scarce or space.is_disk_full else Grade.OK
    return Finding("E-LOG-SPACE", grade, found, fix)


def _days(segments: list[Segment]) -> Iterator[Finding]:
    """What two days of the chain say of the device."""
    folds = {
        event.body.day
        for segment in segments
        for event in segment.events
        if isinstance(event.body, Folded)
    }
    if folds:
        days = ", ".join(str(_date(day)) for day in sorted(folds))
        fix = "Free some room on the card, and have the log taken more often."
        found = f"there was no room: records of {days} gave way to counts"
        yield Finding("E-LOG-SPACE", Grade.WARNING, found, fix)
    unclean = len({segment.boot for segment in segments if not segment.is_clean})
    fix = "Look at the plug and the power supply; stop the scanner before you pull it."
    found = f"{unclean} starts after a cut of the power in two days"
    yield Finding("E-UNCLEAN", Grade.WARNING if unclean else Grade.OK, found, fix)
    is_amber = bool(segments) and bool(segments[-1].flags & SegmentFlag.AMBER)
    found = "over a fifth of the last ten minutes' scans were undecided"
    fix = "Look at E-CLOCK, E-LIST-AGE and E-STORE: officers decide by hand meanwhile."
    if is_amber:
        yield Finding("E-AMBER", Grade.WARNING, found, fix)
    else:
        yield Finding("E-AMBER", Grade.OK, "few of the last scans were undecided")


def _attacks(segments: list[Segment], today: dict[str, int]) -> Iterator[Finding]:
    """Keys that forged passes name, from LEAST_ATTACKS a day on; fewer are told to nobody."""
    told = [
        (str(_date(event.body.day)), event.body.forged)
        for segment in segments
        for event in segment.events
        if isinstance(event.body, KeysAttacked)
    ]
    fix = "Tell the city: somebody makes passes in the name of this key."
    for when, forged in [*told, ("today", today)]:
        for kid, n in forged.items():
            found = f"{n} forged passes named the key {kid}, {when}"
            yield Finding("E-KEY-ATTACK", Grade.WARNING, found, fix)


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)
