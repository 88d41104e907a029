"""Exported logs as an SQLite file: one table for each kind of line, in the columns of the line."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar

import msgspec

from scanner.core.errors import LogError
from scanner.core.signed_log import device_of
from scanner.logs.lines import (
    CellLine,
    ExportLine,
    LogLine,
    RecordLine,
    SegmentLine,
    cell_of,
    heading_of,
    line_of_cell,
    line_of_heading,
    line_of_log,
    line_of_record,
    log_of,
    record_of,
)
from scanner.logs.volume import Heading, Volume

L = TypeVar("L", bound=msgspec.Struct)

_LINES: dict[str, type[msgspec.Struct]] = {
    "export": ExportLine, "log": LogLine, "segment": SegmentLine, "record": RecordLine,
    "cell": CellLine,
}  # fmt: skip
_TYPES = {int: "INTEGER", bool: "INTEGER", bytes: "BLOB"}


def _columns(line: type[msgspec.Struct]) -> list[tuple[str, str]]:
    return [(field.name, _TYPES.get(field.type, "TEXT")) for field in _fields(line)]


def schema() -> Iterator[str]:
    """Each table with the log that its rows are of; `log` is told by its id."""
    for table, line in _LINES.items():
        key = {"export": "", "log": "id INTEGER PRIMARY KEY, "}.get(table, "log_id INTEGER, ")
        columns = ", ".join(f'"{name}" {kind}' for name, kind in _columns(line))
        yield f"CREATE TABLE {table} ({key}{columns})"
    yield "CREATE INDEX segment_of ON segment (log_id)"
    yield "CREATE INDEX record_of ON record (log_id, seq)"
    yield "CREATE INDEX cell_of ON cell (log_id)"


def write_tables(db: sqlite3.Connection, heading: Heading, volumes: Iterable[Volume]) -> None:
    """Into an empty database. Raises sqlite3.Error."""
    for statement in schema():
        db.execute(statement)
    _insert(db, "export", [_row(line_of_heading(heading))])
    for number, volume in enumerate(volumes, start=1):
        add_volume(db, number, volume)
    db.commit()


def add_volume(db: sqlite3.Connection, number: int, volume: Volume) -> None:
    """The rows of one device and epoch. Raises sqlite3.Error."""
    log, own = volume.log, (number,)
    _insert(db, "log", [own + _row(line_of_log(log, device_of(log.public)))])
    _insert(db, "segment", (own + _row(SegmentLine(signed)) for signed in log.segments))
    records = (line_of_record(seq, body) for seq, body in sorted(log.records.items()))
    _insert(db, "record", (own + _row(line) for line in records))
    _insert(db, "cell", (own + _row(line_of_cell(cell)) for cell in volume.cells))


def _row(line: msgspec.Struct) -> tuple[object, ...]:
    values = msgspec.structs.astuple(line)
    return tuple(" ".join(value) if isinstance(value, list) else value for value in values)


def _insert(db: sqlite3.Connection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    columns = len(_columns(_LINES[table])) + (table != "export")
    db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})", rows)


def read_heading(db: sqlite3.Connection) -> Heading:
    """Raises LogError."""
    with _translated():
        kinds = dict(db.execute("SELECT name, type FROM sqlite_schema"))
        if any(kinds.get(table) != "table" for table in _LINES):
            raise LogError("This database is no export of scan logs. Name an exported file.")
        for values in _select(db, "export", ""):
            return heading_of(_line(ExportLine, values))
    raise LogError("This export says nothing of itself. Export the log again.")


def read_volumes(db: sqlite3.Connection) -> Iterator[Volume]:
    """Raises LogError."""
    with _translated():
        numbers = [number for (number,) in db.execute("SELECT id FROM log ORDER BY id")]
    for number in numbers:
        with _translated():
            yield _read_volume(db, number)


def _read_volume(db: sqlite3.Connection, number: int) -> Volume:
    (values,) = _select(db, "log", "WHERE id = ?", number)
    of = "WHERE log_id = ? ORDER BY rowid"
    segments = tuple(_line(SegmentLine, row).signed for row in _select(db, "segment", of, number))
    records = [record_of(_line(RecordLine, row)) for row in _select(db, "record", of, number)]
    cells = tuple(cell_of(_line(CellLine, row)) for row in _select(db, "cell", of, number))
    return Volume(log_of(_line(LogLine, values), segments, records), cells)


def _select(
    db: sqlite3.Connection, table: str, where: str, *values: int
) -> Iterator[dict[str, object]]:
    names = [name for name, _ in _columns(_LINES[table])]
    columns = ", ".join(f'"{name}"' for name in names)
    for row in db.execute(f"SELECT {columns} FROM {table} {where}", values):
        yield dict(zip(names, row, strict=True))


def _line(form: type[L], values: dict[str, object]) -> L:
    """As the line that a text file would have. Raises LogError."""
    plain = {field.name: _plain(field.type, values[field.name]) for field in _fields(form)}
    try:
        return msgspec.convert(plain, form, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise LogError(f"A row of the file is not of its form ({error}).") from None


def _plain(kind: object, value: object) -> object:
    if kind is bool and value in (0, 1):
        return bool(value)
    if kind == list[str] and isinstance(value, str):
        return value.split()
    return value


@lru_cache
def _fields(form: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Kept: to work them out takes ten times as long as to read a row by them."""
    return msgspec.structs.fields(form)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OverflowError) as error:
        raise LogError(f"The file is damaged ({error}). Copy or export it again.") from None
