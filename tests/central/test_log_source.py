"""The records of a server for those who read them: whole, by days, checked, and on the record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.central.audit import read_audit
from scanner.central.ingest import Ingest
from scanner.central.ledger import Ledger, LedgerError
from scanner.central.log_source import read_logs, record_export
from scanner.central.retention import prune
from scanner.core.batch import Part
from scanner.core.chain import State, check_log
from scanner.core.events import Export
from scanner.core.logbook import DeviceLog
from scanner.core.receipt import Receipt, read_receipt
from tests.central.reporter import ADMITTED, DAY, NOON, REFUSED, Reporter, Ticking

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DAYS = 5


@pytest.fixture
def gate(ledger: Ledger) -> Reporter:
    """A device that has sent five days of four segments and eight records each."""
    gate = Reporter(day=DAY - DAYS + 1).enrol(ledger)
    for _ in range(DAYS):
        for scans in (0, 5, 0, 3):
            gate.seal(scans)
        gate.day += 1
    send(ledger, gate, gate.parts)
    return gate


def send(ledger: Ledger, gate: Reporter, parts: list[Part]) -> None:
    """In one upload."""
    Ingest(ledger, KEY, Ticking()).take(gate.body(*parts))


def receipt(signed: bytes) -> Receipt | None:
    """Its signature checked; None for none."""
    return read_receipt(signed, KEY.public_key()) if signed else None


def states(log: DeviceLog) -> list[State]:
    """What became of the log, each state once, in order."""
    findings = check_log(log, receipt(log.receipt), receipt(log.start))
    return list(dict.fromkeys(finding.state for finding in findings))


def test_whole_log_comes_back(ledger_url: str, gate: Reporter) -> None:
    """Every segment and record as it was sent, with the newest receipt."""
    (log,) = read_logs(ledger_url, 0, DAY + 1)
    assert log.segments == tuple(part.segment for part in gate.parts)
    assert (log.public, log.epoch, log.records) == (gate.public, gate.epoch, gate.records)
    newest = receipt(log.receipt)
    assert newest
    assert (newest.segment, newest.seq) == (4 * DAYS, 8 * DAYS)
    assert states(log) == [State.INTACT]


@pytest.mark.parametrize(("since", "until"), [(0, 2), (1, 4), (3, 5), (2, 3)])
def test_days_of_a_range_are_sound_by_themselves(
    since: int, until: int, ledger_url: str, gate: Reporter
) -> None:
    """Receipts stand at both ends, so that the rest is not missed."""
    first = DAY - DAYS + 1
    (log,) = read_logs(ledger_url, first + since, first + until)
    assert sorted(log.records) == list(range(8 * since + 1, 8 * until + 1))
    assert len(log.segments) == 4 * (until - since)
    assert set(states(log)) == {State.INTACT} | ({State.RETIRED} if since else set())


def test_end_that_was_cut_shows(ledger_url: str, gate: Reporter) -> None:
    """The receipt at the end of the range says how far it went."""
    (log,) = read_logs(ledger_url, DAY - 2, DAY)
    shorter = DeviceLog(log.public, log.epoch, log.segments[:-1], log.records, start=log.start,
                        receipt=log.receipt)  # fmt: skip
    assert State.CUT in states(shorter)


def test_device_without_segments_of_these_days_is_left_out(
    ledger: Ledger, ledger_url: str, gate: Reporter
) -> None:
    """As is one that was enrolled and never sent anything."""
    Reporter("silent").enrol(ledger)
    assert list(read_logs(ledger_url, DAY + 1, DAY + 9)) == []
    assert len(list(read_logs(ledger_url, DAY, DAY + 1))) == 1


def test_folded_days_are_given_as_they_are(ledger: Ledger, ledger_url: str) -> None:
    """Segments without records, those that were kept, and the note that accounts for the rest."""
    gate = Reporter().enrol(ledger)
    gate.seal([ADMITTED, REFUSED, ADMITTED])
    folded, kept = gate.fold(1, 3)
    note = gate.seal(2, [folded])
    parts = [Part(gate.parts[0].segment, b""), Part(note.segment, note.records + kept)]
    send(ledger, gate, parts)
    (log,) = read_logs(ledger_url, 0, DAY + 1)
    assert sorted(log.records) == [2, 4, 5]
    assert states(log) == [State.FOLDED, State.INTACT]


def test_what_never_came_is_missed(ledger: Ledger, ledger_url: str) -> None:
    """A gap, and records that a device kept back without folding them."""
    gate = Reporter().enrol(ledger)
    for scans in (1, 1, 1):
        gate.seal(scans)
    send(ledger, gate, [gate.parts[0], Part(gate.parts[2].segment, b"")])
    (log,) = read_logs(ledger_url, 0, DAY + 1)
    missing = [
        (finding.is_segments, finding.first, finding.last)
        for finding in check_log(log, receipt(log.receipt))
        if finding.state is State.MISSING
    ]
    assert missing == [(True, 2, 2), (False, 3, 3)]


def test_retention_removes_whole_days(ledger: Ledger, ledger_url: str, gate: Reporter) -> None:
    """What is left is sound, begins with the first day kept, and goes on being sent to."""
    pruned = prune(ledger, KEY, 2, NOON)
    assert (pruned.records, pruned.segments) == (16, 8)
    (log,) = read_logs(ledger_url, 0, DAY + 1)
    assert sorted(log.records) == list(range(17, 41))
    assert states(log) == [State.RETIRED, State.INTACT]
    again = prune(ledger, KEY, 2, NOON)
    assert (again.records, again.segments) == (0, 0)
    send(ledger, gate, [gate.parts[-1], gate.seal(2)])
    (log,) = read_logs(ledger_url, 0, DAY + 9)
    assert states(log) == [State.RETIRED, State.INTACT]


def test_log_goes_on_after_all_of_it_was_removed(
    ledger: Ledger, ledger_url: str, gate: Reporter
) -> None:
    """A device that was silent for long hangs its next segment on the last one that was here."""
    prune(ledger, KEY, 2, NOON + timedelta(days=40))
    assert list(read_logs(ledger_url, 0, DAY + 99)) == []
    gate.day = DAY + 41
    part = gate.seal(2)
    Ingest(ledger, KEY, Ticking(NOON + timedelta(days=41))).take(gate.body(part))
    (log,) = read_logs(ledger_url, 0, DAY + 99)
    assert (sorted(log.records), states(log)) == ([41, 42], [State.RETIRED, State.INTACT])


def test_records_sent_again_after_their_time_go_again(
    ledger: Ledger, ledger_url: str, gate: Reporter
) -> None:
    """They are taken, so that nothing is lost silently, and removed by the next run."""
    prune(ledger, KEY, 2, NOON)
    send(ledger, gate, gate.parts)
    (log,) = read_logs(ledger_url, 0, DAY + 1)
    assert log.records == gate.records
    assert prune(ledger, KEY, 2, NOON).records == 16


def test_nothing_of_a_removed_day_is_in_any_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Searched as raw bytes in the database and the journals beside it."""
    from scanner.central.ledger import open_ledger

    folder = tmp_path_factory.mktemp("store")
    ledger = open_ledger(str(folder / "log.db"))
    gate = Reporter(day=DAY - 9).enrol(ledger)
    gate.seal(200, counters={"a name of nine": 9})
    gate.day = DAY
    gate.seal(3)
    send(ledger, gate, gate.parts)
    minute = (24 * 60 * (DAY - 9)).to_bytes(4, "big")
    canaries = [minute, b"a name of nine", gate.segments[0].root]
    assert all(any(canary in path.read_bytes() for path in folder.iterdir()) for canary in canaries)
    prune(ledger, KEY, 5, NOON)
    for path in folder.iterdir():
        assert not any(canary in path.read_bytes() for canary in canaries), path.name
    ledger.close()


