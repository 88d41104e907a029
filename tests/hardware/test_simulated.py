"""The simulated clock and camera do what they are told, and nothing of their own."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from hardware.simulated import RunningClock, SimulatedCamera, SimulatedClock, pass_time
from scanner.core.clock import ClockLevel, ClockReading
from scanner.ports import Camera, CameraState, Clock, Frame
from tests.hardware.bench import NOON


def frame(number: int) -> Frame:
    return Frame(number, np.zeros((4, 4), np.uint8), float(number))


def test_both_times_move_together() -> None:
    """Seconds that go by go by for the time of day as for the monotonic clock."""
    clock = SimulatedClock(NOON, monotonic_s=5.0)
    port: Clock = clock
    clock.advance(90.0)
    assert port.now() == ClockReading.exact(NOON + timedelta(seconds=90))
    assert port.monotonic_s() == 95.0


def test_time_of_day_can_be_set_without_the_monotonic_clock_noticing() -> None:
    """Another hour, another level, an interval: the seconds go on."""
    clock = SimulatedClock(NOON)
    clock.advance(1.0)
    day = NOON + timedelta(days=1)
    clock.set_time(day, level=ClockLevel.B, unsure=timedelta(minutes=2))
    assert clock.now() == ClockReading(day, day + timedelta(minutes=2), ClockLevel.B)
    clock.set_time(day, level=ClockLevel.C, unsure=None)
    assert clock.now() == ClockReading(day, None, ClockLevel.C)
    assert clock.monotonic_s() == 1.0


def test_time_does_not_go_back() -> None:
    """A negative step is a mistake of the caller."""
    with pytest.raises(ValueError, match="cannot go back"):
        SimulatedClock(NOON).advance(-0.1)


def test_running_clock_goes_on_with_the_seconds_it_is_given() -> None:
    """It begins at the given hour when it is made, whatever the monotonic clock says then."""
    seconds = SimulatedClock(NOON, monotonic_s=700.0)
    clock = RunningClock(NOON, seconds.monotonic_s)
    seconds.advance(2.5)
    assert clock.now() == ClockReading.exact(NOON + timedelta(seconds=2.5))
    assert clock.monotonic_s() == 702.5


def test_passing_time_takes_turns() -> None:
    """Every turn is called after each small step, the last at the very end."""
    clock = SimulatedClock(NOON)
    seen: list[float] = []
    pass_time(clock, 0.05, lambda: seen.append(clock.monotonic_s()))
    assert seen == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.05])
    pass_time(clock, 0.001, lambda: seen.append(clock.monotonic_s()))
    assert seen[-1] == pytest.approx(0.051)


def test_camera_follows_its_script() -> None:
    """Frames, gaps and states in their order; after the last it has ended."""
    script = [None, frame(1), CameraState.WAITING, None, frame(2)]
    camera = SimulatedCamera(script)
    port: Camera = camera
    assert port.state is CameraState.WAITING
    seen = [(port.newest(), port.state) for _ in range(7)]
    assert [found.number if found else None for found, _ in seen] == [
        None, 1, None, None, 2, None, None,
    ]  # fmt: skip
    assert [state for _, state in seen] == [
        CameraState.WAITING,
        CameraState.LIVE,
        CameraState.WAITING,
        CameraState.WAITING,
        CameraState.LIVE,
        CameraState.ENDED,
        CameraState.ENDED,
    ]


def test_closed_camera_has_ended() -> None:
    """Nothing is handed out after close, however long the script."""
    camera = SimulatedCamera(frame(number) for number in range(1000))
    assert camera.newest() is not None
    camera.close()
    assert (camera.newest(), camera.state) == (None, CameraState.ENDED)
