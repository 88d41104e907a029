"""The scan log of a running checkpoint: the loop that ships, with its log kept beside it."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.assembly.scan_log import MINUTE_S
from scanner.core.chain import State, check_log
from scanner.core.errors import DeviceError, NoRoomError
from scanner.core.events import KeysAttacked, Retired
from scanner.core.record import local_day
from scanner.core.segment import MAX_RECORDS, SegmentFlag, read_segment
from scanner.ports import Press
from scanner.store import runs
from scanner.store.device_log import read_device_logs
from tests import city
from tests.journeys.booth import DISK_FULL, Booth, MakeBooth, pass_number
from tests.journeys.station import RECORD, station

REVOKED, FORGED = city.issue({10: city.REVOKED}), pass_number(2)[:-3] + b"000"
HOUR_S, DAY = 3600.0, timedelta(days=1)


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
