"""A worker does not stay for longer than a minute, and no frame is lost by its going."""

from __future__ import annotations

import os

from scanner.core.reading import Reading
from scanner.vision.messages import MAX_ANSWER_BYTES, Answer, Request
from scanner.vision.prepare import Grey
from scanner.vision.slots import FrameSlots
from tests.vision.test_worker import supervised


def test_a_worker_of_age_goes_between_two_frames(slots: FrameSlots) -> None:
    """One that does nothing wrong goes, too: it might only seem so. No frame is lost by that."""
    seen: list[Grey] = []  # each worker has its own

    def count(grey: Grey) -> list[Reading]:
        seen.append(grey)
        return [Reading(bytes([len(seen)]), ((0, 0), (0, 0), (0, 0), (0, 0)))]

    child, ours = supervised(slots, count, life_s=0.0, hang_s=20.0)
    with ours:
        ours.settimeout(20)
        assert Answer.decode(ours.recv(MAX_ANSWER_BYTES)) == Answer(None)
        for number in range(5):
            ours.send(Request(0, 40, 40, number).encode())
        answers = [Answer.decode(ours.recv(MAX_ANSWER_BYTES)) for _ in range(5)]
    os.waitpid(child, 0)
    said = [(answer.number, answer.readings[0].payload) for answer in answers]
    assert said == [(number, b"\x01") for number in range(5)]


def test_a_worker_of_age_that_does_not_go_is_killed(slots: FrameSlots) -> None:
    """A worker that was given no frame, or does as if it had none, does not stay for that."""
    # Long enough for one to say that it is ready, also where a fork takes its time.
    child, ours = supervised(slots, lambda _: [], life_s=0.5)
    with ours:
        ours.settimeout(20)
        for _ in range(3):
            assert Answer.decode(ours.recv(MAX_ANSWER_BYTES)) == Answer(None)
    os.waitpid(child, 0)
