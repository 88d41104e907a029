"""Folded, kept and removed records at the central server: late, different, or no more."""

from __future__ import annotations

from dataclasses import replace

from scanner.central.ingest import Ingest
from scanner.central.ledger import Ledger
from scanner.core.batch import Part
from tests.central.ingested import refusal, stored, take
from tests.central.reporter import ADMITTED, REFUSED, Reporter


def test_folded_segments_come_without_records(
    ledger: Ledger, ingest: Ingest, gate: Reporter
) -> None:
    """The segment that folded them brings those that were kept, each under its own seq."""
    for scans in ([ADMITTED, REFUSED, ADMITTED], [ADMITTED], [REFUSED]):
        gate.seal(scans)
    folded, kept = gate.fold(1, 5)
    note = gate.seal(0, [folded])
    bare = [Part(part.segment, b"") for part in gate.parts[:3]]
    receipt = take(ingest, gate.body(*bare, Part(note.segment, kept)))
    assert (receipt.segment, receipt.seq) == (4, 5)
    assert stored(ledger, gate) == {seq: gate.records[seq] for seq in (2, 5)}


def test_records_beside_a_fold_are_its_own_and_the_kept(
    ledger: Ledger, ingest: Ingest, gate: Reporter
) -> None:
    """A segment may seal records of its own and note a fold of older ones."""
    gate.seal([ADMITTED, REFUSED])
    folded, kept = gate.fold(1, 2)
    note = gate.seal([ADMITTED], [folded])
    bare = Part(gate.parts[0].segment, b"")
    take(ingest, gate.body(bare, Part(note.segment, note.records + kept)))
    assert stored(ledger, gate) == {seq: gate.records[seq] for seq in (2, 3)}


def test_fold_after_the_records_came_takes_none_away(
    ledger: Ledger, ingest: Ingest, gate: Reporter
) -> None:
    """The answer was lost and the device folded meanwhile: the server keeps what it has."""
    part = gate.seal([ADMITTED, REFUSED])
    take(ingest, gate.body(part))
    folded, kept = gate.fold(1, 2)
    note = gate.seal(0, [folded])
    take(ingest, gate.body(Part(part.segment, b""), Part(note.segment, kept)))
    assert stored(ledger, gate) == gate.records


def test_fold_taken_over_by_a_later_one_brings_nothing(ingest: Ingest, gate: Reporter) -> None:
    """What the first fold kept is gone when its note is sent at last."""
    gate.seal([ADMITTED, REFUSED])
    folded, _ = gate.fold(1, 2)
    note = gate.seal(0, [folded])
    bare = Part(gate.parts[0].segment, b"")
    assert take(ingest, gate.body(bare, Part(note.segment, b""))).segment == 2


def test_records_that_follow_their_segment_are_added(
    ledger: Ledger, ingest: Ingest, gate: Reporter
) -> None:
    """A segment that came without its records is filled when they come."""
    part = gate.seal(3)
    take(ingest, gate.body(Part(part.segment, b"")))
    assert stored(ledger, gate) == {}
    take(ingest, gate.body(part))
    assert stored(ledger, gate) == gate.records


def test_kept_record_that_differs_from_the_known_is_a_fork(
    ledger: Ledger, ingest: Ingest, gate: Reporter
) -> None:
    """A device cannot change a record by folding it."""
    take(ingest, gate.body(gate.seal([ADMITTED, REFUSED])))
    changed = Reporter()
    changed.seal([ADMITTED, (REFUSED[0], ADMITTED[1])])
    folded, kept = changed.fold(1, 2)
    note = gate.seal(0, [folded])
    assert refusal(ingest, gate.body(Part(note.segment, kept))) == 409
    assert stored(ledger, gate) == gate.records


def test_receipt_passes_over_what_the_device_removed(ingest: Ingest, gate: Reporter) -> None:
    """Records past their longest time go before the server had them; the device has signed that."""
    for _ in range(6):
        gate.seal(2)
    gate.seal(0, [gate.retire(4)])
    assert take(ingest, gate.body(*gate.parts[:2])).segment == 2
    assert take(ingest, gate.body(*gate.parts[4:6])).segment == 2
    receipt = take(ingest, gate.body(gate.parts[6]))
    assert (receipt.segment, receipt.seq) == (7, 12)


def test_removal_that_does_not_fit_moves_nothing(ingest: Ingest, gate: Reporter) -> None:
    """The segment after it must hang on what was removed."""
    for _ in range(3):
        gate.seal(2)
    lie = replace(gate.retire(2), link=bytes(32))
    gate.seal(0, [lie])
    assert take(ingest, gate.body(*gate.parts[2:])).segment == 0


def test_fold_keeps_what_it_says(ingest: Ingest, gate: Reporter) -> None:
    """Kept records that are not those under the root of the fold are refused."""
    gate.seal([REFUSED, REFUSED, ADMITTED])
    folded, kept = gate.fold(1, 3)
    note = gate.seal(0, [folded])
    for joined in (kept[:16], kept[16:] + gate.records[3], kept + gate.records[3],
                   kept + kept[:8] + b"\xff" + kept[9:16]):  # fmt: skip
        assert refusal(ingest, gate.body(Part(note.segment, joined))) == 400
