"""The charts of the report as inline SVG: columns over time, hours of the day, shares of a whole.

Each chart says in its title what it shows, for who does not see it; numbers stand beside or below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

# Units of the drawing, about a pixel of a wide screen each.
_LEFT, _RIGHT, _TOP, _FOOT = 50, 8, 14, 42
_HIGH, _LOW = 200, 84
_NARROWEST, _NARROWEST_LOW, _COLUMN, _WIDEST_COLUMN = 680, 430, 22, 64
# Up to this width a drawing shrinks to the screen of a phone; a wider one is scrolled there.
_FITS_PHONE = 700
# A label takes so many, also in the larger letters of a phone.
_LABEL_WIDE = 30
_LETTER_WIDE = 12.0


@dataclass(frozen=True, slots=True)
class Column:
    """One time or step: its name and label, a second line below some, parts from the bottom up."""

    name: str
    label: str
    parts: tuple[tuple[str, int], ...]
    below: str = ""

    @property
    def total(self) -> int:
        return sum(n for _, n in self.parts)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a chart draws: how wide it is, how high its columns can be, what stands for that."""

    wide: int
    high: int
    top: int
    step: float

    @property
    def base(self) -> int:
        return _TOP + self.high


def columns(title: str, shown: Sequence[Column], unit: str, *, is_low: bool = False) -> str:
    """Stacked columns with a scale; the class of a part is that of its outcome."""
    least = _NARROWEST_LOW if is_low else _NARROWEST
    wide = max(least, _LEFT + _RIGHT + _COLUMN * len(shown))
    top = _scale(max((column.total for column in shown), default=0))
    step = min(_WIDEST_COLUMN, (wide - _LEFT - _RIGHT) / max(1, len(shown)))
    frame = _Frame(wide, _LOW if is_low else _HIGH, top, step)
    drawn = "".join(_column(frame, place, column, unit) for place, column in enumerate(shown))
    kind = "chart low" if is_low else "chart"
    inside = _grid(frame) + drawn + _labels(frame, shown)
    return _drawing(title, (wide, frame.base + _FOOT), inside, kind)


def _drawing(title: str, size: tuple[int, int], drawn: str, kind: str = "chart") -> str:
    wide, high = size
    scrolls = f"min-width:{0.75 * wide / 16:.0f}rem;" if wide > _FITS_PHONE else ""
    return (
        f'<div class="wide"><svg class="{kind}" role="img" viewBox="0 0 {wide} {high}"'
        f' style="{scrolls}max-width:{1.2 * wide / 16:.0f}rem"><title>{escape(title)}</title>'
        f"{drawn}</svg></div>"
    )


def _scale(most: int) -> int:
    """A round number at the top, so that four steps are round as well where they can be."""
    if most <= 4:
        return 4
    power = 10 ** int(math.log10(most))
    steps = (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10)
    return next(int(step * power) for step in steps if step * power >= most)


def _grid(frame: _Frame) -> str:
    lines = []
    for part in range(5):
        y = frame.base - frame.high * part / 4
        kind, value = "base" if part == 0 else "grid", frame.top * part / 4
        right = frame.wide - _RIGHT
        lines.append(f'<line class="{kind}" x1="{_LEFT}" x2="{right}" y1="{y}" y2="{y}"/>')
        if value == int(value) and (frame.high > _LOW or part % 2 == 0):
            told = grouped(int(value))
            lines.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{told}</text>')
    return "".join(lines)


def _column(frame: _Frame, place: int, column: Column, unit: str) -> str:
    gap = min(6.0, frame.step * 0.2)
    parts, y = [], float(frame.base)
    x, wide = _LEFT + place * frame.step + gap / 2, frame.step - gap
    for kind, n in column.parts:
        high = frame.high * n / frame.top
        y -= high
        if n:
            box = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"'
            parts.append(f'<rect class="f-{kind}" {box}/>')
    told = ", ".join(f"{grouped(n)} {kind}" for kind, n in column.parts if n)
    if len(column.parts) == 1:
        told = f"{grouped(column.total)} {unit}"
    hint = f"<title>{escape(column.name)}: {escape(told)}</title>"
    return f"<g>{hint}{''.join(parts)}</g>" if parts else ""


def _labels(frame: _Frame, shown: Sequence[Column]) -> str:
    """As many as there is room for; a second line where a day begins."""
    every = max(1, math.ceil(_LABEL_WIDE / frame.step))
    texts, reach, y = [], -1.0, frame.base + 17
    for place, column in enumerate(shown):
        left = _LEFT + place * frame.step
        if place % every == 0:
            x, told = f"{left + frame.step / 2:.1f}", escape(column.label)
            texts.append(f'<text x="{x}" y="{y}" text-anchor="middle">{told}</text>')
        if column.below and left >= reach:
            length = _LETTER_WIDE * len(column.below)
            right = frame.wide - _RIGHT
            at, anchor = (left, "start") if left + length <= right else (right, "end")
            told = f'text-anchor="{anchor}">{escape(column.below)}</text>'
            if anchor == "start" or right - length >= reach:
                texts.append(f'<text class="strong" x="{at:.1f}" y="{y + 19}" {told}')
                reach = left + length
    return "".join(texts)


def heat(title: str, days: Sequence[tuple[str, Sequence[int | None]]]) -> str:
    """A row a day, a cell an hour; None where nothing is told. Darker is more."""
    most = max((n for _, row in days for n in row if n), default=1)
    left, cell, high = 106, 29, 22
    wide = left + 24 * cell
    heads = "".join(
        f'<text x="{left + hour * cell + cell / 2}" y="14" text-anchor="middle">{hour}</text>'
        for hour in range(24)
    )
    rows = "".join(
        f'<text x="0" y="{37 + place * high}">{escape(name)}</text>'
        + "".join(
            _heat_cell(left + hour * cell, 22 + place * high, (cell, high), n, most)
            for hour, n in enumerate(row)
        )
        for place, (name, row) in enumerate(days)
    )
    return _drawing(title, (wide, 24 + len(days) * high), heads + rows)


def _heat_cell(x: float, y: float, size: tuple[int, int], n: int | None, most: int) -> str:
    wide, high = size
    box = f'x="{x + 1}" y="{y + 1}" width="{wide - 2}" height="{high - 2}" rx="2"'
    if not n:
        return f'<rect class="none" {box}/>'
    share = 0.18 + 0.82 * n / most
    return f'<rect class="heat" fill-opacity="{share:.2f}" {box}><title>{n}</title></rect>'


def bar(share: float, kind: str) -> str:
    """`share` of the full width, 0 to 1; the number stands beside."""
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="f-{kind}" width="{100 * share:.1f}" height="10"/></svg>'
    )


def stacked_bar(parts: Sequence[tuple[str, int]], most: int) -> str:
    """Parts side by side; `most` is the full width."""
    drawn, x = [], 0.0
    for kind, n in parts:
        wide = 100 * n / max(1, most)
        drawn.append(f'<rect class="f-{kind}" x="{x:.2f}" width="{wide:.2f}" height="10"/>')
        x += wide
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(drawn)}</svg>"
    )


def grouped(n: int) -> str:
    """1 234 567, with spaces that do not break."""
    return f"{n:,}".replace(",", "\u202f")
