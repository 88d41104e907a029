"""Where the chain of a log begins and ends: cut off, retired, receipted or still open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.core.chain import Finding, State, check_log, is_sound
from scanner.core.events import Event, Retired
from scanner.core.reasons import Reason
from scanner.core.segment import link_of
from tests.core.chains import MINUTE, NONCE, Chain, a_record
from tests.core.linked import a_chain, states


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
