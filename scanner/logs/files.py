"""Exported files: written whole or not at all, read back without trusting a byte of them."""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

import msgspec

from scanner.core.errors import LogError
from scanner.core.signed_log import device_of
from scanner.logs import age
from scanner.logs.lines import (
    CellLine,
    ExportLine,
    Line,
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
from scanner.logs.sheet import csv_chunks
from scanner.logs.tables import read_heading, read_volumes, write_tables
from scanner.logs.volume import Heading, Volume, Wish

_LONGEST_LINE = 64 * 1024
_SQLITE = b"SQLite format 3\0"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Line).decode


class Format(Enum):
    """CSV is for spreadsheets alone; the other two can be verified."""

    CSV = "csv"
    JSONL = "jsonl"
    SQLITE = "sqlite"


@dataclass(frozen=True, slots=True)
class Book:
    """A file, or a device's folder, to be read as often as needed; one volume at a time."""

    name: str
    heading: Heading
    volumes: Callable[[], Iterator[Volume]]


def write_file(
    out: Path,
    form: Format,
    heading: Heading,
    volumes: Iterable[Volume],
    recipient: str = "",
    sheet: Wish | None = None,
) -> None:
    """In the place of what stood at `out`. With a recipient nothing is ever written in the clear.

    sheet: what a spreadsheet is to show, where that is less than the heading says. Raises LogError.
    """
    passing = out.with_name(f"{out.name}.part")
    chunks = _chunks(form, heading, volumes, sheet or heading.wish)
    try:
        with _created(passing) as file:
            if recipient:
                age.encrypt(chunks, recipient, file)
            else:
                file.writelines(chunks)
        passing.replace(out)
    except (OSError, sqlite3.Error) as error:
        raise LogError(f"{out} cannot be written ({error}). Name another place.") from None
    finally:
        passing.unlink(missing_ok=True)


def check_place(out: Path) -> None:
    """Whether a file can be made there, before anything is noted. Raises LogError."""
    passing = out.with_name(f"{out.name}.part")
    try:
        with _created(passing):
            pass
        passing.unlink()
    except OSError as error:
        raise LogError(f"{out} cannot be written ({error}). Name another place.") from None


@contextmanager
def _created(path: Path) -> Iterator[BinaryIO]:
    """For this user alone, and on the disk when it is closed."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _chunks(
    form: Format, heading: Heading, volumes: Iterable[Volume], sheet: Wish
) -> Iterator[bytes]:
    match form:
        case Format.CSV:
            return csv_chunks(sheet, volumes)
        case Format.JSONL:
            return _lines(heading, volumes)
        case Format.SQLITE:
            return iter([_database(heading, volumes)])


def _lines(heading: Heading, volumes: Iterable[Volume]) -> Iterator[bytes]:
    yield _encode(line_of_heading(heading)) + b"\n"
    for volume in volumes:
        for line in lines_of(volume):
            yield _encode(line) + b"\n"


def lines_of(volume: Volume) -> Iterator[Line]:
    """One device and epoch."""
    log = volume.log
    yield line_of_log(log, device_of(log.public))
    for signed in log.segments:
        yield SegmentLine(signed)
    for seq, body in sorted(log.records.items()):
        yield line_of_record(seq, body)
    for cell in volume.cells:
        yield line_of_cell(cell)


def _database(heading: Heading, volumes: Iterable[Volume]) -> bytes:
    """In memory: what is to be encrypted must not touch the disk before."""
    with closing(sqlite3.connect(":memory:")) as db:
        write_tables(db, heading, volumes)
        return db.serialize()


def open_book(path: Path, identity: Path | None = None) -> Book:
    """Raises LogError for whatever is no export that can be verified."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_SQLITE) + 8)
        raw = None
        if head.startswith(age.HEADS):
            raw = _decrypted(path, identity)
            head = raw[: len(_SQLITE) + 8]
    except OSError as error:
        raise LogError(f"{path} cannot be read ({error.strerror}).") from None
    if head.startswith(_SQLITE):
        return _open_tables(path, raw)
    if head.startswith(b"{"):
        return _open_lines(path, raw)
    raise LogError(
        f"{path} is no export that can be checked. Export as jsonl or sqlite; CSV holds no "
        "signatures."
    )


def _decrypted(path: Path, identity: Path | None) -> bytes:
    if identity is None:
        raise LogError(f"{path} is encrypted. Give the recipient's key with --identity FILE.")
    return age.decrypt(path, identity)


def _open_lines(path: Path, raw: bytes | None) -> Book:
    def opened() -> BinaryIO:
        return path.open("rb") if raw is None else io.BytesIO(raw)

    def volumes() -> Iterator[Volume]:
        with _readable(path), opened() as file:
            lines = _read_lines(file)
            next(lines)
            yield from _volumes(lines)

    with _readable(path), opened() as file:
        first = next(_read_lines(file), None)
        if not isinstance(first, ExportLine):
            raise LogError(f"{path} does not begin as an export does. Export the log again.")
        return Book(str(path), heading_of(first), volumes)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LogError(f"{path} cannot be read ({error.strerror}).") from None


def _read_lines(file: BinaryIO) -> Iterator[Line]:
    number = 0
    while raw := file.readline(_LONGEST_LINE + 1):
        number += 1
        if not raw.endswith(b"\n"):
            raise LogError(f"Line {number} is cut off or too long. Copy or export the file again.")
        try:
            yield _decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise LogError(
                f"Line {number} is damaged ({error}). Copy or export the file again."
            ) from None


def _volumes(lines: Iterator[Line]) -> Iterator[Volume]:
    """Each log with what follows it."""
    head: LogLine | None = None
    segments: list[bytes] = []
    records: list[tuple[int, bytes]] = []
    cells: list[CellLine] = []
    for line in lines:
        match line:
            case LogLine():
                if head is not None:
                    yield _volume(head, segments, records, cells)
                head, segments, records, cells = line, [], [], []
            case SegmentLine():
                segments.append(line.signed)
            case RecordLine():
                records.append(record_of(line))
            case CellLine():
                cells.append(line)
            case ExportLine():
                raise LogError("Two exports stand in one file. Give each a file of its own.")
        if head is None:
            raise LogError("A line belongs to no log. Export the log again.")
    if head is not None:
        yield _volume(head, segments, records, cells)


def _volume(
    head: LogLine,
    segments: list[bytes],
    records: list[tuple[int, bytes]],
    cells: list[CellLine],
) -> Volume:
    return Volume(log_of(head, segments, records), tuple(map(cell_of, cells)))


def _open_tables(path: Path, raw: bytes | None) -> Book:
    @contextmanager
    def opened() -> Iterator[sqlite3.Connection]:
        with closing(_connect(path, raw)) as db:
            yield db

    def volumes() -> Iterator[Volume]:
        with opened() as db:
            yield from read_volumes(db)

    with opened() as db:
        return Book(str(path), read_heading(db), volumes)


def _connect(path: Path, raw: bytes | None) -> sqlite3.Connection:
    """Read only; nothing that stands in the file is run."""
    if raw is None:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    else:
        db = sqlite3.connect(":memory:")
        db.deserialize(raw)
    db.execute("PRAGMA trusted_schema=OFF")
    return db
