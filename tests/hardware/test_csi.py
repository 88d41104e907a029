"""Ribbon cameras through rpicam-vid: its arguments, its frames, and every way it can go wrong.

No real rpicam-vid was at hand: the fake is written after its sources, and proves no more than that.
"""

from __future__ import annotations

import fcntl
import os
import sys
import termios
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from hardware.capture import Grey
from hardware.csi import CsiCapture, arguments_of, csi_camera
from hardware.exposure import View
from hardware.feed import Feed, Pace
from scanner.core.errors import DeviceError
from tests.hardware.played import Hand, poll_until
from tests.hardware.rpicam import FakeProgram

SMALL = View(width=64, height=48)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeProgram:
    return FakeProgram(tmp_path, monkeypatch)


def opened(program: FakeProgram, way: str, clock: Hand | None = None) -> CsiCapture:
    """A capture of the fake, frames as fast as 100 a second, on a clock that stands still."""
    program.behave(way)
    command = [str(program._program), *arguments_of(0, SMALL, 100)]
    return CsiCapture(command, SMALL.width, SMALL.height, clock or Hand())


def next_of(capture: CsiCapture) -> Grey:
    """The next frame, however long the program takes to start."""
    found: list[Grey] = []

    def has_come() -> bool:
        if (grey := capture.read()) is not None:
            found.append(grey)
        return bool(found)

    poll_until(has_come)
    return found[0]


def error_of(capture: CsiCapture) -> str:
    """The words with which it ends."""
    said: list[str] = []

    def has_ended() -> bool:
        try:
            capture.read()
        except DeviceError as error:
            said.append(str(error))
        return bool(said)

    poll_until(has_ended)
    return said[0]


def waiting(capture: CsiCapture) -> int:
    """Bytes in its pipe."""
    return int.from_bytes(fcntl.ioctl(capture._pictures, termios.FIONREAD, bytes(4)), sys.byteorder)


def expected(number: int, view: View = SMALL) -> Grey:
    """The Y plane of the fake's frame."""
    row = ((number + np.arange(view.width)) % 256).astype(np.uint8)
    return np.tile(row, (view.height, 1))


def is_alive(pid: int) -> bool:
    """Also a zombie counts: whoever started it has not looked after it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def group_of(pid: int) -> Iterator[int]:
    """The processes of a process group that have not ended; not its zombies, which init reaps."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == pid and fields[0] != "Z":
            yield int(stat.parent.name)


@pytest.mark.parametrize("way", ["live", "halves", "floods"])
def test_the_y_plane_is_the_frame(program: FakeProgram, way: str) -> None:
    """In pieces or at once, and whatever is said on stderr, each frame is whole and its own."""
    with closing(opened(program, way)) as capture:
        first = next_of(capture)
        number = int(first[0, 0])
        assert np.array_equal(first, expected(number))
        second = next_of(capture)
        assert np.array_equal(second, expected(int(second[0, 0])))
        assert int(second[0, 0]) > number
        assert np.array_equal(first, expected(number))
        assert first.flags.c_contiguous
        assert first.flags.owndata or first.base is None


def test_slow_start_is_waited_for(program: FakeProgram) -> None:
    """Nothing yet is no error and blocks nobody; the first frame comes when the sensor is ready."""
    with closing(opened(program, "late")) as capture:
        assert [capture.read() for _ in range(2)] == [None, None]
        program.let_go()
        assert np.array_equal(next_of(capture), expected(1))


