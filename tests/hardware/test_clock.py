"""The clock: never surer than it can be, never below its floor, never trusting after a jump."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.clock import SystemClock, boot_seconds, kernel_is_disciplined, system_time
from scanner.core.clock import ClockLevel, ClockReading
from scanner.ports import Clock

FLOOR = datetime(2026, 5, 1, tzinfo=UTC)
NOON = datetime(2026, 5, 12, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Machine:
    """What the kernel says; `step` sets its clock, `wait` lets time go by."""

    at: datetime = NOON
    boot_s: float = 100.0
    is_disciplined: bool = True

    def wait(self, by: timedelta) -> None:
        self.at += by
        self.boot_s += by.total_seconds()

    def step(self, by: timedelta) -> None:
        self.at += by

    def clock(self, signed_at: datetime | None = NOON - HOUR) -> SystemClock:
        return SystemClock(
            floor=FLOOR,
            signed_at=signed_at,
            read_time=lambda: self.at.timestamp(),
            read_boot=lambda: self.boot_s,
            read_monotonic=lambda: self.boot_s,
            is_disciplined=lambda: self.is_disciplined,
        )


ONLY_FLOOR = ClockReading(FLOOR, None, ClockLevel.C)


def test_is_the_port_of_the_loop() -> None:
    """The loop can be joined to it."""
    machine = Machine()
    port: Clock = machine.clock()
    machine.wait(timedelta(seconds=5))
    assert port.monotonic_s() == 105.0


def test_disciplined_and_signed_is_level_a() -> None:
    """Kernel disciplined, and a signed time within 24 h: exact, level A."""
    assert Machine().clock().now() == ClockReading.exact(NOON, ClockLevel.A)


@pytest.mark.parametrize("off", [DAY, -DAY])
def test_signed_time_counts_for_24_hours_both_ways(off: timedelta) -> None:
    """A day away it still agrees, a second more it does not."""
    second = timedelta(seconds=1) * (1 if off > timedelta(0) else -1)
    assert Machine().clock(NOON + off).now().level is ClockLevel.A
    assert Machine().clock(NOON + off + second).now() == ONLY_FLOOR


@pytest.mark.parametrize(("is_disciplined", "signed_at"), [(False, NOON), (True, None)])
def test_one_witness_is_not_enough(is_disciplined: bool, signed_at: datetime | None) -> None:
    """NTP alone may lie, a signed time alone may be old: only the floor is known."""
    assert Machine(is_disciplined=is_disciplined).clock(signed_at).now() == ONLY_FLOOR


def test_time_below_the_floor_is_not_believed() -> None:
    """A board that woke up in 1970 knows the floor, even when NTP and a signature agree."""
    machine = Machine(at=FLOOR - timedelta(seconds=1))
    assert machine.clock(FLOOR).now() == ONLY_FLOOR


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
    machine.wait(timedelta(seconds=1))
    reading = clock.now()
    assert (reading.level, reading.latest) == (ClockLevel.C, None)
    assert NOON + 7 * DAY - timedelta(seconds=61) < reading.earliest < NOON + 7 * DAY


def test_small_step_while_held_does_not_move_the_interval() -> None:
    """At level B the crystal counts, not what somebody sets the system's clock to."""
    machine = Machine()
    clock = machine.clock()
    clock.now()
    machine.is_disciplined = False
    machine.step(timedelta(minutes=4))
    assert clock.now() == ClockReading(NOON, NOON, ClockLevel.B)


@pytest.mark.parametrize("jump", [timedelta(seconds=301), -timedelta(seconds=301), 300 * DAY])
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
    clock.signed_at = NOON - HOUR
    assert clock.now().level is ClockLevel.C
    clock.signed_at = machine.at
    assert clock.now() == ClockReading.exact(machine.at, ClockLevel.A)
    assert clock.signed_at == machine.at


def test_newer_signed_time_alone_does_not_hide_small_steps() -> None:
    """Polling lists does not allow five more minutes each time."""
    machine = Machine()
    clock = machine.clock()
    for _ in range(2):
        assert clock.now().level is ClockLevel.A
        machine.step(timedelta(minutes=4))
        clock.signed_at = machine.at
    assert clock.now().level is ClockLevel.C


def test_first_setting_of_the_clock_is_no_jump() -> None:
    """A board that wakes up in 1970 and is then set by NTP gets level A."""
    machine = Machine(at=datetime(1970, 1, 1, tzinfo=UTC), is_disciplined=False)
    clock = machine.clock(NOON)
    assert clock.now() == ONLY_FLOOR
    machine.at, machine.is_disciplined = NOON, True
    assert clock.now().level is ClockLevel.A


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["wait", "step", "discipline"]), st.floats(-1e6, 1e6), st.booleans()
        )
    )
)
def test_interval_is_never_below_the_floor_nor_inside_out(
    happenings: list[tuple[str, float, bool]],
) -> None:
    """Whatever happens to the system's clock: floor ≤ earliest ≤ latest, and C is unbounded."""
    machine = Machine()
    clock = machine.clock()
    for what, seconds, is_disciplined in happenings:
        if what == "wait":
            machine.wait(timedelta(seconds=abs(seconds)))
        elif what == "step":
            machine.step(timedelta(seconds=seconds))
        machine.is_disciplined = is_disciplined
        reading = clock.now()
        assert reading.earliest >= FLOOR
        assert (reading.latest is None) == (reading.level is ClockLevel.C)
        assert reading.latest is None or reading.earliest <= reading.latest


def test_real_readers_answer() -> None:
    """On this machine: seconds since the boot go on, and the kernel may be asked."""
    assert 0 < boot_seconds() <= boot_seconds()
    assert kernel_is_disciplined() in (True, False)
    assert system_time() > FLOOR - 3650 * DAY
