"""When the keys behind the time have lapsed, and when the process has come back."""

from __future__ import annotations

from dataclasses import replace

from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.time_bounds import Base, TimeBounds
from scanner.core.time_memory import TimeMemory
from scanner.core.timekeeping import Timekeeper
from tests.core.test_timekeeping import FLOOR, HOUR, MEMORY, NOON, SECOND, right

A, B, C = ClockLevel.A, ClockLevel.B, ClockLevel.C


def test_past_the_offline_expiry_nothing_is_believed() -> None:
    """The keys that vouch for all this have lapsed: C, and the floor stands at their last day."""
    until = NOON + HOUR
    bounds = TimeBounds(FLOOR, Base(FLOOR, 0.0), until)
    keeper = Timekeeper(TimeMemory(bounds, signed_at=NOON))
    assert keeper.read(right(3600.0)).level is A
    keeper.save(right(3600.0))
    assert keeper.read(right(3601.0)) == ClockReading(until, None, C)
    assert keeper.future == until + SECOND


def test_held_time_of_the_same_boot_survives_a_restart() -> None:
    """The process was killed and comes back: B by the crystal, and a jump meanwhile is found."""
    before = Timekeeper(MEMORY)
    memory = before.save(right(10.0))
    offline = replace(right(20.0), is_disciplined=False)
    assert Timekeeper(memory).read(offline).level is B
    assert Timekeeper(memory).read(replace(offline, at=offline.at + HOUR)).level is C
