"""Records are sealed when their floored time is over; every minute there is a heartbeat."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.core.chain import State, check_log, is_sound
from scanner.core.errors import LogError
from scanner.core.events import Event, Export, KeysAttacked
from scanner.core.reasons import Reason
from scanner.core.record import floored_minute, local_day
from scanner.core.segment import BUCKETS, MAX_RECORDS, SegmentFlag
from scanner.store.database import OUTBOX, connect
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.segments import SegmentLog
from tests.store.log_case import (
    AT,
    KEY,
    MOSCOW,
    RUNNING,
    device_log,
    running_with,
    scan,
    segments,
)

MINUTE, PERIOD, DAY = timedelta(minutes=1), timedelta(minutes=15), timedelta(days=1)
HISTOGRAM = tuple(range(BUCKETS))
EXPORT = Event(Export("ab" * 8, 0, 1))


class Case:
    """A state folder with its outbox and its chain."""

    def __init__(self, state: Path) -> None:
        migrate(state)
        self.state, self.outbox, self.log = state, SqliteOutbox(state), SegmentLog(state, KEY)

    @property
    def counts(self) -> list[int]:
        """Records of each segment."""
        return [segment.count for segment in segments(self.state)]

    @property
    def is_sound(self) -> bool:
        return is_sound(check_log(device_log(self.state)))


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path)
    with closing(made.outbox), closing(made.log):
        yield made


def test_records_are_sealed_when_their_floored_time_is_over(case: Case) -> None:
    """Not before: the minute of a segment must not tell the minute of a scan."""
    scan(case.outbox, AT, [Reason.OK] * 3)
    for minute in range(15):
        assert case.log.seal(AT + minute * MINUTE, RUNNING) is (minute == 0)
    assert case.counts == [0] * 15
    assert case.log.seal(AT + PERIOD, RUNNING)
    assert case.counts == [0] * 15 + [3]
    assert case.is_sound


def test_heartbeat_tells_nothing_of_how_many_came_by(case: Case) -> None:
    """A minute with scans and codes that are no pass looks like one without."""
    case.log.seal(AT, RUNNING)
    scan(case.outbox, AT, [Reason.OK, Reason.REVOKED])
    case.outbox.count("NOT_A_PASS", AT)
    case.log.seal(AT + MINUTE, RUNNING, histogram=HISTOGRAM)
    busy = segments(case.state)[-1]
    assert (busy.count, busy.counters, sum(busy.histogram)) == (0, {}, 0)
    case.log.seal(AT + PERIOD, RUNNING, histogram=HISTOGRAM)
    closing_ = segments(case.state)[-1]
    assert (closing_.count, closing_.histogram) == (2, HISTOGRAM)
    assert closing_.counters == {"NOT_A_PASS": 1}


def test_counters_are_sealed_once(case: Case) -> None:
    """Each segment holds what came since the one before, also in a period without records."""
    for by in (2, 3):
        case.outbox.count("FORGED", AT, by)
        case.log.seal(AT + by * PERIOD, RUNNING)
    case.log.seal(AT + 4 * PERIOD, RUNNING)
    assert [segment.counters for segment in segments(case.state)] == [
        {"FORGED": 2},
        {"FORGED": 3},
        {},
    ]


def test_256_records_are_sealed_at_once(case: Case) -> None:
    """A rush does not wait for its time to be over; the rest does."""
    scan(case.outbox, AT, [Reason.OK] * (MAX_RECORDS + 1))
    assert case.log.seal(AT, RUNNING)
    assert case.counts == [MAX_RECORDS]
    assert case.log.next_seq == MAX_RECORDS + 1
    case.log.seal(AT + PERIOD, RUNNING)
    assert case.counts == [MAX_RECORDS, 1]
    assert case.is_sound


def test_whole_seals_what_is_not_due(case: Case) -> None:
    """Before an export and at the end of a run nothing stays open."""
    last = scan(case.outbox, AT, [Reason.OK] * 2)
    case.log.seal(AT, RUNNING, whole=True, events=[EXPORT])
    (segment,) = segments(case.state)
    assert (segment.count, segment.events, segment.next_seq) == (2, (EXPORT,), last + 1)


def test_days_are_sealed_apart(case: Case) -> None:
    """A segment is of one local day, so that whole days can go."""
    midnight = AT + timedelta(hours=12)
    scan(case.outbox, midnight - MINUTE, [Reason.OK] * 2)
    scan(case.outbox, midnight, [Reason.OK])
    case.log.seal(midnight + PERIOD, RUNNING)
    days = [segment.day for segment in segments(case.state)]
    assert (case.counts, days[1] - days[0]) == ([2, 1], 1)


def test_clock_that_went_back_passes_over_no_record(case: Case) -> None:
    """What is not sealed in its turn never is: the log says that nothing is missing."""
    scan(case.outbox, AT + PERIOD)
    scan(case.outbox, AT)
    scan(case.outbox, AT - DAY)
    scan(case.outbox, AT + PERIOD)
    for step in range(4):
        case.log.seal(AT + PERIOD + step * MINUTE, RUNNING)
    case.log.seal(AT + 2 * PERIOD, RUNNING)
    assert sum(case.counts) == 4
    assert case.is_sound


def test_flags_stand_in_the_heartbeat(case: Case) -> None:
    """A device that is amber, short of room or simulated says so each minute."""
    flags = SegmentFlag.AMBER | SegmentFlag.SPACE | SegmentFlag.SIMULATED
    case.log.seal(AT, running_with(flags))
    (segment,) = segments(case.state)
    assert (segment.flags, segment.checkpoint, segment.boot) == (flags, "north-3", 4)


def test_two_processes_append_to_one_chain(case: Case) -> None:
    """An export beside the running loop: both begin with what is there."""
    with closing(SegmentLog(case.state, KEY)) as other:
        for minute in range(6):
            scan(case.outbox, AT)
            (case.log, other)[minute % 2].seal(AT + minute * MINUTE, RUNNING, whole=True)
    assert case.counts == [1] * 6
    assert case.is_sound


def test_keys_attacked_are_told_once_a_day_from_five_up(case: Case) -> None:
    """Four forged passes by one key may be one person's; they are told to nobody and forgotten."""
    today = local_day(AT, MOSCOW)
    for kid, n in ((b"attacked", 5), (b"mistyped", 4)):
        for _ in range(n):
            case.outbox.count_forged("FORGED", AT, kid, today)
    case.log.seal(AT, RUNNING)
    assert segments(case.state)[-1].events == ()
    case.log.seal(AT + DAY, RUNNING)
    case.log.seal(AT + DAY + MINUTE, RUNNING)
    told = [segment.events for segment in segments(case.state)]
    assert told == [(), (Event(KeysAttacked(today, {b"attacked".hex(): 5})),), ()]
    left = case.outbox._db.execute("SELECT count(*) FROM key_counter").fetchone()
    assert left == (0,)
    assert case.outbox.counters() == {"FORGED": 9}


