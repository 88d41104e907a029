"""Checking a log without its device: every kind of damage is found, and told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.core.chain import Finding, State, check_log, is_sound
from scanner.core.events import Event, Folded, Retired
from scanner.core.logbook import DeviceLog
from scanner.core.reasons import Outcome, Reason
from scanner.core.segment import NO_LINK, link_of, read_segment
from tests.core.chains import DAY, MINUTE, NONCE, Chain, a_record, device_key, folded


def a_chain() -> Chain:
    """Segments 1 to 4: records 1 to 3, a heartbeat, records 4 to 5, record 6."""
    chain = Chain()
    chain.seal(MINUTE, [a_record(MINUTE)] * 3)
    chain.seal(MINUTE + 15)
    chain.seal(MINUTE + 15, [a_record(MINUTE + 15, Reason.EXPIRED)] * 2)
    chain.seal(MINUTE + 30, [a_record(MINUTE + 30)])
    return chain


def states(log: DeviceLog) -> list[tuple[State, int, int]]:
    return [(found.state, found.first, found.last) for found in check_log(log)]


INTACT = [(State.INTACT, 1, 3), (State.INTACT, 4, 5), (State.INTACT, 6, 6)]


def test_whole_log_is_intact() -> None:
    """Every record, and nothing else to say."""
    assert states(a_chain().log()) == INTACT
    assert is_sound(check_log(a_chain().log()))


def test_log_without_records_is_accounted_for() -> None:
    """A file of segments alone says how many there were."""
    log = a_chain().log(records={}, has_records=False)
    assert {finding.state for finding in check_log(log)} == {State.ACCOUNTED}


def test_empty_log_is_cut() -> None:
    """Nothing is never "nothing is missing"."""
    assert states(a_chain().log(segments=(), records={})) == [(State.CUT, 1, 1)]


@pytest.mark.parametrize("public", [b"", bytes(31)])
def test_log_of_no_key_is_forged(public: bytes) -> None:
    """Without a key nothing in it can be checked."""
    assert not is_sound(check_log(a_chain().log(public=public)))


def test_lost_records_are_named() -> None:
    """By their seqs, and by the segment that has sealed them."""
    log = a_chain().log()
    kept = {seq: body for seq, body in log.records.items() if seq in (1, 3, 6)}
    found = check_log(replace(log, records=kept))
    assert found == [
        Finding(State.MISSING, 2, 2, "of segment 1"),
        Finding(State.MISSING, 4, 5, "of segment 3"),
        Finding(State.INTACT, 6, 6),
    ]


@pytest.mark.parametrize("has_records", [True, False])
def test_part_of_a_segment_proves_nothing(has_records: bool) -> None:
    """A source gives all records of a segment or none."""
    log = a_chain().log(has_records=has_records)
    part = {2: log.records[2]}
    assert (State.MISSING, 1, 1) in states(replace(log, records=part))


def test_changed_record_is_forged() -> None:
    """One bit, or two that changed places."""
    log = a_chain().log()
    first, second = log.records[4], log.records[5]
    for wrong in ({4: first[:-1] + b"\1"}, {4: second, 5: first}):
        found = states(replace(log, records={**log.records, **wrong}))
        assert found == [INTACT[0], (State.FORGED, 4, 5), INTACT[2]]


def test_record_that_says_another_seq_is_forged() -> None:
    """Although its segment has sealed it so: the seq in a record is where it belongs."""
    chain = Chain()
    chain.next_seq = 7
    chain.seal(MINUTE, [a_record(MINUTE)])
    segment = replace(read_segment(chain.segments[0]), first_seq=1)
    log = chain.log(segments=(segment.sign(chain.key),), records={1: chain.records[7]})
    assert states(log) == [(State.FORGED, 1, 1)]


def test_lost_segments_are_named() -> None:
    """By number; their records are sealed by nothing then."""
    log = a_chain().log()
    found = states(replace(log, segments=(log.segments[0], *log.segments[3:])))
    assert (State.MISSING, 2, 3) in found
    assert (State.FORGED, 4, 5) in found


@pytest.mark.parametrize(
    "order", [(0, 2, 1, 3), (1, 0, 2, 3), (0, 1, 1, 2, 3), (3, 2, 1, 0)], ids=str
)
def test_order_counts(order: tuple[int, ...]) -> None:
    """Segments that changed places or stand there twice."""
    log = a_chain().log()
    assert not is_sound(check_log(replace(log, segments=tuple(log.segments[at] for at in order))))


def test_segment_of_another_signer_is_forged() -> None:
    """However well it fits."""
    log, key = a_chain().log(), device_key("thief")
    forged = read_segment(log.segments[1]).sign(key)
    found = check_log(replace(log, segments=(log.segments[0], forged, *log.segments[2:])))
    assert found[0] == Finding(State.FORGED, 2, 2, "not signed by this device", is_segments=True)


@pytest.mark.parametrize("change", [{"epoch": b"anothere"}, {"device": b"stranger"}])
def test_segment_of_another_log_is_forged(change: dict[str, bytes]) -> None:
    """Of another epoch or device, although this device has signed it."""
    chain = a_chain()
    other = replace(read_segment(chain.segments[1]), **change).sign(chain.key)  # type: ignore[arg-type]
    found = check_log(chain.log(segments=(chain.segments[0], other, *chain.segments[2:])))
    assert found[0].detail == "of another device or epoch"


def test_fork_is_forged() -> None:
    """Two segments of one number, both signed by the device."""
    chain = a_chain()
    fork = replace(read_segment(chain.segments[1]), flags=1).sign(chain.key)
    found = check_log(chain.log(segments=(*chain.segments[:2], fork, *chain.segments[2:])))
    assert found[0].detail == "two of one number"
    instead = check_log(chain.log(segments=(chain.segments[0], fork, *chain.segments[2:])))
    assert any(finding.detail == "does not follow the one before" for finding in instead)


def test_garbage_among_segments_is_forged() -> None:
    """And the rest is checked all the same."""
    log = a_chain().log()
    found = check_log(replace(log, segments=(b"garbage", *log.segments)))
    assert found[0].state is State.FORGED
    assert [finding for finding in found if finding.state is State.INTACT]


def test_first_segment_follows_nothing() -> None:
    """Number 1 with something before it is no beginning."""
    chain = a_chain()
    whole = read_segment(chain.segments[0])
    for first in (replace(whole, previous=bytes(31) + b"\1"), replace(whole, first_seq=2)):
        log = chain.log(segments=(first.sign(chain.key),), records={}, has_records=False)
        found = check_log(log)
        assert found[0].detail == "a first segment follows nothing"


@pytest.mark.parametrize(("first_seq", "state"), [(6, State.MISSING), (3, State.FORGED)])
def test_seqs_run_on_from_segment_to_segment(first_seq: int, state: State) -> None:
    """A jump is a loss that was never sealed, a step back seals a record twice."""
    chain = Chain()
    chain.seal(MINUTE, [a_record(MINUTE)] * 3)
    chain.next_seq = first_seq
    chain.seal(MINUTE, [a_record(MINUTE)])
    assert state in {finding.state for finding in check_log(chain.log())}


# The beginning


def test_cut_beginning_is_missing() -> None:
    """Nothing says that it was taken away in order."""
    log = a_chain().log()
    found = states(replace(log, segments=log.segments[2:], records={4: b"", 5: b"", 6: b""}))
    assert found[0] == (State.MISSING, 1, 2)


@pytest.mark.parametrize("is_receipted", [True, False])
def test_retired_beginning_is_in_order(is_receipted: bool) -> None:
    """The device says so in its chain; whether a server had it is told."""
    chain = a_chain()
    link = link_of(chain.segments[1])
    chain.seal(MINUTE + 45, events=[Event(Retired(2, 3, link, is_receipted))])
    records = {seq: chain.records[seq] for seq in (4, 5, 6)}
    log = chain.log(segments=tuple(chain.segments[2:]), records=records)
    found = check_log(log)
    assert is_sound(found)
    words = "receipted by the server" if is_receipted else "never receipted"
    assert found[0] == Finding(State.RETIRED, 1, 3, words)


def test_retirement_of_something_else_excuses_nothing() -> None:
    """Another number, another seq, another segment."""
    for number, seq, link in ((1, 3, 1), (2, 2, 1), (2, 3, 0)):
        chain = a_chain()
        links = [link_of(chain.segments[place]) for place in (0, 1)]
        chain.seal(MINUTE + 45, events=[Event(Retired(number, seq, links[link], True))])
        records = {seq: chain.records[seq] for seq in (4, 5, 6)}
        assert not is_sound(
            check_log(chain.log(segments=tuple(chain.segments[2:]), records=records))
        )


# The end


def test_receipt_stands_for_the_beginning() -> None:
    """A prefix that the server has may be gone."""
    chain = a_chain()
    log = chain.log(segments=tuple(chain.segments[2:]), records={4: b""}, has_records=False)
    found = check_log(replace(log, records={}), chain.receipt(2))
    assert found[0] == Finding(State.RETIRED, 1, 3, "the server has receipted them")
    assert is_sound(found)


def test_tail_that_was_receipted_and_is_gone_is_cut() -> None:
    """The server has seen more than the device shows."""
    chain = a_chain()
    receipt = chain.receipt(4)
    log = chain.log(segments=tuple(chain.segments[:3]))
    found = check_log(replace(log, records={seq: log.records[seq] for seq in range(1, 6)}), receipt)
    assert found[-1] == Finding(State.CUT, 4, 4, "the server has receipted more", is_segments=True)


def test_receipted_segment_cannot_be_rewritten() -> None:
    """Not even by who holds the device's key and signs the whole rest anew."""
    chain, rewritten = a_chain(), Chain()
    receipt = chain.receipt(3)
    rewritten.seal(MINUTE, [a_record(MINUTE, Reason.REVOKED)] * 3)
    rewritten.seal(MINUTE + 15)
    rewritten.seal(MINUTE + 15, [a_record(MINUTE + 15)] * 2)
    assert is_sound(check_log(rewritten.log()))
    found = check_log(rewritten.log(), receipt)
    assert found[0].detail == "not what the server has receipted"
    assert check_log(chain.log(), receipt) == check_log(chain.log())


