"""Checking a log without its device: every kind of damage is found, and told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.core.chain import Finding, State, check_log, is_sound
from scanner.core.segment import read_segment
from tests.core.chains import MINUTE, Chain, a_record, device_key
from tests.core.linked import INTACT, a_chain, states


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