def test_chain_follows_a_file_that_was_moved_aside(case: Case) -> None:
    """What is sealed in a deleted file is lost: the new file gets a chain of its own."""
    case.log.seal(AT, RUNNING)
    for path in case.state.glob("outbox.db*"):
        os.unlink(path)
    migrate(case.state)
    scan(case.outbox, AT)
    case.log.seal(AT + PERIOD, RUNNING)
    (segment,) = segments(case.state)
    assert (segment.number, segment.count) == (1, 1)


def test_chain_that_cannot_be_read_is_an_error_and_keeps_the_records(case: Case) -> None:
    """Nothing is sealed over what cannot be followed; records go on being kept."""
    scan(case.outbox, AT)
    case.log.seal(AT + PERIOD, RUNNING)
    case.outbox._db.execute("UPDATE segment SET signed = x'00'")
    scan(case.outbox, AT)
    with pytest.raises(LogError):
        case.log.seal(AT + 2 * PERIOD, RUNNING)
    with closing(connect(case.state, OUTBOX)) as db:
        assert db.execute("SELECT count(*) FROM segment").fetchone() == (1,)
    assert len(case.outbox.records()) == 2


def test_seal_that_finds_nothing_to_seal_says_the_time(case: Case) -> None:
    """A silent device is told from a dead one by its heartbeat, floored as the records are."""
    case.log.seal(AT + 7 * MINUTE, RUNNING)
    (segment,) = segments(case.state)
    assert segment.minute == floored_minute(AT, 15)
    assert segment.day == local_day(AT, MOSCOW)
    findings = check_log(device_log(case.state))
    assert all(finding.state is not State.FORGED for finding in findings)
