"""The log keeps to its room, and goes on when a disk is full."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scanner.core.chain import check_log, is_sound
from scanner.core.errors import NoRoomError
from scanner.core.events import Folded, Retired
from scanner.core.reasons import Reason
from scanner.core.segment import MAX_RECORDS
from scanner.store.database import PAGE_BYTES
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.segments import SegmentLog
from scanner.store.space import (
    RESERVE,
    RESERVE_BYTES,
    LogSpace,
    keep_reserve,
    look,
    make_room,
    spend_reserve,
)
from tests.faults.small_disk import SmallDisk, small_disk
from tests.store.log_case import AT, KEY, RUNNING, device_log, record_at, scan, segments

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
MEGABYTE = 1 << 20


class Case:
    """A device on a disk that may fill up."""

    def __init__(self, state: Path, disk: SmallDisk) -> None:
        self.state, self.disk = state, disk
        self.outbox, self.log = SqliteOutbox(state), SegmentLog(state, KEY)

    def live(self, at: datetime, scans: int = 2 * MAX_RECORDS) -> None:
        reasons = [Reason.OK] * 7 + [Reason.EXPIRED]
        scan(self.outbox, at, [reasons[number % 8] for number in range(scans)])
        self.log.seal(at + timedelta(minutes=15), RUNNING)

    def scan_until_full(self, at: datetime) -> int:
        """How many scans were kept until the first that was not."""
        for kept in range(100_000):
            try:
                self.outbox.append(record_at(at))
            except NoRoomError:
                return kept
        raise AssertionError("the disk was never full")

    def look(self, capacity: int = 64 * MEGABYTE) -> LogSpace:
        return look(self.log.db, self.state, capacity)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    migrate(tmp_path)
    with small_disk(tmp_path) as disk:
        made = Case(tmp_path, disk)
        with closing(made.outbox), closing(made.log):
            yield made


@pytest.mark.parametrize(
    ("used", "spare", "disk_free", "is_scarce", "is_full"),
    [
        (0, 0, MEGABYTE, False, False),
        (79, 0, MEGABYTE, False, False),
        (80, 0, MEGABYTE, True, False),
        (100, 0, MEGABYTE, True, True),
        (0, 0, RESERVE_BYTES - 1, True, True),
        (0, 64 * PAGE_BYTES, 0, False, False),
    ],
)
def test_room_is_scarce_from_four_fifths_on(
    used: int, spare: int, disk_free: int, is_scarce: bool, is_full: bool
) -> None:
    """A disk with nothing left is full, unless pages of the file itself are free."""
    space = LogSpace(used, 100, spare, disk_free)
    assert (space.is_scarce, space.is_full) == (is_scarce, is_full)


def test_pages_that_were_freed_do_not_count(case: Case) -> None:
    """The file does not shrink; what is free in it is used again."""
    case.live(AT)
    before = case.look()
    while make_room(case.log, case.state, AT + DAY, RUNNING, is_disk_full=False):
        spend_reserve(case.log.db, case.state)
    after = case.look()
    assert after.used < before.used
    assert after.spare > before.spare
    pages = case.log.db.execute("PRAGMA page_count").fetchone()[0]
    case.live(AT + DAY, MAX_RECORDS)
    assert case.log.db.execute("PRAGMA page_count").fetchone()[0] == pages


def test_reserve_is_kept_and_given_up(case: Case) -> None:
    """Set apart once; half of it where there is not more room; none, and no rest of it, else."""
    reserve = case.state / RESERVE
    for left, size in ((None, RESERVE_BYTES), (RESERVE_BYTES - 1, RESERVE_BYTES // 2), (4096, 0)):
        case.disk.limit = None if left is None else case.disk.used + left
        assert keep_reserve(case.state) is bool(size)
        assert keep_reserve(case.state) is bool(size)
        assert (reserve.stat().st_size if reserve.exists() else 0) == size
        spend_reserve(case.log.db, case.state)
        assert not reserve.exists()


@pytest.mark.parametrize("left", [0, 4096, 65_536])
def test_full_disk_folds_the_oldest_day_and_scans_go_on(case: Case, left: int) -> None:
    """Wherever the disk fills up: one fold, and no later scan fails for want of room."""
    for day in range(3):
        case.live(AT + day * DAY)
    keep_reserve(case.state)
    now = AT + 3 * DAY
    case.disk.fill(left)
    kept = case.scan_until_full(now)
    assert case.outbox.is_full
    assert make_room(case.log, case.state, now, RUNNING, is_disk_full=True)
    scan(case.outbox, now, [Reason.OK] * 400)
    case.log.seal(now + MINUTE, RUNNING)
    records = case.outbox.records()
    assert len(records) == 2 * 2 * MAX_RECORDS + MAX_RECORDS // 4 + kept + 400
    assert is_sound(check_log(device_log(case.state)))


def test_disk_that_stays_full_is_lived_with_for_days(case: Case) -> None:
    """A fold whenever few pages are free, before anything fails; each scan is in a record or a
    count."""
    for day in range(3):
        case.live(AT + day * DAY, 6 * MAX_RECORDS)
    keep_reserve(case.state)
    case.disk.fill()
    now, given, failed = AT + 3 * DAY, case.outbox.last_seq, 0
    for _ in range(40):
        for _ in range(60):
            try:
                given = case.outbox.append(record_at(now))
            except NoRoomError:
                failed += 1
                make_room(case.log, case.state, now, RUNNING, is_disk_full=True)
        now += timedelta(hours=1)
        case.log.seal(now, RUNNING)
        while case.look().is_full:
            assert make_room(case.log, case.state, now, RUNNING, is_disk_full=True)
    bodies = [event.body for each in segments(case.state) for event in each.events]
    folds = {body.first: body for body in bodies if isinstance(body, Folded)}
    counted = sum(n for fold in folds.values() for _, _, _, n in fold.counts)
    assert failed <= 1
    assert given == 3 * 6 * MAX_RECORDS + 40 * 60 - failed
    assert counted + len(case.outbox.records()) == given
    assert is_sound(check_log(device_log(case.state)))


def test_days_go_when_there_is_nothing_left_to_fold(case: Case) -> None:
    """Heartbeats of days that are over; the day that is going on stays, and False says so."""
    case.live(AT, 20)
    case.live(AT + DAY, 20)
    now, steps = AT + DAY + MINUTE, 0
    while make_room(case.log, case.state, now, RUNNING, is_disk_full=True):
        steps += 1
        assert is_sound(check_log(device_log(case.state)))
    assert 0 < steps < 10
    assert case.outbox.records() == []
    retired = [
        event.body
        for each in segments(case.state)
        for event in each.events
        if isinstance(event.body, Retired)
    ]
    assert len(retired) == 1
    assert scan(case.outbox, now) == 41


def test_reserve_holds_what_the_largest_fold_needs(case: Case) -> None:
    """Full WAL, new pages beyond the end of the file, and the transaction of the fold itself."""
    for _ in range(5):
        case.live(AT)
    keep_reserve(case.state)
    case.disk.fill()
    case.scan_until_full(AT + DAY)
    before = case.disk.used - RESERVE_BYTES
    assert make_room(case.log, case.state, AT + DAY, RUNNING, is_disk_full=True)
    assert case.disk.used - before <= RESERVE_BYTES / 2
    assert _all_free(case, lambda: case.outbox.append(record_at(AT + DAY)))


def _all_free(case: Case, act: Callable[[], object]) -> bool:
    """Whether it goes on without any growth."""
    used = case.disk.used
    act()
    return case.disk.used == used
