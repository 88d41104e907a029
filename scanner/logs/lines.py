"""The lines of an exported file: what stands in each, and back again.

A file begins with one `export` line. Then come, for each device and epoch, one `log` line, its
`segment` lines as they were signed, its `record` lines if there are any, and its `cell` lines.
Readable members of a record are told anew from its 16 bytes when it is read: a file in which they
say something else is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from scanner.core.cells import Cell, Span
from scanner.core.errors import LogError
from scanner.core.logbook import DeviceLog
from scanner.core.reasons import Outcome, Reason
from scanner.core.record import RECORD_BYTES, RecordFlag, unpack
from scanner.core.tallies import Kind, Place
from scanner.logs.moments import day_of, iso, iso_day, minute_of
from scanner.logs.volume import Heading, Source, Wish

VERSION = 1
Told = Literal["exact", "fewer than 5", "when the day is over"]
TOLD: Final = "exact"
FEW: Final = "fewer than 5"
LATER: Final = "when the day is over"
_SPANS = {"quarter": Span.QUARTER, "hour": Span.HOUR, "day": Span.DAY}
_SPAN_NAMES = {span: name for name, span in _SPANS.items()}


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="what"):
    pass


class ExportLine(_Line, frozen=True, tag="export"):
    """See `Heading`."""

    version: int
    nonce: str
    since: str
    until: str
    outcome: str
    case: str
    source: str
    zone: str
    supervisor: str
    is_selection: bool


class LogLine(_Line, frozen=True, tag="log"):
    """See `DeviceLog`; bytes in base64."""

    device: str
    public: bytes
    epoch: bytes
    has_records: bool
    receipt: bytes
    start: bytes
    nonce: str
    given_seq: int


class SegmentLine(_Line, frozen=True, tag="segment"):
    """As the device has signed it."""

    signed: bytes


class RecordLine(_Line, frozen=True, tag="record"):
    """body: 16 bytes, hex; the rest says what stands in it."""

    seq: int
    body: str
    at: str
    outcome: str
    reason: str
    issuer: int
    clock: str
    flags: list[str]
    list_version: int


class CellLine(_Line, frozen=True, tag="cell"):
    """See `Cell`; "" stands for what is not told apart."""

    device: str
    checkpoint: str
    date: str
    span: str
    begins: str
    outcome: str
    reason: str
    after: str
    n: int
    told: Told


Line = ExportLine | LogLine | SegmentLine | RecordLine | CellLine


def line_of_heading(heading: Heading) -> ExportLine:
    wish = heading.wish
    return ExportLine(
        version=VERSION,
        nonce=heading.nonce,
        since=iso(wish.since),
        until=iso(wish.until),
        outcome="" if wish.outcome is None else wish.outcome.name,
        case=wish.case,
        source=heading.source.value,
        zone=heading.zone,
        supervisor=heading.supervisor,
        is_selection=heading.is_selection,
    )


def heading_of(line: ExportLine) -> Heading:
    """Raises LogError."""
    if line.version != VERSION:
        raise LogError("This file was written by a newer release. Update the scanner.")
    if line.source not in (Source.DEVICE.value, Source.CENTRAL.value):
        raise LogError("This file does not say what it was taken from. Export the log again.")
    return Heading(
        nonce=line.nonce,
        wish=Wish(minute_of(line.since), minute_of(line.until), _outcome(line.outcome), line.case),
        source=Source(line.source),
        zone=line.zone,
        supervisor=line.supervisor,
        is_selection=line.is_selection,
    )


def line_of_log(log: DeviceLog, device: bytes) -> LogLine:
    return LogLine(
        device.hex(), log.public, log.epoch, log.has_records, log.receipt, log.start, log.nonce,
        log.given_seq,
    )  # fmt: skip


def log_of(
    line: LogLine, segments: Sequence[bytes], records: Iterable[tuple[int, bytes]]
) -> DeviceLog:
    """Raises LogError where one seq stands twice."""
    by_seq: dict[int, bytes] = {}
    for seq, body in records:
        if seq in by_seq:
            raise LogError(f"Record {seq} is there twice. Export the log again.")
        by_seq[seq] = body
    return DeviceLog(
        public=line.public,
        epoch=line.epoch,
        segments=tuple(segments),
        records=by_seq,
        has_records=line.has_records,
        receipt=line.receipt,
        start=line.start,
        nonce=line.nonce,
        given_seq=line.given_seq,
    )


def line_of_record(seq: int, body: bytes) -> RecordLine:
    """Codes of a newer release stand as numbers."""
    try:
        _, record = unpack(body)
    except ValueError:
        outcome, reason = (str(code) for code in body[8:10])
        return RecordLine(seq, body.hex(), "", outcome, reason, 0, "", [], 0)
    flags = [flag.name or "" for flag in RecordFlag if record.flags & flag]
    return RecordLine(
        seq, body.hex(), iso(record.minute), record.outcome.name, record.reason.name,
        record.issuer_no, "ABC?"[record.flags & 3], flags, record.list_version,
    )  # fmt: skip


def record_of(line: RecordLine) -> tuple[int, bytes]:
    """Raises LogError where a line says otherwise than its own bytes."""
    try:
        body = bytes.fromhex(line.body)
    except ValueError:
        body = b""
    if len(body) != RECORD_BYTES or line_of_record(line.seq, body) != line:
        raise LogError(
            f"The line of record {line.seq} says otherwise than its bytes: the file was changed. "
            "Export the log again."
        )
    return line.seq, body


def line_of_cell(cell: Cell) -> CellLine:
    kind = cell.kind
    return CellLine(
        device=cell.place.device.hex(),
        checkpoint=cell.place.checkpoint,
        date=iso_day(cell.day),
        span=_SPAN_NAMES[cell.span],
        begins="" if cell.minute is None else iso(cell.minute),
        outcome="" if kind.outcome is None else kind.outcome.name,
        reason="" if kind.reason is None else kind.reason.name,
        after="" if kind.of is None else kind.of.name,
        n=cell.n,
        told=told(cell),
    )


def told(cell: Cell) -> Told:
    """How far a count is told."""
    if cell.is_told:
        return TOLD
    return FEW if cell.is_over else LATER


def cell_of(line: CellLine) -> Cell:
    """Raises LogError."""
    try:
        place = Place(bytes.fromhex(line.device), line.checkpoint)
        span = _SPANS[line.span]
    except (ValueError, KeyError):
        raise LogError("A cell of the file is not of its form. Export the log again.") from None
    cell = Cell(
        place=place,
        day=day_of(line.date),
        minute=minute_of(line.begins) if line.begins else None,
        span=span,
        kind=Kind(_outcome(line.outcome), _reason(line.reason), _reason(line.after)),
        n=line.n,
        is_over=line.told != LATER,
    )
    if not 0 <= cell.n < 2**63 or line_of_cell(cell) != line:
        raise LogError("A cell of the file is not of its form. Export the log again.")
    return cell


def _outcome(name: str) -> Outcome | None:
    if name and name not in Outcome.__members__:
        raise LogError(f"The file names an unknown outcome, {name[:20]!r}. Update the scanner.")
    return Outcome[name] if name else None


def _reason(name: str) -> Reason | None:
    if name and name not in Reason.__members__:
        raise LogError(f"The file names an unknown reason, {name[:20]!r}. Update the scanner.")
    return Reason[name] if name else None
