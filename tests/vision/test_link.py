"""The loop's side: it gets its readings, and whatever the reader does, it gets the next reader."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scanner.core.errors import DeviceError
from scanner.core.reading import Reading
from scanner.ports import Frame
from scanner.vision.link import ReaderLink
from scanner.vision.session import Session, connect, start_child

Grey = NDArray[np.uint8]
Render = Callable[..., Grey]
Framed = Callable[[Grey], Frame]
ChildrenOf = Callable[[int], list[int]]
HasEnded = Callable[[int], bool]

TRIES = 5  # the frame at hand may be lost with its reader, and the one while the next one starts


def payloads(readings: Sequence[Reading] | None) -> list[bytes] | None:
    """What was read; None for a skipped frame."""
    return None if readings is None else [reading.payload for reading in readings]


def read_until_answered(link: ReaderLink, frame: Frame) -> list[bytes] | None:
    """The first answer to this frame, asked for a few times."""
    for _ in range(TRIES):
        answered = payloads(link.read(frame))
        if answered is not None:
            return answered
    return None


def worker_of(link: ReaderLink, children_of: ChildrenOf) -> int:
    assert link.process_id is not None
    (worker,) = children_of(link.process_id)
    return worker


def test_a_frame_is_read_in_another_process(
    link: ReaderLink, render: Render, on_table: Render, framed: Framed, pass_text: str
) -> None:
    """What the reader process finds comes back with its corners in pixels of the frame."""
    code = render(pass_text)
    (reading,) = link.read(framed(on_table((code, 300, 100)))) or ()
    assert reading.payload == pass_text.encode()
    assert abs(reading.corners[0][0] - 316) <= 4
    assert abs(reading.corners[0][1] - 116) <= 4


@pytest.mark.parametrize("payload", [bytes(range(256)), b"\x00", b"\xff\xc3\x28"], ids=repr)
def test_bytes_cross_untouched(
    link: ReaderLink, render: Render, framed: Framed, payload: bytes
) -> None:
    """No byte of a payload changes on its way between the processes."""
    assert payloads(link.read(framed(render(payload)))) == [payload]


def test_a_frame_without_a_code_is_an_empty_answer(link: ReaderLink, framed: Framed) -> None:
    """Nothing found is not the same as a skipped frame."""
    assert list(link.read(framed(np.zeros((720, 1280), np.uint8))) or ()) == []
    assert link.read(framed(np.zeros((720, 1280), np.uint8))) is not None


@pytest.mark.parametrize("shape", [(0, 0), (0, 640), (1, 1), (1, 9000), (9000, 1), (1080, 1920)])
def test_frames_of_any_size_are_answered(
    link: ReaderLink, framed: Framed, shape: tuple[int, int]
) -> None:
    """An empty, a tiny and a full frame get an answer from the same reader."""
    assert payloads(link.read(framed(np.full(shape, 90, np.uint8)))) == []
    assert link.replaced == 0


def test_a_frame_larger_than_a_slot_is_read_with_corners_of_its_own(
    link: ReaderLink, render: Render, on_table: Render, framed: Framed, pass_text: str
) -> None:
    """A 4K frame is shrunk for the reader; its corners come back in 4K pixels."""
    frame = on_table((render(pass_text, 10), 2000, 600), height=2160, width=3840)
    (reading,) = link.read(framed(frame)) or ()
    assert reading.payload == pass_text.encode()
    assert abs(reading.corners[0][0] - 2040) <= 10
    assert abs(reading.corners[0][1] - 640) <= 10


def test_a_killed_worker_has_a_successor(
    link: ReaderLink, children_of: ChildrenOf, render: Render, framed: Framed
) -> None:
    """kill -9 of the worker costs a frame at most, and no new start of the reader."""
    frame = framed(render(b"MP1:A"))
    before = link.process_id
    for _ in range(3):
        os.kill(worker_of(link, children_of), signal.SIGKILL)
        assert read_until_answered(link, frame) == [b"MP1:A"]
    assert link.process_id == before


def test_a_killed_reader_has_a_successor(
    link: ReaderLink,
    children_of: ChildrenOf,
    render: Render,
    framed: Framed,
    has_ended: HasEnded,
) -> None:
    """When the reader's parent is killed, another reader is started, and no worker is left."""
    before = link.process_id
    assert before is not None
    worker = worker_of(link, children_of)
    os.kill(before, signal.SIGKILL)
    assert has_ended(before)
    assert has_ended(worker)
    assert read_until_answered(link, framed(render(b"MP1:A"))) == [b"MP1:A"]
    assert link.process_id != before


def test_a_frame_that_waited_for_its_reader_is_skipped(render: Render, framed: Framed) -> None:
    """Nobody is let through for a code that was there before the reader was."""
    frame = framed(render(b"MP1:A"))
    with closing(ReaderLink(deadline_s=20.0)) as link:
        assert link.read(frame) is None  # a reader imports for longer than a frame is fresh
        assert payloads(link.read(frame)) == [b"MP1:A"]


