"""The fuzzers for a short while; `sh tests/run.sh fuzz` runs them at length."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.core.errors import PassError
from scanner.vision.slots import Grey
from tests.fuzz import fuzz_frames, fuzz_text, pictures
from tests.fuzz.memory import Watch
from tests.fuzz.readers import READERS, Reader

TEXTS, FRAMES = 20_000, 1_000


def test_no_bytes_upset_a_reader() -> None:
    """Whatever is made of genuine bytes: our own exceptions, no false pass, no memory lost."""
    tally = fuzz_text.run(TEXTS, seed=2020)
    assert set(tally.tried) == {reader.name for reader in READERS}
    assert sum(tally.taken.values()) > TEXTS // 50  # so near to genuine that some still hold


def test_no_frame_upsets_the_reader() -> None:
    """Whatever is made of genuine frames: the parent lives, and a good frame is read after it."""
    tally = fuzz_frames.run(FRAMES, seed=2020)
    assert tally.frames.total() == FRAMES
    assert tally.frames["read"] > FRAMES // 20
    assert tally.passes > 0


def test_every_reader_takes_what_is_genuine() -> None:
    """The fuzzers start from what holds: each reader takes one of its seeds at least."""
    for reader in READERS:
        taken = 0
        for seed in reader.seeds:
            try:
                reader.read(seed)
            except reader.own:
                continue
            taken += 1
        assert taken, reader.name


def raising(error: Exception) -> Reader:
    def read(_: bytes) -> object:
        raise error

    return Reader("a wrong one", read, (PassError,), (b"seed",))


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError(), MemoryError()], ids=repr)
def test_an_exception_that_is_not_ours_is_found(error: Exception) -> None:
    """The name of the reader and the bytes are said, so that it can be tried again."""
    with pytest.raises(AssertionError, match=r"a wrong one, seed 1: \w+Error for [0-9a-f]*"):
        fuzz_text.run(3, 1, [raising(error)])


def test_memory_that_grows_is_found() -> None:
    """A reader that keeps every input is caught by what the process has resident."""
    kept: list[bytes] = []
    # More than tests before have given back to this process, which would hide it.
    leaking = Reader("leaking", lambda raw: kept.append(b"\xff" * 2**22), (), (b"seed",))
    with pytest.raises(AssertionError, match="memory grew by"):
        fuzz_text.run(80, 1, [leaking])


def test_growth_is_that_of_the_settled_process() -> None:
    """The first quarter of the looks does not count, one peak neither."""
    watch = Watch()
    watch.seen_mb = [1, 60, 90, 100, 100, 100, 100, 100, 400, 100, 100, 100.5]
    assert watch.growth_mb() == 0.0
    watch.seen_mb = [float(mb) for mb in range(12)]
    assert watch.growth_mb() > 4


def test_frames_can_be_made_again() -> None:
    """Seed and number are enough to find a frame once more."""

    def some(count: int, first: int) -> list[tuple[int, Grey]]:
        return list(fuzz_frames.frames(count, 7, (fuzz_frames.SAMPLES,), first))

    again = some(8, 0)[5:], some(3, 5)
    assert [number for number, _ in again[0]] == [number for number, _ in again[1]] == [5, 6, 7]
    assert all(np.array_equal(one, other) for (_, one), (_, other) in zip(*again, strict=True))


def test_a_change_leaves_a_picture() -> None:
    """Of one pixel at least, also when only one row or column is left of it."""
    random = np.random.default_rng(1)
    for shape in ((1, 1), (1, 90), (90, 1), (2, 2)):
        for change in pictures.CHANGES * 20:
            changed = change(random, np.full(shape, 90, np.uint8), [np.zeros(shape, np.uint8)])
            assert min(changed.shape) > 0, change