def test_receipt_of_another_device_proves_nothing() -> None:
    """It is a forgery beside this log, and named so."""
    chain = a_chain()
    for change in ({"device": b"stranger"}, {"epoch": b"anothere"}):
        found = check_log(chain.log(), replace(chain.receipt(2), **change))  # type: ignore[arg-type]
        assert found[0].detail == "the receipt is for another device or epoch"


def test_export_ends_with_its_own_segment() -> None:
    """One that was cut off, or that is of another export, does not end it."""
    chain = a_chain()
    chain.end(MINUTE + 45)
    assert is_sound(check_log(chain.log(NONCE)))
    for log in (chain.log("ff"), chain.log(NONCE, segments=tuple(chain.segments[:-1]))):
        assert check_log(log)[-1].state is State.CUT


def test_newest_records_of_a_running_device_are_open() -> None:
    """They are sealed when their time is over."""
    chain = a_chain()
    loose = {7: a_record(MINUTE).pack(7), 8: a_record(MINUTE).pack(8)}
    log = chain.log(records={**chain.records, **loose}, given_seq=8)
    assert check_log(log)[-1] == Finding(State.OPEN, 7, 8, "not sealed yet")


def test_newest_records_that_are_gone_are_missing() -> None:
    """The source itself says how many it wrote; a huge number costs no time."""
    chain = a_chain()
    loose = {8: a_record(MINUTE).pack(8)}
    log = chain.log(records={**chain.records, **loose}, given_seq=2**60)
    assert states(log)[3:] == [
        (State.OPEN, 8, 8), (State.MISSING, 7, 7), (State.MISSING, 9, 2**60)
    ]  # fmt: skip


