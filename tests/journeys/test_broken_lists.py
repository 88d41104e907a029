"""Lists that are missing, damaged, replaced or empty: UNDECIDED, and good again when they are."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.core.claims import Pass
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import StoreError
from scanner.core.facts import ListFacts
from scanner.core.policy import Checkpoint, CheckpointPolicy
from scanner.core.reasons import Outcome, Reason, SignalName
from scanner.core.signal import NO_LAMPS
from scanner.core.trust import TrustList
from scanner.ports import Lists
from scanner.store.database import LISTS, connect
from scanner.store.migrations import migrate
from scanner.store.trust_list import SqliteLists
from tests import city
from tests.journeys.booth import Booth, MakeBooth, install, pass_number

GOOD = pass_number(1)

Spoil = Callable[[Path], None]


def is_undecided(booth: Booth, reason: Reason) -> bool:
    """A good pass is shown: amber with this reason, a record, and no green at any moment."""
    begun_s = booth.clock.monotonic_s()
    scan = booth.scan(GOOD)
    booth.watch(2.0)
    assert not booth.has_shown_green_since(begun_s)
    assert booth.records()[-1].reason is reason
    return (scan.verdict.outcome, scan.signal.name) == (Outcome.UNDECIDED, SignalName.SCANNER)


def rebuild(state: Path) -> None:
    """As a technician would: a new database, the lists installed anew."""
    migrate(state)
    install(state, city.targets())


def remove(state: Path) -> None:
    for path in state.glob("lists.db*"):
        path.unlink()


def put_garbage_in_its_place(state: Path) -> None:
    remove(state)
    (state / "lists.db").write_bytes(b"no database at all\n" * 500)


def put_an_empty_file_in_its_place(state: Path) -> None:
    remove(state)
    (state / "lists.db").write_bytes(b"")


def cut_it_short(state: Path) -> None:
    """What a card that fails leaves: the same file, without its end."""
    for name in ("lists.db-wal", "lists.db"):
        os.truncate(state / name, 0)


def drop_a_table(state: Path) -> None:
    db = connect(state, LISTS)
    db.execute("DROP TABLE document")
    db.close()


@pytest.mark.parametrize(
    "spoil",
    [remove, put_garbage_in_its_place, put_an_empty_file_in_its_place, cut_it_short, drop_a_table],
    ids=lambda spoil: spoil.__name__,
)
def test_lists_that_break_while_scanning_are_undecided_until_they_are_back(
    booth: Booth, spoil: Spoil
) -> None:
    """The same phone, shown again once the lists are rebuilt, gets its green."""
    spoil(booth.state)
    assert is_undecided(booth, Reason.STORE)
    booth.clear()
    remove(booth.state)
    rebuild(booth.state)
    scan = booth.scan(GOOD)
    assert (scan.verdict.reason, scan.verdict.notices) == (Reason.OK, ())
    assert [record.reason for record in booth.records()] == [Reason.STORE, Reason.OK]


def test_the_same_doubt_is_recorded_once(booth: Booth) -> None:
    """A phone that is shown again and again to a broken scanner is one record."""
    remove(booth.state)
    booth.scan(GOOD)
    for _ in range(3):
        booth.clear()
        booth.scan(GOOD)
    assert (len(booth.records()), booth.counters()) == (1, {"RESCAN": 3})


@pytest.mark.parametrize("spoil", [remove, put_garbage_in_its_place])
def test_lists_that_are_broken_at_the_start_are_named(booth: Booth, spoil: Spoil) -> None:
    """The error says which file, and what to do."""
    spoil(booth.state)
    with pytest.raises(StoreError, match=r"lists\.db.*Run `scanner"):
        SqliteLists(booth.state, Checkpoint(), allow_test_keys=False)


def test_no_lists_at_all_are_no_green(booth: Booth) -> None:
    """A device that was never given lists knows no issuer."""
    remove(booth.state)
    migrate(booth.state)
    assert is_undecided(booth, Reason.UNKNOWN_KEY)


def test_an_empty_trust_list_is_no_green(booth: Booth) -> None:
    """A fresh list that names nobody refuses: the issuer is unknown, and the list is not old."""
    install(booth.state, city.targets(keys=json.dumps({"keys": []}).encode()))
    scan = booth.scan(GOOD)
    assert (scan.verdict.outcome, scan.verdict.reason) == (Outcome.REFUSE, Reason.UNKNOWN_ISSUER)


def test_lists_that_arrive_are_used_at_once(booth: Booth) -> None:
    """A pass that is revoked while its phone is away is red when it comes back."""
    booth.scan(GOOD)
    booth.clear()
    spoilt = city.targets(keys=city.trust_list(state="dead"))
    install(booth.state, spoilt)
    scan = booth.scan(GOOD)
    assert (scan.verdict.reason, scan.seq) == (Reason.KEY_DEAD, 2)


class OddLists:
    """Lists whose answer is no answer."""

    def __init__(self, lists: Lists, error: Exception) -> None:
        self._lists, self._error = lists, error

    @property
    def trust(self) -> TrustList:
        return self._lists.trust

    @property
    def policy(self) -> CheckpointPolicy:
        return self._lists.policy

    def about(self, pass_: Pass, now: ClockReading) -> ListFacts:
        raise self._error

    def refresh(self) -> bool:
        return False


@pytest.mark.parametrize("kind", [KeyError, ValueError, RuntimeError, MemoryError, AssertionError])
def test_an_unexpected_fault_is_undecided_and_names_nobody(
    make_booth: MakeBooth, kind: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake of ours ends as amber; the journal gets its kind, never the payload."""
    odd = OddLists(make_booth().lists, kind(f"no place for {GOOD.decode()}"))
    booth = make_booth(lists=odd)
    with caplog.at_level(logging.DEBUG):
        assert is_undecided(booth, Reason.STORE)
    assert kind.__name__ in caplog.text
    assert GOOD.decode() not in caplog.text
    assert "pass-0000000001-" not in caplog.text


