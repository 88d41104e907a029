"""What the cascade reads, and that nothing makes it fall."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from scanner.vision.decode import FIRST, decode, read_codes

Grey = NDArray[np.uint8]
Render = Callable[..., Grey]

AWKWARD_PAYLOADS = [
    b"\x00",
    b"MP1:\x00\x00tail",
    bytes(range(256)),
    b"\xff\xfe\xfd\x80",
    b"\xc3\x28 is not UTF-8, \xe2\x82 neither",
    "пропуск".encode("cp1251"),
    "通行証".encode("shift_jis"),
]


def test_a_pass_is_read_to_the_last_character(render: Render, pass_text: str) -> None:
    """A text as long as a pass comes out as the very bytes that went in."""
    assert decode(render(pass_text)) == [pass_text.encode()]


@pytest.mark.parametrize("payload", AWKWARD_PAYLOADS)
def test_bytes_are_untouched(render: Render, payload: bytes) -> None:
    """No charset is guessed: NUL, bytes from 0x80 and broken UTF-8 come out as they went in."""
    assert decode(render(payload)) == [payload]


def test_dark_mode_is_read(render: Render, pass_text: str) -> None:
    """A light code on a dark screen is read like any other."""
    assert decode(255 - render(pass_text)) == [pass_text.encode()]


@pytest.mark.parametrize("degrees", [0, 17, 45, 90, 135, 180, 270, 341])
def test_a_turned_code_is_read(
    render: Render, on_table: Render, pass_text: str, degrees: int
) -> None:
    """However the phone is turned, the pass is read."""
    frame = on_table((render(pass_text), 400, 150))
    turn = cv2.getRotationMatrix2D((640, 360), degrees, 1.0)
    turned = np.asarray(cv2.warpAffine(frame, turn, (1280, 720), borderValue=(120,)), np.uint8)
    assert decode(turned) == [pass_text.encode()]


def test_every_code_of_a_frame_is_reported(
    render: Render, on_table: Render, pass_text: str
) -> None:
    """Two phones in one frame give two payloads."""
    other = "MP1:" + pass_text[:3:-1]
    frame = on_table((render(pass_text), 100, 100), (render(other, 3), 700, 200))
    assert sorted(decode(frame)) == sorted([pass_text.encode(), other.encode()])


def test_one_code_shown_twice_is_one_reading(render: Render, on_table: Render) -> None:
    """The same payload at two places is reported once."""
    code = render("MP1:TWICE")
    assert decode(on_table((code, 100, 100), (code, 700, 300))) == [b"MP1:TWICE"]


def test_colour_and_grey_read_the_same(render: Render, pass_text: str) -> None:
    """A BGR image gives what its luma gives."""
    grey = render(pass_text)
    assert decode(np.dstack([grey, grey, grey])) == decode(grey)


def test_a_deeper_stage_reads_what_the_first_one_misses(
    render: Render, on_table: Render, pass_text: str
) -> None:
    """A small, defocused, noisy code that the plain frame does not give is read all the same."""
    frame = small_and_blurred(on_table((render(pass_text, 6), 300, 100)))
    assert FIRST.engine(frame) == []
    readings = read_codes(frame)
    assert [reading.payload for reading in readings] == [pass_text.encode()]


def small_and_blurred(frame: Grey) -> Grey:
    """The same frame a third as large, 2 px a module, out of focus and grainy."""
    small = cv2.resize(frame, None, fx=1 / 3, fy=1 / 3, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), 1.1).astype(np.float32)
    grain = np.random.default_rng(7).normal(0, 3, blurred.shape)
    return np.asarray(np.clip(blurred + grain, 0, 255), np.uint8)


@pytest.mark.parametrize("is_deep", [False, True], ids=["first stage", "deeper stage"])
def test_corners_are_pixels_of_the_frame(
    render: Render, on_table: Render, pass_text: str, is_deep: bool
) -> None:
    """The corners lie on the code, clockwise from its top left, whichever stage has read it."""
    code = render(pass_text, 6)
    frame = on_table((code, 300, 100))
    scale, slack_px = (3, 6) if is_deep else (1, 6)
    (reading,) = read_codes(small_and_blurred(frame) if is_deep else frame)
    near, far = 4 * 6, code.shape[0] - 4 * 6
    expected = [(near, near), (far, near), (far, far), (near, far)]
    for (x, y), (left, top) in zip(reading.corners, expected, strict=True):
        assert math.dist((x * scale, y * scale), (300 + left, 100 + top)) <= slack_px * scale


def test_the_same_frame_gives_the_same_answer(
    render: Render, on_table: Render, pass_text: str
) -> None:
    """Nothing in the cascade depends on chance or on the frame before."""
    frame = small_and_blurred(on_table((render(pass_text, 6), 300, 100)))
    assert len({tuple(read_codes(frame)) for _ in range(3)}) == 1


def test_an_eci_header_is_no_part_of_the_payload(to_pixels: Render) -> None:
    """A code that names its charset gives the bytes in that charset, and only those."""
    code = segno.make("Москва", encoding="iso-8859-5", eci=True, error="M", micro=False)
    assert decode(to_pixels(code.matrix)) == ["Москва".encode("iso-8859-5")]


def test_micro_qr_is_not_read(to_pixels: Render) -> None:
    """A Micro QR code is nothing: its checks are weak and no pass uses it."""
    assert decode(to_pixels(segno.make_micro("12345", version="M3").matrix)) == []


def test_parts_of_a_sequence_are_not_joined(to_pixels: Render, on_table: Render) -> None:
    """Each symbol of a structured append gives its own bytes: a pass is one symbol."""
    first, second = segno.make_sequence("A" * 20 + "B" * 20, version=1, error="L")
    frame = on_table((to_pixels(first.matrix), 100, 100), (to_pixels(second.matrix), 500, 100))
    assert sorted(decode(frame)) == [b"A" * 20, b"B" * 20]


def test_the_time_limit_ends_the_cascade(render: Render, on_table: Render, pass_text: str) -> None:
    """When the time is over no further stage is tried; the first one always is."""
    frame = on_table((render(pass_text, 6), 300, 100))
    assert len(read_codes(frame, limit_s=0.0, monotonic=iter([0.0, 1.0]).__next__)) == 1
    hard = small_and_blurred(frame)
    assert read_codes(hard, limit_s=0.5, monotonic=iter([0.0, 1.0]).__next__) == []


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        np.uint8,
        st.one_of(
            st.tuples(st.integers(0, 90), st.integers(0, 90)),
            st.tuples(st.integers(0, 40), st.integers(0, 40), st.just(3)),
        ),
    )
)
def test_no_image_makes_it_fall(image: Grey) -> None:
    """Any pixels of any size, none included, give a list."""
    assert isinstance(decode(image), list)


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (21, 20000), (20000, 21), (3000, 4000)])
def test_odd_sizes_are_read_as_nothing(shape: tuple[int, int]) -> None:
    """A thread of pixels or a picture of twelve million gives an empty list."""
    noise = np.random.default_rng(3).integers(0, 256, shape, np.uint8)
    assert decode(noise) == []


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((40, 40), np.float32),
        np.zeros((40, 40), np.uint16),
        np.zeros((40, 40), np.bool_),
        np.zeros(40, np.uint8),
        np.zeros((40, 40, 4), np.uint8),
        np.zeros((2, 40, 40, 3), np.uint8),
        np.uint8(5).reshape(()),
    ],
    ids=lambda image: f"{image.dtype} {image.shape}",
)
def test_a_wrong_array_is_named(image: NDArray[np.uint8]) -> None:
    """An array that is no grey or BGR picture is refused with a text that says what it is."""
    with pytest.raises(ValueError, match=r"the image must be"):
        decode(image)


def test_an_image_that_is_not_contiguous_is_read(render: Render, pass_text: str) -> None:
    """A slice with strides, such as every second pixel of a larger picture, is read as it looks."""
    doubled = np.repeat(np.repeat(render(pass_text), 2, axis=0), 2, axis=1)
    assert decode(doubled[::2, ::2]) == [pass_text.encode()]
