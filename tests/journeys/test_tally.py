"""What the loop counts beside its records: keys attacked, reading times, the share of undecided."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from scanner.core.reasons import Reason
from scanner.core.record import local_day
from scanner.ports import Press
from scanner.store.database import OUTBOX, connect
from tests import city
from tests.journeys.booth import DISK_FULL, Booth, pass_number

GOOD, FORGED = pass_number(1), pass_number(2)[:-3] + b"000"


def attacked(booth: Booth) -> list[tuple[int, bytes, int]]:
    """Day, kid, how many."""
    with closing(connect(booth.state, OUTBOX)) as db:
        return db.execute("SELECT day, kid, n FROM key_counter ORDER BY day, kid").fetchall()


def test_forged_passes_are_counted_by_the_key_they_name(booth: Booth) -> None:
    """By the day of the place: in Moscow midnight comes at nine in the evening."""
    day = local_day(city.NOW, booth.lists.policy.time_zone)
    booth.scan(FORGED)
    booth.wait(120.0)
    booth.scan(FORGED)
    booth.clear()
    booth.clock.set_time(city.NOW.replace(hour=21, minute=0) + timedelta(minutes=1))
    booth.wait(120.0)
    booth.scan(FORGED)
    assert attacked(booth) == [(day, city.KEY.kid, 2), (day + 1, city.KEY.kid, 1)]
    assert booth.counters() == {"FORGED": 3}


def test_code_that_flickers_is_one_attack(booth: Booth) -> None:
    """Shown again at once it is the same one, and no key is counted twice."""
    booth.scan(FORGED)
    booth.clear()
    booth.scan(FORGED)
    assert booth.counters() == {"FORGED": 1, "RESCAN": 1}
    assert [n for _, _, n in attacked(booth)] == [1]


def test_only_a_key_that_is_trusted_can_be_counted(booth: Booth) -> None:
    """Whoever makes up kids fills no table."""
    booth.scan(b"MP1:" + b"A" * 60)
    booth.clear()
    booth.scan(b"WIFI:S:cafe;;")
    assert attacked(booth) == []


def test_reading_times_are_of_judged_scans(booth: Booth) -> None:
    """Neither a repeat, nor a code that is no pass, nor a decision by hand is among them."""
    booth.scan(GOOD)
    booth.clear()
    booth.scan(GOOD)
    booth.clear()
    booth.scan(b"WIFI:S:cafe;;")
    booth.clear()
    booth.scan(city.issue({10: city.REVOKED}))
    booth.press(Press.SHORT)
    histogram = booth.loop.tally.histogram
    assert (sum(histogram), histogram[0]) == (2, 2)
    assert len(booth.records()) == 3


def test_slow_reader_shows_in_the_reading_times(booth: Booth) -> None:
    """From the frame to the lamp: 100 ms lie in the bucket from 64 on."""
    booth.scene.frame_age_s = 0.1
    booth.scan(GOOD)
    assert booth.loop.tally.histogram[6] == 1


def test_scanner_that_cannot_keep_its_scans_is_amber(booth: Booth) -> None:
    """More than a fifth of at least five; also those that could not be kept count."""
    now_s = booth.clock.monotonic_s
    booth.outbox.fails_with = DISK_FULL
    for number in range(5):
        assert not booth.loop.tally.is_amber(now_s())
        assert booth.scan(pass_number(number)).verdict.reason is Reason.STORE
        booth.clear()
    assert booth.loop.tally.is_amber(now_s())
    booth.outbox.fails_with = None
    booth.wait(601.0)
    assert not booth.loop.tally.is_amber(now_s())
