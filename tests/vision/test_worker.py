"""The reader process itself: what ends it, what it survives, and how it is reached."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import cbor2
import numpy as np
import pytest
import segno
from numpy.typing import NDArray

from scanner.core.reading import Reading
from scanner.ports import Frame
from scanner.vision import seccomp
from scanner.vision.charsets import OF_ZBAR, load_charsets
from scanner.vision.engines import Found, Zbar
from scanner.vision.link import ReaderLink
from scanner.vision.messages import MAX_ANSWER_BYTES, Answer, Request, send_slots
from scanner.vision.parent import listen, supervise
from scanner.vision.session import Session, connect, start_child
from scanner.vision.slots import FrameSlots
from scanner.vision.worker import Ending, Limits

Grey = NDArray[np.uint8]
Render = Callable[..., Grey]
ChildrenOf = Callable[[int], list[int]]
HasEnded = Callable[[int], bool]


@pytest.fixture
def session() -> Iterator[Session]:
    """A reader process that has not been sent anything yet."""
    started = start_child()
    started.channel.settimeout(20)
    yield started
    started.end()


def answer_of(session: Session) -> Answer:
    return Answer.decode(session.channel.recv(MAX_ANSWER_BYTES))


def exit_code(session: Session) -> int:
    assert session.process is not None
    return session.process.wait(20)


HOSTILE: dict[str, object] = {
    "a slot too far": [7, 40, 40, 1],
    "a frame beyond its slot": [0, 4000, 4000, 1],
    "a side beyond reason": [0, 1, 2**30, 1],
    "a negative size": [0, -40, 40, 1],
    "no size": [0],
    "text": "read this",
    "nothing known": cbor2.CBORTag(30, [1, 0]),
    "too long": b"\x00" * 5000,
}


@pytest.mark.parametrize("request_", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_request_costs_one_worker(
    session: Session, slots: FrameSlots, render: Render, request_: object
) -> None:
    """A request that does not lie within its slot ends that worker; the next one reads on."""
    send_slots(session.channel, slots.fds)
    assert answer_of(session) == Answer(None)
    session.channel.send(cbor2.dumps(request_))
    assert answer_of(session) == Answer(None)
    code = render(b"MP1:A")
    slots.write(1, code)
    session.channel.send(Request(1, code.shape[0], code.shape[1], 9).encode())
    answer = answer_of(session)
    assert (answer.number, [reading.payload for reading in answer.readings]) == (9, [b"MP1:A"])


def test_memory_that_is_no_slot_ends_the_reader(session: Session) -> None:
    """A reader that was offered something else than two slots gives up, and says so."""
    with open(os.devnull, "rb") as null:
        send_slots(session.channel, [null.fileno()] * 2)
    assert exit_code(session) == 1


def test_a_connection_closed_early_is_a_normal_end(session: Session) -> None:
    """A loop that goes before it has sent its slots leaves no reader and no error."""
    session.channel.close()
    assert exit_code(session) == 0


def test_a_connection_closed_later_ends_worker_and_reader(
    session: Session, slots: FrameSlots, children_of: ChildrenOf, has_ended: HasEnded
) -> None:
    """The end of the connection is the end of both processes."""
    send_slots(session.channel, slots.fds)
    assert answer_of(session) == Answer(None)
    assert session.process is not None
    (worker,) = children_of(session.process.pid)
    session.channel.close()
    assert exit_code(session) == 0
    assert has_ended(worker)


def supervised(
    slots: FrameSlots,
    read: Callable[[Grey], list[Reading]],
    life_s: float = 60,
    hang_s: float = 0.05,
) -> tuple[int, socket.socket]:
    """A process that supervises workers with this way to read: its id and the loop's socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = os.fork()
    if child == 0:
        ours.close()
        try:
            supervise(theirs, slots.fds, read, Limits(0.25, hang_s=hang_s, life_s=life_s))
        finally:
            os._exit(0)
    theirs.close()
    return child, ours


def wait_for_ever(_: Grey) -> list[Reading]:
    while True:
        pass


def run_out_of_memory(_: Grey) -> list[Reading]:
    return [Reading(bytes(2**40), ((0, 0), (0, 0), (0, 0), (0, 0)))]


def pretend_to_retire(_: Grey) -> list[Reading]:
    os._exit(Ending.RETIRED)


@pytest.mark.parametrize("read", [wait_for_ever, run_out_of_memory, pretend_to_retire])
def test_whatever_befalls_a_worker_the_next_one_waits(
    slots: FrameSlots, read: Callable[[Grey], list[Reading]]
) -> None:
    """A hang, a lack of memory and a lie end the worker only; each time another one waits."""
    child, ours = supervised(slots, read)
    with ours:
        ours.settimeout(20)
        for number in range(3):
            assert Answer.decode(ours.recv(MAX_ANSWER_BYTES)) == Answer(None)
            ours.send(Request(0, 40, 40, number).encode())
    os.waitpid(child, 0)


