"""Counts for supervisors: every record in one row, and no group of one to four to be found."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.core.cells import Cell, Span, digest_of, merged
from scanner.core.events import Event, Folded
from scanner.core.logbook import DeviceLog
from scanner.core.reasons import Outcome, Reason
from scanner.core.record import ScanRecord
from scanner.core.segment import NO_LINK
from scanner.core.tallies import Kind, Place
from tests.core.celled import NEXT_DAY, chain_of, rows_of
from tests.core.chains import DAY, MINUTE, Chain, a_record, folded

OK = Kind(Outcome.ADMIT, Reason.OK)


def told(rows: Iterable[Cell]) -> list[tuple[int | None, Span, Reason | None, int]]:
    """Minutes after nine, span, reason, count."""
    return [
        (None if row.minute is None else row.minute - MINUTE, row.span, row.kind.reason, row.n)
        for row in rows
        if row.is_told
    ]


def test_large_cells_are_told_by_the_quarter() -> None:
    """By place, outcome and reason."""
    (row, *_) = rows = rows_of(chain_of([[Reason.OK] * 7, [Reason.EXPIRED] * 5]).log())
    assert told(rows) == [
        (0, Span.QUARTER, Reason.OK, 7), (15, Span.QUARTER, Reason.EXPIRED, 5)
    ]  # fmt: skip
    assert (row.place.checkpoint, len(row.place.device), row.day) == ("bridge", 8, DAY)


def test_small_cells_are_told_by_the_hour() -> None:
    """As the rest of it: large quarters of the same hour stand beside."""
    rows = rows_of(chain_of([[Reason.OK] * 9, [Reason.OK] * 3, [Reason.OK] * 2]).log())
    assert told(rows) == [(0, Span.QUARTER, Reason.OK, 9), (0, Span.HOUR, Reason.OK, 5)]


def test_small_hours_are_told_by_the_day() -> None:
    """Then by outcome, then with whatever else was small."""
    one_a_while = [[Reason.EXPIRED], [], [], []]
    assert told(rows_of(chain_of(one_a_while * 6).log())) == [(None, Span.DAY, Reason.EXPIRED, 6)]
    mixed = [[Reason.EXPIRED, Reason.REVOKED, Reason.HOLDER], [], [], []]
    (row,) = rows_of(chain_of(mixed * 2).log())
    assert (row.kind, row.n, row.span) == (Kind(Outcome.REFUSE), 6, Span.DAY)
    other = [[Reason.EXPIRED] * 4 + [Reason.COMPARE] * 2]
    (row,) = rows_of(chain_of(other).log())
    assert (row.kind, row.n) == (Kind(), 6)


def test_last_rest_takes_a_row_of_the_day_along() -> None:
    """So that the sum of the day is right, and nothing can be subtracted from it."""
    quarters = [[Reason.EXPIRED]] + [[]] * 3
    rows = rows_of(chain_of([*quarters * 6, [Reason.COMPARE] * 2]).log())
    assert [(row.kind, row.n) for row in rows] == [(Kind(), 8)]


def test_rest_that_finds_no_company_is_not_told() -> None:
    """Fewer than five, and no more is said."""
    (row,) = rows_of(chain_of([[Reason.EXPIRED] * 2]).log())
    assert (row.is_told, row.is_over, row.kind, row.span) == (False, True, Kind(), Span.DAY)
    rows = rows_of(chain_of([[Reason.OK] * 5, [Reason.EXPIRED] * 2]).log())
    assert told(rows) == [(0, Span.QUARTER, Reason.OK, 5)]
    assert [row.kind for row in rows if not row.is_told] == [Kind()]


def test_rest_as_large_as_can_be_moves_on() -> None:
    """Twice four in the two quarters that are left of an hour could be nothing else."""
    quarters = [[Reason.OK] * 5] * 2 + [[Reason.OK] * 4] * 2
    assert told(rows_of(chain_of(quarters).log()))[2:] == [(None, Span.DAY, Reason.OK, 8)]


def test_rest_of_all_outcomes_as_large_as_can_be_is_not_told() -> None:
    """Four of each of four outcomes are sixteen, and sixteen is nothing else."""
    four = [Reason.OK, Reason.EXPIRED, Reason.COMPARE, Reason.LET_THROUGH]
    rows = rows_of(chain_of([[reason] * 4 for reason in four]).log())
    assert [row.is_told for row in rows] == [False]


def test_nothing_is_told_before_its_time_is_over() -> None:
    """A later export would differ by the few that came in between."""
    quarters = [[Reason.OK] * 5, [Reason.OK] * 3, [Reason.OK] * 3, [Reason.OK] * 6]
    chain = Chain()
    seen = []
    for place, reasons in enumerate(quarters):
        minute = MINUTE + 15 * place
        chain.seal(minute, [a_record(minute, reason) for reason in reasons], day=DAY)
        seen.append(len(told(rows_of(chain.log()))))
    assert seen == [0, 1, 1, 1]
    chain.seal(MINUTE + 60)
    assert told(rows_of(chain.log()))[1:] == [
        (0, Span.HOUR, Reason.OK, 6), (45, Span.QUARTER, Reason.OK, 6)
    ]  # fmt: skip


def test_rest_of_a_day_waits_for_its_end() -> None:
    """It is said that there is one."""
    (row,) = rows_of(chain_of([[Reason.EXPIRED] * 2], ends=False).log())
    assert (row.is_told, row.is_over) == (False, False)


def test_decision_by_hand_belongs_to_the_record_before() -> None:
    """Only where that one called for a decision, and nothing lies between."""
    pair = [Reason.COMPARE, Reason.LET_THROUGH]
    rows = rows_of(chain_of([pair * 5 + [Reason.OK, Reason.LET_THROUGH] * 5]).log())
    by_hand = {row.kind.of: row.n for row in rows if row.kind.outcome is Outcome.BY_HAND}
    assert by_hand == {Reason.COMPARE: 5, None: 5}
    log = chain_of([pair * 5]).log()
    without = {seq: body for seq, body in log.records.items() if seq % 2 == 0}
    (row,) = rows_of(DeviceLog(log.public, log.epoch, log.segments, without))
    assert (row.kind, row.n) == (Kind(Outcome.BY_HAND, Reason.LET_THROUGH), 5)


def test_case_sees_every_cell() -> None:
    """Also those of one, and of the quarter that goes on."""
    rows = rows_of(chain_of([[Reason.OK, Reason.EXPIRED]], ends=False).log(), least=1)
    assert told(rows) == [(0, Span.QUARTER, Reason.OK, 1), (0, Span.QUARTER, Reason.EXPIRED, 1)]


def test_codes_of_a_newer_release_count_without_a_name() -> None:
    """Among the rest of the day; so do codes that take no record."""
    chain = Chain()
    odd = ScanRecord(MINUTE, Outcome.NONE, Reason.NOT_A_PASS, 0, 0, 0)
    chain.seal(MINUTE + 15, [odd] * 3 + [a_record(MINUTE)] * 4)
    chain.seal(NEXT_DAY)
    log = chain.log()
    newer = {seq: body[:9] + b"\xfe" + body[10:] for seq, body in log.records.items()}
    for records in (log.records, newer):
        (row,) = rows_of(DeviceLog(log.public, log.epoch, log.segments, records))
        assert (row.kind, row.n) == (Kind(), 7)


def test_folded_records_count_by_the_hour() -> None:
    """Beside those that the fold has kept; a source that has them all counts them as they are."""
    chain = chain_of([[Reason.OK] * 3, [Reason.OK] * 4 + [Reason.EXPIRED] * 5], ends=False)
    before = dict(chain.records)
    chain.seal(MINUTE + 60, events=[folded(chain, 1, 12, keep={Outcome.REFUSE})])
    chain.seal(NEXT_DAY)
    rest = [(0, Span.HOUR, Reason.OK, 7), (15, Span.QUARTER, Reason.EXPIRED, 5)]
    assert told(rows_of(chain.log())) == rest
    assert told(rows_of(chain.log(records=before))) == rest
    assert [row.span for row in rows_of(chain.log(), least=1)] == [Span.HOUR, Span.QUARTER]


def test_fold_counts_once_and_only_what_can_be() -> None:
    """One that was folded again is replaced; impossible counts count nothing."""
    chain = chain_of([[Reason.OK] * 9], ends=False)
    hour = MINUTE // 60
    odd = ((hour, 1, 0, -5), (2**40, 1, 0, 9), (hour, 99, 0, 6), (hour, 0, 90, 6))
    for counts in (((hour, 1, 0, 9),), ((hour, 1, 0, 9), *odd)):
        chain.seal(MINUTE + 75, events=[Event(Folded(DAY, 1, 9, counts, 0, NO_LINK))])
    chain.seal(NEXT_DAY)
    rows = rows_of(chain.log(records={}))
    assert [(row.kind, row.n) for row in rows] == [(OK, 9), (Kind(), 12)]


def test_two_epochs_of_a_device_are_added() -> None:
    """Row by row; what is told beside what is not stays told."""
    place = Place(b"a device", "bridge")
    cell = Cell(place, DAY, None, Span.DAY, Kind(), 7)
    few = Cell(place, DAY, None, Span.DAY, Kind(), 0)
    later = Cell(place, DAY, None, Span.DAY, Kind(), 0, is_over=False)
    assert merged([cell, few, cell]) == [Cell(place, DAY, None, Span.DAY, Kind(), 14)]
    assert merged([few, few, later]) == [later, few]
    assert merged([]) == []


def test_digest_hangs_on_every_row() -> None:
    """Another count, another row, a row less."""
    rows = rows_of(chain_of([[Reason.OK] * 7, [Reason.EXPIRED] * 5]).log())
    digests = {digest_of(each) for each in (rows, rows[1:], rows[:1], rows[::-1], [])}
    assert len(digests) == 5
    assert {len(digest) for digest in digests} == {32}
