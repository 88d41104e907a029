"""The report: one HTML file that needs no network, no script and no other file.

The same page is for a screen, a phone and paper. Every number in it is a sum of told rows.
"""

from __future__ import annotations

from html import escape
from zoneinfo import ZoneInfo

from scanner.core.findings import Finding
from scanner.core.reasons import Outcome
from scanner.logs.charts import grouped
from scanner.logs.fleet import devices, events, not_recorded, reading_times
from scanner.logs.health import within_ms
from scanner.logs.said import clock
from scanner.logs.scans import by_hand, checkpoints, outcomes_and_reasons, over_time
from scanner.logs.style import css
from scanner.logs.summary import Summary
from scanner.logs.verify import joined, said

# Nothing is fetched from anywhere, whatever this file might come to contain.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_NONE = "none, or too few to tell"
_TICK = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><circle class="f-admit" cx="12" cy="12" r="12"/>'
    '<polyline points="6,12.5 10.5,17 18,7.5" fill="none" stroke="#fff" stroke-width="3"/></svg>'
)
_CROSS = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path class="f-refuse"'
    ' d="M7 0h10l7 7v10l-7 7H7l-7-7V7z"/><path d="M7 7l10 10M17 7L7 17" stroke="#fff"'
    ' stroke-width="3"/></svg>'
)


def page(summary: Summary, zone: ZoneInfo) -> str:
    """The whole file; `zone` is where the devices stand."""
    title = f"Scan log report, {_range(summary, zone)}"
    body = (
        f"{_seal(summary)}{_cards(summary)}{over_time(summary, zone)}"
        f"{outcomes_and_reasons(summary)}{checkpoints(summary)}{by_hand(summary)}"
        f"{devices(summary, zone)}{reading_times(summary)}{not_recorded(summary)}"
        f"{events(summary, zone)}{_proof(summary)}"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{css()}</style></head><body>"
        f"{_header(summary, zone)}<main>{body}</main>{_footer(summary, zone)}</body></html>\n"
    )


def _range(summary: Summary, zone: ZoneInfo) -> str:
    if not summary.trails:
        return "no devices"
    first = min(trail.health.first for trail in summary.trails)
    last = max(trail.health.last for trail in summary.trails)
    since = max(first, min(heading.wish.since for heading in summary.headings))
    until = min(last, max(heading.wish.until for heading in summary.headings))
    return f"{clock(since, zone)} to {clock(max(since, until), zone)}"


def _header(summary: Summary, zone: ZoneInfo) -> str:
    places = sorted({name for trail in summary.trails for name in trail.checkpoints})
    n = len({trail.device for trail in summary.trails})
    where = f"{n} device{'s' * (n != 1)} at {', '.join(places[:6])}"
    more = f" and {len(places) - 6} more" if len(places) > 6 else ""
    return (
        f'<header><h1>Scan log report</h1><p class="range">{escape(_range(summary, zone))}'
        f" ({escape(str(zone))})<br>{escape(where + more)}</p>{_warnings(summary)}</header>"
    )


def _warnings(summary: Summary) -> str:
    lines = []
    if summary.is_raw:
        cases = ", ".join(sorted({heading.wish.case for heading in summary.headings}))
        lines.append(
            f"Case {cases}: groups of fewer than five are shown. Keep this page with the case."
        )
    if any(heading.is_selection for heading in summary.headings):
        lines.append("The counts are a choice from another export, which nobody has signed.")
    if any(trail.health.is_simulated for trail in summary.trails):
        lines.append("SIMULATED: records of a device without camera or lamps.")
    return "".join(f'<p class="warn">{escape(line)}</p>' for line in lines)


def _seal(summary: Summary) -> str:
    if summary.is_sound:
        n = len(summary.trails)
        logs = "The log is" if n == 1 else f"All {n} logs are"
        return (
            f'<div class="seal">{_TICK}<p><b>Nothing is missing.</b> {logs} whole: every segment is'
            " signed by its device and follows the one before.</p></div>"
        )
    bad = sum(not trail.is_sound for trail in summary.trails) + bool(summary.faults)
    return (
        f'<div class="seal wrong">{_CROSS}<p><b class="alarm">Not whole.</b> Something is missing,'
        f" cut off or forged in {bad} place{'s' * (bad != 1)};"
        ' see <a href="#proof">what was checked</a>. The counts may be wrong.</p></div>'
    )


