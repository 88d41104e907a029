"""A device that scans, seals, folds, removes days and scans on; and what must hold after a cut."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from scanner.core.chain import check_log, is_sound
from scanner.core.events import Folded, Retired
from scanner.core.policy import LogPolicy
from scanner.core.reasons import Reason
from scanner.core.record import local_day
from scanner.core.segment import read_segment
from scanner.store.device_log import read_device_logs
from scanner.store.fold import fold_oldest
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.retention import Age, cut_wal, retire
from scanner.store.runs import begin_run, end_run
from scanner.store.segments import SegmentLog
from tests.store.log_case import AT, MOSCOW, RUNNING, record_at

PERIOD, DAY = timedelta(minutes=15), timedelta(days=1)
REASONS = [Reason.OK, Reason.OK, Reason.EXPIRED]
# Days that are lived through before the oldest of them goes, and after.
BEFORE, AFTER = 3, 2

Acknowledge = Callable[[int], None]


def live(state: Path, acknowledge: Acknowledge = lambda seq: None) -> None:
    """Some days of a device; `acknowledge` hears of each scan when it would beep."""
    from scanner.store.device_key import provide_device_key

    begin_run(state)
    with (
        closing(SqliteOutbox(state)) as outbox,
        closing(SegmentLog(state, provide_device_key(state))) as log,
    ):
        for day in range(BEFORE + AFTER):
            now = AT + day * DAY
            for reason in REASONS:
                acknowledge(outbox.append(record_at(now, reason)))
                outbox.count("NOT_A_PASS", now)
            log.seal(now + PERIOD, RUNNING)
            if day == BEFORE - 1:
                fold_oldest(log, now, RUNNING)
                age = Age(local_day(now + DAY, MOSCOW), local_day(now + DAY, MOSCOW))
                retire(log, now, RUNNING, LogPolicy(max_days=BEFORE), age)
                cut_wal(log)
        log.seal(AT + (BEFORE + AFTER) * DAY, RUNNING, whole=True)
    end_run(state)


def acknowledged(state: Path) -> set[int]:
    """What `into_file` has noted before the cut."""
    path = state.with_suffix(".acknowledged")
    raw = path.read_bytes() if path.exists() else b""
    return {int.from_bytes(raw[at : at + 4]) for at in range(0, len(raw) - 3, 4)}


def into_file(state: Path) -> Acknowledge:
    """The officer's ears: a file that no cut touches."""
    descriptor = os.open(state.with_suffix(".acknowledged"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    return lambda seq: void(os.write(descriptor, seq.to_bytes(4)))


def void(_: object) -> None:
    """Nothing is done with it."""


def account(state: Path) -> int:
    """How many scans are in records, in counts, or have gone in order; -1 for an unsound log."""
    from scanner.store.device_key import provide_device_key

    migrate(state)
    with closing(SegmentLog(state, provide_device_key(state))) as log:
        log.seal(AT + (BEFORE + AFTER) * DAY, RUNNING, whole=True)
    (device_log,) = read_device_logs(state)
    if not is_sound(check_log(device_log)):
        return -1
    bodies = [event.body for signed in device_log.segments for event in read_segment(signed).events]
    gone = max((body.seq for body in bodies if isinstance(body, Retired)), default=0)
    folds = {body.first: body for body in bodies if isinstance(body, Folded) and body.first > gone}
    counted = sum(n for fold in folds.values() for _, _, _, n in fold.counts)
    return gone + counted + len(device_log.records)
