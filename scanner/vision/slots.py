"""The two frame slots that loop and reader share, as the loop sees them: it writes, they read."""

from __future__ import annotations

import fcntl
import mmap
import os

import numpy as np
from numpy.typing import NDArray

from scanner.vision.messages import MAX_SIDE, SEALS, SLOT_BYTES, SLOTS

Grey = NDArray[np.uint8]


class FrameSlots:
    """Two sealed memfds, mapped writable here; whoever else maps them can only read."""

    def __init__(self) -> None:
        self.fds = [_make_slot(f"frame-{slot}") for slot in range(SLOTS)]
        self._maps = [mmap.mmap(fd, SLOT_BYTES) for fd in self.fds]
        for fd in self.fds:  # after our own mapping, the last one that may write
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)

    def write(self, slot: int, grey: Grey) -> None:
        """Copy a frame that `fitting` has let through."""
        np.frombuffer(self._maps[slot], np.uint8, grey.size).reshape(grey.shape)[:] = grey

    def close(self) -> None:
        for mapped in self._maps:
            mapped.close()
        for fd in self.fds:
            os.close(fd)


def _make_slot(name: str) -> int:
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, SLOT_BYTES)
    return fd


def fitting(grey: Grey) -> tuple[Grey, int]:
    """uint8 [H, W] → the frame, or the mean of k × k pixels if it is larger than a slot; k."""
    height, width = grey.shape
    k = max(1, -(-height // MAX_SIDE), -(-width // MAX_SIDE))
    while (height // k) * (width // k) > SLOT_BYTES:
        k += 1
    return (grey, 1) if k == 1 else (_block_mean(grey, k), k)


def _block_mean(grey: Grey, k: int) -> Grey:
    """Mean of k × k pixels, rounded down; what is left over at the right and below is cut off."""
    height, width = grey.shape[0] // k * k, grey.shape[1] // k * k
    total = np.zeros((height // k, width // k), np.uint32)
    for row in range(k):
        for column in range(k):
            total += grey[row:height:k, column:width:k]
    return (total // (k * k)).astype(np.uint8)
