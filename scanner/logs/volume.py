"""An exported log as a value: what was asked for, and device by device what there is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum

from scanner.core.cells import Cell, Span, cells_of, digest_of
from scanner.core.chain import Link, Watch
from scanner.core.errors import LogError
from scanner.core.events import Event, Export, Folded
from scanner.core.findings import bodies
from scanner.core.hashing import sha256
from scanner.core.logbook import DeviceLog
from scanner.core.reasons import Outcome
from scanner.core.segment import read_segment
from scanner.core.tallies import LAST_MINUTE


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. Minutes since 1970, `until` not included; outcome None: all.

    case: the number of the case that single records are for, "" for cells alone.
    """

    since: int = 0
    until: int = LAST_MINUTE
    outcome: Outcome | None = None
    case: str = ""


class Source(Enum):
    """What a log was taken from; FOLDER: it is read where the device keeps it."""

    DEVICE = "device"
    CENTRAL = "central"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Heading:
    """What a file says about itself; only what stands in the chain as well is proved.

    nonce: hex, as in the event of the chain. zone: where the devices stand (IANA). is_selection:
    cells that were chosen from those of another file.
    """

    nonce: str
    wish: Wish
    source: Source
    zone: str = "UTC"
    supervisor: str = ""
    is_selection: bool = False


@dataclass(frozen=True, slots=True)
class Volume:
    """One device and epoch: its log, and the cells that are given of it."""

    log: DeviceLog
    cells: tuple[Cell, ...]


def volume_of(log: DeviceLog, wish: Wish, watch: Watch = iter) -> Volume:
    """What may be given of a whole log: cells, and single records only for a case.

    The log is the giver's own, or was checked when it was taken: no signature is checked again.
    """
    links = links_of(log, watch)
    cells = tuple(chosen(cells_of(log, links), wish, links))
    return Volume(given_for(log, links, wish), cells)


def links_of(log: DeviceLog, watch: Watch = iter) -> list[Link]:
    """The segments as they say themselves; those that cannot be read are left to `verify`."""
    links = []
    for signed in watch(log.segments):
        with suppress(LogError):
            links.append(Link(read_segment(signed), signed))
    return links


def given_for(log: DeviceLog, links: Sequence[Link], wish: Wish) -> DeviceLog:
    """The log with those of its records that may be given.

    Whole segments, and what was kept of a folded day as a whole: a part of either can't be checked.
    """
    records = dict(_records(log, links, wish)) if wish.case else {}
    has_records = log.has_records and bool(wish.case) and len(records) == len(log.records)
    return replace(log, records=records, has_records=has_records, given_seq=0)


def _records(log: DeviceLog, links: Sequence[Link], wish: Wish) -> Iterator[tuple[int, bytes]]:
    seqs = sorted(log.records)

    def within(first: int, last: int) -> list[int]:
        return seqs[bisect_left(seqs, first) : bisect_right(seqs, last)]

    groups = [within(link.segment.first_seq, link.segment.next_seq - 1) for link in links]
    for fold in bodies(links, Folded):
        kept = within(fold.first, fold.last)
        if len(kept) <= fold.last - fold.first:
            groups.append(kept)
    for group in groups:
        if any(wish.since <= minute_of(log.records[seq]) < wish.until for seq in group):
            yield from ((seq, log.records[seq]) for seq in group)


def chosen(cells: Iterable[Cell], wish: Wish, links: Sequence[Link]) -> Iterator[Cell]:
    """Whole rows whose time overlaps the range.

    They are rows of whole days, cut to nothing else: or two exports of almost the same time would
    differ by a few people. A row of the day is in when the device was on at some time of the range.
    """
    spans: dict[int, tuple[int, int]] = {}
    for link in links:
        day, minute = link.segment.day, link.segment.minute
        first, last = spans.get(day, (minute, minute))
        spans[day] = min(first, minute), max(last, minute)
    for cell in cells:
        begin, end = _range(cell, spans)
        is_wanted = wish.outcome is None or cell.kind.outcome is wish.outcome
        if begin < wish.until and wish.since < end and is_wanted:
            yield cell


def _range(cell: Cell, spans: dict[int, tuple[int, int]]) -> tuple[int, int]:
    if cell.minute is not None:
        return cell.minute, cell.minute + cell.span
    first, last = spans.get(cell.day, (cell.day * Span.DAY, cell.day * Span.DAY + Span.DAY))
    return first, last + Span.QUARTER


def minute_of(body: bytes) -> int:
    return int.from_bytes(body[4:8], "little")


def ended(log: DeviceLog, nonce: str) -> DeviceLog:
    """The log up to the segment of an export; another log of the device goes as it is.

    What came in after the export was sealed is not of it. Raises LogError for a damaged segment.
    """
    for place in range(len(log.segments) - 1, -1, -1):
        segment = read_segment(log.segments[place])
        if any(_is_export(event, nonce) for event in segment.events):
            return replace(
                log,
                segments=log.segments[: place + 1],
                records={seq: body for seq, body in log.records.items() if seq < segment.next_seq},
                nonce=nonce,
                given_seq=0,
            )
    return log


def _is_export(event: Event, nonce: str) -> bool:
    return isinstance(event.body, Export) and event.body.nonce == nonce


def digest_of_all(volumes: Iterable[Volume]) -> bytes:
    """32 bytes over the cells of a file, as its event in the chain names them."""
    return sha256(b"".join(digest_of(volume.cells) for volume in volumes))
