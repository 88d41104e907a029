"""Check the log of a device without the device: what is intact, missing, cut off, forged.

Every segment is signed, names the one before by its hash, and seals its records by a Merkle root.
So an edit, a deletion, a swap, a replay and a fork all show. Who holds the device's key can rewrite
what no server has receipted; nothing here can show that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.core.errors import LogError
from scanner.core.events import Export, Folded, Retired
from scanner.core.logbook import DeviceLog
from scanner.core.merkle import merkle_root
from scanner.core.receipt import Receipt
from scanner.core.segment import NO_LINK, Segment, is_sealed, link_of, read_segment
from scanner.core.signed_log import Statement, device_of, is_signed_by, public_key

T = TypeVar("T", Folded, Retired)


class State(Enum):
    """What became of a stretch of the log. The first five are as they should be."""

    INTACT = "intact"
    ACCOUNTED = "accounted"  # sealed; the records themselves are not in this source
    FOLDED = "folded"  # the device says so, signed: counts in place of records
    RETIRED = "retired"  # the device says so, signed: removed when their time was over
    OPEN = "open"  # the newest records of a running device, not sealed yet
    MISSING = "missing"
    CUT = "cut"
    FORGED = "forged"

    @property
    def is_sound(self) -> bool:
        return self not in (State.MISSING, State.CUT, State.FORGED)


@dataclass(frozen=True, slots=True)
class Finding:
    """About records `first` to `last` by seq, or, where `is_segments`, about segments by number."""

    state: State
    first: int
    last: int
    detail: str = ""
    is_segments: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A segment that its device has signed, beside the bytes that were signed."""

    segment: Segment
    signed: bytes


def check_log(
    log: DeviceLog, receipt: Receipt | None = None, start: Receipt | None = None
) -> list[Finding]:
    """Everything there is to say, in the order of the log; total, for any log.

    receipt, start: `log.receipt` and `log.start`, already verified: the server's word for where it
    has been, and for what lies before the first segment.
    """
    try:
        key = public_key(log.public)
    except LogError as error:
        return [Finding(State.FORGED, 0, 0, str(error), is_segments=True)]
    findings: list[Finding] = []
    links = list(_signed_links(log, key, findings))
    findings += _check_start(links, [each for each in (receipt, start) if each is not None])
    findings += _check_order(links)
    findings += _check_records(log, links)
    findings += _check_end(log, links, receipt)
    return findings


def is_sound(findings: Iterable[Finding]) -> bool:
    """Whether nothing is missing, cut or forged."""
    return all(finding.state.is_sound for finding in findings)


def _signed_links(log: DeviceLog, key: Ed25519PublicKey, findings: list[Finding]) -> Iterator[Link]:
    """Those that this device has signed for this epoch, one for each number."""
    device, seen = device_of(log.public), dict[int, bytes]()
    for signed in log.segments:
        try:
            segment = read_segment(signed)
            is_signed = is_signed_by(key, signed, Statement.SEGMENT)
        except LogError as error:
            findings.append(Finding(State.FORGED, 0, 0, str(error), is_segments=True))
            continue
        what = ""
        if not is_signed:
            what = "not signed by this device"
        elif (segment.device, segment.epoch) != (device, log.epoch):
            what = "of another device or epoch"
        elif segment.number in seen:
            what = "there twice" if seen[segment.number] == signed else "two of one number"
        if what:
            number = segment.number
            findings.append(Finding(State.FORGED, number, number, what, is_segments=True))
            continue
        seen[segment.number] = signed
        yield Link(segment, signed)


def _check_start(links: list[Link], receipts: list[Receipt]) -> Iterator[Finding]:
    """The first segment of all is number 1, or hangs on what was taken away in order."""
    if not links:
        yield Finding(State.CUT, 1, 1, "there are no segments", is_segments=True)
        return
    first = links[0].segment
    if first.number == 1:
        if first.previous != NO_LINK or first.first_seq != 1:
            yield Finding(State.FORGED, 1, 1, "a first segment follows nothing", is_segments=True)
        return
    before = (first.number - 1, first.first_seq - 1, first.previous)
    if before in [(receipt.segment, receipt.seq, receipt.link) for receipt in receipts]:
        yield Finding(State.RETIRED, 1, before[1], "the server has receipted them")
        return
    for retired in _bodies(links, Retired):
        if (retired.segment, retired.seq, retired.link) == before:
            words = "receipted by the server" if retired.is_receipted else "never receipted"
            yield Finding(State.RETIRED, 1, before[1], words)
            return
    yield Finding(State.MISSING, 1, before[0], "the beginning is not there", is_segments=True)


def _check_order(links: list[Link]) -> Iterator[Finding]:
    for before, link in pairwise(links):
        old, new = before.segment, link.segment
        if new.number > old.number + 1:
            gap = (old.number + 1, new.number - 1)
            yield Finding(State.MISSING, *gap, "segments are not there", is_segments=True)
        elif new.number <= old.number:
            yield Finding(State.FORGED, new.number, new.number, "out of order", is_segments=True)
        elif new.previous != link_of(before.signed):
            words = "does not follow the one before"
            yield Finding(State.FORGED, new.number, new.number, words, is_segments=True)
        elif new.first_seq > old.next_seq:
            yield Finding(State.MISSING, old.next_seq, new.first_seq - 1, "never sealed")
        elif new.first_seq < old.next_seq:
            words = "seals records of the one before"
            yield Finding(State.FORGED, new.number, new.number, words, is_segments=True)