def test_a_stopped_worker_is_killed_and_replaced(
    children_of: ChildrenOf, render: Render, framed: Framed, has_ended: HasEnded
) -> None:
    """A worker that gives no answer in time is killed, the frame skipped; its parent forks on."""
    frame = framed(render(b"MP1:A"))
    with closing(ReaderLink(deadline_s=1.0)) as link:
        assert link.wait_until_ready()
        stopped = worker_of(link, children_of)
        os.kill(stopped, signal.SIGSTOP)
        before = link.process_id
        assert link.read(frame) is None
        assert has_ended(stopped)
        assert read_until_answered(link, frame) == [b"MP1:A"]
        assert (link.renewed, link.replaced, link.process_id) == (1, 0, before)


def test_a_stopped_reader_is_killed_and_replaced(
    children_of: ChildrenOf, render: Render, framed: Framed, has_ended: HasEnded
) -> None:
    """A parent that does not replace its worker in time is killed with it, and started anew."""
    frame = framed(render(b"MP1:A"))
    with closing(ReaderLink(deadline_s=0.5)) as link:
        assert link.wait_until_ready()
        parent, worker = link.process_id, worker_of(link, children_of)
        assert parent is not None
        os.kill(parent, signal.SIGSTOP)
        os.kill(worker, signal.SIGSTOP)
        assert link.read(frame) is None
        assert link.read(frame) is None
        assert has_ended(parent)
        assert has_ended(worker)
        assert (link.renewed, link.replaced) == (1, 1)
        assert link.wait_until_ready()
        assert read_until_answered(link, frame) == [b"MP1:A"]


def test_a_full_frame_of_noise_is_read_within_the_limits(link: ReaderLink, framed: Framed) -> None:
    """The frame that costs most, full size and no code in it, does not kill its worker."""
    noise = np.random.default_rng(3).integers(0, 256, (1080, 1920), np.uint8)
    assert payloads(link.read(framed(noise))) == []
    assert link.replaced == 0


def test_a_worker_that_takes_too_long_ends_itself(
    render: Render, framed: Framed, on_table: Render
) -> None:
    """A frame that keeps native code busy is skipped without a new start of the reader."""
    with closing(ReaderLink(partial(start_child, hang_s=0.0001), deadline_s=30.0)) as link:
        assert link.wait_until_ready()
        parent = link.process_id
        assert link.read(framed(on_table((render(b"MP1:A"), 0, 0)))) is None
        assert link.process_id == parent
        assert link.replaced == 0


def test_closing_leaves_no_process(
    link: ReaderLink, children_of: ChildrenOf, has_ended: HasEnded
) -> None:
    """After close() reader and worker are gone, even a stopped one; closing twice is fine."""
    parent, worker = link.process_id, worker_of(link, children_of)
    assert parent is not None
    os.kill(worker, signal.SIGSTOP)
    link.close()
    link.close()
    assert has_ended(worker)
    assert has_ended(parent)
    assert children_of(os.getpid()).count(parent) == 0


def test_a_closed_link_says_so(framed: Framed, render: Render) -> None:
    """A frame for a closed reader is a fault, not a silent None."""
    link = ReaderLink()
    link.close()
    with pytest.raises(DeviceError, match="closed"):
        link.read(framed(render(b"MP1:A")))


ORPHAN = """
import sys
from scanner.vision.link import ReaderLink
link = ReaderLink()
link.wait_until_ready()
print(link.process_id, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("is_stopped", [False, True], ids=["idle worker", "stopped worker"])
def test_the_reader_dies_with_the_loop(
    children_of: ChildrenOf, has_ended: HasEnded, is_stopped: bool
) -> None:
    """When the loop is killed no reader is left behind."""
    loop = subprocess.Popen(
        [sys.executable, "-c", ORPHAN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with loop:
        assert loop.stdout is not None
        parent = int(loop.stdout.readline())
        (worker,) = children_of(parent)
        if is_stopped:
            os.kill(worker, signal.SIGSTOP)
        loop.kill()
        assert has_ended(parent)
        assert has_ended(worker)


def test_the_loop_does_not_load_opencv() -> None:
    """The link costs the loop neither OpenCV nor the engines."""
    script = "import sys, scanner.vision.link; print(*sys.modules)"
    listed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert {b"cv2", b"zxingcpp", b"pyzbar"}.isdisjoint(listed.stdout.split())


def test_a_reader_that_never_starts_is_named() -> None:
    """After three readers that end at once the loop hears what to do."""

    def start() -> Session:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs.close()
        return Session(ours, None)

    with (
        closing(ReaderLink(start, start_s=30)) as link,
        pytest.raises(DeviceError, match=r"scanner doctor"),
    ):
        link.wait_until_ready(30)


def test_a_service_that_is_not_there_is_waited_for(tmp_path: Path, framed: Framed) -> None:
    """A frame for a reader service that does not listen yet is skipped, then it is an error."""
    grey = np.zeros((40, 40), np.uint8)
    with closing(ReaderLink(partial(connect, tmp_path / "reader.sock"), deadline_s=0.01)) as link:
        assert link.read(framed(grey)) is None
        assert "No such file" in link.last_failure
    patient = partial(connect, tmp_path / "reader.sock")
    with (
        closing(ReaderLink(patient, deadline_s=0.01, start_s=0.0)) as link,
        pytest.raises(DeviceError, match=r"No such file"),
    ):
        link.read(framed(grey))
