"""The frames by which readers are compared: made again by a seed, wrong in what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator

from scanner.vision.decode import decode
from tests.bench.cases import (
    DEGRADATIONS,
    Case,
    Degradation,
    degraded,
    empty,
    mixed,
    overlapping,
    readable,
    synthetic,
)
from tests.bench.peers import PEERS, Reader
from tests.bench.presentations import FRAMES, Presentation, watch
from tests.bench.sheets import code_of, paper
from tests.bench.shots import Grey, Shot, photograph

BY_NAME = [pytest.param(each, id=each.name) for each in DEGRADATIONS]


@pytest.fixture(scope="module")
def mild() -> Grey:
    """A pass on paper that every reader should read."""
    random = np.random.default_rng(1)
    sheet = paper(code_of(200, "M", 0), random)
    return photograph(sheet, Shot(module_px=4), random, (1280, 720))


def test_a_mild_frame_is_read_by_all_but_the_weakest(mild: Grey) -> None:
    """zbar, zxing-cpp and ours agree about it: the frames are codes, not noise."""
    text = code_of(200, "M", 0).text.encode()
    reads = [peer.make()(mild) for peer in PEERS[:3]]
    assert [*reads, decode(mild)] == [[text]] * 4


@pytest.mark.parametrize("degradation", BY_NAME)
def test_each_degradation_changes_the_frame(degradation: Degradation) -> None:
    """More of it is another frame, less contrast is less, and the same seed is the same frame."""
    least, most, again = (
        degraded(degradation, degradation.strengths[place], np.random.default_rng(5)).grey
        for place in (0, -1, -1)
    )
    assert np.array_equal(most, again)
    assert len(degradation.strengths) == 1 or not np.array_equal(least, most)


def test_what_is_wrong_is_what_was_asked_for() -> None:
    """Contrast, noise and light on dark, measured on the frame."""
    code, size = code_of(200, "M", 1), (640, 480)

    def taken(**changes: float) -> Grey:
        random = np.random.default_rng(2)
        shot = replace(Shot(noise=0), **changes)  # type: ignore[arg-type]
        sheet = paper(code, random, is_inverted=shot.is_inverted)
        return photograph(sheet, shot, random, size)

    plain = taken()
    assert np.std(taken(contrast=0.25)) < 0.4 * np.std(plain)
    assert 15 < np.std(taken(noise=30).astype(float) - plain) < 35
    assert np.mean(taken(is_inverted=True)) < np.mean(plain) - 5  # of paper that is white


def test_more_frames_leave_the_first_ones_as_they_were() -> None:
    """So that a longer run contains a shorter one."""
    few, many = (next(synthetic(count, 3)) for count in (1, 2))
    assert np.array_equal(few.grey, many.grey)


@pytest.mark.parametrize("make", [mixed, empty, overlapping], ids=lambda make: make.__name__)
def test_no_false_read_comes_out(make: Callable[[int, Generator], Case]) -> None:
    """Of two codes over each other one of the two or none; of what is no code nothing."""
    for number in range(6):
        case = make(number, np.random.default_rng([9, number]))
        assert {readable(payload) for payload in decode(case.grey)} <= case.texts


def reader(name: str, *answers: list[bytes]) -> Reader:
    """Gives these, frame by frame, then nothing."""
    left = list(answers)
    return Reader(name, lambda: lambda _: left.pop(0) if left else [])


PLAIN = Presentation("MP1:A", [np.zeros((8, 8), np.uint8)] * FRAMES)


def test_a_busy_reader_misses_frames() -> None:
    """On a machine that takes for ever only the first frame is seen."""
    assert len(watch(reader("idle"), PLAIN, slow=0.0).cpu_ms) == FRAMES
    assert len(watch(reader("busy"), PLAIN, slow=1e12).cpu_ms) == 1


def test_the_time_of_a_read_is_that_of_its_frame() -> None:
    """The third frame of fifteen a second comes after two fifteenths."""
    seen = watch(reader("third", [], [], [b"MP1:A"]), PLAIN, slow=0.0)
    assert seen.after_s == pytest.approx(2 / 15)
    assert not seen.is_false


def test_another_text_is_a_false_read() -> None:
    """However soon it comes, it is no read."""
    seen = watch(reader("wrong", [b"MP1:B"]), PLAIN, slow=0.0)
    assert (seen.after_s, seen.is_false) == (None, True)
