"""A reader that lies, loses a frame or sends files: the loop takes nothing but honest answers."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress

import cbor2
import numpy as np
import pytest
from numpy.typing import NDArray

from scanner.ports import Frame
from scanner.vision.link import ReaderLink
from scanner.vision.messages import MAX_REQUEST_BYTES, Answer
from scanner.vision.session import Session

Framed = Callable[[NDArray[np.uint8]], Frame]

CODE = [b"MP1:LIE", [[1, 1], [9, 1], [9, 9], [1, 9]]]
LIES: dict[str, Sequence[object]] = {
    "another frame": [[2, CODE]],
    "a corner outside": [[1, [b"MP1:LIE", [[1, 1], [40, 1], [9, 9], [1, 9]]]]],
    "17 codes": [[1, *[CODE] * 17]],
    "a payload too long": [[1, [b"7" * 7090, CODE[1]]]],
    "a message too long": [[1, [b"7" * 70000, CODE[1]]]],
    "a map": [{1: CODE}],
    "a tag": [cbor2.CBORTag(2, b"\xff")],
    "nothing but old answers": [[0]] * 60,
    "no answer": [],
}


class Liar:
    """A reader in a thread that answers the first frame with what it was told, then nothing."""

    def __init__(self, answers: Sequence[object]) -> None:
        self._answers = answers
        self.started = 0

    def start(self) -> Session:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.started += 1
        threading.Thread(target=self._talk, args=(theirs,), daemon=True).start()
        return Session(ours, None)

    def _talk(self, channel: socket.socket) -> None:
        with channel, suppress(OSError):  # it may be hung up on at any moment
            channel.recv(MAX_REQUEST_BYTES)  # the slots, which the kernel drops
            channel.send(Answer(None).encode())
            if not channel.recv(MAX_REQUEST_BYTES):
                return
            with open(os.devnull, "rb") as gift:
                for answer in self._answers:
                    socket.send_fds(channel, [cbor2.dumps(answer)], [gift.fileno()])
            channel.recv(MAX_REQUEST_BYTES)


@pytest.mark.parametrize("answers", LIES.values(), ids=LIES)
def test_a_lying_reader_is_replaced(answers: Sequence[object], framed: Framed) -> None:
    """A wrong answer is worth nothing: the frame is skipped and the reader is replaced."""
    liar = Liar(answers)
    with closing(ReaderLink(liar.start, deadline_s=0.1)) as link:
        assert link.read(framed(np.zeros((40, 40), np.uint8))) is None
        assert link.replaced == 1
        assert link.last_failure
        assert liar.started == 2


def test_an_honest_answer_of_the_same_shape_is_taken(framed: Framed) -> None:
    """The double above is refused for its lies only: the truth passes, after an older answer."""
    liar = Liar([[0], [1, CODE]])
    with closing(ReaderLink(liar.start, deadline_s=5.0)) as link:
        readings = link.read(framed(np.zeros((40, 40), np.uint8)))
        assert [reading.payload for reading in readings or ()] == [b"MP1:LIE"]
        assert link.replaced == 0


def test_a_worker_lost_with_its_frame_skips_it(framed: Framed) -> None:
    """The word that a fresh worker waits means that this frame is lost, not that it is late."""
    liar = Liar([[None]])
    with closing(ReaderLink(liar.start, deadline_s=30.0)) as link:
        assert link.read(framed(np.zeros((40, 40), np.uint8))) is None
        assert link.replaced == 0


def test_files_sent_by_a_reader_are_not_taken(framed: Framed) -> None:
    """A reader cannot fill the loop's table of open files."""
    liar = Liar([[0]] * 20 + [[1, CODE]])
    with closing(ReaderLink(liar.start, deadline_s=5.0)) as link:
        assert link.wait_until_ready()
        before = len(os.listdir("/proc/self/fd"))
        assert link.read(framed(np.zeros((40, 40), np.uint8))) is not None
        assert len(os.listdir("/proc/self/fd")) <= before + 1  # the double's own /dev/null
