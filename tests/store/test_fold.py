"""When there is no room, the oldest records give way to counts, and nothing is lost in silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scanner.core.batch import Part, pack_body
from scanner.core.chain import State, check_log, is_sound
from scanner.core.errors import StoreError
from scanner.core.events import Folded
from scanner.core.reasons import Outcome, Reason
from scanner.core.record import unpack
from scanner.core.segment import MAX_RECORDS, MAX_SEGMENT_BYTES
from scanner.store import fold
from scanner.store.fold import fold_oldest
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.segments import SegmentLog
from tests.store.log_case import AT, KEY, RUNNING, device_log, scan, segments

DAY, PERIOD, HOUR = timedelta(days=1), timedelta(minutes=15), timedelta(hours=1)
GOOD, BAD, HAND = Reason.OK, Reason.EXPIRED, Reason.LET_THROUGH


class Case:
    """A device, and what of its records is left."""

    def __init__(self, state: Path) -> None:
        migrate(state)
        self.state, self.outbox, self.log = state, SqliteOutbox(state), SegmentLog(state, KEY)

    def sealed(self, at: datetime, reasons: Sequence[Reason]) -> None:
        scan(self.outbox, at, reasons)
        self.log.seal(at + PERIOD, RUNNING)

    def fold(self, now: datetime) -> bool:
        """One step, after which the log is as sound as before."""
        has_folded = fold_oldest(self.log, now, RUNNING)
        assert is_sound(check_log(device_log(self.state)))
        return has_folded

    @property
    def left(self) -> list[Reason]:
        return [unpack(body)[1].reason for body in self.outbox.records()]

    @property
    def folds(self) -> list[Folded]:
        bodies = [event.body for each in segments(self.state) for event in each.events]
        return [body for body in bodies if isinstance(body, Folded)]


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path)
    with closing(made.outbox), closing(made.log):
        yield made


def test_admitted_records_give_way_first_over_all_days(case: Case) -> None:
    """Then refusals, undecided ones and decisions by hand; day by day, the oldest first."""
    for day in range(2):
        case.sealed(AT + day * DAY, [GOOD, BAD, HAND, GOOD])
    now, left = AT + 2 * DAY, [case.left]
    while case.fold(now):
        left.append(case.left)
    both = [GOOD, BAD, HAND, GOOD]
    assert left == [both * 2, [BAD, HAND, *both], [BAD, HAND] * 2, [BAD, HAND], []]


def test_day_that_is_going_on_comes_last(case: Case) -> None:
    """Its records only when nothing else is left, and only those that are sealed."""
    case.sealed(AT, [BAD])
    case.sealed(AT + DAY, [GOOD])
    scan(case.outbox, AT + DAY + PERIOD, [GOOD])
    now = AT + DAY + PERIOD
    assert case.fold(now)
    assert case.left == [GOOD, GOOD]
    assert case.fold(now)
    assert (case.left, case.fold(now)) == ([GOOD], False)


def test_counts_are_by_hour_outcome_and_reason(case: Case) -> None:
    """What can no longer be listed can still be added up."""
    case.sealed(AT, [GOOD, GOOD, BAD])
    case.sealed(AT + HOUR, [GOOD, BAD])
    case.fold(AT + DAY)
    hour = int(AT.timestamp()) // 3600
    (folded,) = case.folds
    assert folded.counts == ((hour, 1, 0, 2), (hour + 1, 1, 0, 1))
    assert (folded.first, folded.last, folded.kept) == (1, 5, 2)
    states = [(found.state, found.first, found.last) for found in check_log(device_log(case.state))]
    assert states == [(State.FOLDED, 1, 3), (State.FOLDED, 4, 5)]


def test_later_fold_has_the_counts_of_the_earlier(case: Case) -> None:
    """It takes its place: the sum over both is the sum of all that was folded."""
    case.sealed(AT, [GOOD, BAD, GOOD, BAD])
    case.fold(AT + DAY)
    case.fold(AT + DAY)
    hour = int(AT.timestamp()) // 3600
    first, second = case.folds
    assert first.counts == ((hour, 1, 0, 2),)
    assert second.counts == ((hour, 1, 0, 2), (hour, 2, int(BAD), 2))
    assert (second.first, second.last, second.kept) == (first.first, first.last, 0)


def test_kept_record_that_is_changed_is_found(case: Case) -> None:
    """What stays of a folded stretch is sealed anew."""
    case.sealed(AT, [GOOD, BAD])
    case.fold(AT + DAY)
    case.log.db.execute("UPDATE record SET body = CAST(substr(body, 1, 15) || x'99' AS BLOB)")
    assert not is_sound(check_log(device_log(case.state)))


def test_fold_is_of_one_day_and_of_a_bounded_number(case: Case) -> None:
    """So that its segment can be read and its kept records can be sent in one body."""
    for _ in range(6):
        case.sealed(AT, [GOOD, BAD] * (MAX_RECORDS // 2))
    case.sealed(AT + DAY, [GOOD])
    case.fold(AT + 2 * DAY)
    case.fold(AT + 2 * DAY)
    case.fold(AT + 2 * DAY)
    spans = [(folded.first, folded.last) for folded in case.folds]
    assert spans == [(1, 1024), (1025, 1536), (1537, 1537)]
    number = case.log.db.execute("SELECT number FROM fold WHERE first = 1").fetchone()[0]
    row = case.log.db.execute("SELECT signed FROM segment WHERE number = ?", (number,)).fetchone()
    kept = b"".join(body for body in case.outbox.records()[:512])
    assert len(row[0]) <= MAX_SEGMENT_BYTES
    _, fitting = pack_body(KEY, bytes(8), [Part(row[0], kept)])
    assert fitting == 1


def test_many_kinds_of_records_make_a_shorter_fold(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counts of an event must fit into its segment."""
    monkeypatch.setattr(fold, "MOST_CELLS", 3)
    reasons = [reason for reason in Reason if reason.outcome is Outcome.REFUSE][:4]
    for reason in reasons:
        case.sealed(AT, [reason, GOOD])
    assert case.fold(AT + DAY)
    assert [(folded.first, folded.last) for folded in case.folds] == [(1, 4)]


def test_record_that_no_segment_seals_is_said(case: Case) -> None:
    """A damaged log is not folded over: who looks after it is told."""
    case.sealed(AT, [GOOD])
    case.sealed(AT + DAY, [GOOD])
    case.log.db.execute("DELETE FROM segment WHERE number = 1")
    with pytest.raises(StoreError, match="verify"):
        fold_oldest(case.log, AT + 2 * DAY, RUNNING)
    assert case.left == [GOOD, GOOD]


def test_counts_that_were_lost_are_said(case: Case) -> None:
    """Neither is a fold replaced whose counts cannot be read."""
    case.sealed(AT, [GOOD, BAD])
    case.fold(AT + DAY)
    case.log.db.execute("DELETE FROM segment WHERE number = (SELECT number FROM fold)")
    case.log.seal(AT + DAY, RUNNING)
    with pytest.raises(StoreError, match="counts"):
        fold_oldest(case.log, AT + DAY, RUNNING)
    assert case.left == [BAD]
