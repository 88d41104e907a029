"""What a server does with bodies, on both stores: once each, nothing lost silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from scanner.central.audit import read_audit
from scanner.central.ingest import Ingest
from scanner.central.ledger import MOST_FORKS, Ledger
from scanner.core.batch import Part
from scanner.core.receipt import Receipt
from scanner.core.segment import NO_LINK, link_of
from tests.central.ingested import KEY, refusal, stored, take
from tests.central.reporter import ADMITTED, NOON, REFUSED, Reporter


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
