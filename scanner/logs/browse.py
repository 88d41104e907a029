"""Exported logs merged into one SQLite file for people, and datasette to look at it."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.core.cells import LEAST
from scanner.core.chain import Watch
from scanner.core.errors import LogError
from scanner.core.signed_log import device_of
from scanner.core.tallies import told_records
from scanner.logs.dashboards import metadata
from scanner.logs.files import Book
from scanner.logs.health import Health, health_of, within_ms
from scanner.logs.lines import line_of_cell, line_of_record
from scanner.logs.moments import iso, iso_day
from scanner.logs.said import event_words
from scanner.logs.verify import Checked, check_book

_SILENT_MIN = 30
_SCHEMA = (
    "CREATE TABLE file (id INTEGER PRIMARY KEY, name TEXT, source TEXT, since TEXT, until TEXT,"
    " case_number TEXT, supervisor TEXT, time_zone TEXT, is_sound INTEGER)",
    "CREATE TABLE device_log (id INTEGER PRIMARY KEY, file_id INTEGER REFERENCES file (id),"
    " device TEXT, epoch TEXT, checkpoint TEXT, first_heard TEXT, last_heard TEXT,"
    " is_sound INTEGER)",
    "CREATE TABLE finding (file_id INTEGER REFERENCES file (id), log_id INTEGER REFERENCES"
    " device_log (id), state TEXT, what TEXT, first INTEGER, last INTEGER, detail TEXT)",
    "CREATE TABLE cell (log_id INTEGER REFERENCES device_log (id), device TEXT, checkpoint TEXT,"
    " date TEXT, span TEXT, begins TEXT, outcome TEXT, reason TEXT, after TEXT, n INTEGER,"
    " told TEXT)",
    "CREATE TABLE record (log_id INTEGER REFERENCES device_log (id), checkpoint TEXT, date TEXT,"
    " seq INTEGER, at TEXT, outcome TEXT, reason TEXT, after TEXT, issuer INTEGER, clock TEXT,"
    " flags TEXT, list_version INTEGER)",
    "CREATE TABLE hour (log_id INTEGER REFERENCES device_log (id), begins TEXT,"
    " amber_minutes INTEGER, starts INTEGER, unclean_starts INTEGER, p95_ms INTEGER)",
    "CREATE TABLE silence (log_id INTEGER REFERENCES device_log (id), begins TEXT, ends TEXT,"
    " minutes INTEGER, why TEXT)",
    "CREATE TABLE counted (log_id INTEGER REFERENCES device_log (id), name TEXT, n INTEGER)",
    "CREATE TABLE event (log_id INTEGER REFERENCES device_log (id), at TEXT, what TEXT,"
    " words TEXT)",
    "CREATE INDEX cell_when ON cell (begins)",
)


def merge(
    books: Sequence[tuple[Book, Ed25519PublicKey | None]], out: Path, watch: Watch = iter
) -> bool:
    """Check each file and write all into `out`; whether nothing is missing. Raises LogError.

    `out` is replaced when all is there.
    """
    passing = out.with_name(f"{out.name}.part")
    try:
        passing.unlink(missing_ok=True)
        with closing(sqlite3.connect(passing)) as db:
            for statement in _SCHEMA:
                db.execute(statement)
            sound = [
                _add_book(db, number, *book, watch) for number, book in enumerate(books, start=1)
            ]
            db.commit()
        passing.replace(out)
        return all(sound)
    except (OSError, sqlite3.Error, OverflowError) as error:
        raise LogError(f"{out} cannot be written ({error}). Name another place.") from None
    finally:
        passing.unlink(missing_ok=True)


def _add_book(
    db: sqlite3.Connection, number: int, book: Book, key: Ed25519PublicKey | None, watch: Watch
) -> bool:
    is_sound = True
    for checked in check_book(book, key, watch):
        is_sound &= checked.is_sound
        log_id = _add_log(db, number, checked) if checked.volume.log.public else None
        _insert(db, "finding", _findings(number, log_id, checked))
        if log_id is not None and checked.links:
            _add_rows(db, log_id, book, checked)
    wish = book.heading.wish
    row = (
        number, Path(book.name).name, book.heading.source.value, iso(wish.since), iso(wish.until),
        wish.case, book.heading.supervisor, book.heading.zone, is_sound,
    )  # fmt: skip
    _insert(db, "file", [row])
    return is_sound


def _add_log(db: sqlite3.Connection, number: int, checked: Checked) -> int | None:
    log, links = checked.volume.log, checked.links
    places = ", ".join(sorted({link.segment.checkpoint for link in links}))
    heard = [iso(link.segment.minute) for link in links] or [""]
    row = (
        None, number, device_of(log.public).hex(), log.epoch.hex(), places, heard[0], heard[-1],
        checked.is_sound,
    )  # fmt: skip
    return db.execute(f"INSERT INTO device_log VALUES ({_marks(row)})", row).lastrowid


def _findings(number: int, log_id: int | None, checked: Checked) -> Iterator[Sequence[object]]:
    for finding in checked.findings:
        what = "segments" if finding.is_segments else "records"
        yield (
            number, log_id, finding.state.value, what, _within(finding.first),
            _within(finding.last), finding.detail,
        )  # fmt: skip


def _within(n: int) -> int:
    """A forged file may name numbers that no database holds."""
    return max(0, min(n, 2**63 - 1))


def _add_rows(db: sqlite3.Connection, log_id: int, book: Book, checked: Checked) -> None:
    segments = [link.segment for link in checked.links]
    health = health_of(segments, book.heading.wish, _SILENT_MIN)
    _insert(db, "cell", _cells(log_id, checked))
    _insert(db, "record", _records(log_id, checked))
    _insert(db, "hour", _hours(log_id, health))
    _insert(
        db, "silence",
        ((log_id, iso(each.since), iso(each.until), each.until - each.since, each.why.value)
         for each in health.quiet),
    )  # fmt: skip
    _insert(
        db, "counted",
        ((log_id, name, n if n >= LEAST else None) for name, n in health.counters.items()),
    )  # fmt: skip
    _insert(
        db, "event",
        ((log_id, iso(minute), event.body.WHAT, event_words(event))
         for minute, event in health.events),
    )  # fmt: skip


def _cells(log_id: int, checked: Checked) -> Iterator[Sequence[object]]:
    for cell in checked.volume.cells:
        line = line_of_cell(cell)
        yield (
            log_id, line.device, line.checkpoint, line.date, line.span, line.begins, line.outcome,
            line.reason, line.after, line.n or None, line.told,
        )  # fmt: skip


def _records(log_id: int, checked: Checked) -> Iterator[Sequence[object]]:
    records = checked.volume.log.records
    for segment, seq, _, kind in told_records(records, checked.links):
        line, after = line_of_record(seq, records[seq]), kind.of.name if kind.of else ""
        yield (
            log_id, segment.checkpoint, iso_day(segment.day), seq, line.at, line.outcome,
            line.reason, after, line.issuer, line.clock, " ".join(line.flags), line.list_version,
        )  # fmt: skip


def _hours(log_id: int, health: Health) -> Iterator[Sequence[object]]:
    """No number of readings: only what was within how many milliseconds, from five up."""
    for minute in sorted({*health.amber, *health.starts, *health.readings}):
        readings = health.readings.get(minute, [])
        within = within_ms(readings, 0.95) if sum(readings) >= LEAST else None
        yield (
            log_id, iso(minute), health.amber[minute], health.starts[minute],
            health.unclean[minute], within,
        )  # fmt: skip


def _insert(db: sqlite3.Connection, table: str, rows: Iterable[Sequence[object]]) -> None:
    for row in rows:
        db.execute(f"INSERT INTO {table} VALUES ({_marks(row)})", row)


def _marks(row: Sequence[object]) -> str:
    return ", ".join("?" * len(row))


def write_dashboards(database: Path) -> Path:
    """Beside the database; returns where. Raises LogError."""
    path = database.with_suffix(".metadata.json")
    try:
        text = json.dumps(metadata(database.stem), indent=2, ensure_ascii=False)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise LogError(
            f"{path} cannot be written ({error.strerror}). Name another place."
        ) from None
    return path


def serve(database: Path, dashboards: Path, host: str, port: int) -> None:
    """Until Ctrl-C. Raises LogError where datasette is not installed."""
    if importlib.util.find_spec("datasette") is None:
        raise LogError(
            "Datasette is not installed. Run: pip install 'checkpoint-scanner[logs]', or open "
            f"{database} with another program (--no-serve)."
        )
    command = [
        sys.executable, "-m", "datasette", "serve", "--immutable", str(database),
        "--metadata", str(dashboards), "--host", host, "--port", str(port),
        "--setting", "num_sql_threads", "2",
    ]  # fmt: skip
    with suppress(KeyboardInterrupt):
        subprocess.run(command, check=False)
