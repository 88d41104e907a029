"""What a server does with bodies, on both stores: once each, nothing lost silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.central.audit import read_audit
from scanner.central.ingest import Ingest, RefusedError
from scanner.central.ledger import MOST_FORKS, Ledger
from scanner.core.batch import Part
from scanner.core.receipt import Receipt, read_receipt
from scanner.core.record import pack_row
from scanner.core.segment import NO_LINK, link_of
from tests.central.reporter import ADMITTED, NOON, REFUSED, Reporter, Ticking

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def ingest(ledger: Ledger) -> Ingest:
    """A server with an empty store."""
    return Ingest(ledger, KEY, Ticking())


@pytest.fixture
def gate(ledger: Ledger) -> Reporter:
    """An enrolled device."""
    return Reporter().enrol(ledger)


def take(ingest: Ingest, body: bytes) -> Receipt:
    """The receipt for a body, its signature checked."""
    return read_receipt(ingest.take(body), KEY.public_key())


def refusal(ingest: Ingest, body: bytes) -> int:
    """The status with which a body is refused."""
    with pytest.raises(RefusedError) as caught:
        ingest.take(body)
    return caught.value.status


def stored(ledger: Ledger, gate: Reporter) -> dict[int, bytes]:
    """Every record that is kept of a device, by seq; a doubled one would fail."""
    with ledger.book(reading=True) as book:
        log = book.log(gate.device, gate.epoch)
        rows = book.rows(log.id, 0, 2**32) if log else []
    seqs = [row[0] for row in rows]
    assert len(seqs) == len(set(seqs))
    return {row[0]: pack_row(row) for row in rows}


def audit(ledger: Ledger) -> list[tuple[str, object, str]]:
    """What happened, the segment it was about, and what is wrong with the entry."""
    with ledger.book(reading=True) as book:
        entries = list(read_audit(book.audit(), KEY.public_key()))
    return [(entry.what, entry.details.get("segment"), fault) for entry, fault in entries]


def test_records_are_kept_and_receipted(ledger: Ledger, ingest: Ingest, gate: Reporter) -> None:
    """The receipt names the last segment, its last seq and its hash, and when it was signed."""
    parts = [gate.seal([ADMITTED, REFUSED]), gate.seal(256), gate.seal()]
    receipt = take(ingest, gate.body(*parts))
    at = int(NOON.timestamp()) + 1
    assert receipt == Receipt(gate.device, gate.epoch, 3, 258, gate.link, at)
    assert stored(ledger, gate) == gate.records


def test_body_without_segments_is_answered_alike(ingest: Ingest, gate: Reporter) -> None:
    """Nothing waits: the receipt says how far the log goes, also before it begins."""
    receipt = take(ingest, gate.body())
    assert (receipt.segment, receipt.seq, receipt.link) == (0, 0, NO_LINK)
    take(ingest, gate.body(gate.seal(3)))
    receipt = take(ingest, gate.body())
    assert (receipt.segment, receipt.seq, receipt.link) == (1, 3, gate.link)


def test_same_body_twice_changes_nothing(ledger: Ledger, ingest: Ingest, gate: Reporter) -> None:
    """An answer that was lost costs a second sending and no second record."""
    body = gate.body(gate.seal(40), gate.seal(), gate.seal(2))
    first, second = take(ingest, body), take(ingest, body)
    assert replace(second, at=first.at) == first
    assert stored(ledger, gate) == gate.records


def test_any_order_and_overlap_gives_each_record_once(
    ledger: Ledger, ingest: Ingest, gate: Reporter
) -> None:
    """Windows of the log in random order, some twice: the receipt stands at the first gap."""
    dice = Random(4)
    for _ in range(40):
        gate.seal(dice.choice([0, 0, 1, 7, 256]))
    windows = [range(at, min(40, at + dice.randrange(1, 6))) for at in range(40)]
    for window in dice.sample(windows, 40) + dice.sample(windows, 10):
        receipt = take(ingest, gate.body(*(gate.parts[at] for at in window)))
        have = numbers(ledger, gate)
        assert receipt.segment == next(n for n in range(41) if n + 1 not in have)
    assert (receipt.segment, receipt.link) == (40, gate.link)
    assert stored(ledger, gate) == gate.records


def numbers(ledger: Ledger, gate: Reporter) -> set[int]:
    """The segments that are kept of a device."""
    with ledger.book(reading=True) as book:
        log = book.log(gate.device, gate.epoch)
        return {kept.number for kept in book.span(log.id, 0, 2**40)} if log else set()


def test_long_run_behind_a_gap_is_receipted_at_once(ingest: Ingest, gate: Reporter) -> None:
    """However much was sent before the missing segment came."""
    for _ in range(150):
        gate.seal(1)
    for at in (1, 51, 101):
        assert take(ingest, gate.body(*gate.parts[at : at + 50])).segment == 0
    assert take(ingest, gate.body(gate.parts[0])).segment == 150


def test_epochs_and_devices_are_kept_apart(ledger: Ledger, ingest: Ingest, gate: Reporter) -> None:
    """A device whose file was rebuilt begins anew at 1, and so does another device."""
    others = [Reporter(epoch=b"epoch-02"), Reporter("bridge").enrol(ledger)]
    for scans, each in enumerate([gate, *others], 1):
        assert take(ingest, each.body(each.seal(scans))).seq == scans
    for each in [gate, *others]:
        assert stored(ledger, each) == each.records


def test_other_bytes_under_a_known_number_are_a_fork(
    ledger: Ledger, ingest: Ingest, gate: Reporter
) -> None:
    """409, nothing is stored; the evidence is kept once, with one entry in the audit."""
    take(ingest, gate.body(gate.seal(3)))
    twin = Reporter()
    fork = twin.body(twin.seal(4), twin.seal(5))
    assert [refusal(ingest, fork) for _ in range(3)] == [409] * 3
    assert stored(ledger, gate) == gate.records
    assert audit(ledger) == [("fork", 1, "")]


def test_evidence_of_one_log_is_bounded(ledger: Ledger, ingest: Ingest, gate: Reporter) -> None:
    """A device that contradicts itself for ever is told so for ever, and fills no disk."""
    take(ingest, gate.body(gate.seal(3)))
    for scans in range(4, MOST_FORKS + 7):
        twin = Reporter()
        assert refusal(ingest, twin.body(twin.seal(scans))) == 409
    assert len(audit(ledger)) == MOST_FORKS


def test_segment_that_follows_another_is_a_fork(ledger: Ledger, ingest: Ingest) -> None:
    """The one before is known with other bytes, whichever of the two came first."""
    gate, twin = Reporter().enrol(ledger), Reporter()
    for each, scans in ((gate, 1), (twin, 2)):
        each.seal(scans)
        each.seal(scans)
    take(ingest, gate.body(gate.parts[0]))
    assert refusal(ingest, twin.body(twin.parts[1])) == 409
    other = Reporter(epoch=b"epoch-02")
    back = Reporter(epoch=b"epoch-02")
    for each, scans in ((other, 1), (back, 2)):
        each.seal(scans)
        each.seal(scans)
    take(ingest, other.body(other.parts[1]))
    assert refusal(ingest, back.body(back.parts[0])) == 409
    assert [entry[:2] for entry in audit(ledger)] == [("fork", 2), ("fork", 1)]


def test_break_within_a_body_is_a_fork(ingest: Ingest, gate: Reporter) -> None:
    """A link to something else, and a seq that two segments seal."""
    first = gate.seal(2)
    assert refusal(ingest, gate.body(first, gate.seal(2, previous=bytes(32)))) == 409
    again = Reporter()
    assert refusal(ingest, again.body(again.seal(2), again.seal(0, first_seq=2))) == 409


def test_first_segment_follows_nothing(ingest: Ingest, gate: Reporter) -> None:
    """A log that begins with a link to something, or with seq 2, is not begun."""
    assert refusal(ingest, gate.body(gate.seal(previous=bytes(31) + b"1"))) == 409
    late = Reporter()
    assert refusal(ingest, late.body(late.seal(first_seq=2))) == 409


def test_seqs_may_be_left_out(ledger: Ledger, ingest: Ingest, gate: Reporter) -> None:
    """A seq that was given and lost to a power cut is no fault of the chain; `verify` tells it."""
    take(ingest, gate.body(gate.seal(2), gate.seal(0, first_seq=9), gate.seal(1)))
    assert sorted(stored(ledger, gate)) == [1, 2, 9]


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


def test_only_enrolled_devices_are_heard(ledger: Ledger, ingest: Ingest, gate: Reporter) -> None:
    """401 for a stranger, 403 for one that was revoked; the others go on."""
    stranger = Reporter("stranger")
    assert refusal(ingest, stranger.body(stranger.seal(1))) == 401
    bridge = Reporter("bridge").enrol(ledger)
    with ledger.book() as book:
        device = book.device(gate.device)
        assert device
        book.keep_device(replace(device, revoked_at=1))
    assert refusal(ingest, gate.body(gate.seal(1))) == 403
    assert refusal(ingest, gate.body()) == 403
    assert take(ingest, bridge.body(bridge.seal(1))).segment == 1
    assert stored(ledger, gate) == stored(ledger, stranger) == {}


def spoilt(gate: Reporter) -> dict[str, Sequence[Part]]:
    """Bodies that no honest device sends, whatever their signature."""
    part, other = gate.seal(3), Reporter("other").seal(3)
    moved = gate.seal(2)
    elsewhere = Reporter(epoch=b"epoch-02").seal(3)
    unknown = part.records[:9] + b"\xfe" + part.records[10:]
    return {
        "a record less": [Part(part.segment, part.records[:-16])],
        "a record more": [Part(part.segment, part.records + part.records[-16:])],
        "half a record": [Part(part.segment, part.records[:-1])],
        "records changed": [Part(part.segment, part.records[:-1] + b"\1")],
        "records swapped": [Part(part.segment, part.records[16:] + part.records[:16])],
        "records of another segment": [Part(part.segment, moved.records)],
        "an unknown reason": [Part(part.segment, unknown)],
        "no segment": [Part(b"\x80", b"")],
        "another device's": [other],
        "another epoch's": [elsewhere],
        "a number twice": [part, part],
        "out of order": [moved, part],
        "records without a fold": [Part(gate.seal().segment, part.records)],
    }


@pytest.mark.parametrize("kind", spoilt(Reporter()))
def test_what_does_not_hold_is_refused(
    kind: str, ledger: Ledger, ingest: Ingest, gate: Reporter
) -> None:
    """400: these bytes will never be taken, and none of them is stored."""
    assert refusal(ingest, gate.body(*spoilt(gate)[kind])) == 400
    assert stored(ledger, gate) == {}


def test_fold_keeps_what_it_says(ingest: Ingest, gate: Reporter) -> None:
    """Kept records that are not those under the root of the fold are refused."""
    gate.seal([REFUSED, REFUSED, ADMITTED])
    folded, kept = gate.fold(1, 3)
    note = gate.seal(0, [folded])
    for joined in (kept[:16], kept[16:] + gate.records[3], kept + gate.records[3],
                   kept + kept[:8] + b"\xff" + kept[9:16]):  # fmt: skip
        assert refusal(ingest, gate.body(Part(note.segment, joined))) == 400


@pytest.mark.parametrize("at", [0, 10, 40, 500, -1])
def test_spoilt_body_is_refused(at: int, ingest: Ingest, gate: Reporter) -> None:
    """One byte changed anywhere, or a length of its own: 400."""
    body = bytearray(gate.body(gate.seal(3)))
    body[at] ^= 1
    assert refusal(ingest, bytes(body)) == 400
    assert refusal(ingest, bytes(body[:-1])) == 400


def test_device_was_seen_at_a_floored_time(ledger: Ledger, ingest: Ingest, gate: Reporter) -> None:
    """To a quarter of an hour, also by a body that brings nothing."""
    take(ingest, gate.body())
    with ledger.book(reading=True) as book:
        device = book.device(gate.device)
    assert device
    assert device.seen == int(NOON.timestamp()) // 60


def test_day_that_cannot_be_is_kept_under_today(ledger: Ledger, ingest: Ingest) -> None:
    """A device whose clock says 1970 or 2100 opens no days of its own."""
    lost, ahead = Reporter("lost", day=3).enrol(ledger), Reporter("ahead", day=50_000).enrol(ledger)
    for each in (lost, ahead):
        take(ingest, each.body(each.seal(2)))
        assert stored(ledger, each) == each.records
        with ledger.book(reading=True) as book:
            log = book.log(each.device, each.epoch)
            assert log
            assert log.day == int(NOON.timestamp()) // 86_400


def test_receipt_links_to_the_signed_bytes(ingest: Ingest, gate: Reporter) -> None:
    """What the device compares with its own segment."""
    part = gate.seal(1)
    assert take(ingest, gate.body(part)).link == link_of(part.segment)
