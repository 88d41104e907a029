"""The contact sheet, judged by its pixels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner.core.errors import ConfigError
from scanner.core.reasons import Outcome, Reason
from scanner.core.signal import BOTH, GREEN, NO_LAMPS, RED, Shape
from scanner.demo import sheet
from scanner.demo.journey import WATCHED_S, Moment, Shown
from scanner.demo.pen import Picture, draw_shape, read_thumbnail
from scanner.demo.sheet import Layout, draw_sheet, layout, write_sheet
from scanner.demo.tally import tally
from scanner.vision.decode import decode
from tests.demo.made import (
    BOTH_THEN_RED,
    GREEN_ONCE,
    RED_LONG,
    line,
    moments,
    one_of_each,
    show,
    shown,
    thumbnails,
)

SAMPLES = Path(__file__).resolve().parents[2] / "sample_codes"
Pixel = tuple[int, int, int]


def plan_of(lines: list[Shown]) -> Layout:
    return layout([one.outcome for one in lines], list(tally(lines).outcomes))


def pixel(picture: Picture, x: int, y: int) -> Pixel:
    blue, green, red = (int(value) for value in picture[y, x])
    return blue, green, red


def test_every_line_has_a_tile_of_its_own() -> None:
    """No line is left out, and no tile lies on another or off the sheet."""
    lines = [*one_of_each(), *[shown(Reason.REVOKED)] * 9]
    plan = plan_of(lines)
    taken = np.zeros((plan.height, sheet.WIDTH), np.uint8)
    for place in plan.places:
        taken[place.y : place.y + sheet.TILE_HEIGHT, place.x : place.x + sheet.TILE_WIDTH] += 1
    assert sorted(place.number for place in plan.places) == list(range(len(lines)))
    assert taken.max() == 1
    assert taken.sum() == len(lines) * sheet.TILE_HEIGHT * sheet.TILE_WIDTH


def test_the_border_of_a_tile_has_the_colour_of_its_outcome(tmp_path: Path) -> None:
    """Read back from the PNG, at the middle of all four edges."""
    lines = one_of_each()
    path = tmp_path / "contact-sheet.png"
    write_sheet(show(lines), thumbnails(lines), path)
    picture = np.asarray(cv2.imread(str(path)), np.uint8)
    for place in plan_of(lines).places:
        right, bottom = place.x + sheet.TILE_WIDTH - 1, place.y + sheet.TILE_HEIGHT - 1
        across, down = (place.x + right) // 2, (place.y + bottom) // 2
        edges = [(across, place.y), (across, bottom), (place.x, down), (right, down)]
        wanted = sheet.OUTCOME_COLOURS[lines[place.number].outcome]
        assert [pixel(picture, *edge) for edge in edges] == [wanted] * 4


def test_outcomes_are_told_apart_by_more_than_their_colour() -> None:
    """No two outcomes share a colour, and the shapes of a verdict differ in grey as well."""
    assert len(set(sheet.OUTCOME_COLOURS.values())) == len(Outcome)
    drawn = set()
    for shape in Shape:
        paper = np.zeros((40, 40, 3), np.uint8)
        draw_shape(paper, shape, (20, 20), 15, (200, 200, 200), (0, 0, 0))
        drawn.add(paper.tobytes())
    assert len(drawn) == len(Shape)


@pytest.mark.parametrize("pins", [GREEN_ONCE, RED_LONG, BOTH_THEN_RED])
def test_the_strip_is_lit_when_the_pins_were_high(pins: tuple[Moment, ...]) -> None:
    """Each pixel of both rows has the colour of what was lit in the middle of its time."""
    lines = [shown(at_pins=pins)]
    picture = draw_sheet(lines, thumbnails(lines))
    x, y = plan_of(lines).places[0].strip
    below = y + sheet.LAMP_HEIGHT + sheet.STRIP_GAP
    for column in range(sheet.STRIP_WIDTH):
        lit = lines[0].lamps_at((column + 0.5) * WATCHED_S / sheet.STRIP_WIDTH)
        red, green = pixel(picture, x + column, y), pixel(picture, x + column, below)
        assert red == (sheet.RED_LIT if lit.red else sheet.UNLIT)
        assert green == (sheet.GREEN_LIT if lit.green else sheet.UNLIT)


def test_the_buzzer_stands_below_the_lamps() -> None:
    """White while it sounds, the colour of the card while it is silent."""
    lines = [shown(at_pins=GREEN_ONCE)]
    picture = draw_sheet(lines, thumbnails(lines))
    x, y = plan_of(lines).places[0].strip
    row = y + 2 * (sheet.LAMP_HEIGHT + sheet.STRIP_GAP)
    at = [x + round(at_s / WATCHED_S * sheet.STRIP_WIDTH) for at_s in (0.02, 0.2, 0.5)]
    colours = [pixel(picture, column, row) for column in at]
    assert colours == [sheet.CARD, sheet.BEEP, sheet.CARD]


def test_the_shortest_wink_still_has_a_pixel() -> None:
    """Both lamps for a millisecond, at the very end as well."""
    end_s = WATCHED_S - 0.001
    pins = moments((0.0, NO_LAMPS, None), (1.0, BOTH, None), (1.001, NO_LAMPS, None))
    lines = [shown(at_pins=(*pins, *moments((end_s, GREEN, None))))]
    picture = draw_sheet(lines, thumbnails(lines))
    x, y = plan_of(lines).places[0].strip
    row = picture[y, x : x + sheet.STRIP_WIDTH]
    assert int(np.all(row == sheet.RED_LIT, axis=1).sum()) == 1
    last = pixel(picture, x + sheet.STRIP_WIDTH - 1, y + sheet.LAMP_HEIGHT + sheet.STRIP_GAP)
    assert last == sheet.GREEN_LIT


def test_a_wrong_verdict_stands_out_without_colours() -> None:
    """A white band with dark letters over its thumbnail, and one in the header."""
    wrong = [shown(Reason.OK, expected=line(Reason.EXPIRED))]
    right = [shown(Reason.OK)]
    pictures = [draw_sheet(lines, thumbnails(lines)) for lines in (wrong, right)]
    place = plan_of(wrong).places[0]
    corner = (place.x + sheet.BORDER + 1, place.y + sheet.BORDER + 1)
    assert pixel(pictures[0], *corner) == sheet.INK
    assert pixel(pictures[1], *corner) != sheet.INK
    headers = [picture[: plan_of(wrong).headings[Outcome.ADMIT]] for picture in pictures]
    white = [int(np.all(header == sheet.INK, axis=2).sum()) for header in headers]
    assert white[0] > 2 * white[1]


def test_a_tile_shows_its_own_frame() -> None:
    """The thumbnail of the line, to the nearest shade that is drawn."""
    lines = [shown(Reason.OK), shown(Reason.OK)]
    small = [np.full((126, 224, 3), grey, np.uint8) for grey in (40, 200)]
    picture = draw_sheet(lines, small)
    for place, grey in zip(plan_of(lines).places, (40, 200), strict=True):
        x, y = place.x + sheet.TILE_WIDTH // 2, place.y + sheet.BORDER + sheet.THUMB_HEIGHT // 2
        assert all(abs(value - grey) <= 4 for value in pixel(picture, x, y))


def test_a_line_without_any_answer_is_drawn() -> None:
    """No signal at all leaves a tile and no error."""
    nothing = Shown(line(Reason.UNREADABLE), None, None, moments((0.0, RED, None)), None)
    place = plan_of([nothing]).places[0]
    picture = draw_sheet([nothing], thumbnails([nothing]))
    assert pixel(picture, place.x, place.y) == sheet.OUTCOME_COLOURS[Outcome.NONE]


def test_a_sheet_of_the_samples_is_small(tmp_path: Path) -> None:
    """As many real frames as the demo has take less than 900 kB."""
    lines = [shown(Reason.REVOKED)] * 43
    small = [read_thumbnail(path) for path in frames()]
    path = tmp_path / "contact-sheet.png"
    write_sheet(show(lines), [small[n % len(small)] for n in range(43)], path)
    assert path.stat().st_size < 900_000


def test_no_pass_can_be_read_from_a_thumbnail() -> None:
    """What the demo leaves behind shows what was seen without handing on the passes."""
    for path in frames():
        small = read_thumbnail(path)
        double = np.asarray(cv2.resize(small, None, fx=2, fy=2), np.uint8)
        found = [*decode(small), *decode(double)]
        assert not [payload for payload in found if payload.startswith(b"MP1:")], path.name


def test_a_missing_frame_is_named(tmp_path: Path) -> None:
    """The error says which picture, and how to make it."""
    with pytest.raises(ConfigError, match=r"gone\.png.*make_samples"):
        read_thumbnail(tmp_path / "gone.png")


def frames() -> list[Path]:
    return sorted(path for path in SAMPLES.glob("*.png") if path.name != "contact-sheet.png")