def _check_records(log: DeviceLog, links: list[Link]) -> Iterator[Finding]:
    folds = list(_bodies(links, Folded))
    for link in links:
        segment = link.segment
        if not segment.count:
            continue
        span = range(segment.first_seq, segment.next_seq)
        yield from _check_span(log, segment, span, _fold_over(folds, span))
    yield from _check_folds(log, folds)


def _fold_over(folds: list[Folded], span: range) -> Folded | None:
    """The last one counts: what was kept at first may have been folded later."""
    covering = [fold for fold in folds if fold.first <= span[0] and span[-1] <= fold.last]
    return covering[-1] if covering else None


def _check_span(
    log: DeviceLog, segment: Segment, span: range, fold: Folded | None
) -> Iterator[Finding]:
    first, last = span[0], span[-1]
    records = [log.records[seq] for seq in span if seq in log.records]
    if len(records) == segment.count:
        is_right = is_sealed(segment, records) and _are_in_place(records, span)
        yield Finding(State.INTACT if is_right else State.FORGED, first, last,
                      "" if is_right else "not what was sealed")  # fmt: skip
    elif fold is not None:
        yield Finding(State.FOLDED, first, last, f"counts of day {fold.day} in their place")
    elif not log.has_records:
        yield Finding(State.ACCOUNTED, first, last, "sealed; not in this source")
    else:
        for begin, end in _runs(seq for seq in span if seq not in log.records):
            yield Finding(State.MISSING, begin, end, f"of segment {segment.number}")


def _check_folds(log: DeviceLog, folds: list[Folded]) -> Iterator[Finding]:
    """What stays of a folded stretch is sealed by the fold."""
    for place, fold in enumerate(folds):
        span = range(fold.first, fold.last + 1)
        is_replaced = any(
            later.first <= fold.first and fold.last <= later.last for later in folds[place + 1 :]
        )
        if is_replaced or not log.has_records:
            continue
        kept = [log.records[seq] for seq in span if seq in log.records]
        if len(kept) == len(span):
            continue  # a source that has the records from before they were folded
        if len(kept) != fold.kept or merkle_root(kept) != fold.root:
            yield Finding(State.FORGED, fold.first, fold.last, "not what the fold has kept")


def _check_end(log: DeviceLog, links: list[Link], receipt: Receipt | None) -> Iterator[Finding]:
    if not links:
        return
    last = links[-1].segment
    if receipt is not None and receipt.segment > last.number:
        gap = (last.number + 1, receipt.segment)
        yield Finding(State.CUT, *gap, "the server has receipted more", is_segments=True)
    if log.nonce and not _ends_with_export(last, log.nonce):
        number = last.number + 1
        yield Finding(State.CUT, number, number, "the export's own segment is not there",
                      is_segments=True)  # fmt: skip
    yield from _check_open(log, links)


def _check_open(log: DeviceLog, links: list[Link]) -> Iterator[Finding]:
    """Records that no segment seals: the newest of a device that runs, a forgery elsewhere."""
    next_seq = links[-1].segment.next_seq
    spans = [(link.segment.first_seq, link.segment.next_seq - 1) for link in links]
    spans += [(fold.first, fold.last) for fold in _bodies(links, Folded)]
    loose = list(_outside(spans, sorted(log.records)))
    is_over = bool(log.nonce)  # nothing comes after the segment of an export
    for begin, end in _runs(seq for seq in loose if seq < next_seq or is_over):
        yield Finding(State.FORGED, begin, end, "no segment seals them")
    if is_over:
        return
    newest = {seq for seq in loose if seq >= next_seq}
    for begin, end in _runs(sorted(newest)):
        yield Finding(State.OPEN, begin, end, "not sealed yet")
    given = range(next_seq, max(log.given_seq, *newest, next_seq - 1) + 1)
    for begin, end in _runs(seq for seq in given if seq not in newest):
        yield Finding(State.MISSING, begin, end, "written, and not there")


def _outside(spans: list[tuple[int, int]], seqs: list[int]) -> Iterator[int]:
    """Those of the sorted seqs that lie in none of the spans."""
    ahead, reach = iter(sorted(spans)), 0
    begin, end = next(ahead, (None, 0))
    for seq in seqs:
        while begin is not None and begin <= seq:
            reach = max(reach, end)
            begin, end = next(ahead, (None, 0))
        if seq > reach:
            yield seq


def _ends_with_export(segment: Segment, nonce: str) -> bool:
    return any(
        isinstance(event.body, Export) and event.body.nonce == nonce for event in segment.events
    )


def _are_in_place(records: list[bytes], span: range) -> bool:
    """A record carries its own seq."""
    return all(
        int.from_bytes(record[:4], "little") == seq
        for record, seq in zip(records, span, strict=True)
    )


def _bodies(links: list[Link], kind: type[T]) -> Iterator[T]:
    for link in links:
        for event in link.segment.events:
            if isinstance(event.body, kind):
                yield event.body


def _runs(seqs: Iterable[int]) -> Iterator[tuple[int, int]]:
    """1, 2, 3, 7 → (1, 3), (7, 7)."""
    begin = end = None
    for seq in seqs:
        if begin is None or end is None:
            begin = end = seq
        elif seq == end + 1:
            end = seq
        else:
            yield begin, end
            begin = end = seq
    if begin is not None and end is not None:
        yield begin, end
