"""The scan log of a running checkpoint: the loop that ships, with its log kept beside it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scanner.assembly.scan_log import MINUTE_S, LogKeeper, LogParts, scan_log
from scanner.core.chain import State, check_log, is_sound
from scanner.core.errors import DeviceError, NoRoomError
from scanner.core.events import Folded, KeysAttacked, Retired
from scanner.core.reasons import Reason
from scanner.core.record import RecordFlag, ScanRecord, floored_minute, local_day
from scanner.core.segment import MAX_RECORDS, Segment, SegmentFlag, read_segment
from scanner.ports import Press
from scanner.store import runs, space
from scanner.store.database import PAGE_BYTES
from scanner.store.device_log import read_device_logs
from scanner.store.outbox import SqliteOutbox
from tests import city
from tests.journeys.booth import DISK_FULL, Booth, MakeBooth, pass_number

REVOKED, FORGED = city.issue({10: city.REVOKED}), pass_number(2)[:-3] + b"000"
RECORD = ScanRecord(floored_minute(city.NOW, 15), Reason.OK.outcome, Reason.OK, 7, 0, 2)
MEGABYTE = 1 << 20
HOUR_S, DAY = 3600.0, timedelta(days=1)


class Station:
    """A booth with its log; `live` lets time pass as a device would, turn by turn."""

    def __init__(self, booth: Booth, keeper: LogKeeper) -> None:
        self.booth, self.keeper = booth, keeper

    def turn(self) -> None:
        self.keeper(self.booth.clock.monotonic_s())

    def live(self, seconds: float, step_s: float = MINUTE_S) -> None:
        """Nobody comes by."""
        until_s = self.booth.clock.monotonic_s() + seconds
        while self.booth.clock.monotonic_s() < until_s:
            self.booth.clock.advance(step_s)
            self.turn()
            self.turn()

    def scan(self, *codes: bytes) -> None:
        """One after the other, a minute apart."""
        for code in codes:
            self.booth.scan(code)
            self.booth.clear()
            self.live(MINUTE_S)

    @property
    def segments(self) -> list[Segment]:
        (log,) = read_device_logs(self.booth.state)
        return [read_segment(signed) for signed in log.segments]

    @property
    def is_sound(self) -> bool:
        (log,) = read_device_logs(self.booth.state)
        return is_sound(check_log(log))


@contextmanager
def station(
    booth: Booth,
    capacity: int = 64 * MEGABYTE,
    floor: Callable[[], datetime] | None = None,
    outbox: SqliteOutbox | None = None,
) -> Iterator[Station]:
    """A run of this booth, from its start to its stop in order."""
    real = outbox or booth.outbox.real
    parts = LogParts(booth.state, real, booth.loop, capacity, floor, RecordFlag.SIMULATED)
    with scan_log(parts) as keeper:
        yield Station(booth, keeper)


def test_run_is_sealed_from_start_to_stop(booth: Booth) -> None:
    """Heartbeats each minute, records when their time is over, and at the stop all of them."""
    with station(booth) as running:
        running.turn()
        running.scan(pass_number(1), b"WIFI:S:cafe;;")
        booth.scan(REVOKED)
        booth.press(Press.LONG)
        running.live(MINUTE_S)
        assert [segment.count for segment in running.segments] == [0, 0, 0, 0]
        running.live(20 * MINUTE_S)
        closed = next(segment for segment in running.segments if segment.count)
        assert (closed.count, closed.counters) == (3, {"NOT_A_PASS": 1})
        assert sum(closed.histogram) == 2
        running.scan(pass_number(2))
    (log,) = read_device_logs(booth.state)
    assert {finding.state for finding in check_log(log)} == {State.INTACT}
    last = read_segment(log.segments[-1])
    assert (last.count, sum(last.histogram), last.next_seq) == (1, 1, 5)


def test_segments_say_which_run_and_which_checkpoint(booth: Booth) -> None:
    """The name is that of the settings; every segment of a simulation says that it is one."""
    for boot in (1, 2):
        with station(booth) as running:
            running.turn()
        last = running.segments[-1]
        assert (last.boot, last.is_clean) == (boot, True)
        assert (last.checkpoint, last.flags) == ("checkpoint", SegmentFlag.SIMULATED)


def test_start_after_a_cut_is_unclean_and_loses_nothing(booth: Booth) -> None:
    """What was open when the power went is sealed by the next run, which says so."""
    crash = ExitStack()
    running = crash.enter_context(station(booth))
    running.turn()
    running.scan(pass_number(1))
    booth.clock.advance(HOUR_S)
    with station(booth) as again:
        again.turn()
        last = again.segments[-1]
        assert (last.boot, last.is_clean, last.count) == (2, False, 1)
    assert again.is_sound


def test_start_on_a_full_disk_begins_its_run_later(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until there is room, segments are those of the run before; the checkpoint runs meanwhile."""
    with station(booth) as running:
        running.turn()
    fails, real = [True, True], runs.begin_run

    def begin_run(folder: Path) -> runs.Run:
        if fails and fails.pop():
            raise NoRoomError("outbox.db cannot be used (database or disk is full).")
        return real(folder)

    monkeypatch.setattr(runs, "begin_run", begin_run)
    with station(booth) as running:
        running.turn()
        assert booth.outbox.real.is_full
        assert running.segments[-1].boot == 1
        running.live(MINUTE_S)
        assert running.segments[-1].boot == 2
        assert not booth.outbox.real.is_full