def test_open_record_that_says_another_seq_is_forged() -> None:
    """An open record has no seal yet, but it has its number."""
    chain = a_chain()
    log = chain.log(records={**chain.records, 7: a_record(MINUTE).pack(9)})
    assert (State.FORGED, 7, 7) in states(log)


def test_record_that_no_segment_seals_is_forged() -> None:
    """Between the segments; and after the last one, where an export ends the log."""
    chain = Chain()
    chain.seal(MINUTE, [a_record(MINUTE)])
    chain.next_seq = 3
    chain.seal(MINUTE, [a_record(MINUTE)])
    between = {**chain.records, 2: a_record(MINUTE).pack(2)}
    assert (State.FORGED, 2, 2) in states(chain.log(records=between))
    chain.end(MINUTE)
    after = {**between, 4: a_record(MINUTE).pack(4)}
    assert states(chain.log(NONCE, records=after))[-2:] == [
        (State.FORGED, 2, 2), (State.FORGED, 4, 4)
    ]  # fmt: skip


# Folded days


def a_folded_chain() -> Chain:
    """Records 1 to 3 admitted, 4 to 5 refused, 6 admitted; 1 to 6 folded, refusals kept."""
    chain = a_chain()
    chain.seal(MINUTE + 45, events=[folded(chain, 1, 6, keep={Outcome.REFUSE})])
    return chain


