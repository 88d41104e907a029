"""Sections of the report about devices: heartbeats, starts, doubts, reading times, log events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from html import escape
from zoneinfo import ZoneInfo

from scanner.logs.charts import Column, columns, grouped
from scanner.logs.health import Health, coarse, within_ms
from scanner.logs.said import clock, event_words, local
from scanner.logs.scans import hour_column, section, with_days
from scanner.logs.summary import Summary, Trail

_MOST_HOURS, _MOST_LINES = 72, 40
_COUNTED = {
    "MALFORMED": "Codes that are no proper pass",
    "TOO_LARGE": "Codes too long for a pass",
    "FORGED": "Passes with a wrong signature",
    "NOT_A_PASS": "Codes that are something else",
    "SPECIMEN": "Training passes",
    "REGIME_ENDED": "Scans after the end of the regime",
    "UNREADABLE": "Codes that could not be read",
}


def devices(summary: Summary, zone: ZoneInfo) -> str:
    """One row a device and epoch; then when it doubted, died or fell silent."""
    heads = "".join(
        f'<th scope="col" class="n">{name}</th>'
        for name in ("Amber minutes", "Starts", "Unclean", "95 % within", "Last heard")
    )
    rows = "".join(_device(trail, zone) for trail in summary.trails)
    table = (
        '<table class="stack"><thead><tr><th scope="col">Device</th>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )
    words = (
        '<p class="small">Amber minute: more than a fifth of the scans of ten minutes were'
        " undecided. Unclean start: the device had lost power or crashed before.</p>"
    )
    charts = (
        f'<div class="two pair">{_by_hour(summary, zone, _AMBER)}'
        f"{_by_hour(summary, zone, _UNCLEAN)}</div>"
    )
    return section("devices", "Devices", table + words + charts + _silences(summary, zone))


def _device(trail: Trail, zone: ZoneInfo) -> str:
    health = trail.health
    within = within_ms(health.histogram, 0.95)
    unclean = sum(health.unclean.values())
    cells = (
        ("Amber minutes", grouped(sum(health.amber.values())), ""),
        ("Starts", grouped(sum(health.starts.values())), ""),
        ("Unclean", grouped(unclean), "alarm" if unclean else ""),
        ("95 % within", "\u2013" if within is None else f"{grouped(within)} ms", ""),
        ("Last heard", clock(health.last, zone), ""),
    )
    row = "".join(
        f'<td class="n {kind}" data-label="{name}">{value}</td>' for name, value, kind in cells
    )
    places = escape(", ".join(trail.checkpoints))
    return (
        f'<tr><th scope="row">{places}<br><span class="code">{trail.device.hex()}</span></th>'
        f"{row}</tr>"
    )


@dataclass(frozen=True, slots=True)
class _Chart:
    """What of `Health` is drawn by the hour."""

    of: Callable[[Health], Counter[int]]
    title: str
    kind: str


_AMBER = _Chart(lambda health: health.amber, "Amber minutes", "undecided")
_UNCLEAN = _Chart(lambda health: health.unclean, "Unclean starts", "refuse")


def _by_hour(summary: Summary, zone: ZoneInfo, chart: _Chart) -> str:
    """All devices together; longer ranges by the day."""
    total: Counter[int] = Counter()
    for trail in summary.trails:
        total.update(chart.of(trail.health))
    hours = sorted(minute for minute, n in total.items() if n)
    if not hours:
        return ""
    every, shown = "an hour", []
    if hours[-1] - hours[0] < _MOST_HOURS * 60:
        last = max(hours[-1] + 60, hours[0] + 12 * 60)  # or one column would stand alone
        for minute in range(hours[0], last, 60):
            shown.append(hour_column(local(minute, zone), ((chart.kind, total[minute]),)))
    else:
        every, shown = "a day", _days(total, zone, chart.kind)
    title = f"{chart.title} {every}, all devices"
    drawn = columns(title, with_days(shown), chart.title.lower(), is_low=True)
    return f'<div class="whole"><h3>{title}</h3>{drawn}</div>'


def _days(total: Counter[int], zone: ZoneInfo, kind: str) -> list[Column]:
    """From the first to the last on which there was one."""
    by_day: Counter[date] = Counter()
    for minute, n in total.items():
        by_day[local(minute, zone).date()] += n
    days = sorted(day for day, n in by_day.items() if n)
    return [
        Column(f"{day:%d.%m.%Y}", f"{day:%d}", ((kind, by_day[day]),), f"{day:%B %Y}")
        for day in days
    ]


def _silences(summary: Summary, zone: ZoneInfo) -> str:
    quiet = sorted(
        ((each, trail) for trail in summary.trails for each in trail.health.quiet),
        key=lambda pair: (pair[0].since, pair[1].device),
    )
    if not quiet:
        return '<p class="good">No device was silent for too long.</p>'
    rows = "".join(
        f'<tr><th scope="row">{escape(", ".join(trail.checkpoints))}<br>'
        f'<span class="code">{trail.device.hex()}</span></th>'
        f'<td data-label="From">{clock(each.since, zone)}</td>'
        f'<td data-label="To">{clock(each.until, zone)}</td>'
        f'<td class="n" data-label="Hours">{(each.until - each.since) / 60:.1f}</td>'
        f"<td>{each.why.value}</td></tr>"
        for each, trail in quiet[:_MOST_LINES]
    )
    more = f'<p class="small">and {len(quiet) - _MOST_LINES} more</p>'
    return (
        '<table class="stack"><caption>Silent for too long: no heartbeat</caption><thead><tr>'
        '<th scope="col">Device</th><th scope="col">From</th><th scope="col">To</th>'
        '<th scope="col" class="n">Hours</th><th scope="col">It</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>{more if len(quiet) > _MOST_LINES else ''}"
    )


def reading_times(summary: Summary) -> str:
    """From the camera's frame to the lamp, all devices together."""
    histogram = [
        sum(column)
        for column in zip(*(trail.health.histogram for trail in summary.trails), strict=True)
    ]
    if sum(histogram) < summary.least:
        return ""
    # As shares: the number of all scans would say how many were too few to be told.
    told = [round(100 * n / sum(histogram)) for n in coarse(histogram, summary.least)]
    used = [place for place, n in enumerate(told) if n]
    shown = [
        Column(
            f"< {grouped(2 << place)} ms", f"< {_short(2 << place)}", (("by-hand", told[place]),)
        )
        for place in range(max(0, used[0] - 1), min(len(told), used[-1] + 2))
    ]
    half, most = within_ms(histogram, 0.5), within_ms(histogram, 0.95)
    words = (
        f"<p>Half of the scans had their lamp within {grouped(half or 0)} ms, 95 % within"
        f" {grouped(most or 0)} ms. Per cent of the scans; each step is"
        " twice the one before:</p>"
    )
    chart = columns("Scans by time from frame to lamp, in per cent", shown, "% of the scans")
    return section("reading", "Reading times", words + chart, is_whole=True)