def test_removal_is_in_the_audit(ledger: Ledger, gate: Reporter) -> None:
    """With the day before which everything went, once."""
    prune(ledger, KEY, 2, NOON)
    prune(ledger, KEY, 2, NOON)
    with ledger.book(reading=True) as book:
        entries = [(entry.what, dict(entry.details), fault)
                   for entry, fault in read_audit(book.audit(), KEY.public_key())]  # fmt: skip
    assert entries == [("pruned", {"before": "2020-04-27", "records": 16, "segments": 8}, "")]


def test_exports_are_chained(ledger: Ledger, ledger_url: str) -> None:
    """Each with who, what and for whom; an entry taken out or changed shows."""
    for case in ("", "12-345", ""):
        export = Export("00ff", 1, 2, "age1recipient", case, "Anna")
        record_export(ledger_url, export, KEY, NOON)
    with ledger.book(reading=True) as book:
        signed = list(book.audit())
    entries = list(read_audit(signed, KEY.public_key()))
    assert [fault for _, fault in entries] == ["", "", ""]
    assert entries[1][0].details == {
        "nonce": "00ff", "since": 1, "until": 2, "recipient": "age1recipient", "case": "12-345",
        "supervisor": "Anna",
    }  # fmt: skip
    other = Ed25519PrivateKey.generate().public_key()
    for entries_left, key, faults in (
        ([signed[0], signed[2]], KEY.public_key(), ["", "does not follow the one before"]),
        (signed[1:2], KEY.public_key(), ["does not follow the one before"]),
        (signed[:1], other, ["not signed by this server"]),
    ):
        assert [fault for _, fault in read_audit(entries_left, key)] == faults


def test_export_of_nothing_is_not_noted(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A mistyped name makes no database and no entry."""
    path = tmp_path_factory.mktemp("store") / "lag.db"
    with pytest.raises(LedgerError, match="Check its name"):
        record_export(str(path), Export("00", 1, 2), KEY, NOON)
    with pytest.raises(LedgerError, match="Check its name"):
        next(iter(read_logs(str(path), 0, 9)))
    assert not path.exists()


def test_part_that_came_before_the_fold_is_no_forgery(ledger: Ledger, ledger_url: str) -> None:
    """An answer was lost, the device folded meanwhile: what came whole stays whole."""
    gate = Reporter().enrol(ledger)
    whole, later = gate.seal([ADMITTED, REFUSED, ADMITTED]), gate.seal([ADMITTED, REFUSED])
    send(ledger, gate, [whole])
    folded, kept = gate.fold(1, 5)
    note = gate.seal(0, [folded])
    send(ledger, gate, [Part(later.segment, b""), Part(note.segment, kept)])
    (log,) = read_logs(ledger_url, 0, DAY + 1)
    assert sorted(log.records) == [1, 2, 3, 5]
    assert states(log) == [State.INTACT, State.FOLDED]
