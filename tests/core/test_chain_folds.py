"""Folded days in the chain: counted in their place, and no way to lose a record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.core.chain import State, check_log, is_sound
from scanner.core.events import Event, Folded, Retired
from scanner.core.reasons import Outcome, Reason
from scanner.core.segment import NO_LINK, link_of, read_segment
from tests.core.chains import DAY, MINUTE, Chain, a_record, folded
from tests.core.linked import INTACT, a_chain, states


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
