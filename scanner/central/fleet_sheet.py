"""The sheet of a box of devices: which are done, which are not and why; to print and sign off."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime

from scanner.central.fleet_stick import Stand, summary

_WORDS = {
    "done": "done",
    "answered": "plug in again",
    "asked": "take the stick to the city",
    "waiting": "plug in",
    "reason": "see reason",
}
_STYLE = """
@page{margin:12mm}
body{font:10.5pt/1.35 system-ui,sans-serif;color:#000;background:#fff;margin:1rem}
h1{font-size:16pt;margin:0 0 .3rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;
 border-bottom:1px solid #999}
tr{break-inside:avoid}
thead{display:table-header-group}
.serial{font-family:monospace;white-space:nowrap}
.reason td{font-weight:600}
"""


def sheet_lines(found: Sequence[Stand]) -> list[str]:
    """For a terminal: one line a board that is not done, then the count."""
    open_ = [stand for stand in found if stand.state != "done"]
    lines = [f"{each.name:<32}  {each.serial:<16}  {_said(each)}" for each in open_]
    return [*lines, summary(found)]


def sheet_page(found: Sequence[Stand], now: datetime) -> str:
    """HTML for printing."""
    rows = "\n".join(
        f'<tr class="{each.state}"><td>{html.escape(each.name)}</td><td class="serial">'
        f"{html.escape(each.serial)}</td><td>{html.escape(_said(each))}</td></tr>"
        for each in found
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sheet</title>'
        f"<style>{_STYLE}</style></head><body><h1>{summary(found)}</h1>"
        f"<p>{now:%Y-%m-%d %H:%M}Z</p><table><thead><tr><th>checkpoint</th><th>board</th>"
        f"<th>what to do</th></tr></thead><tbody>\n{rows}\n</tbody></table></body></html>\n"
    )


def _said(stand: Stand) -> str:
    return stand.words or _WORDS[stand.state]
