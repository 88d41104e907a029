"""A server that has a part of what its device folded: more than the fold kept is no forgery."""

from __future__ import annotations

import pytest

from scanner.core.chain import State, check_log, is_sound
from scanner.core.logbook import DeviceLog
from scanner.core.reasons import Outcome, Reason
from tests.core.chains import MINUTE, Chain, a_record, folded

REFUSALS = {Outcome.REFUSE}
SEGMENTS = [
    [Reason.OK, Reason.EXPIRED],
    [Reason.OK, Reason.REVOKED, Reason.EXPIRED, Reason.OK],
    [Reason.OK, Reason.EXPIRED, Reason.OK],
]


def a_folded_chain(*keeps: set[Outcome]) -> tuple[Chain, dict[int, bytes], list[dict[int, bytes]]]:
    """Three segments, 9 records, folded as often as `keeps` says; records before, after each."""
    chain = Chain()
    for place, reasons in enumerate(SEGMENTS):
        chain.seal(MINUTE + 15 * place, [a_record(MINUTE, reason) for reason in reasons])
    before, after = dict(chain.records), list[dict[int, bytes]]()
    for place, keep in enumerate(keeps):
        left = Chain(records=dict(before))
        event = folded(left, 1, 9, keep=keep)
        chain.seal(MINUTE + 60 + place, events=[event])
        after.append(left.records)
    return chain, before, after


def given(chain: Chain, *parts: dict[int, bytes], whole: range) -> DeviceLog:
    """The records of `parts`, and of the last of them those in `whole`."""
    *some, before = parts
    records: dict[int, bytes] = {}
    for each in some:
        records |= each
    return chain.log(records=records | {seq: before[seq] for seq in whole})


@pytest.mark.parametrize("whole", [range(1, 3), range(3, 7), range(7, 10), range(1, 7), range(0)])
def test_segments_from_before_the_fold_stay_intact(whole: range) -> None:
    """Beside those of which only the kept records are there."""
    chain, before, (kept,) = a_folded_chain(REFUSALS)
    log = given(chain, kept, before, whole=whole)
    assert is_sound(check_log(log))
    intact = {seq for finding in check_log(log) if finding.state is State.INTACT
              for seq in range(finding.first, finding.last + 1)}  # fmt: skip
    assert intact == set(whole)


@pytest.mark.parametrize("whole", [range(1, 3), range(0)])
def test_what_the_first_fold_kept_may_stay_when_a_second_took_it(whole: range) -> None:
    """The server had the note of the first one before the device needed more room."""
    chain, before, (kept, nothing) = a_folded_chain(REFUSALS, set())
    for left in (kept, nothing):
        assert is_sound(check_log(given(chain, left, before, whole=whole)))


@pytest.mark.parametrize("keeps", [[REFUSALS], [REFUSALS, set()]], ids=["once", "twice"])
def test_what_no_fold_kept_is_forged(keeps: list[set[Outcome]]) -> None:
    """One record more, less or changed among those whose segment is not whole."""
    chain, before, (kept, *_) = a_folded_chain(*keeps)
    first, *others = [seq for seq in kept if seq > 2]
    changed = kept | {first: before[first][:-1] + b"\1"}
    fewer = {seq: kept[seq] for seq in kept if seq != first}
    more = kept | {3: before[3]}
    assert others
    for left in (changed, fewer, more):
        log = given(chain, left, before, whole=range(1, 3))
        assert State.FORGED in {finding.state for finding in check_log(log)}
