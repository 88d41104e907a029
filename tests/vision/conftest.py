"""Codes rendered as pixels, and the processes that turn them back into bytes."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno
from numpy.typing import NDArray

from scanner.ports import Frame
from scanner.vision.link import ReaderLink
from scanner.vision.session import start_child
from scanner.vision.slots import FrameSlots

Grey = NDArray[np.uint8]
BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
QUIET_MODULES = 4


@pytest.fixture
def slots() -> Iterator[FrameSlots]:
    """The loop's frame slots."""
    shared = FrameSlots()
    yield shared
    shared.close()


@pytest.fixture
def pass_text() -> str:
    """As long as the pass of a person with two windows and a plate: 350 characters."""
    letters = np.random.default_rng(20200415).choice(list(BASE45), 346)
    return "MP1:" + "".join(letters)


@pytest.fixture
def to_pixels() -> Callable[..., Grey]:
    """Modules of a symbol → black on white, uint8 [side, side], with the quiet zone."""

    def pixels(matrix: tuple[bytearray, ...], module_px: int = 4) -> Grey:
        modules = np.pad(np.array([list(row) for row in matrix], np.uint8), QUIET_MODULES)
        return np.kron(1 - modules, np.full((module_px, module_px), 255, np.uint8)).astype(np.uint8)

    return pixels


@pytest.fixture
def render(to_pixels: Callable[..., Grey]) -> Callable[..., Grey]:
    """Text or bytes → the pixels of its code."""

    def rendered(content: str | bytes, module_px: int = 4) -> Grey:
        code = segno.make(content, error="M", micro=False, boost_error=False)
        return to_pixels(code.matrix, module_px)

    return rendered


@pytest.fixture
def take(render: Callable[..., Grey]) -> Callable[..., Grey]:
    """A code photographed: tilted, at some pixels a module, out of focus, moved, grainy."""

    def taken(
        content: str,
        module_px: float,
        blur_px: float,
        *,
        moved_px: float = 0,
        grain: float = 6,
        degrees: float = 8,
        seed: int = 1,
        margin: int = 30,
    ) -> Grey:
        sharp = np.pad(render(content, 8), 8 * margin, constant_values=150).astype(np.float32)
        scale, middle = module_px / 8, sharp.shape[0] / 2
        turn = cv2.getRotationMatrix2D((middle, middle), degrees, scale)
        side = round(sharp.shape[0] * scale)
        turn[:, 2] += side / 2 - middle
        tilt = np.vstack([turn, [0, 0, 1]])
        tilt = np.array([[1, 0, 0], [0, 1, 0], [4e-4, 2e-4, 1]]) @ tilt
        fine = cv2.GaussianBlur(sharp, (0, 0), 0.35 / scale)
        small = cv2.warpPerspective(fine, tilt, (side, side), borderValue=(150,))
        small = cv2.GaussianBlur(small, (0, 0), blur_px)
        if moved_px:
            small = cv2.blur(small, (round(moved_px), 1))
        noise = np.random.default_rng(seed).normal(0, grain, small.shape)
        return np.asarray(np.clip(0.8 * small + 20 + noise, 0, 255), np.uint8)

    return taken


@pytest.fixture
def on_table() -> Callable[..., Grey]:
    """Pictures laid on a grey table, uint8 [720, 1280], at their (left, top)."""

    def laid(*pictures: tuple[Grey, int, int], height: int = 720, width: int = 1280) -> Grey:
        table = np.full((height, width), 120, np.uint8)
        for picture, left, top in pictures:
            table[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
        return table

    return laid


@pytest.fixture
def framed() -> Callable[[Grey], Frame]:
    """A picture as the camera hands it out."""
    return lambda grey: Frame(1, grey, 0.0)


@pytest.fixture
def link() -> Iterator[ReaderLink]:
    """A reader that waits for frames, with so much time that a busy machine does not matter."""
    with closing(ReaderLink(partial(start_child, hang_s=20.0), deadline_s=30.0)) as reader:
        assert reader.wait_until_ready()
        yield reader


@pytest.fixture
def children_of() -> Callable[[int], list[int]]:
    """The process ids of the living children of a process."""

    def living(parent: int) -> list[int]:
        return [pid for pid, its_parent, state in processes() if its_parent == parent and state]

    def processes() -> Iterator[tuple[int, int, bool]]:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended meanwhile
                continue
            yield int(folder.name), int(stat[1]), stat[0] != "Z"

    return living


@pytest.fixture
def has_ended() -> Callable[[int], bool]:
    """Whether a process ends, waited for through its pidfd; at most 10 s."""

    def ended(pid: int) -> bool:
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            waiting = select.poll()  # select() takes no descriptor beyond 1023
            waiting.register(pidfd, select.POLLIN)
            return bool(waiting.poll(10_000))
        finally:
            os.close(pidfd)

    return ended
