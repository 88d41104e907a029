"""Sections of the report about scans: when, with which outcome, why, where, decided how by hand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from html import escape
from zoneinfo import ZoneInfo

from scanner.core.reasons import Outcome, Reason
from scanner.core.tallies import Place
from scanner.logs.charts import Column, bar, columns, grouped, heat, stacked_bar
from scanner.logs.moments import iso_day
from scanner.logs.said import KIND, OUTCOMES, SCANS, local, reason_words
from scanner.logs.summary import Summary

# More hours than this are shown as days and as hours of the day; more days, the last ones.
_MOST_HOURS, _MOST_DAYS = 72, 62
_MOST_ROWS = 60


def section(name: str, title: str, body: str, *, is_whole: bool = False) -> str:
    """is_whole: kept on one page of paper."""
    kind = ' class="whole"' if is_whole else ""
    return (
        f'<section{kind} aria-labelledby="{name}"><h2 id="{name}">{escape(title)}</h2>{body}'
        "</section>"
    )


def legend(shown: Sequence[tuple[Outcome | None, str, str]]) -> str:
    items = "".join(f'<li class="s-{kind}">{escape(name)}</li>' for _, kind, name in shown)
    return f'<ul class="legend">{items}</ul>'


def over_time(summary: Summary, zone: ZoneInfo) -> str:
    """By the hour, or for longer ranges by the day and by the hour of the day."""
    counts = summary.counts
    hours = sorted({minute for minute, _ in counts.hours})
    if not counts.days:
        return section("time", "Scans an hour", '<p class="nothing">Nothing can be told.</p>')
    used = [each for each in SCANS if counts.outcomes[each[0]]]
    if hours and (hours[-1] - hours[0]) // 60 < _MOST_HOURS:
        shown = [_hour(summary, minute, zone) for minute in range(hours[0], hours[-1] + 60, 60)]
        chart = legend(used) + columns("Scans an hour, by outcome", with_days(shown), "scans")
        return section("time", "Scans an hour", chart + _by_the_day(summary), is_whole=True)
    chart = legend(used) + columns("Scans a day, by outcome", _days(summary), "scans")
    return section("time", "Scans a day", chart, is_whole=True) + _hours_of_day(summary, zone)


def _by_the_day(summary: Summary) -> str:
    n = summary.counts.by_the_day
    if not n:
        return ""
    return (
        f'<p class="small">{grouped(n)} more records were too few in their hour to be shown by it;'
        " they are counted in the days and in every other number of this page.</p>"
    )


def _hour(summary: Summary, minute: int, zone: ZoneInfo) -> Column:
    at = local(minute, zone)
    parts = tuple((kind, summary.counts.hours[(minute, outcome)]) for outcome, kind, _ in SCANS)
    return hour_column(at, parts)


def hour_column(at: datetime, parts: tuple[tuple[str, int], ...]) -> Column:
    return Column(f"{at:%d.%m. %H:%M}", f"{at:%H}", parts, f"{at:%a %d.%m.}")


def with_days(shown: Sequence[Column]) -> list[Column]:
    """The day stands below its first hour alone."""
    before, found = "", []
    for column in shown:
        found.append(replace(column, below="" if column.below == before else column.below))
        before = column.below
    return found


def _days(summary: Summary) -> list[Column]:
    counts = summary.counts
    days = sorted({day for day, _ in counts.days})[-_MOST_DAYS:]
    if days[-1] - days[0] < _MOST_DAYS:
        days = list(range(days[0], days[-1] + 1))
    found, month = [], ""
    for day in days:
        at = date.fromisoformat(iso_day(day))
        parts = tuple((kind, counts.days[(day, outcome)]) for outcome, kind, _ in SCANS)
        below = f"{at:%B %Y}" if f"{at:%B %Y}" != month else ""
        month = f"{at:%B %Y}"
        found.append(Column(f"{at:%a %d.%m.%Y}", f"{at:%d}", parts, below))
    return found


def _hours_of_day(summary: Summary, zone: ZoneInfo) -> str:
    rows: defaultdict[date, list[int | None]] = defaultdict(lambda: [None] * 24)
    for (minute, outcome), n in summary.counts.hours.items():
        if outcome is not Outcome.BY_HAND:
            at = local(minute, zone)
            row = rows[at.date()]
            row[at.hour] = (row[at.hour] or 0) + n
    if not rows:
        return ""
    shown = [(f"{day:%a %d.%m.%Y}", rows[day]) for day in sorted(rows)[-_MOST_DAYS:]]
    chart = heat("Scans by day and hour of the day; darker is more", shown)
    words = '<p class="small">Darker is more; an empty field has nothing that can be told.</p>'
    return section("hours", "Hours of the day", chart + words + _by_the_day(summary))


def outcomes_and_reasons(summary: Summary) -> str:
    found = summary.counts.outcomes
    most = max(found.values(), default=1)
    outcomes = "".join(
        f'<tr><th scope="row" class="{kind}">{name}</th><td class="n">{grouped(found[outcome])}'
        f"</td><td>{bar(found[outcome] / most, kind)}</td></tr>"
        for outcome, kind, name in OUTCOMES
        if found[outcome]
    )
    caption = "<caption>Records by outcome</caption>"
    table = f'<table class="bars">{caption}<tbody>{outcomes}</tbody></table>'
    return section("outcomes", "Outcomes and reasons", table + _reasons(summary))


def _reasons(summary: Summary) -> str:
    found = [
        (key, n) for key, n in summary.counts.reasons.most_common()
        if key[0] not in (Outcome.ADMIT, Outcome.BY_HAND)
    ]  # fmt: skip
    if not found:
        return '<p class="nothing">No refusals and no doubts that can be told.</p>'
    most = max(n for _, n in found)
    rows = []
    for (outcome, reason), n in found:
        name, words = reason_words(outcome, reason)
        kind = KIND[outcome]
        code = f'<br><span class="code {kind}">{name}</span>' if name else ""
        rows.append(
            f'<tr><th scope="row">{escape(words)}{code}</th><td class="n">{grouped(n)}</td>'
            f"<td>{bar(n / most, kind)}</td></tr>"
        )
    return (
        "<table><caption>Why passes were refused, or could not be decided</caption>"
        '<thead><tr><th scope="col">What the officer read</th><th scope="col" class="n">Scans</th>'
        '<th scope="col" style="width:34%"></th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def checkpoints(summary: Summary) -> str:
    by_name: defaultdict[str, Counter[Outcome | None]] = defaultdict(Counter)
    for (place, outcome), n in summary.counts.places.items():
        by_name[place.checkpoint][outcome] += n
    ranked = sorted(by_name, key=lambda name: (-_scans(by_name[name]), name))
    most = max((_scans(found) for found in by_name.values()), default=1)
    rows = "".join(_checkpoint(name, by_name[name], most) for name in ranked[:_MOST_ROWS])
    more = len(ranked) - _MOST_ROWS
    note = f'<p class="small">and {more} more checkpoints with fewer scans</p>' if more > 0 else ""
    heads = "".join(
        f'<th scope="col" class="n">{name}</th>' for name in ("Scans", "Refused", "Undecided")
    )
    return section(
        "checkpoints", "Checkpoints",
        f'<table class="stack"><thead><tr><th scope="col">Checkpoint</th>{heads}'
        f'<th scope="col" style="width:30%">Outcomes</th></tr></thead><tbody>{rows}</tbody></table>'
        f"{note}",
    )  # fmt: skip


def _scans(found: Counter[Outcome | None]) -> int:
    return sum(n for outcome, n in found.items() if outcome is not Outcome.BY_HAND)


def _checkpoint(name: str, found: Counter[Outcome | None], most: int) -> str:
    scans = _scans(found)
    shares = "".join(
        f'<td class="n" data-label="{label}">{_with_share(found[outcome], scans)}</td>'
        for outcome, label in ((Outcome.REFUSE, "Refused"), (Outcome.UNDECIDED, "Undecided"))
    )
    parts = [(kind, found[outcome]) for outcome, kind, _ in SCANS]
    return (
        f'<tr><th scope="row">{escape(name)}</th><td class="n" data-label="Scans">'
        f"{grouped(scans)}</td>{shares}<td>{stacked_bar(parts, most)}</td></tr>"
    )


def _with_share(n: int, scans: int) -> str:
    return f"{grouped(n)} ({100 * n / scans:.0f} %)" if n else "\u2013"


def by_hand(summary: Summary) -> str:
    """Per reason, then per device: what officers did where the scanner refused or doubted."""
    found = summary.counts.by_hand
    if not found:
        words = "No decision by hand can be told: there were none, or fewer than five."
        return section("by-hand", "Decided by hand", f'<p class="nothing">{words}</p>')
    reasons: defaultdict[Reason | None, Counter[Reason | None]] = defaultdict(Counter)
    devices: defaultdict[Place, Counter[Reason | None]] = defaultdict(Counter)
    for (place, of, decision), n in found.items():
        reasons[of][decision] += n
        devices[place][decision] += n
    by_reason = [
        (_follows(of), row)
        for of, row in sorted(reasons.items(), key=lambda pair: -sum(pair[1].values()))
    ]
    by_device = [
        (f'{escape(place.checkpoint)}<br><span class="code">{place.device.hex()}</span>', row)
        for place, row in sorted(devices.items(), key=lambda pair: -sum(pair[1].values()))
    ]
    tables = _decisions("After", by_reason) + _decisions("Device", by_device[:_MOST_ROWS])
    words = (
        "<p>What officers decided where the scanner refused or doubted, or they themselves did.</p>"
    )
    return section("by-hand", "Decided by hand", f'{words}<div class="two">{tables}</div>')


def _follows(of: Reason | None) -> str:
    if of is None:
        return "reasons not told apart"
    return f'{escape(reason_words(None, of)[1])}<br><span class="code">{of.name}</span>'


def _decisions(head: str, rows: Sequence[tuple[str, Counter[Reason | None]]]) -> str:
    decisions = (
        (Reason.LET_THROUGH, "Let through"),
        (Reason.HOLDER_MISMATCH, "Not the holder"),
        (None, "Not told apart"),
    )
    used = [each for each in decisions if any(row[each[0]] for _, row in rows)]
    heads = "".join(f'<th scope="col" class="n">{name}</th>' for _, name in used)
    body = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(
            f'<td class="n" data-label="{label}">{_or_dash(row[decision])}</td>'
            for decision, label in used
        )
        + "</tr>"
        for name, row in rows
    )
    return (
        f'<table class="stack"><thead><tr><th scope="col">{head}</th>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _or_dash(n: int) -> str:
    return grouped(n) if n else "\u2013"