def _cards(summary: Summary) -> str:
    found = summary.counts.outcomes
    scans = sum(n for outcome, n in found.items() if outcome is not Outcome.BY_HAND)
    histogram = [sum(column) for column in zip(*_histograms(summary), strict=True)]
    within = within_ms(histogram, 0.95)
    cards = [
        _card("Scans", grouped(scans), _left_out(summary)),
        _outcome("Admitted", "admit", found[Outcome.ADMIT], scans),
        _outcome("Refused", "refuse", found[Outcome.REFUSE], scans),
        _outcome("Undecided", "undecided", found[Outcome.UNDECIDED], scans),
        _by_hand(found[Outcome.BY_HAND]),
        _card(
            "Frame to lamp",
            "\u2013" if within is None else f"{grouped(within)} ms",
            "95 % of the scans within",
        ),
    ]
    return f'<ul class="cards">{"".join(cards)}</ul>'


def _histograms(summary: Summary) -> list[list[int]]:
    return [trail.health.histogram for trail in summary.trails]


def _left_out(summary: Summary) -> str:
    counts = summary.counts
    parts = []
    if counts.few:
        parts.append(f"and fewer than five on each of {counts.few} days")
    if counts.later:
        parts.append("the rest of today is told tomorrow")
    return "; ".join(parts) or "all that were recorded"


def _outcome(name: str, kind: str, n: int, scans: int) -> str:
    if not n:
        return _card(name, "\u2013", _NONE)
    return _card(name, grouped(n), f"{100 * n / scans:.1f} % of the scans", kind)


def _by_hand(n: int) -> str:
    if not n:
        return _card("Decided by hand", "\u2013", _NONE)
    return _card("Decided by hand", grouped(n), "after a scan", "by-hand")


def _card(name: str, figure: str, words: str, kind: str = "") -> str:
    return (
        f'<li><h3>{name}</h3><div class="figure {kind}">{figure}</div><p>{escape(words)}</p></li>'
    )


def _proof(summary: Summary) -> str:
    rows = "".join(
        f'<tr><th scope="row" class="code">{trail.device.hex()}<br>epoch {trail.epoch.hex()}</th>'
        f"<td>{escape(', '.join(trail.checkpoints))}</td><td>{_found(trail.findings)}</td></tr>"
        for trail in summary.trails
    )
    faults = "".join(f'<p class="alarm">{escape(said(finding))}</p>' for finding in summary.faults)
    return (
        '<section aria-labelledby="proof"><h2 id="proof">What was checked</h2>'
        "<p>Each device signs its records in segments, and each segment names the one before it."
        " Whoever has the file can check this again with <code>scanner logs verify</code>.</p>"
        f'{faults}<table class="stack"><thead><tr><th scope="col">Device</th>'
        f'<th scope="col">Checkpoint</th><th scope="col">Found</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></section>"
    )


def _found(findings: tuple[Finding, ...]) -> str:
    lines = [
        f'<div class="{"" if each.state.is_sound else "alarm"}">{escape(said(each))}</div>'
        for each in list(joined(findings))[:12]
    ]
    more = len(list(joined(findings))) - 12
    return "".join(lines) + (f"<div>and {more} more</div>" if more > 0 else "") or "no records"


def _footer(summary: Summary, zone: ZoneInfo) -> str:
    fewer = (
        "Every record counts here, for the case named above."
        if summary.is_raw
        else "A group of fewer than five is never shown by itself: it is counted in the rest of its"
        " hour or day, and where that is too small, only said to be there. So hours may add up to"
        " less than their day."
    )
    return (
        f"<footer><p>{fewer} Times are those of {escape(str(zone))}. Records hold no names, no"
        " passes and no pictures. Made by <code>scanner logs report</code>.</p></footer>"
    )