def test_a_worker_that_cannot_be_confined_reads_nothing(
    monkeypatch: pytest.MonkeyPatch, slots: FrameSlots, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even one frame is decoded by an open worker, and no other worker is tried."""
    monkeypatch.setattr(seccomp, "machine", lambda: None)
    child, ours = supervised(slots, lambda _: [])
    with ours:
        ours.settimeout(20)
        ours.send(Request(0, 40, 40, 1).encode())
        os.waitpid(child, 0)
        with pytest.raises(ConnectionResetError):
            ours.recv(MAX_ANSWER_BYTES)
    assert "could not be confined" in capfd.readouterr().err


@pytest.mark.parametrize("text", ["日本語", "Ελλάς", "naïve"])
def test_zbar_finds_its_charsets_without_opening_a_file(
    slots: FrameSlots, to_pixels: Callable[..., Grey], text: str
) -> None:
    """libzbar looks at the charset of every code; a confined worker has them all loaded."""
    assert set(load_charsets()) == set(OF_ZBAR)
    child, ours = supervised(slots, lambda grey: [in_corners(code) for code in Zbar()(grey)])
    code = to_pixels(segno.make(text, micro=False).matrix)
    slots.write(0, code)
    with ours:
        ours.settimeout(20)
        assert Answer.decode(ours.recv(MAX_ANSWER_BYTES)) == Answer(None)
        ours.send(Request(0, code.shape[0], code.shape[1], 1).encode())
        answer = Answer.decode(ours.recv(MAX_ANSWER_BYTES))
    os.waitpid(child, 0)
    assert (answer.number, len(answer.readings)) == (1, 1)


def in_corners(code: Found) -> Reading:
    """Its bytes; where they lie does not matter here."""
    return Reading(code.payload or b"", ((0, 0), (0, 0), (0, 0), (0, 0)))


def test_the_service_serves_one_loop_after_the_other(tmp_path: Path, render: Render) -> None:
    """A reader behind a path outlives its connections; the socket is for owner and group only."""
    path = tmp_path / "reader.sock"
    service = subprocess.Popen(
        [sys.executable, "-m", "scanner.vision.parent", "--socket", str(path)]
    )
    frame = Frame(1, render(b"MP1:A"), 0.0)
    for _ in range(2):
        with closing(ReaderLink(partial(connect, path))) as link:
            assert link.wait_until_ready()
            readings = link.read(frame)
            assert [reading.payload for reading in readings or ()] == [b"MP1:A"]
            assert link.process_id is None
    assert path.stat().st_mode & 0o777 == 0o660
    service.terminate()
    assert service.wait(20) == -signal.SIGTERM


def test_a_stopped_worker_of_a_service_is_replaced(
    tmp_path: Path, render: Render, children_of: ChildrenOf, has_ended: HasEnded
) -> None:
    """The loop cannot kill a service's worker; closing the connection does."""
    path = tmp_path / "reader.sock"
    service = subprocess.Popen(
        [sys.executable, "-m", "scanner.vision.parent", "--socket", str(path)]
    )
    frame = Frame(1, render(b"MP1:A"), 0.0)
    with closing(ReaderLink(partial(connect, path), deadline_s=1.0)) as link:
        assert link.wait_until_ready()
        (worker,) = children_of(service.pid)
        os.kill(worker, signal.SIGSTOP)
        assert link.read(frame) is None
        assert has_ended(worker)
        assert link.wait_until_ready()
        assert [reading.payload for reading in link.read(frame) or ()] == [b"MP1:A"]
    service.terminate()
    service.wait(20)


def test_a_service_says_that_it_turns_alone_and_with_a_loop(tmp_path: Path, render: Render) -> None:
    """systemd hears it before anybody has come, and while a worker waits for frames."""
    path = tmp_path / "reader.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        service = subprocess.Popen(
            [sys.executable, "-m", "scanner.vision.parent", "--socket", str(path)],
            env=os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        assert [systemd.recv(99) for _ in range(2)] == [b"WATCHDOG=1"] * 2
        with closing(ReaderLink(partial(connect, path))) as link:
            assert link.wait_until_ready()
            systemd.setblocking(False)
            with suppress(BlockingIOError):
                while systemd.recv(99):  # what was said before there was a loop
                    pass
            systemd.settimeout(20)
            assert [systemd.recv(99) for _ in range(2)] == [b"WATCHDOG=1"] * 2
            assert link.read(Frame(1, render(b"MP1:A"), 0.0))
        service.terminate()
        service.wait(20)


def test_a_socket_left_by_a_crash_is_replaced(tmp_path: Path) -> None:
    """A service starts where an earlier one was killed, but overwrites no other file."""
    path = tmp_path / "reader.sock"
    listen(path).close()
    listen(path).close()
    other = tmp_path / "other"
    other.write_text("kept")
    with pytest.raises(OSError, match="in use"):
        listen(other)
    assert other.read_text() == "kept"
