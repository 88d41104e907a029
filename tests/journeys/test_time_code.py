"""A time code before the camera: it sets the clock, and is no pass."""

from __future__ import annotations

from datetime import datetime, timedelta

import cbor2
import pytest

from scanner.central.issue import sign_payload
from scanner.core.clock import ClockLevel
from scanner.core.reasons import Outcome, Reason, SignalName
from scanner.core.signal import BOTH, GREEN, RED
from scanner.core.trust import TIME_CODE_KIND
from scanner.time_setting import REFUSED, TAKEN
from tests import city
from tests.journeys.booth import DISK_FULL, Booth, install, pass_number

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def time_code(at: datetime) -> bytes:
    """As the issuer's page shows it."""
    payload = cbor2.dumps({6: int(at.timestamp())})
    return b"MT1:" + sign_payload(payload, city.KEY).encode().removeprefix(b"MP1:")


@pytest.fixture
def lost(booth: Booth) -> Booth:
    """A checkpoint after a power cut: only the floor is known; the city's key signs times too."""
    keys = city.trust_list(kinds=[1, 2, 3, 4, 5, TIME_CODE_KIND])
    install(booth.state, city.targets(keys=keys))
    booth.clock.set_time(city.NOW - HOUR, level=ClockLevel.C, unsure=None)
    return booth


def test_pass_is_admitted_again_after_a_time_code(lost: Booth) -> None:
    """UNDECIDED before it, green after it, with the notice that the time is held."""
    assert lost.scan(pass_number(1)).verdict.reason is Reason.CLOCK
    lost.clear()
    assert lost.show(time_code(city.NOW)) is None
    assert lost.loop.display.shown is SignalName.TIME_SET
    lost.clear()
    scan = lost.scan(pass_number(1))
    assert scan.verdict.outcome is Outcome.ADMIT
    assert lost.lit == GREEN


def test_time_code_is_counted_and_not_recorded(lost: Booth) -> None:
    """No record, one count, one signal however long it is held."""
    lost.show(time_code(city.NOW))
    assert lost.lit == BOTH
    assert lost.watch(5.0) == []
    assert (lost.records(), lost.counters()) == ([], {TAKEN: 1})
    assert lost.beeps_since(0.0) == 2


def test_time_code_may_come_from_a_hand_scanner(lost: Booth) -> None:
    """It sets the clock as it does before the camera."""
    assert lost.scan_by_hand(time_code(city.NOW)) is None
    assert lost.loop.display.shown is SignalName.TIME_SET
    assert lost.clock.now().level is ClockLevel.B
    assert (lost.records(), lost.counters()) == ([], {TAKEN: 1})


def test_forged_time_code_leaves_the_clock_alone(lost: Booth) -> None:
    """Two blinks of red, a count, and the time is as unsure as before."""
    began_s = lost.clock.monotonic_s()
    payload = bytearray(time_code(city.NOW))
    payload[-1] ^= 1
    lost.show(bytes(payload))
    assert lost.loop.display.shown is SignalName.TIME_NOT_SET
    assert lost.lit == RED
    assert lost.clock.now().level is ClockLevel.C
    assert lost.counters() == {REFUSED: 1}
    assert not lost.has_shown_green_since(began_s)


def test_old_time_code_is_refused(lost: Booth) -> None:
    """From before the floor."""
    lost.show(time_code(city.NOW - 2 * HOUR))
    assert lost.loop.display.shown is SignalName.TIME_NOT_SET
    assert lost.clock.now().level is ClockLevel.C


def test_pass_beside_a_time_code_is_judged(lost: Booth) -> None:
    """The phone of a resident is not made to wait for a code on a wall."""
    scan = lost.show(time_code(city.NOW), pass_number(1))
    assert scan is not None
    assert lost.clock.now().level is ClockLevel.C


def test_disk_that_fails_is_amber(lost: Booth) -> None:
    """What could not be counted is not shown as done."""
    lost.outbox.fails_with = DISK_FULL
    lost.show(time_code(city.NOW))
    assert lost.loop.display.shown is SignalName.SCANNER


def test_time_code_ends_the_decision_by_hand(lost: Booth) -> None:
    """A press after it is about no pass any more."""
    lost.scan(pass_number(1))
    lost.clear()
    lost.show(time_code(city.NOW))
    lost.press()
    assert [record.outcome for record in lost.records()] == [Outcome.UNDECIDED]
