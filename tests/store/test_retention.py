"""Whole days go once a server has them, or their time is over, and leave no byte behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scanner.core.chain import State, check_log, is_sound
from scanner.core.events import Retired
from scanner.core.policy import LogPolicy
from scanner.core.reasons import Reason
from scanner.core.record import floored_minute, local_day
from scanner.core.segment import MAX_RECORDS
from scanner.store import retention
from scanner.store.database import OUTBOX, connect
from scanner.store.fold import fold_oldest
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.retention import Age, cut_wal, retire, retire_oldest
from scanner.store.segments import SegmentLog
from tests.store.log_case import AT, KEY, MOSCOW, RUNNING, device_log, record_at, scan, segments

DAY, PERIOD = timedelta(days=1), timedelta(minutes=15)
POLICY = LogPolicy(keep_days=1, max_days=30)
BOTH = [Reason.OK, Reason.EXPIRED]


class Case:
    """A device whose days begin at AT: three scans of each kind a day, and what is counted."""

    def __init__(self, state: Path) -> None:
        migrate(state)
        self.state, self.outbox, self.log = state, SqliteOutbox(state), SegmentLog(state, KEY)

    def live(self, days: int, begin: datetime = AT, reasons: Sequence[Reason] = BOTH) -> None:
        for day in range(days):
            at = begin + day * DAY
            scan(self.outbox, at, [*reasons] * 3)
            self.outbox.count("NOT_A_PASS", at)
            self.log.seal(at + PERIOD, RUNNING)
            self.log.seal(at + 2 * PERIOD, RUNNING)

    def take(self, days: int) -> None:
        """A server has receipted the segments of so many days."""
        last = local_day(AT, MOSCOW) + days - 1
        self.log.db.execute("UPDATE segment SET state = 1 WHERE day <= ?", (last,))

    def retire(self, now: datetime, surely: datetime | None = None) -> int:
        """All that may go at this time; in how many steps."""
        age = Age(local_day(now, MOSCOW), local_day(surely or now, MOSCOW))
        steps = 1
        while retire(self.log, now, RUNNING, POLICY, age):
            steps += 1
        return steps

    @property
    def days(self) -> list[int]:
        """Which days the segments are of, counted from that of AT."""
        first = local_day(AT, MOSCOW)
        return sorted({segment.day - first for segment in segments(self.state)})

    @property
    def states(self) -> set[State]:
        return {finding.state for finding in check_log(device_log(self.state))}


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path)
    with closing(made.outbox), closing(made.log):
        yield made


def test_receipted_days_go_when_they_have_ended_and_were_kept(case: Case) -> None:
    """Yesterday can still be pulled; the day before is gone, and the chain says so."""
    case.live(4)
    case.take(4)
    case.retire(AT + 3 * DAY)
    assert case.days == [2, 3]
    assert len(case.outbox.records()) == 12
    assert case.states == {State.RETIRED, State.INTACT}
    (event,) = segments(case.state)[-1].events
    assert isinstance(event.body, Retired)
    assert (event.body.seq, event.body.is_receipted) == (12, True)


def test_nothing_goes_before_a_server_has_it(case: Case) -> None:
    """Within `max_days`; of a day that a server has only in part, nothing goes either."""
    case.live(5)
    case.retire(AT + 20 * DAY)
    assert case.days == [0, 1, 2, 3, 4]
    case.take(3)
    first = local_day(AT, MOSCOW)
    case.log.db.execute("UPDATE segment SET state = 2 WHERE day = ? + 1 AND count = 0", (first,))
    case.retire(AT + 20 * DAY)
    assert case.days == [1, 2, 3, 4, 20]


@pytest.mark.parametrize(("after", "left"), [(29, 1), (30, 0)])
def test_no_record_is_kept_longer_than_the_policy_allows(case: Case, after: int, left: int) -> None:
    """Also without any server; the event says that nobody has receipted it."""
    case.live(1)
    case.retire(AT + after * DAY)
    assert len(case.outbox.records()) == 6 * left
    if not left:
        (event,) = segments(case.state)[-1].events
        assert isinstance(event.body, Retired)
        assert not event.body.is_receipted
        assert case.states == {State.RETIRED}


def test_hand_on_the_clock_costs_no_record(case: Case) -> None:
    """What nobody has receipted goes by the floor of time; what a server has, by the clock."""
    case.live(3)
    case.take(1)
    case.retire(AT + 400 * DAY, surely=AT + 3 * DAY)
    assert case.days == [1, 2, 400]
    case.retire(AT + 3 * DAY, surely=AT + 3 * DAY)
    assert len(case.outbox.records()) == 12


def test_clock_that_was_lost_removes_nothing(case: Case) -> None:
    """A day that seems to come is not over, whatever the clock says now."""
    case.live(4)
    case.take(4)
    case.retire(AT - 300 * DAY)
    case.live(1, AT - 300 * DAY)
    case.retire(AT - 290 * DAY)
    assert len(case.outbox.records()) == 30


def test_clock_that_was_ahead_does_not_keep_what_lies_before(case: Case) -> None:
    """A scan of next year, once its clock was right again, goes with the days around it."""
    case.live(2)
    case.live(1, AT + 365 * DAY)
    case.live(4, AT + 2 * DAY)
    case.take(400)
    case.retire(AT + 5 * DAY)
    assert case.days == [4, 5]
    assert case.states == {State.RETIRED, State.INTACT}


def test_today_never_goes(case: Case) -> None:
    """Whatever the policy says of days."""
    case.live(1)
    case.take(1)
    age = Age(local_day(AT, MOSCOW), local_day(AT, MOSCOW))
    assert not retire(case.log, AT, RUNNING, LogPolicy(keep_days=0, max_days=0), age)
    assert len(case.outbox.records()) == 6


def test_counters_of_a_day_go_with_it(case: Case) -> None:
    """They stand in segments; what is not sealed yet stays."""
    case.live(3)
    case.outbox.count("FORGED", AT)
    case.take(3)
    case.retire(AT + 3 * DAY)
    assert case.outbox.counters() == {"FORGED": 1, "NOT_A_PASS": 1}


def test_long_day_goes_in_steps(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """No scan waits for all of it; each step leaves a sound chain, and numbers go on."""
    monkeypatch.setattr(retention, "MOST_RECORDS", 2 * MAX_RECORDS)
    monkeypatch.setattr(retention, "MOST_SEGMENTS", 3)
    last = scan(case.outbox, AT, [Reason.OK] * (5 * MAX_RECORDS))
    case.log.seal(AT + PERIOD, RUNNING)
    for minute in range(7):
        case.log.seal(AT + 2 * PERIOD + minute * timedelta(minutes=1), RUNNING)
    now = AT + 40 * DAY
    age = Age(local_day(now, MOSCOW), local_day(now, MOSCOW))
    counts = []
    while retire(case.log, now, RUNNING, POLICY, age):
        counts.append(len(case.outbox.records()))
        assert is_sound(check_log(device_log(case.state)))
    assert counts[:3] == [3 * MAX_RECORDS, MAX_RECORDS, 0]
    assert case.outbox.append(record_at(AT)) == last + 1
    assert is_sound(check_log(device_log(case.state)))


def test_fold_is_not_cut_in_two(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has kept can be checked only as a whole, also in a day with many heartbeats."""
    monkeypatch.setattr(retention, "MOST_SEGMENTS", 2)
    for quarter in range(3):
        scan(case.outbox, AT + quarter * PERIOD, BOTH)
        case.log.seal(AT + (quarter + 1) * PERIOD, RUNNING)
        case.log.seal(AT + (quarter + 1) * PERIOD, RUNNING)
    now = AT + 40 * DAY
    assert fold_oldest(case.log, now, RUNNING)
    age = Age(local_day(now, MOSCOW), local_day(now, MOSCOW))
    while retire(case.log, now, RUNNING, POLICY, age):
        assert is_sound(check_log(device_log(case.state)))
    assert case.outbox.records() == []
    assert is_sound(check_log(device_log(case.state)))


