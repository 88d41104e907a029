"""The optics measured from the test card are those that the picture was made with."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner.core.reading import Corners
from scanner.doctor.card import (
    MODULES,
    PASS_MODULES,
    PAYLOAD,
    QUIET,
    WIDTH_MM,
    card_modules,
    card_svg,
)
from scanner.doctor.optics import Optics, measure, middle_of
from scanner.vision.decode import read_codes
from tests.doctor.scene import Grey, card_scene

SVG = Path(__file__).parents[2] / "hardware" / "test-card.svg"


def seen(picture: tuple[Grey, Corners]) -> Optics:
    grey, corners = picture
    optics = measure(grey, corners)
    assert optics is not None
    return optics


@pytest.mark.parametrize(("module_px", "turn"), [(1.5, 0), (3.0, 33), (3.0, 190), (5.0, 45)])
def test_size_is_measured(module_px: float, turn: float) -> None:
    """To a fiftieth, however the card lies."""
    optics = seen(card_scene(module_px, turn=turn))
    assert optics.module_px == pytest.approx(module_px, rel=0.02)


@pytest.mark.parametrize(("smear_px", "angle"), [(3, 0), (4, 90), (6, 45), (10, 110), (14, 160)])
def test_smear_is_measured(smear_px: float, angle: float) -> None:
    """To a pixel, in any direction; the lens is not blamed for it."""
    optics = seen(card_scene(smear_px=smear_px, angle=angle))
    assert optics.smear_px == pytest.approx(smear_px, abs=1.0)
    assert optics.blur_px < 2.5


@pytest.mark.parametrize("blur_px", [0.8, 2.0, 4.0, 6.0])
def test_blur_of_the_lens_is_measured(blur_px: float) -> None:
    """To a pixel; nobody is blamed for moving."""
    optics = seen(card_scene(blur_px=blur_px))
    assert optics.blur_px == pytest.approx(blur_px, abs=1.0)
    assert optics.smear_px <= 2.0


def test_smear_and_blur_are_told_apart() -> None:
    """A lens out of focus and a hand that moves have different cures."""
    optics = seen(card_scene(module_px=4, smear_px=8, angle=20, blur_px=3))
    assert optics.smear_px == pytest.approx(8, abs=1.0)
    assert optics.blur_px == pytest.approx(3, abs=1.0)


def test_noise_does_not_count() -> None:
    """A night picture at high gain."""
    optics = seen(card_scene(smear_px=5, angle=70, levels=(30, 90), noise=9))
    assert optics.smear_px == pytest.approx(5, abs=1.0)


def test_levels_are_those_of_the_card() -> None:
    """Black and white of the print, whatever lies around it."""
    optics = seen(card_scene(levels=(60, 150)))
    assert (optics.dark, optics.light) == pytest.approx((60, 150), abs=3)
    assert optics.contrast == pytest.approx(90, abs=5)
    assert optics.glare == 0.0


def test_a_reflection_is_found() -> None:
    """A bright spot over a tenth of the card."""
    grey, corners = card_scene()
    middle = grey.shape[0] // 2
    side = int(3.5 * PASS_MODULES)
    cv2.circle(grey, (middle + side // 5, middle), side // 6, (255,), -1)
    optics = measure(grey, corners)
    assert optics is not None
    assert 0.04 < optics.glare < 0.2
    assert optics.module_px == pytest.approx(3.5, rel=0.03)


def test_perspective_counts_the_shortest_side() -> None:
    """A card that is tilted has fewer pixels where it is foreshortened."""
    grey, corners = card_scene(turn=0)
    size = grey.shape[0]
    narrow = np.array([[1, 0, 0], [0, 0.7, 0.15 * size], [0, 0, 1]])
    tilted = cv2.warpPerspective(grey, narrow, (size, size), borderValue=(190.0,))
    first, second, third, fourth = ((x, round(0.7 * y + 0.15 * size)) for x, y in corners)
    optics = measure(np.asarray(tilted, np.uint8), (first, second, third, fourth))
    assert optics is not None
    assert optics.module_px == pytest.approx(0.7 * 3.5, rel=0.03)


def test_the_reader_s_corners_may_be_some_pixels_off() -> None:
    """And begin at another corner: they are a start, no more."""
    grey, (first, second, third, fourth) = card_scene()
    a, b, c, d = ((x + 4, y - 3) for x, y in (second, third, fourth, first))
    optics = measure(grey, (a, b, c, d))
    assert optics is not None
    assert optics.module_px == pytest.approx(3.5, rel=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_no_card_is_not_measured(seed: int) -> None:
    """Whatever text it has: noise, grey, or another code at these corners."""
    noise = np.random.default_rng(seed).integers(0, 256, (400, 400)).astype(np.uint8)
    corners = ((100, 100), (300, 100), (300, 300), (100, 300))
    assert measure(noise, corners) is None
    assert measure(np.full_like(noise, 90), corners) is None
    assert measure(noise, ((5, 5), (9, 5), (9, 9), (5, 9))) is None


def test_several_pictures_give_the_middle_figure() -> None:
    """One in which the hand jerked does not decide."""
    rows = [Optics(3, smear, 1, 40, 190, 0) for smear in (2, 3, 30)]
    assert middle_of(rows) == Optics(3, 3, 1, 40, 190, 0)
    assert middle_of([]) is None


def test_the_card_in_the_file_is_the_card_in_the_code() -> None:
    """What a technician prints is what is measured: `python -m tests.doctor.test_optics`."""
    assert SVG.read_text("utf-8") == card_svg()


def test_the_card_is_as_wide_as_it_says() -> None:
    """The drawing is well-formed, and its dark squares lie within the millimetres it names."""
    root = ET.parse(SVG).getroot()
    path = root.find("{http://www.w3.org/2000/svg}path")
    assert path is not None
    squares = re.findall(r"M(\d+) (\d+)h1v1h-1z", path.attrib["d"])
    assert len(squares) == int((card_modules() == 0).sum())
    columns = [int(column) for column, _ in squares]
    scale = re.search(r"scale\(([\d.]+)\)", path.attrib["transform"])
    assert scale is not None
    assert float(scale[1]) * (max(columns) + 1 - min(columns)) == pytest.approx(WIDTH_MM, abs=0.01)
    assert f"{WIDTH_MM} mm wide" in SVG.read_text("utf-8")


def test_the_card_is_read() -> None:
    """Its modules are a code with the text that is looked for."""
    grey, _ = card_scene()
    assert [reading.payload for reading in read_codes(grey)] == [PAYLOAD]
    assert card_modules().shape == (MODULES + 2 * QUIET,) * 2


if __name__ == "__main__":
    SVG.write_text(card_svg(), "utf-8")
