"""The frames show what the manifest says, can be read, and are drawn the same each time."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from sample_codes.lines import TWO_PHONES
from sample_codes.make_samples import FOLDER
from sample_codes.passes import make_texts
from sample_codes.png import encode_png
from sample_codes.shots import SHOTS, render
from scanner.vision.decode import decode

TEXTS = make_texts()

SHOWN: dict[str, set[str]] = {
    name: {TEXTS[shot.shows or name]} if (shot.shows or name) in TEXTS else set()
    for name, shot in SHOTS.items()
}
SHOWN[TWO_PHONES] = {TEXTS["two-left"], TEXTS["two-right"]}
SHOWN["work-poster"].add(TEXTS["poster"])


def _load(png: bytes) -> NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, np.uint8)


@pytest.mark.parametrize("name", sorted(SHOTS))
def test_every_frame_is_read(name: str) -> None:
    """Each code in the frame comes out as it was issued, and nothing else does."""
    found = decode(_load((FOLDER / f"{name}.png").read_bytes()))
    assert {payload.decode() for payload in found} == SHOWN[name]


@pytest.mark.parametrize("name", sorted(SHOTS))
def test_a_frame_is_drawn_the_same_again(name: str) -> None:
    """Pixels equal, but for the last digit of another processor's or library's arithmetic."""
    stored = _load((FOLDER / f"{name}.png").read_bytes()).astype(np.int16)
    difference = np.abs(_load(encode_png(render(name, TEXTS))).astype(np.int16) - stored)
    assert difference.mean() < 0.5


def test_two_runs_write_the_same_bytes() -> None:
    """Nothing but the name of the frame decides what is drawn."""
    assert encode_png(render("wifi", TEXTS)) == encode_png(render("wifi", TEXTS))


def test_a_picture_of_few_colours_is_kept_exactly() -> None:
    """The palette has room for them, so nothing is changed but by its step of four levels."""
    picture = np.zeros((3, 4, 3), np.uint8)
    picture[1, 2], picture[2, 3] = (10, 122, 242), (250, 2, 130)
    expected = picture // 4 * 4 + 2
    assert np.array_equal(_load(encode_png(picture)), expected)