def test_oldest_day_goes_before_its_time_for_want_of_room(case: Case) -> None:
    """Never the day that is going on; False when there is no other."""
    case.live(3)
    now = AT + 2 * DAY + PERIOD
    while retire_oldest(case.log, now, RUNNING):
        assert is_sound(check_log(device_log(case.state)))
    assert case.days == [2]
    assert len(case.outbox.records()) == 6


def test_nothing_of_a_day_is_found_in_any_file(case: Case) -> None:
    """P4: neither its records nor its minutes, in database, WAL and what lies beside them.

    The same search finds all of it before.
    """
    case.live(4)
    case.log.db.execute("INSERT INTO aside VALUES (1, 2, 422, ?)", (int(AT.timestamp()),))
    case.take(4)
    gone = case.outbox.records()[:12]
    begins = [AT + day * DAY for day in (0, 1)]
    minutes = [floored_minute(at, 15).to_bytes(4, "little") for at in begins]  # in records
    minutes += [floored_minute(at + PERIOD, 15).to_bytes(4) for at in begins]  # in segments
    hours = [(int(at.timestamp()) // 3600).to_bytes(3) for at in begins]  # of counters
    offered = [int(AT.timestamp()).to_bytes(4)]
    traces = gone + minutes + hours + offered
    assert _found(case.state, traces) == set(traces)
    case.retire(AT + 3 * DAY)
    assert cut_wal(case.log)
    assert _found(case.state, traces) == set()
    kept = case.outbox.records()
    assert _found(case.state, kept) == set(kept)


def test_fold_leaves_no_single_record_either(case: Case) -> None:
    """What gave way to a count is gone from every file once the WAL is cut."""
    case.live(1, reasons=[Reason.OK])
    gone = case.outbox.records()
    assert fold_oldest(case.log, AT + DAY, RUNNING)
    assert cut_wal(case.log)
    assert _found(case.state, gone) == set()


def test_reader_of_the_log_is_not_waited_for(case: Case) -> None:
    """The WAL is cut the next time; a scan is kept meanwhile."""
    case.live(1)
    with closing(connect(case.state, OUTBOX)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM record").fetchone()
        case.live(1, AT + DAY)
        assert not cut_wal(case.log)
        assert scan(case.outbox, AT + DAY) == 13
        reader.execute("COMMIT")
    assert cut_wal(case.log)
    assert (case.state / "outbox.db-wal").stat().st_size == 0


def _found(folder: Path, traces: list[bytes]) -> set[bytes]:
    """Which of these stand in the bytes of any file of the log."""
    files = b"\0".join(path.read_bytes() for path in sorted(folder.glob("outbox.db*")))
    return {trace for trace in traces if trace in files}
