"""The frame slots as the loop sees them, and what whoever shares them cannot do."""

from __future__ import annotations

import mmap
import os

import numpy as np
import pytest
from numpy.typing import NDArray

from scanner.vision.messages import MAX_SIDE, SLOT_BYTES
from scanner.vision.slots import FrameSlots, fitting

Grey = NDArray[np.uint8]


def picture(height: int, width: int) -> Grey:
    """Noise of a fixed seed."""
    return np.random.default_rng(5).integers(0, 256, (height, width), np.uint8)


def test_a_frame_that_fits_is_handed_on_untouched() -> None:
    """A frame of full size goes over as it is, without a copy."""
    grey = picture(1080, 1920)
    fitted, shrink = fitting(grey)
    assert fitted is grey
    assert shrink == 1


@pytest.mark.parametrize(
    ("size", "shrink"), [((2160, 3840), 2), ((3040, 4056), 3), ((1081, 1920), 2), ((1, 9000), 2)]
)
def test_a_larger_frame_is_shrunk_by_a_whole_number(size: tuple[int, int], shrink: int) -> None:
    """A frame beyond a slot becomes the mean of as few pixels as needed."""
    fitted, k = fitting(picture(*size))
    assert k == shrink
    assert fitted.shape == (size[0] // k, size[1] // k)
    assert fitted.size <= SLOT_BYTES
    assert max(fitted.shape) <= MAX_SIDE


def test_shrinking_takes_the_mean() -> None:
    """Each pixel of the shrunk frame is the mean of its block, rounded down."""
    grey = picture(2160, 3840)
    fitted, k = fitting(grey)
    blocks = grey.reshape(1080, 2, 1920, 2).astype(np.uint32).sum(axis=(1, 3)) // 4
    assert k == 2
    assert np.array_equal(fitted, blocks.astype(np.uint8))


def test_what_is_written_is_what_the_reader_maps() -> None:
    """The pixels of a frame lie at the start of the slot, row after row."""
    slots = FrameSlots()
    grey = picture(40, 60)
    slots.write(1, grey[:, ::2])
    with mmap.mmap(slots.fds[1], SLOT_BYTES, prot=mmap.PROT_READ) as seen:
        assert seen[: 40 * 30] == grey[:, ::2].tobytes()
    slots.close()


def test_the_reader_can_neither_write_nor_shrink_a_slot() -> None:
    """A reader that was taken over cannot kill the loop with SIGBUS, nor forge a frame."""
    slots = FrameSlots()
    with pytest.raises(PermissionError):
        os.ftruncate(slots.fds[0], 10)
    with pytest.raises(PermissionError):
        os.write(slots.fds[0], b"x")
    with pytest.raises(PermissionError):
        mmap.mmap(slots.fds[0], SLOT_BYTES)
    slots.close()
