"""A camera or a reader that gives nothing: the fault pattern, never a stale verdict."""

from __future__ import annotations

import pytest

from scanner.camera_watch import BLIND_S, OLDEST_FRAME_S
from scanner.core.errors import DeviceError
from scanner.core.pattern import lamps_at
from scanner.core.reasons import SignalName
from scanner.core.signal import RED, SIGNALS
from scanner.ports import CameraState
from tests import city
from tests.journeys.booth import FRAME_S, Booth, pass_number

GOOD, REVOKED = pass_number(1), city.issue({10: city.REVOKED})


def watch_fault(booth: Booth, seconds: float) -> None:
    """The lamps are those of the fault row all the while; it is sounded once."""
    assert booth.loop.display.shown is SignalName.FAULT
    begun_s = next(e.at_s for e in booth.recorder.history if e.lamps == RED)
    for _ in range(round(seconds / FRAME_S)):
        booth.turn()
        elapsed_s = booth.clock.monotonic_s() - begun_s
        assert booth.lit == lamps_at(SIGNALS[SignalName.FAULT], elapsed_s)
    assert booth.beeps_since(begun_s) == 1


def test_a_silent_camera_is_a_fault_after_two_seconds(booth: Booth) -> None:
    """Unplugged or frozen: the double blink, until frames come; then ready again."""
    booth.clear(0.5)
    booth.scene.gives_frames = False
    booth.watch(BLIND_S - 2 * FRAME_S)
    assert booth.loop.display.shown is SignalName.READY
    booth.watch(4 * FRAME_S)
    watch_fault(booth, 10.0)
    booth.scene.gives_frames = True
    booth.turn()
    assert booth.loop.display.shown is SignalName.READY
    assert booth.scan(GOOD).seq == 1


def test_frames_of_the_past_are_not_decoded(booth: Booth) -> None:
    """What a slow camera saw is not what is before it now; blind is blind."""
    booth.scene.codes, booth.scene.frame_age_s = (GOOD,), OLDEST_FRAME_S + 0.01
    assert booth.watch(BLIND_S + 0.5) == []
    assert booth.scene.frames_read == 0
    watch_fault(booth, 4.0)


def test_frames_of_a_moment_ago_are_decoded(booth: Booth) -> None:
    """A frame may be as old as two frames at 15 a second."""
    booth.scene.frame_age_s = OLDEST_FRAME_S - 0.01
    scan = booth.scan(GOOD)
    assert scan.latency_s == pytest.approx(OLDEST_FRAME_S - 0.01)


def test_a_frame_that_the_reader_skips_changes_nothing(booth: Booth) -> None:
    """The reader was replaced: the code in view has neither gone nor come."""
    booth.scan(REVOKED)
    lit, shown = booth.lit, booth.loop.display.shown
    booth.scene.reader_skips = True
    booth.watch(1.5)
    assert (booth.lit, booth.loop.display.shown) == (lit, shown)
    booth.scene.reader_skips = False
    booth.watch(1.0)
    assert len(booth.records()) == 1


def test_a_reader_that_skips_every_frame_is_a_fault(booth: Booth) -> None:
    """The scanner does not say that it is ready while it cannot read."""
    booth.clear(0.5)
    booth.scene.reader_skips = True
    booth.watch(BLIND_S + 2 * FRAME_S)
    watch_fault(booth, 4.0)
    booth.scene.reader_skips = False
    assert booth.scan(GOOD).seq == 1


def test_a_lost_camera_ends_the_loop_with_the_fault_shown(booth: Booth) -> None:
    """Given up: the fault pattern is lit, and the error says what to do."""
    booth.scan(GOOD)
    booth.scene.gives_frames, booth.scene.states = False, [CameraState.LOST]
    with pytest.raises(DeviceError, match=r"The camera gives no picture\. Check its cable"):
        booth.watch(1.0)
    assert booth.loop.display.shown is SignalName.FAULT
    assert booth.lit == RED


def test_a_lost_reader_ends_the_loop_with_the_fault_shown(booth: Booth) -> None:
    """Also when no reader can be started, what was green goes out."""
    booth.scan(GOOD)
    booth.scene.reader_is_lost = True
    with pytest.raises(DeviceError, match="The reader process does not start"):
        booth.watch(1.0)
    assert booth.loop.display.shown is SignalName.FAULT
    assert booth.lit == RED


def test_a_camera_that_reopens_is_a_fault_only_when_it_takes_long(booth: Booth) -> None:
    """A second without a picture is bridged; what was shown stays as long as it may."""
    booth.scan(REVOKED)
    booth.scene.gives_frames, booth.scene.states = False, [CameraState.WAITING]
    booth.watch(1.0)
    assert (booth.loop.display.shown, booth.lit) == (SignalName.REFUSE, RED)
    booth.scene.gives_frames = True
    booth.watch(0.5)
    assert len(booth.records()) == 1


def test_a_recording_at_its_end_is_no_fault(booth: Booth) -> None:
    """Nothing more comes, and nothing is wrong."""
    booth.clear(0.5)
    booth.scene.gives_frames, booth.scene.states = False, [CameraState.ENDED]
    booth.watch(BLIND_S + 1.0)
    assert booth.loop.display.shown is SignalName.READY