def test_camera_that_was_lost_is_a_stop_in_order(booth: Booth) -> None:
    """The log is whole, so the next start is clean; after any other end it is not."""

    def fail(error: Exception) -> None:
        with station(booth) as running:
            running.turn()
            raise error

    for error, is_clean in ((DeviceError("no picture"), True), (RuntimeError(), False)):
        with pytest.raises(type(error)):
            fail(error)
        with station(booth) as running:
            running.turn()
        assert running.segments[-1].is_clean is is_clean


def test_rush_is_sealed_at_256_records(booth: Booth) -> None:
    """In the turn after, not in the minute after, and only once."""
    with station(booth) as running:
        running.turn()
        for _ in range(MAX_RECORDS):
            booth.outbox.real.append(RECORD)
        running.turn()
        running.turn()
        assert [segment.count for segment in running.segments] == [0, MAX_RECORDS]


def test_amber_share_stands_in_the_heartbeat(booth: Booth) -> None:
    """While more than a fifth of ten minutes' scans were undecided, and not after."""
    for number in range(5):
        booth.outbox.fails_with = DISK_FULL if number < 2 else None
        booth.scan(pass_number(number))
        booth.clear()
    with station(booth) as running:
        running.turn()
        assert running.segments[-1].flags & SegmentFlag.AMBER
        running.live(11 * MINUTE_S)
        assert not running.segments[-1].flags & SegmentFlag.AMBER


def test_key_that_is_attacked_is_told_when_the_day_is_over(booth: Booth) -> None:
    """Five forged passes that name it, and no fewer."""
    day = local_day(city.NOW, booth.lists.policy.time_zone)
    with station(booth) as running:
        for _ in range(5):
            booth.scan(FORGED)
            booth.wait(120.0)
        running.live(24 * HOUR_S, step_s=HOUR_S)
        bodies = [event.body for each in running.segments for event in each.events]
    assert bodies == [KeysAttacked(day, {city.KEY.kid.hex(): 5})]


def test_days_go_by_the_floor_of_time(booth: Booth) -> None:
    """After `max_days`, without any server; a floor that stood still keeps them."""
    floor = [city.NOW]
    with station(booth, floor=lambda: floor[0]) as running:
        running.scan(pass_number(1))
        running.live(31 * 24 * HOUR_S, step_s=4 * HOUR_S)
        assert len(booth.outbox.real.records()) == 1
        floor[0] = city.NOW + 31 * DAY
        running.live(24 * HOUR_S, step_s=HOUR_S)
        assert booth.outbox.real.records() == []
        events = [event.body for each in running.segments for event in each.events]
        assert any(isinstance(body, Retired) for body in events)
        assert running.is_sound
    assert (booth.state / "outbox.db").stat().st_size > 0


def fill(booth: Booth) -> int:
    """A thousand scans; how many bytes they take in the file."""
    for _ in range(4 * MAX_RECORDS):
        booth.outbox.real.append(RECORD)
    pages = booth.outbox.real._db.execute("PRAGMA page_count").fetchone()[0]
    return int(pages) * PAGE_BYTES


