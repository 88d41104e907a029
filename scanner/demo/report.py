"""The report: one HTML file that needs no network, no script and no other file.

It shows frames, verdicts and lamps; of a pass it knows nothing but the verdict.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from scanner.core.reasons import Outcome, SignalName
from scanner.core.signal import SIGNALS, Shape
from scanner.core.words import Words, notice_line, words
from scanner.demo.figures import bar, lamp_strip, shape_icon
from scanner.demo.lines import beeps
from scanner.demo.style import css
from scanner.demo.tally import Tally, tally

if TYPE_CHECKING:
    from scanner.demo.journey import Shown
    from scanner.demo.pen import Picture
    from scanner.demo.show import Show

_BADGE = '<strong class="simulated">SIMULATED</strong>'
_WEBP_QUALITY = 60
_COLUMNS = ("Frame", "Lamps and buzzer", "Verdict", "What the officer reads", "Expected", "Time")
# Nothing is fetched from anywhere, whatever this file might come to contain.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_report(show: Show, thumbnails: Sequence[Picture], path: Path) -> None:
    """One thumbnail a line, uint8 [H, W, 3] BGR. Replaces what was at `path`. Raises OSError."""
    path.write_text(report(show, thumbnails), encoding="utf-8")


def report(show: Show, thumbnails: Sequence[Picture]) -> str:
    """The whole page."""
    counted = tally(show.shown)
    title = "SIMULATED: phones before a checkpoint scanner"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{css()}</style></head><body>"
        f"{_header()}<main>{_summary(show, counted)}{_mismatches(show.shown)}"
        f"{_bars(counted)}{_frames(show.shown, thumbnails)}</main>{_footer()}</body></html>\n"
    )


def _header() -> str:
    return (
        f"<header>{_BADGE}<h1>Phones before a checkpoint scanner</h1>"
        "<p>Only the camera, the clock and the GPIO chip were simulated. Loop, rules, reader,"
        " lamp patterns and stores are the ones that ship.</p></header>"
    )


def _section(name: str, title: str, body: str) -> str:
    return (
        f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(title)} {_BADGE}</h2>'
        f"{body}</section>"
    )


def _summary(show: Show, counted: Tally) -> str:
    outcomes = ", ".join(f"{n} {outcome.name}" for outcome, n in counted.outcomes.items())
    kept = ", ".join(f"{name} {n}" for name, n in show.counters.items()) or "none"
    verdicts = "all as in the manifest" if not counted.wrong else f"{counted.wrong} NOT as expected"
    cards = (
        _card("Verdicts", f"{counted.right} of {counted.lines}", verdicts, counted.wrong > 0),
        _card("Outcomes", f"{len(counted.reasons)} reasons", outcomes),
        _card(
            "Frame to lamp",
            f"{counted.median_ms:.1f} ms",
            f"median (p50); 95 % within {counted.p95_ms:.1f} ms (p95). Times of this machine,"
            " not of a Raspberry Pi.",
        ),
        _card("Records", f"{show.records} kept", f"16 bytes each; counted only: {kept}"),
    )
    return _section("summary", "Summary", f'<ul class="cards">{"".join(cards)}</ul>')


def _card(name: str, figure: str, said: str, is_wrong: bool = False) -> str:
    kind, alarm = (' class="wrong"', "\u2717 WRONG: ") if is_wrong else ("", "")
    return (
        f'<li{kind}><h3>{name}</h3><div class="figure">{escape(figure)}</div>'
        f"<p>{alarm}{escape(said)}</p></li>"
    )


def _mismatches(shown: Sequence[Shown]) -> str:
    """Links to the lines that went wrong; nothing when none did."""
    links = "".join(
        f'<li><a href="#line-{number}">{escape(one.line.file)}</a>:'
        f" {_wanted(one)}, {_got(one)}</li>"
        for number, one in enumerate(shown, start=1)
        if not one.is_as_expected
    )
    return _section("wrong", "Not as expected", f"<ul>{links}</ul>") if links else ""


def _bars(counted: Tally) -> str:
    outcomes = [(one.name, _kind(one), n) for one, n in counted.outcomes.items()]
    reasons = [(one.name, _kind(one.outcome), n) for one, n in counted.reasons.items()]
    both = _bar_table("Outcomes", outcomes) + _bar_table("Reasons", reasons)
    return _section("counts", "Outcomes and reasons", f'<div class="two">{both}</div>')


def _bar_table(title: str, rows: Sequence[tuple[str, str, int]]) -> str:
    most = max((n for _, _, n in rows), default=1)
    body = "".join(
        f'<tr><th scope="row" class="{kind}">{name}</th><td>{n}</td>'
        f"<td>{bar(n / most, kind)}</td></tr>"
        for name, kind, n in rows
    )
    return f'<table class="bars"><caption>{title}, lines of the demo</caption>{body}</table>'


def _frames(shown: Sequence[Shown], thumbnails: Sequence[Picture]) -> str:
    # Roles are spelled out: on a phone rows are laid out as cards, and some browsers then forget
    # that this is a table.
    heads = "".join(f'<th scope="col" role="columnheader">{name}</th>' for name in _COLUMNS)
    rows = "".join(
        _row(number, one, picture)
        for number, (one, picture) in enumerate(zip(shown, thumbnails, strict=True), start=1)
    )
    said = (
        "One row a line of the manifest, in its order. Lamps as the recorded pins had them; a"
        " short wink of both lamps means that the scanner is ready."
    )
    table = (
        f'<table class="frames" role="table"><caption>{said}</caption>'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table>'
    )
    return _section("frames", "All frames", table)


def _row(number: int, shown: Shown, thumbnail: Picture) -> str:
    kind = "" if shown.is_as_expected else ' class="wrong"'
    took = "\u2013" if shown.lamp_ms is None else f"{shown.lamp_ms:.1f} ms"
    cells = (
        lamp_strip(shown) + f'<div class="small">Buzzer: {escape(_sounds(shown))}</div>',
        _verdict(shown),
        _read(shown),
        _expected(shown),
        f'{_label("Frame to lamp")}<span class="number">{took}</span>',
    )
    row = "".join(f'<td role="cell">{cell}</td>' for cell in cells)
    frame = f'<th scope="row" role="rowheader">{_frame(shown, thumbnail)}</th>'
    return f'<tr id="line-{number}" role="row"{kind}>{frame}{row}</tr>'


def _label(name: str) -> str:
    """Stands for the head of the column where there are no columns."""
    return f'<span class="label">{name}: </span>'


def _frame(shown: Shown, thumbnail: Picture) -> str:
    line, at = shown.line, datetime.fromisoformat(shown.line.at)
    height, width = thumbnail.shape[:2]
    return (
        f'<img src="{_embedded(thumbnail)}" width="{width}" height="{height}" loading="lazy"'
        f' alt="Frame {escape(line.file)}: {escape(line.note)}">'
        f'<div class="file">{escape(line.file)}</div>'
        f'<div class="small"><time datetime="{escape(line.at)}">{at:%d.%m.%Y %H:%M}</time></div>'
        f'<div class="small">{escape(line.note)}</div>'
    )


def _embedded(thumbnail: Picture) -> str:
    _, webp = cv2.imencode(".webp", thumbnail, [cv2.IMWRITE_WEBP_QUALITY, _WEBP_QUALITY])
    return "data:image/webp;base64," + b64encode(webp.tobytes()).decode()


def _verdict(shown: Shown) -> str:
    kind = _kind(shown.outcome)
    shape = SIGNALS[shown.shown].shape if shown.shown else Shape.NONE
    word = shown.word or ("(ready)" if shown.shown is SignalName.READY else "(nothing)")
    return (
        f'<div class="word {kind}">{shape_icon(shape, kind)}{escape(word)}</div>'
        f"<div>{shown.outcome.name}</div>"
    )


def _read(shown: Shown) -> str:
    told = _told(shown)
    return (
        f'<div class="reason">{shown.reason.name}</div><div>{escape(told.line)}</div>'
        f'<div class="small">{escape(told.do)}</div>{_notices(shown)}'
    )


def _told(shown: Shown) -> Words:
    """Without a verdict the screen shows what the signal says to do."""
    if shown.scan is None and shown.shown is not None:
        return Words("Nothing was decided.", SIGNALS[shown.shown].do)
    return words(shown.reason)


def _notices(shown: Shown) -> str:
    seen_min = shown.scan.verdict.seen_min if shown.scan else None
    return "".join(
        f'<span class="notice">{escape(notice_line(notice, seen_min=seen_min))}</span>'
        for notice in shown.notices
    )


def _expected(shown: Shown) -> str:
    if shown.is_as_expected:
        return '<span class="admit">\u2713</span> as expected'
    both = f"<div>{_wanted(shown)},</div><div>{_got(shown)}</div>"
    return f'<div class="alarm">\u2717 WRONG</div>{both}'


def _wanted(shown: Shown) -> str:
    return f"expected {_joined(shown.line.outcome, shown.line.reason, shown.line.notices)}"


def _got(shown: Shown) -> str:
    notices = (notice.name for notice in shown.notices)
    return f"got {_joined(shown.outcome.name, shown.reason.name, notices)}"


def _joined(outcome: str, reason: str, notices: Iterable[str]) -> str:
    return escape(" ".join([outcome, reason, *notices]))


def _sounds(shown: Shown) -> str:
    return beeps(shown).replace(" x ", " \u00d7 ") if shown.beeps_ms else "silent"


def _kind(outcome: Outcome) -> str:
    """The class of an outcome in the style sheet."""
    return outcome.name.lower().replace("_", "-")


def _footer() -> str:
    return (
        f"<footer><p>{_BADGE} Made by <code>scanner demo</code>. Lamps and word tell the verdict;"
        " colours only repeat it.</p></footer>"
    )