def test_regime_ended_is_dark_and_recorded_nowhere(booth: Booth) -> None:
    """No pass is needed: no lamp, no beep, whatever is shown, and a counter."""
    end = int((city.NOW - timedelta(hours=1)).timestamp())
    install(booth.state, city.targets(), end_of_regime=end)
    begun_s = booth.clock.monotonic_s()
    scan = booth.scan(GOOD)
    booth.clear(30.0)
    assert scan.signal.name is SignalName.REGIME_ENDED
    assert (booth.records(), booth.counters()) == ([], {"REGIME_ENDED": 1})
    assert {e.lamps for e in booth.recorder.history if e.at_s >= begun_s} <= {NO_LAMPS}
    assert booth.beeps_since(begun_s) == 0


def test_regime_that_ends_while_nobody_is_there_is_shown(booth: Booth) -> None:
    """The scanner does not go on saying that it is ready."""
    end = int((city.NOW + timedelta(minutes=1)).timestamp())
    install(booth.state, city.targets(), end_of_regime=end)
    assert booth.scan(GOOD).verdict.outcome is Outcome.ADMIT
    booth.wait(61.0)
    assert booth.loop.display.shown is SignalName.REGIME_ENDED
    assert booth.lit == NO_LAMPS


def test_a_clock_of_which_only_a_floor_is_known_is_undecided(booth: Booth) -> None:
    """A board that woke up in 1970 admits nobody, whatever its lists say."""
    booth.clock.set_time(city.NOW, level=ClockLevel.C, unsure=None)
    assert is_undecided(booth, Reason.CLOCK)


def test_clock_that_gets_confirmed_gives_the_same_phone_its_green(booth: Booth) -> None:
    """The doubt was ours: shown again, the pass is judged anew and recorded."""
    booth.clock.set_time(city.NOW, level=ClockLevel.C, unsure=None)
    booth.scan(GOOD)
    booth.clear()
    booth.clock.set_time(city.NOW)
    assert booth.scan(GOOD).verdict.reason is Reason.OK
    assert [record.reason for record in booth.records()] == [Reason.CLOCK, Reason.OK]
