"""The contact sheet: every frame of the demo with its lamps and verdict in one PNG.

Frames stand under the outcome they got, in the order of the manifest. A border has the colour of
the outcome; heading, word and shape tell the same without colours.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from scanner.core.reasons import Outcome, SignalName
from scanner.core.signal import SIGNALS, Shape
from scanner.demo.journey import WATCHED_S, Shown
from scanner.demo.pen import Colour, Picture, colour, draw_shape, fill, fitted, write
from scanner.demo.spans import Span, beep_spans, green_spans, red_spans
from scanner.demo.tally import Tally, tally

if TYPE_CHECKING:
    from scanner.demo.show import Show

WIDTH, COLUMNS = 1600, 7
MARGIN, GAP, BORDER, PADDING = 25, 11, 5, 8
TILE_WIDTH = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) // COLUMNS
THUMB_WIDTH = TILE_WIDTH - 2 * BORDER
THUMB_HEIGHT = round(THUMB_WIDTH * 9 / 16)
_TEXT_HEIGHT = 82
# Rows of the strip, in pixels: red lamp, green lamp, buzzer.
LAMP_HEIGHT, BEEP_HEIGHT, STRIP_GAP = 10, 6, 3
STRIP_WIDTH = THUMB_WIDTH - 2 * PADDING
_LINE_WIDTH = STRIP_WIDTH - 4  # letters are drawn a little wider than they are measured
_STRIP_HEIGHT = 2 * (LAMP_HEIGHT + STRIP_GAP) + BEEP_HEIGHT
TILE_HEIGHT = 2 * BORDER + THUMB_HEIGHT + _TEXT_HEIGHT + _STRIP_HEIGHT + 2 * PADDING
_HEADER_HEIGHT, _HEADING_HEIGHT, _LEGEND_WIDTH = 172, 46, 330
_BAND_HEIGHT = 78
# A word of more characters takes two lines.
_LONG_WORD = 14
# Frames are noisy, and noise is what makes a PNG large.
_SHADES_PER_STEP = 8
# zlib's 9 takes five times as long for 4 % less.
_EFFORT = 7

PAPER, CARD = colour("#0f1419"), colour("#1a222b")
INK, DIM = colour("#ffffff"), colour("#c3ced8")
UNLIT, RED_LIT, GREEN_LIT, BEEP = map(colour, ("#35414d", "#ff4438", "#2fe06a", "#ffffff"))
OUTCOME_COLOURS: dict[Outcome, Colour] = {
    Outcome.ADMIT: colour("#23c55e"),
    Outcome.REFUSE: colour("#ff4438"),
    Outcome.UNDECIDED: colour("#ffb020"),
    Outcome.BY_HAND: colour("#6cb6ff"),
    Outcome.NONE: colour("#8b98a5"),
}
_MEANINGS = {
    Outcome.ADMIT: "let through",
    Outcome.REFUSE: "do not let through",
    Outcome.UNDECIDED: "the scanner cannot know: the officer decides",
    Outcome.BY_HAND: "the officer decided",
    Outcome.NONE: "no verdict, no record",
}
_HEADING_SHAPES = {
    Outcome.ADMIT: (Shape.TICK_IN_CIRCLE,),
    Outcome.REFUSE: (Shape.OCTAGON,),
    Outcome.UNDECIDED: (Shape.TRIANGLE, Shape.SQUARE),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Top left corner of a tile in pixels, and which line of the show is in it."""

    number: int
    x: int
    y: int

    @property
    def strip(self) -> tuple[int, int]:
        """Top left corner of the red lamp's row; the green one is a row below."""
        across = self.x + BORDER + PADDING
        return across, self.y + TILE_HEIGHT - BORDER - PADDING - _STRIP_HEIGHT


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything goes; headings: outcome → y."""

    places: tuple[Place, ...]
    headings: dict[Outcome, int]
    height: int


def write_sheet(show: Show, thumbnails: Sequence[Picture], path: Path) -> None:
    """One thumbnail a line, uint8 [H, W, 3] BGR. Replaces what was at `path`. Raises OSError."""
    picture = draw_sheet(show.shown, thumbnails)
    _, png = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, _EFFORT])
    path.write_bytes(png.tobytes())


def draw_sheet(shown: Sequence[Shown], thumbnails: Sequence[Picture]) -> Picture:
    """uint8 [height, 1600, 3] BGR."""
    counted = tally(shown)
    plan = layout([one.outcome for one in shown], list(counted.outcomes))
    sheet = np.full((plan.height, WIDTH, 3), PAPER, np.uint8)
    _draw_header(sheet, counted)
    for outcome, y in plan.headings.items():
        _draw_heading(sheet, outcome, counted.outcomes[outcome], y)
    for place in plan.places:
        _draw_tile(sheet, place, shown[place.number], thumbnails[place.number])
    return sheet


def layout(outcomes: Sequence[Outcome], order: Sequence[Outcome]) -> Layout:
    """The outcome of each line → a group an outcome; lines of a group keep their order."""
    places: list[Place] = []
    headings: dict[Outcome, int] = {}
    y = _HEADER_HEIGHT
    for outcome in order:
        headings[outcome] = y
        y += _HEADING_HEIGHT
        group = [number for number, one in enumerate(outcomes) if one is outcome]
        places += _grid(group, y)
        y += -(-len(group) // COLUMNS) * (TILE_HEIGHT + GAP)
    return Layout(tuple(places), headings, y + MARGIN - GAP)


def _grid(group: Sequence[int], top: int) -> Iterator[Place]:
    for position, number in enumerate(group):
        row, column = divmod(position, COLUMNS)
        x, y = MARGIN + column * (TILE_WIDTH + GAP), top + row * (TILE_HEIGHT + GAP)
        yield Place(number, x, y)


def _draw_header(sheet: Picture, counted: Tally) -> None:
    """Counts and times on the left, how to read a strip on the right."""
    end = write(sheet, "SIMULATED", (MARGIN, 56), 44, OUTCOME_COLOURS[Outcome.UNDECIDED], bold=True)
    write(sheet, "phones before a checkpoint scanner", (end + 18, 56), 40, INK, bold=True)
    if counted.wrong:
        fill(sheet, (MARGIN - 8, 70), (900, 38), INK)
        said = f"WRONG: {counted.wrong} of {counted.lines} verdicts are not as in the manifest"
    else:
        said = f"{counted.right} of {counted.lines} verdicts as in the manifest"
    write(sheet, said, (MARGIN, 98), 28, PAPER if counted.wrong else INK, bold=True)
    times = f"Frame to lamp: median {counted.median_ms:.1f} ms, 95 % within {counted.p95_ms:.1f} ms"
    small = (
        f"{times}: times of this machine, not of a Raspberry Pi.",
        "Only camera, clock and GPIO chip are simulated; the rest is what ships.",
    )
    for number, line in enumerate(small):
        at = (MARGIN, 130 + 30 * number)
        write(sheet, line, at, 24, DIM, width=WIDTH - 3 * MARGIN - _LEGEND_WIDTH)
    _draw_legend(sheet, (WIDTH - MARGIN - _LEGEND_WIDTH, 78))


def _draw_legend(sheet: Picture, corner: tuple[int, int]) -> None:
    """A strip with its rows named, three times as high as in a tile."""
    x, y = corner
    said = f"{WATCHED_S:.1f} s; a hairline in both: ready"
    write(sheet, said, (x, y - 8), 22, DIM, width=_LEGEND_WIDTH)
    rows = (("red lamp", RED_LIT), ("green lamp", GREEN_LIT), ("buzzer", BEEP))
    for number, (name, ink) in enumerate(rows):
        top = y + 6 + 28 * number
        fill(sheet, (x, top), (150, 16), UNLIT)
        fill(sheet, (x + 10 + 34 * number, top), (60, 16), ink)
        write(sheet, name, (x + 164, top + 15), 22, INK)


def _draw_heading(sheet: Picture, outcome: Outcome, count: int, y: int) -> None:
    ink, x = OUTCOME_COLOURS[outcome], MARGIN
    for shape in _HEADING_SHAPES.get(outcome, ()):
        draw_shape(sheet, shape, (x + 13, y + 22), 13, ink, PAPER)
        x += 36
    end = write(sheet, f"{outcome.name} {count}", (x, y + 32), 30, ink, bold=True)
    write(sheet, _MEANINGS[outcome], (end + 16, y + 32), 24, DIM)


def _draw_tile(sheet: Picture, place: Place, shown: Shown, thumbnail: Picture) -> None:
    inside = (TILE_WIDTH - 2 * BORDER, TILE_HEIGHT - 2 * BORDER)
    fill(sheet, (place.x, place.y), (TILE_WIDTH, TILE_HEIGHT), OUTCOME_COLOURS[shown.outcome])
    fill(sheet, (place.x + BORDER, place.y + BORDER), inside, CARD)
    _draw_thumbnail(sheet, place, thumbnail)
    if not shown.is_as_expected:
        _draw_mismatch(sheet, place, shown)
    _draw_verdict(sheet, place, shown)
    _draw_strip(sheet, place, shown)


def _draw_thumbnail(sheet: Picture, place: Place, thumbnail: Picture) -> None:
    """In the middle of its box, on black."""
    corner = (place.x + BORDER, place.y + BORDER)
    fill(sheet, corner, (THUMB_WIDTH, THUMB_HEIGHT), (0, 0, 0))
    small = fitted(thumbnail, THUMB_WIDTH, THUMB_HEIGHT)
    small = small // _SHADES_PER_STEP * _SHADES_PER_STEP + _SHADES_PER_STEP // 2
    height, width = small.shape[:2]
    x, y = corner[0] + (THUMB_WIDTH - width) // 2, corner[1] + (THUMB_HEIGHT - height) // 2
    sheet[y : y + height, x : x + width] = small


def _draw_verdict(sheet: Picture, place: Place, shown: Shown) -> None:
    """Shape and word, reason and notices, outcome and milliseconds."""
    x, y = place.x + BORDER + PADDING, place.y + BORDER + THUMB_HEIGHT
    _draw_word(sheet, (x, y), shown)
    reason = " ".join([shown.reason.name, *(notice.value for notice in shown.notices)])
    write(sheet, reason, (x, y + 56), 21, INK, width=_LINE_WIDTH)
    took = "" if shown.lamp_ms is None else f"  {shown.lamp_ms:.1f} ms"
    write(sheet, shown.outcome.name + took, (x, y + 80), 20, DIM, width=_LINE_WIDTH)


def _draw_mismatch(sheet: Picture, place: Place, shown: Shown) -> None:
    """A white band over the thumbnail: what was expected instead."""
    x, y = place.x + BORDER, place.y + BORDER
    fill(sheet, (x, y), (THUMB_WIDTH, _BAND_HEIGHT), INK)
    wanted = ("WRONG, expected:", shown.line.outcome, shown.line.reason, *shown.line.notices)
    lines = (wanted[0], wanted[1], " ".join(wanted[2:]))
    for number, said in enumerate(lines, start=1):
        at = (x + PADDING, y + 24 * number - 2)
        write(sheet, said, at, 22, PAPER, bold=True, width=_LINE_WIDTH)


def _draw_word(sheet: Picture, corner: tuple[int, int], shown: Shown) -> None:
    """The word of the signal after its shape; a long one in two lines."""
    x, y = corner
    shape = SIGNALS[shown.shown].shape if shown.shown else Shape.NONE
    draw_shape(sheet, shape, (x + 11, y + 20), 11, OUTCOME_COLOURS[shown.outcome], CARD)
    indent = 0 if shape is Shape.NONE else 30
    word = shown.word or ("(ready)" if shown.shown is SignalName.READY else "(nothing)")
    lines = textwrap.wrap(word, len(word) if len(word) <= _LONG_WORD else len(word) * 2 // 3)
    size, step = (26, 29) if len(lines) == 1 else (18, 18)
    for number, line in enumerate(lines, start=1):
        at = (x + indent, y + number * step)
        write(sheet, line, at, size, INK, bold=True, width=_LINE_WIDTH - indent)


def _draw_strip(sheet: Picture, place: Place, shown: Shown) -> None:
    """Red above green, and the buzzer below; the whole width is WATCHED_S."""
    x, y = place.strip
    for row, (spans, ink) in enumerate(
        (
            (red_spans(shown.moments, WATCHED_S), RED_LIT),
            (green_spans(shown.moments, WATCHED_S), GREEN_LIT),
        )
    ):
        top = y + row * (LAMP_HEIGHT + STRIP_GAP)
        fill(sheet, (x, top), (STRIP_WIDTH, LAMP_HEIGHT), UNLIT)
        _draw_spans(sheet, (x, top), LAMP_HEIGHT, spans, ink)
    top = y + 2 * (LAMP_HEIGHT + STRIP_GAP)
    _draw_spans(sheet, (x, top), BEEP_HEIGHT, beep_spans(shown.moments, WATCHED_S), BEEP)


def _draw_spans(
    sheet: Picture, corner: tuple[int, int], height: int, spans: Sequence[Span], ink: Colour
) -> None:
    """A pixel is lit when the middle of its time is; however short, a span has a pixel."""
    x, y = corner
    for span in spans:
        first = min(round(span.from_s / WATCHED_S * STRIP_WIDTH), STRIP_WIDTH - 1)
        last = max(first + 1, round(span.to_s / WATCHED_S * STRIP_WIDTH))
        fill(sheet, (x + first, y), (last - first, height), ink)
