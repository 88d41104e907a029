"""The table in README.md, printed from the manifest's lines."""

from __future__ import annotations

from sample_codes.lines import LINES, Line

BEGIN, END = "<!-- lines: printed by make_samples -->", "<!-- end of lines -->"


def fill_table(readme: str) -> str:
    """The README with its table printed anew between the two marks."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{_table()}{END}{after}"


def _table() -> str:
    rows = ["| at | frame | outcome | reason | what it is |", "|---|---|---|---|---|"]
    rows += [_row(line) for line in LINES]
    return "\n".join(rows) + "\n"


def _row(line: Line) -> str:
    noticed = "".join(f", {notice.name}" for notice in line.notices)
    outcome = f"{line.outcome.name}{noticed}"
    frame = f"[{line.shot}]({line.shot}.png)"
    return f"| {line.at} | {frame} | {outcome} | {line.reason.name} | {line.note} |"
