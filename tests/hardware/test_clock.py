"""The clock on scripted readers: never surer than it can be, never below its floor."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.clock import (
    ClockReaders,
    SystemClock,
)
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import StoreError, TimeError
from scanner.core.time_bounds import Base, TimeBounds, TimeSource
from scanner.core.time_memory import TimeMemory
from scanner.ports import Clock

NOON = datetime(2026, 5, 12, 12, 0, tzinfo=UTC)
FLOOR = NOON - timedelta(hours=2)
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)


@dataclass
class Machine:
    """What the kernel says; `step` sets its clock, `wait` lets time go by."""

    at: datetime = NOON
    boot_s: float = 100.0
    is_disciplined: bool = True
    rtc: datetime | None = None
    kept: list[TimeMemory] = field(default_factory=list)

    def wait(self, by: timedelta) -> None:
        self.at += by
        self.boot_s += by.total_seconds()

    def step(self, by: timedelta) -> None:
        self.at += by

    def clock(
        self, signed_at: datetime | None = NOON - HOUR, rtc_set_at: datetime | None = None
    ) -> SystemClock:
        bounds = TimeBounds(FLOOR, Base(FLOOR, 0.0))
        readers = ClockReaders(
            system_s=lambda: self.at.timestamp(),
            boot_s=lambda: self.boot_s,
            monotonic_s=lambda: self.boot_s,
            is_disciplined=lambda: self.is_disciplined,
            rtc=lambda: self.rtc,
        )
        memory = TimeMemory(bounds, signed_at, rtc_set_at=rtc_set_at)
        return SystemClock(memory, self.kept.append, readers)


ONLY_FLOOR = ClockReading(FLOOR, None, ClockLevel.C)


def test_is_the_port_of_the_loop() -> None:
    """The loop can be joined to it."""
    machine = Machine()
    port: Clock = machine.clock()
    machine.wait(timedelta(seconds=5))
    assert port.monotonic_s() == 105.0


def test_disciplined_and_signed_is_level_a() -> None:
    """Kernel disciplined, and a signed time within 24 h: exact, level A."""
    clock = Machine().clock()
    assert clock.now() == ClockReading.exact(NOON, ClockLevel.A)
    assert clock.source is TimeSource.NTP


@pytest.mark.parametrize("off", [DAY, -DAY])
def test_signed_time_counts_for_24_hours_both_ways(off: timedelta) -> None:
    """A day away it still agrees, a second more it does not."""
    second = SECOND * (1 if off > timedelta(0) else -1)
    assert Machine().clock(NOON + off).now().level is ClockLevel.A
    assert Machine().clock(NOON + off + second).now() == ONLY_FLOOR


@pytest.mark.parametrize(("is_disciplined", "signed_at"), [(False, NOON), (True, None)])
def test_one_witness_is_not_enough(is_disciplined: bool, signed_at: datetime | None) -> None:
    """NTP alone may lie, a signed time alone may be old: only the floor is known."""
    assert Machine(is_disciplined=is_disciplined).clock(signed_at).now() == ONLY_FLOOR


def test_time_below_the_floor_is_not_believed() -> None:
    """A board that woke up in 1970 knows the floor, even when NTP and a signature agree."""
    assert Machine(at=FLOOR - SECOND).clock(FLOOR).now() == ONLY_FLOOR


def test_held_time_grows_by_100_ppm() -> None:
    """Once confirmed, level B: a day without NTP is 8.64 s of doubt to either side."""
    machine = Machine()
    clock = machine.clock()
    clock.now()
    machine.is_disciplined = False
    machine.wait(DAY)
    off = timedelta(seconds=8.64)
    assert clock.now() == ClockReading(NOON + DAY - off, NOON + DAY + off, ClockLevel.B)


def test_held_time_counts_from_the_last_confirmation() -> None:
    """Each confirmation starts the doubt anew."""
    machine = Machine()
    clock = machine.clock()
    clock.now()
    machine.wait(HOUR)
    clock.now()
    machine.is_disciplined = False
    assert clock.now() == ClockReading(NOON + HOUR, NOON + HOUR, ClockLevel.B)


def test_held_time_ends_after_seven_days() -> None:
    """Then only this is left: it is not earlier than what was surely known."""
    machine = Machine()
    clock = machine.clock()
    clock.now()
    machine.is_disciplined = False
    machine.wait(7 * DAY)
    assert clock.now().level is ClockLevel.B
    machine.wait(SECOND)
    reading = clock.now()
    assert (reading.level, reading.latest, clock.source) == (ClockLevel.C, None, None)
    assert NOON + 7 * DAY - timedelta(seconds=61) < reading.earliest < NOON + 7 * DAY


def test_small_step_while_held_does_not_move_the_interval() -> None:
    """At level B the crystal counts, not what somebody sets the system's clock to."""
    machine = Machine()
    clock = machine.clock()
    clock.now()
    machine.is_disciplined = False
    machine.step(timedelta(minutes=4))
    assert clock.now() == ClockReading(NOON, NOON, ClockLevel.B)


