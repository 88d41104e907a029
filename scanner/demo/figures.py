"""The pictures of the report as inline SVG: lamps over time, shapes, bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from scanner.core.signal import Shape
from scanner.demo.journey import WATCHED_S
from scanner.demo.spans import Span, beep_spans, green_spans, red_spans

if TYPE_CHECKING:
    from scanner.demo.journey import Shown

# Units of the drawing: a column of names, then so many for WATCHED_S.
_NAMES_WIDE, _TIME_WIDE, _ROW = 46, 224, 15
# Of the three rows, with the line of seconds below.
_LAMP_HIGH, _BEEP_HIGH, _STRIP_HIGH = 11, 7, 62


def lamp_strip(shown: Shown) -> str:
    """Red above green above the buzzer, drawn from the pins; its title says the same in words."""
    rows = (
        ("red", red_spans(shown.moments, WATCHED_S), _LAMP_HIGH),
        ("green", green_spans(shown.moments, WATCHED_S), _LAMP_HIGH),
        ("beep", beep_spans(shown.moments, WATCHED_S), _BEEP_HIGH),
    )
    told = ". ".join(f"{name}: {_told(spans)}" for name, spans, _ in rows)
    drawn = "".join(
        _row(name, spans, high, 1 + number * _ROW)
        for number, (name, spans, high) in enumerate(rows)
    )
    return (
        f'<svg class="strip" role="img" viewBox="0 0 {_NAMES_WIDE + _TIME_WIDE} {_STRIP_HIGH}">'
        f"<title>{told}</title>{drawn}{_seconds()}</svg>"
    )


def _told(spans: Sequence[Span]) -> str:
    """`0.08 to 1.28 s`, one after the other."""
    return ", ".join(f"{span.from_s:.2f} to {span.to_s:.2f} s" for span in spans) or "never"


def _row(name: str, spans: Sequence[Span], high: int, top: int) -> str:
    track = (
        f'<text x="0" y="{top + 9}">{name}</text>'
        f'<rect class="unlit" x="{_NAMES_WIDE}" y="{top}" width="{_TIME_WIDE}" height="{high}"/>'
    )
    return track + "".join(
        f'<rect class="{name}" x="{_across(span.from_s):.2f}" y="{top}"'
        f' width="{max(1.0, _across(span.to_s) - _across(span.from_s)):.2f}" height="{high}"/>'
        for span in spans
    )


def _across(at_s: float) -> float:
    return _NAMES_WIDE + at_s / WATCHED_S * _TIME_WIDE


def _seconds() -> str:
    """A tick a second; the last one is named only when there is room for its letters."""
    ticks = ""
    for second in range(math.floor(WATCHED_S) + 1):
        x, y = f"{_across(second):.1f}", _STRIP_HIGH - 17
        ticks += f'<rect class="beep" x="{x}" y="{y}" width=".6" height="4"/>'
        if WATCHED_S - second > 0.3:
            ticks += f'<text x="{x}" y="{_STRIP_HIGH - 3}">{second} s</text>'
    return ticks


def shape_icon(shape: Shape, kind: str) -> str:
    """In the colour of `kind`, the class of an outcome; decoration, for the word stands beside."""
    if shape is Shape.NONE:
        return ""
    return f'<svg class="shape {kind}" viewBox="0 0 24 24" aria-hidden="true">{_DRAWN[shape]}</svg>'


_OCTAGON = " ".join(
    f"{12 + 12 * math.cos(math.pi * (k + 0.5) / 4):.1f},"
    f"{12 + 12 * math.sin(math.pi * (k + 0.5) / 4):.1f}"
    for k in range(8)
)
_DRAWN = {
    Shape.TICK_IN_CIRCLE: (
        '<circle cx="12" cy="12" r="12"/><polyline class="cut" points="6,12.5 10.5,17 18,7.5"/>'
    ),
    Shape.OCTAGON: f'<polygon points="{_OCTAGON}"/>',
    Shape.TRIANGLE: '<polygon points="12,1 24,23 0,23"/>',
    Shape.SQUARE: '<rect x="2" y="2" width="20" height="20"/>',
}


def bar(share: float, kind: str) -> str:
    """`share` of the full width, 0 to 1, in the colour of `kind`; the number stands beside."""
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="{kind}" width="{100 * share:.1f}" height="10"/></svg>'
    )
