"""The records of a log against what its segments have sealed; a part of `core/chain.py`."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from scanner.core.events import Folded
from scanner.core.findings import Finding, Link, State, bodies, gaps, runs
from scanner.core.logbook import DeviceLog
from scanner.core.merkle import merkle_root
from scanner.core.segment import Segment, is_sealed


def check_records(log: DeviceLog, links: list[Link]) -> Iterator[Finding]:
    """Segment by segment; then what folds have kept; then records that nothing seals."""
    # What was folded and has gone since, as its time was over, can't be held against the fold.
    folds = [fold for fold in bodies(links, Folded) if fold.last >= links[0].segment.first_seq]
    findings = [
        finding
        for link in links
        if link.segment.count
        for finding in _check_segment(log, link.segment, folds)
    ]
    yield from findings
    seqs = sorted(log.records)
    intact = sorted((each.first, each.last) for each in findings if each.state is State.INTACT)
    yield from _check_folds(log, folds, seqs, intact)
    if links:
        yield from _check_loose(log, links, folds, seqs)


def _check_segment(log: DeviceLog, segment: Segment, folds: list[Folded]) -> Iterator[Finding]:
    span = range(segment.first_seq, segment.next_seq)
    there = [seq for seq in span if seq in log.records]
    if len(there) == segment.count:
        is_right = is_sealed(segment, [log.records[seq] for seq in there]) and all(
            _seq_of(log.records[seq]) == seq for seq in there
        )
        state = State.INTACT if is_right else State.FORGED
        yield Finding(state, span[0], span[-1], "" if is_right else "not what was sealed")
    elif (fold := _fold_over(folds, span)) is not None:
        detail = f"counts of day {fold.day} in their place"
        yield Finding(State.FOLDED, span[0], span[-1], detail)
    elif not log.has_records and not there:
        yield Finding(State.ACCOUNTED, span[0], span[-1], "sealed; not in this source")
    else:
        # A part of a segment proves nothing, so no source gives one.
        for begin, end in gaps(span[0], span[-1], there):
            yield Finding(State.MISSING, begin, end, f"of segment {segment.number}")


def _fold_over(folds: list[Folded], span: range) -> Folded | None:
    """The last one counts: what was kept at first may have been folded later."""
    covering = [fold for fold in folds if fold.first <= span[0] and span[-1] <= fold.last]
    return covering[-1] if covering else None


def _check_folds(
    log: DeviceLog, folds: list[Folded], seqs: list[int], intact: list[tuple[int, int]]
) -> Iterator[Finding]:
    """What stays of a folded stretch is sealed by the fold, or by an earlier one of the same.

    A server may have what a device folded, or folded once more, after it was sent.
    """
    for place, fold in enumerate(folds):
        if any(_covers(later, fold) for later in folds[place + 1 :]):
            continue
        yield from _check_counts(fold)
        there = seqs[bisect_left(seqs, fold.first) : bisect_right(seqs, fold.last)]
        if not there and not log.has_records:
            continue
        if len(there) == fold.last + 1 - fold.first:
            continue  # a source that has the records from before they were folded
        same = [each for each in folds if (each.first, each.last) == (fold.first, fold.last)]
        if not any(_is_kept(log, each, there, intact) for each in same):
            yield Finding(State.FORGED, fold.first, fold.last, "not what the fold has kept")


def _check_counts(fold: Folded) -> Iterator[Finding]:
    """What was lost before it could be folded is in no count, and must not pass for folded."""
    told = fold.kept + sum(cell[-1] for cell in fold.counts)
    there = fold.last + 1 - fold.first
    if told < there:
        words = f"{there - told} of them are in no count"
        yield Finding(State.MISSING, fold.first, fold.last, words)
    elif told > there:
        yield Finding(State.FORGED, fold.first, fold.last, "counts more than there were")


def _is_kept(log: DeviceLog, fold: Folded, there: list[int], intact: list[tuple[int, int]]) -> bool:
    """All of these are what the fold kept, but for what it counted and a whole segment seals."""
    counted = {cell[:3] for cell in fold.counts}
    kept = [
        log.records[seq]
        for seq in there
        if not (_cell_of(log.records[seq]) in counted and _is_within(intact, seq))
    ]
    return len(kept) == fold.kept and merkle_root(kept) == fold.root


def _is_within(spans: list[tuple[int, int]], seq: int) -> bool:
    """Whether one of the sorted spans, which do not overlap, holds it."""
    place = bisect_right(spans, seq, key=lambda span: span[0])
    return place > 0 and seq <= spans[place - 1][1]


def _covers(later: Folded, fold: Folded) -> bool:
    return later.first <= fold.first and fold.last <= later.last


def _check_loose(
    log: DeviceLog, links: list[Link], folds: list[Folded], seqs: list[int]
) -> Iterator[Finding]:
    """Records that no segment seals: the newest of a device that runs, a forgery elsewhere."""
    next_seq = links[-1].segment.next_seq
    spans = [(link.segment.first_seq, link.segment.next_seq - 1) for link in links]
    spans += [(fold.first, fold.last) for fold in folds]
    loose = list(_outside(sorted(spans), seqs))
    is_over = bool(log.nonce)  # nothing comes after the segment of an export
    for begin, end in runs(seq for seq in loose if seq < next_seq or is_over):
        yield Finding(State.FORGED, begin, end, "no segment seals them")
    if not is_over:
        newest = [seq for seq in loose if seq >= next_seq]
        yield from _check_newest(log, next_seq, newest)


def _check_newest(log: DeviceLog, next_seq: int, newest: list[int]) -> Iterator[Finding]:
    for seq in newest:
        if _seq_of(log.records[seq]) != seq:
            yield Finding(State.FORGED, seq, seq, "the record says another seq")
    for begin, end in runs(newest):
        yield Finding(State.OPEN, begin, end, "not sealed yet")
    last = max(log.given_seq, newest[-1] if newest else 0)
    for begin, end in gaps(next_seq, last, newest):
        yield Finding(State.MISSING, begin, end, "written, and not there")


def _outside(spans: Sequence[tuple[int, int]], seqs: list[int]) -> Iterator[int]:
    """Those of the sorted seqs that lie in none of the sorted spans."""
    place = reach = 0
    for seq in seqs:
        while place < len(spans) and spans[place][0] <= seq:
            reach = max(reach, spans[place][1])
            place += 1
        if seq > reach:
            yield seq


def _seq_of(record: bytes) -> int:
    """A record carries its own seq."""
    return int.from_bytes(record[:4], "little")


def _cell_of(record: bytes) -> tuple[int, int, int]:
    """Hour since 1970, outcome and reason: by what a fold counts it."""
    return int.from_bytes(record[4:8], "little") // 60, record[8], record[9]