def test_heartbeat_says_that_room_is_short(booth: Booth) -> None:
    """From four fifths of the capacity on, before anything has to go."""
    fill(booth)
    wal = booth.state / "outbox.db-wal"
    with station(booth) as running:
        running.live(2 * MINUTE_S)
        taken = fill(booth) + wal.stat().st_size
    for share, is_short in ((0.7, False), (0.9, True)):
        with station(booth, capacity=int(taken / share)) as running:
            running.turn()
            assert bool(running.segments[-1].flags & SegmentFlag.SPACE) is is_short
    assert len(booth.outbox.real.records()) == 8 * MAX_RECORDS


def test_log_at_its_capacity_folds_and_goes_on(
    booth: Booth, caplog: pytest.LogCaptureFixture
) -> None:
    """The journal says that records gave way, the chain to which counts."""
    with station(booth, capacity=fill(booth)) as running, caplog.at_level(logging.WARNING):
        running.live(3 * MINUTE_S)
        bodies = [event.body for each in running.segments for event in each.events]
        assert any(isinstance(body, Folded) for body in bodies)
        assert running.is_sound
    assert booth.outbox.real.records() == []
    assert "gave way" in caplog.text


def test_full_disk_is_amber_once_and_then_green(booth: Booth) -> None:
    """The scan that found no room is amber; room is made in the same turn."""
    fill(booth)
    with station(booth) as running:
        running.live(2 * MINUTE_S)
        pages = booth.outbox.real._db.execute("PRAGMA page_count").fetchone()[0]
        booth.outbox.real._db.execute(f"PRAGMA max_page_count={pages}")
        verdicts = []
        for number in range(150):
            verdicts.append(booth.scan(pass_number(number)).verdict.reason)
            running.turn()
            booth.clear(0.5)
    assert set(verdicts) == {Reason.OK, Reason.STORE}
    assert verdicts.count(Reason.STORE) == 1
    assert running.is_sound


def test_nothing_left_to_go_is_said_and_not_tried_each_turn(
    booth: Booth, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The device answers amber by itself; once a minute it is tried again."""
    tries: list[int] = []

    def make_room(*_: object, **__: object) -> bool:
        tries.append(1)
        return False

    monkeypatch.setattr(space, "make_room", make_room)
    with station(booth, capacity=1) as running:
        for _ in range(5):
            running.live(MINUTE_S, step_s=MINUTE_S / 30)
    assert len(tries) == 5
    assert "Free some room" in caplog.text


@pytest.mark.parametrize("error", [sqlite3.OperationalError("locked"), ValueError("a payload")])
def test_log_that_fails_ends_nothing_and_is_tried_again(
    booth: Booth,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    """Whatever it is; of an unknown error only the kind is told, and the scans are sealed later."""
    with station(booth) as running:
        running.turn()
        with monkeypatch.context() as patch:

            def fail(*_: object, **__: object) -> bool:
                raise error

            patch.setattr(running.keeper._chain, "seal", fail)
            running.scan(pass_number(1))
            running.live(30 * MINUTE_S)
        assert "again in a minute" in caplog.text
        assert "payload" not in caplog.text
        running.live(2 * MINUTE_S)
        assert sum(segment.count for segment in running.segments) == 1
        assert sum(sum(segment.histogram) for segment in running.segments) == 1


def test_stop_that_cannot_seal_is_no_stop_in_order(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next start says that something was left open."""
    with station(booth) as running:
        running.turn()

        def fail(*_: object, **__: object) -> bool:
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(running.keeper._chain, "seal", fail)
    with station(booth) as again:
        again.turn()
    assert not again.segments[-1].is_clean


def test_wiped_device_signs_nothing_more(booth: Booth) -> None:
    """The key is gone from memory as well."""
    with station(booth) as running:
        running.turn()
        running.keeper.forget()
        running.live(10 * MINUTE_S)
    assert len(running.segments) == 1


def test_many_booths_have_logs_of_their_own(make_booth: MakeBooth, tmp_path: Path) -> None:
    """Another device, another key."""
    publics = set()
    for _ in range(2):
        booth = make_booth()
        with station(booth) as running:
            running.turn()
        (log,) = read_device_logs(booth.state)
        publics.add(log.public)
    assert len(publics) == 2