@pytest.mark.parametrize("jump", [301 * SECOND, -301 * SECOND, 300 * DAY])
@pytest.mark.parametrize("is_disciplined", [False, True])
def test_jump_drops_to_the_floor(jump: timedelta, is_disciplined: bool) -> None:
    """More than 5 minutes against the seconds since the boot: level C, also when NTP did it."""
    machine = Machine()
    clock = machine.clock()
    clock.now()
    machine.is_disciplined = is_disciplined
    machine.step(jump)
    assert clock.now() == ClockReading(NOON, None, ClockLevel.C)
    machine.step(-jump)
    assert clock.now().level is ClockLevel.C


def test_many_small_steps_are_a_jump() -> None:
    """Creeping forward by 4 minutes at a time is found as well."""
    machine = Machine()
    clock = machine.clock()
    levels = []
    for _ in range(3):
        levels.append(clock.now().level)
        machine.step(timedelta(minutes=4))
    assert levels == [ClockLevel.A, ClockLevel.A, ClockLevel.C]


def test_newer_signed_time_confirms_anew_after_a_jump() -> None:
    """A signed time that arrives after the jump, and agrees, gives level A again."""
    machine = Machine()
    clock = machine.clock()
    clock.now()
    machine.step(2 * HOUR)
    assert clock.now().level is ClockLevel.C
    clock.hear_signed(NOON - HOUR)
    assert clock.now().level is ClockLevel.C
    clock.hear_signed(machine.at)
    assert clock.now() == ClockReading.exact(machine.at, ClockLevel.A)
    assert clock.memory.signed_at == machine.at


def test_newer_signed_time_alone_does_not_hide_small_steps() -> None:
    """Polling lists does not allow five more minutes each time."""
    machine = Machine()
    clock = machine.clock()
    for _ in range(2):
        assert clock.now().level is ClockLevel.A
        machine.step(timedelta(minutes=4))
        clock.hear_signed(machine.at)
    assert clock.now().level is ClockLevel.C


def test_first_setting_of_the_clock_is_no_jump() -> None:
    """A board that wakes up in 1970 and is then set by NTP gets level A."""
    machine = Machine(at=datetime(1970, 1, 1, tzinfo=UTC), is_disciplined=False)
    clock = machine.clock(NOON)
    assert clock.now() == ONLY_FLOOR
    machine.at, machine.is_disciplined = NOON, True
    assert clock.now().level is ClockLevel.A


def test_taken_time_code_is_kept_at_once() -> None:
    """Before anything is shown: a cut of the power must not let the same code in again."""
    machine = Machine(is_disciplined=False)
    clock = machine.clock()
    clock.take_time_code(NOON)
    assert [memory.newest_code for memory in machine.kept] == [NOON]
    assert clock.now() == ClockReading(NOON, NOON + timedelta(minutes=1), ClockLevel.B)


def test_disk_that_fails_is_told() -> None:
    """What cannot be kept does not look as if it were."""

    def fail(memory: TimeMemory) -> None:
        raise StoreError("full")

    with pytest.raises(StoreError):
        SystemClock(TimeMemory(TimeBounds()), fail).take_time_code(NOON)


def test_hand_needs_a_clock_that_knows_nothing() -> None:
    """At level A a person is not asked."""
    with pytest.raises(TimeError):
        Machine().clock().check_hand(NOON)
    clock = Machine(is_disciplined=False).clock()
    clock.take_hand(clock.check_hand(NOON))
    assert (clock.now().level, clock.source) == (ClockLevel.B, TimeSource.HAND)


def test_battery_that_was_set_while_a_is_level_b_after_a_reboot() -> None:
    """A weekend in a drawer, no network: the time goes on, with its doubt."""
    machine = Machine(at=datetime(1970, 1, 1, tzinfo=UTC), is_disciplined=False, rtc=NOON)
    reading = machine.clock(rtc_set_at=NOON - 2 * HOUR).now()
    off = timedelta(seconds=2.72)
    assert reading == ClockReading(NOON - off, NOON + off, ClockLevel.B)


def test_battery_is_noted_while_a_and_forgotten_when_wrong() -> None:
    """Only what was seen to be right at level A is believed after a reboot."""
    machine = Machine(rtc=NOON + SECOND)
    clock = machine.clock()
    assert clock.save().rtc_set_at == NOON
    machine.rtc = NOON + timedelta(seconds=3)
    assert clock.save().rtc_set_at is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["wait", "step", "signed", "code", "hand"]),
            st.floats(-1e6, 1e6),
            st.booleans(),
        )
    )
)
def test_interval_is_never_below_the_floor_nor_inside_out(
    happenings: list[tuple[str, float, bool]],
) -> None:
    """Whatever happens: floor ≤ earliest ≤ latest, C is unbounded, and the floor never falls."""
    machine = Machine()
    clock, floor = machine.clock(), FLOOR
    for what, seconds, is_disciplined in happenings:
        claim = machine.at + timedelta(seconds=seconds)
        machine.is_disciplined = is_disciplined
        try:
            match what:
                case "wait":
                    machine.wait(timedelta(seconds=abs(seconds)))
                case "step":
                    machine.step(timedelta(seconds=seconds))
                case "signed":
                    clock.hear_signed(claim)
                case "code":
                    clock.take_time_code(claim)
                case _:
                    clock.take_hand(clock.check_hand(claim))
        except TimeError:
            pass
        reading, floor_now = clock.now(), clock.save().bounds.floor
        assert floor <= floor_now <= reading.earliest
        assert (reading.latest is None) == (reading.level is ClockLevel.C)
        assert reading.latest is None or reading.earliest <= reading.latest
        floor = floor_now