def test_folded_records_are_counted_in_their_place() -> None:
    """And those that were kept are still sealed by their own segment."""
    assert states(a_folded_chain().log()) == [
        (State.FOLDED, 1, 3), (State.INTACT, 4, 5), (State.FOLDED, 6, 6)
    ]  # fmt: skip
    without = a_folded_chain().log(records={}, has_records=False)
    assert {finding.state for finding in check_log(without)} == {State.FOLDED}


def test_record_that_a_fold_has_kept_cannot_go() -> None:
    """Nor be changed: the fold has sealed it anew."""
    chain = Chain()
    mixed = [a_record(MINUTE), a_record(MINUTE, Reason.EXPIRED), a_record(MINUTE, Reason.REVOKED)]
    chain.seal(MINUTE, mixed)
    chain.seal(MINUTE, events=[folded(chain, 1, 3, keep={Outcome.REFUSE})])
    assert is_sound(check_log(chain.log()))
    changed = {2: chain.records[2][:-1] + b"\1", 3: chain.records[3]}
    for records in ({2: chain.records[2]}, changed, {}):
        found = states(chain.log(records=records))
        assert (State.FORGED, 1, 3) in found
    for has_records, is_right in ((False, True), (True, False)):
        log = chain.log(records={}, has_records=has_records)
        assert is_sound(check_log(log)) is is_right


def test_source_from_before_the_fold_is_intact() -> None:
    """A server may have what the device folded later."""
    before = dict(a_chain().records)
    assert states(a_folded_chain().log(records=before)) == INTACT


def test_later_fold_takes_the_place_of_an_earlier() -> None:
    """What was kept at first may have been folded later."""
    chain = a_chain()
    chain.seal(MINUTE + 45, events=[folded(chain, 1, 6, keep={Outcome.REFUSE})])
    body = folded(
        Chain(records={4: chain.records.pop(4), 5: chain.records.pop(5)}), 4, 5, keep=set()
    )
    assert isinstance(body.body, Folded)
    counts = (*body.body.counts, (MINUTE // 60, Outcome.ADMIT, Reason.OK, 4))
    chain.seal(MINUTE + 60, events=[Event(replace(body.body, first=1, last=6, counts=counts))])
    assert states(chain.log()) == [
        (State.FOLDED, 1, 3), (State.FOLDED, 4, 5), (State.FOLDED, 6, 6)
    ]  # fmt: skip


@pytest.mark.parametrize(("n", "state"), [(3, State.MISSING), (5, State.FORGED)])
def test_fold_counts_each_record_of_its_stretch(n: int, state: State) -> None:
    """What was lost before it was folded is missing, and more than there were is a lie."""
    chain = a_chain()
    fold = folded(chain, 1, 6, keep={Outcome.REFUSE}).body
    assert isinstance(fold, Folded)
    counts = ((MINUTE // 60, Outcome.ADMIT, Reason.OK, n),)
    chain.seal(MINUTE + 45, events=[Event(replace(fold, counts=counts))])
    assert (state, 1, 6) in states(chain.log())


def test_fold_whose_time_was_over_is_no_loss() -> None:
    """The segments and the kept records have gone in order; the event that folded them stays."""
    chain = a_folded_chain()
    last = read_segment(chain.segments[3])
    gone = Retired(4, last.next_seq - 1, link_of(chain.segments[3]), is_receipted=False)
    chain.seal(MINUTE + 60, events=[Event(gone)])
    assert states(chain.log(segments=tuple(chain.segments[4:]), records={})) == [
        (State.RETIRED, 1, 6)
    ]
    assert not is_sound(check_log(chain.log(segments=tuple(chain.segments[3:]), records={})))


def test_huge_fold_costs_no_time() -> None:
    """What a device says of its own is not counted through."""
    chain = a_chain()
    chain.seal(MINUTE, events=[Event(Folded(DAY, 1, 2**60, (), 6, NO_LINK))])
    assert (State.MISSING, 1, 2**60) in states(chain.log())
    assert (State.FORGED, 1, 2**60) in states(chain.log())