def _short(ms: int) -> str:
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:.0f} s"


def not_recorded(summary: Summary) -> str:
    """What takes no record is only counted; fewer than five are said to be so."""
    total: Counter[str] = Counter()
    for trail in summary.trails:
        total.update(trail.health.counters)
    found = [(name, n) for name, n in total.most_common() if n]
    if not found:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(_COUNTED.get(name, name))}</th>'
        f'<td class="n">{grouped(n) if n >= summary.least else "fewer than 5"}</td></tr>'
        for name, n in found
    )
    table = f"<table><tbody>{rows}</tbody></table>"
    words = "<p>Codes that are no pass are counted and not recorded one by one.</p>"
    return section("counted", "Only counted", words + table, is_whole=True)


def events(summary: Summary, zone: ZoneInfo) -> str:
    """Who took records out, what was removed, folded or refused."""
    found = sorted(
        (minute, trail.device.hex(), ", ".join(trail.checkpoints), event_words(event))
        for trail in summary.trails
        for minute, event in trail.health.events
    )
    if not found:
        return ""
    rows = "".join(
        f'<tr><th scope="row" style="white-space:nowrap">{clock(minute, zone)}</th>'
        f'<td>{escape(place)}<br><span class="code">{device}</span></td>'
        f"<td>{escape(words)}</td></tr>"
        for minute, device, place, words in found[-_MOST_LINES:]
    )
    more = len(found) - _MOST_LINES
    note = f'<p class="small">The last {_MOST_LINES} of {len(found)}.</p>' if more > 0 else ""
    table = (
        '<table class="stack"><thead><tr><th scope="col">When</th><th scope="col">Device</th>'
        f'<th scope="col">What</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    return section("events", "What happened to the logs", table + note)
