"""A stream reads what its single frames do not, and mixes nothing up."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from scanner.vision.decode import decode
from scanner.vision.stream import StreamReader

Grey = NDArray[np.uint8]
Render = Callable[..., Grey]
Take = Callable[..., Grey]


@pytest.fixture
def shots(take: Take, on_table: Render) -> Callable[[str], list[Grey]]:
    """Ten frames of a code held in a shaking hand in poor light, none of them good enough."""

    def taken(content: str) -> list[Grey]:
        random = np.random.default_rng(3)
        return [
            on_table(
                (take(content, 2.3, 1.35, grain=26, degrees=8 + turn, seed=seed), left, top),
                height=480,
                width=640,
            )
            for seed, (turn, left, top) in enumerate(
                zip(
                    random.normal(0, 1.5, 10),
                    random.integers(150, 160, 10),
                    random.integers(80, 90, 10),
                    strict=True,
                )
            )
        ]

    return taken


def read_until(reader: StreamReader, frames: list[Grey]) -> tuple[int, list[bytes]]:
    """The number of frames it took, and what was read then."""
    for number, frame in enumerate(frames, 1):
        if payloads := reader(frame):
            return number, payloads
    return len(frames), []


def test_frames_together_are_read_where_none_alone_is(
    shots: Callable[[str], list[Grey]], pass_text: str
) -> None:
    """What each frame says of the modules adds up to the pass."""
    frames = shots(pass_text)
    assert [decode(frame) for frame in frames] == [[]] * len(frames)
    number, payloads = read_until(StreamReader(), frames)
    assert payloads == [pass_text.encode()]
    assert number > 1


def test_reset_forgets_what_was_seen(shots: Callable[[str], list[Grey]], pass_text: str) -> None:
    """After a reset the next frame stands for itself again."""
    frames = shots(pass_text)
    reader = StreamReader()
    number, _ = read_until(reader, frames)
    for frame in frames[: number - 1]:
        reader.reset()
        assert reader(frame) == []
    reader.reset()
    assert reader(frames[number - 1]) == []


def test_another_code_does_not_inherit(shots: Callable[[str], list[Grey]], pass_text: str) -> None:
    """The evidence of one phone is not counted for the next one: each is read as what it is."""
    other = "MP1:" + pass_text[:3:-1]
    reader = StreamReader()
    for frame in shots(pass_text)[:2]:
        reader(frame)
    _, payloads = read_until(reader, shots(other))
    assert payloads == [other.encode()]


def test_a_tilted_code_is_followed_from_its_first_sight_on(take: Take, pass_text: str) -> None:
    """It is found within four frames and not lost again, though it cannot be read."""
    reader, seen = StreamReader(), []
    for seed in range(9):
        frame = take(pass_text, 3.2, 1.9, grain=20, degrees=30 + seed, seed=seed)
        tilted = cv2.resize(frame, None, fx=0.55, fy=1, interpolation=cv2.INTER_AREA)
        look = reader.look(np.asarray(tilted, np.uint8))
        seen.append(look.unread is not None or look.readings != ())
    assert all(seen[4:])


def test_an_unread_code_is_reported_with_its_place(take: Take, pass_text: str) -> None:
    """A code that is there but too blurred is told apart from an empty view."""
    look = StreamReader().look(take(pass_text, 2.5, 1.7, grain=14))
    assert look.readings == ()
    assert look.unread is not None
    assert look.unread.payload == b""
    assert len(set(look.unread.corners)) == 4


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_empty_view_shows_nothing(value: int) -> None:
    """No code is read and none is seen."""
    look = StreamReader().look(np.full((480, 640), value, np.uint8))
    assert (look.readings, look.unread) == ((), None)


def test_every_deeper_stage_has_its_turn(render: Render, on_table: Render, pass_text: str) -> None:
    """A code that only a deeper stage reads is read within a few frames."""
    wall = np.kron(np.indices((20, 20)).sum(axis=0) % 2, np.ones((12, 12))).astype(np.uint8) * 255
    code = render(pass_text[:40], 2)
    soft = np.asarray(0.5 * code + 60, np.uint8)
    frames = [on_table((wall, 20, 100), (soft, 420, 150), height=480, width=640)] * 9
    assert read_until(StreamReader(), frames)[1] == [pass_text[:40].encode()]


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (20, 500), (21, 21), (64, 64), (65, 3000)])
def test_any_size_may_follow_any_other(
    shape: tuple[int, int], shots: Callable[[str], list[Grey]], pass_text: str
) -> None:
    """A frame of another size in the middle of a track is looked at like any other."""
    reader = StreamReader()
    reader(shots(pass_text)[0])
    assert reader(np.zeros(shape, np.uint8)) == []
    noise = np.random.default_rng(2).integers(0, 256, shape, np.uint8)
    assert reader(noise) == []


def framed_code(render: Render) -> Grey:
    """A code of a version that is too small for the lattice."""
    frame = np.full((360, 640), 180, np.uint8)
    code = render("MP1:TEST", 6)
    frame[90 : 90 + code.shape[0], 200 : 200 + code.shape[1]] = code
    return frame


def test_code_that_is_read_is_read_in_each_frame(render: Render) -> None:
    """While it is there nothing else is looked for; too small a version for the lattice, too."""
    frame, reader = framed_code(render), StreamReader()
    assert [reader(frame) for _ in range(6)] == [[b"MP1:TEST"]] * 6


@pytest.mark.parametrize("before", [1, 2, 3, 4])
def test_plain_code_is_read_in_its_first_frame(before: int, render: Render) -> None:
    """Whether or not it is that frame's turn to be looked through for tilted codes."""
    frame, reader = framed_code(render), StreamReader()
    empty = np.random.default_rng(1).integers(100, 104, frame.shape, np.uint8)
    for _ in range(before):
        reader(empty)
    assert reader(frame) == [b"MP1:TEST"]