def test_frames_that_lay_ready_are_as_old_as_they_may_be(program: FakeProgram) -> None:
    """After a stall the buffers that wait are of long ago, all of them; the next is not."""
    clock = Hand()
    with closing(opened(program, "burst", clock=clock)) as capture:
        poll_until(lambda: waiting(capture) == 7 * 64 * 48 * 3 // 2)
        clock.now_s += 10  # the thread did not run meanwhile
        for number in range(1, 8):
            assert int(next_of(capture)[0, 0]) == number
            assert capture.age_s == 10
        program.let_go()
        assert int(next_of(capture)[0, 0]) == 8
        assert capture.age_s == 0


def test_time_without_frames_makes_none_older(program: FakeProgram) -> None:
    """A slow camera is no late reader: while nothing comes, the pipe is seen to be empty."""
    clock = Hand()
    with closing(opened(program, "late", clock=clock)) as capture:
        for _ in range(4):
            assert capture.read() is None
            clock.now_s += 0.01
        program.let_go()
        next_of(capture)
        assert capture.age_s <= 0.01


def test_a_frame_that_waited_carries_an_older_stamp(program: FakeProgram) -> None:
    """So the loop, which takes nothing older than 150 ms, leaves it alone; the feed is alive."""
    program.behave("burst")
    clock = Hand()

    def open_late() -> CsiCapture:
        capture = CsiCapture([str(program._program), *arguments_of(0, SMALL, 100)], 64, 48, clock)
        poll_until(lambda: waiting(capture) == 7 * 64 * 48 * 3 // 2)
        clock.now_s += 3
        return capture

    feed = Feed(open_late, Pace(), clock, count(1))
    poll_until(lambda: feed.has_untaken)
    frame = feed.take()
    assert frame is not None
    assert (frame.taken_s, feed.newest_s) == (1000.0, 1003.0)
    feed.stop(5.0)


@pytest.mark.parametrize(
    ("way", "says"),
    [
        ("dies", "ended with 255 within a picture and said last: ERROR: *** failed to queue"),
        ("no camera", "ended with 255 and said last: ERROR: *** no cameras available ***"),
        ("other size", "1296 x 972 YUV420 instead of 64 x 48"),
    ],
)
def test_the_end_is_told_with_the_last_words(program: FakeProgram, way: str, says: str) -> None:
    """What the program said last stands in the error, without what would colour a terminal."""
    with closing(opened(program, way)) as capture:
        error = error_of(capture)
    assert says in error
    assert error.isprintable()


def test_words_that_are_refused_are_told(program: FakeProgram) -> None:
    """A version of rpicam-vid that does not know an option says so, and that is seen."""
    program.behave("live")
    with closing(CsiCapture([str(program._program), "--codec", "av1"], 64, 48)) as capture:
        assert "invalid choice: 'av1'" in error_of(capture)


@pytest.mark.parametrize("way", ["live", "hangs", "dies", "stubborn"])
def test_nothing_is_left_behind(program: FakeProgram, way: str) -> None:
    """Closed, hung, dead or deaf to SIGTERM with a child: no process, no zombie, no pipe."""
    before = len(os.listdir("/proc/self/fd"))
    capture = opened(program, way)
    next_of(capture)
    capture.close()
    capture.close()
    (pid,) = program.started
    assert not is_alive(pid)
    poll_until(lambda: not list(group_of(pid)))
    assert len(os.listdir("/proc/self/fd")) == before


def test_missing_program_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and not at the third try."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceError, match="apt-get install rpicam-apps"):
        csi_camera(0, View(), 15)
    with pytest.raises(DeviceError, match="apt-get install rpicam-apps"):
        CsiCapture(["/nonexistent/rpicam-vid"], 64, 48)


@pytest.mark.parametrize(("width", "height"), [(640 + 32, 480), (800, 601), (1296, 972)])
def test_sizes_with_padded_rows_are_refused(width: int, height: int) -> None:
    """Rows that are longer than the picture would be read askew: said before anything starts."""
    with pytest.raises(DeviceError, match="multiple of 64"):
        csi_camera(0, View(width=width, height=height), 15)


@pytest.mark.parametrize(
    ("view", "has", "has_not"),
    [
        (
            View(),
            "--shutter 8000 --ev -0.7 --autofocus-mode manual --lens-position 5",
            "--gain --exposure",
        ),
        (View(exposure_ms=0.25, gain=2.5, ev=0), "--shutter 250 --gain 2.5 --ev 0", "--exposure"),
        (View(exposure_ms=None), "--exposure sport", "--shutter"),
        (View(focus=None), "--autofocus-mode continuous", "--lens-position"),
        (View(width=1920, height=1080), "--width 1920 --height 1080 --framerate 12.5", "--gain"),
    ],
)
def test_settings_become_arguments(view: View, has: str, has_not: str) -> None:
    """In the units of rpicam-vid: microseconds, times, stops, dioptres."""
    told = " ".join(arguments_of(1, view, 12.5))
    assert has in told
    assert not set(has_not.split()) & set(told.split())
    assert told.startswith("--camera 1 --codec yuv420 --output - --flush --timeout 0")
