"""Exported logs as CSV, for a spreadsheet: cells, or, for a case, one row a record.

A spreadsheet takes a cell that begins with = + - @ for a formula and would run it; such text gets
an apostrophe before it. CSV holds no signatures, so it can't be verified.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from scanner.core.chain import signed_links
from scanner.core.tallies import told_records
from scanner.logs.lines import line_of_cell, line_of_record
from scanner.logs.moments import iso_day
from scanner.logs.volume import Volume, Wish, minute_of

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\u2212")
CELLS = (
    "device", "checkpoint", "date", "begins (UTC)", "about", "outcome", "reason", "after", "count",
    "told",
)  # fmt: skip
RECORDS = (
    "device", "checkpoint", "date", "seq", "at (UTC)", "outcome", "reason", "after", "issuer",
    "clock", "flags", "list version",
)  # fmt: skip


def csv_chunks(wish: Wish, volumes: Iterable[Volume]) -> Iterator[bytes]:
    """Records where a case was named, else cells; with a mark of UTF-8, for spreadsheets' sake."""
    yield "\ufeff".encode()
    if wish.case:
        yield _line(RECORDS)
        for volume in volumes:
            yield from map(_line, _records(volume, wish))
    else:
        yield _line(CELLS)
        for volume in volumes:
            yield from map(_line, _cells(volume))


def _cells(volume: Volume) -> Iterator[Sequence[object]]:
    for cell in volume.cells:
        line = line_of_cell(cell)
        yield (
            line.device, line.checkpoint, line.date, line.begins, line.span, line.outcome,
            line.reason, line.after, line.n if cell.is_told else "", line.told,
        )  # fmt: skip


def _records(volume: Volume, wish: Wish) -> Iterator[Sequence[object]]:
    """Those of the range and the outcome; here a part of a segment may stand."""
    links, _ = signed_links(volume.log)
    for segment, seq, _, kind in told_records(volume.log.records, links):
        body = volume.log.records[seq]
        is_in = wish.since <= minute_of(body) < wish.until
        if not is_in or wish.outcome not in (None, kind.outcome):
            continue
        line, after = line_of_record(seq, body), "" if kind.of is None else kind.of.name
        yield (
            segment.device.hex(), segment.checkpoint, iso_day(segment.day), seq, line.at,
            line.outcome, line.reason, after, line.issuer, line.clock, " ".join(line.flags),
            line.list_version,
        )  # fmt: skip


def _line(values: Sequence[object]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([_safe(value) for value in values])
    return out.getvalue().encode()


def _safe(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
