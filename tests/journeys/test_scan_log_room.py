"""A scan log that is short of room, or that fails: folded, told, tried again."""

from __future__ import annotations

import logging
import sqlite3

import pytest

from scanner.assembly.scan_log import MINUTE_S
from scanner.core.events import Folded
from scanner.core.reasons import Reason
from scanner.core.segment import MAX_RECORDS, SegmentFlag
from scanner.store import space
from scanner.store.database import PAGE_BYTES
from tests.journeys.booth import Booth, pass_number
from tests.journeys.station import RECORD, station


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
