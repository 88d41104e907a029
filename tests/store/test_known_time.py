"""What the device remembers of the time: through a crash, a reboot and another process."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.core.clock_reset import ClockReset
from scanner.core.errors import StoreError, TimeError
from scanner.core.held_time import Held
from scanner.core.time_bounds import AHEAD, NEVER_SET, Base, TimeBounds, TimeSource
from scanner.core.time_memory import TimeMemory
from scanner.store.known_time import KnownTime
from scanner.store.migrations import migrate
from scanner.store.state import StateStore

NOON = datetime(2026, 5, 12, 12, 0, tzinfo=UTC)
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
Open = Callable[..., KnownTime]


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Open]:
    """Opens the memory for a boot; all are closed at the end."""
    migrate(tmp_path)
    with ExitStack() as stack:

        def open_(boot: str = "b1", boot_s: float = 10.0) -> KnownTime:
            return stack.enter_context(closing(KnownTime(tmp_path, boot, boot_s)))

        yield open_


def everything(base: Base | None = None) -> TimeMemory:
    """A memory with something in every place, as the loop has it at NOON."""
    held = Held(NOON, NOON + 60 * SECOND, 100.5, 700.0, TimeSource.TIME_CODE)
    return TimeMemory(TimeBounds(NOON, base), NOON - HOUR, NOON, NOON - DAY, held)


def test_new_device_knows_nothing(known: Open) -> None:
    """No floor, no bound: NEVER_SET says so."""
    assert known().load() == TimeMemory(TimeBounds(NEVER_SET))


def test_same_boot_gets_everything_back(known: Open) -> None:
    """The process was killed: what it held goes on."""
    known().save(everything(Base(NOON - HOUR, 5.0)))
    assert known().load() == everything(Base(NOON - HOUR, 5.0))


def test_next_boot_holds_nothing_but_keeps_the_floor(known: Open) -> None:
    """Seconds since the boot mean nothing after it; the reach is counted from the floor found."""
    known().save(everything(Base(NOON - HOUR, 5.0)))
    after = known("b2").load()
    assert after == replace(everything(Base(NOON, 0.0)), held=None)
    assert after.newest_code == NOON


def test_boot_that_cannot_be_told_is_a_boot_of_its_own(known: Open) -> None:
    """Nothing is held, and the uptime before its start counts for nothing."""
    known("").save(everything())
    after = known("", 5000.0).load()
    assert (after.held, after.bounds.base) == (None, Base(NOON, 5000.0))


def test_floors_never_fall(known: Open) -> None:
    """An older memory changes neither floor, signed time nor time code."""
    known().save(everything())
    known().save(TimeMemory(TimeBounds(NOON - DAY), NOON - DAY, NOON - DAY))
    after = known().load()
    assert (after.bounds.floor, after.signed_at, after.newest_code) == (NOON, NOON - HOUR, NOON)
    assert after.rtc_set_at is None


def test_floor_of_an_older_release_counts(known: Open, tmp_path: Path) -> None:
    """The floor stands where it has always stood."""
    with closing(StateStore(tmp_path)) as store:
        store.raise_floors({"time": int(NOON.timestamp())})
    assert known().load().bounds == TimeBounds(NOON, Base(NOON, 0.0))


def test_restarts_within_a_boot_do_not_lengthen_the_reach(known: Open) -> None:
    """Each process would else find a higher floor to count its 48 hours from."""
    known().save(everything(Base(NOON, 0.0)))
    for _ in range(5):
        reach = known().load().bounds.ceiling(0.0)
        assert reach == NOON + AHEAD
        known().hear(TimeSource.ONLINE, reach, 0.0)
    with pytest.raises(TimeError):
        known().hear(TimeSource.ONLINE, NOON + AHEAD + SECOND, 0.0)


def test_claim_too_far_ahead_moves_nothing_and_is_told(known: Open) -> None:
    """E-CLOCK-FUTURE, until a claim is within the bounds again."""
    known().save(everything(Base(NOON, 0.0)))
    with pytest.raises(TimeError):
        known().hear(TimeSource.ONLINE, NOON + 30 * DAY, 0.0)
    assert (known().load().bounds.floor, known().future_claim) == (NOON, NOON + 30 * DAY)
    known().hear(TimeSource.ONLINE, NOON + HOUR, 0.0)
    assert (known().load().bounds.floor, known().future_claim) == (NOON + HOUR, None)


def test_offline_keys_move_floor_and_reach(known: Open) -> None:
    """Another process of this boot sees it; saving an older view does not undo it."""
    known().save(everything(Base(NOON, 0.0)))
    known().hear(TimeSource.OFFLINE, NOON + 30 * DAY, 50.0)
    known().save(everything(Base(NOON, 0.0)))
    assert known().load().bounds == TimeBounds(NOON + 30 * DAY, Base(NOON + 30 * DAY, 50.0))


def test_offline_expiry_is_kept_and_may_change(known: Open) -> None:
    """New targets bring a new one."""
    for until in (NOON + 90 * DAY, NOON + 60 * DAY):
        known().set_offline_until(until)
        assert known("b2").load().bounds.offline_until == until
    known().save(everything())
    assert known().load().bounds.offline_until == NOON + 60 * DAY


def test_hand_takes_two_steps(known: Open) -> None:
    """The first leaves a proposal, the second makes it the loop's; both end with the boot."""
    hand = Held.from_hand(NOON, 100.0)
    known().propose(hand)
    assert (known().proposed, known().load().by_hand) == (hand, None)
    assert known("b2").proposed is None
    known().set_by_hand(hand)
    assert (known().proposed, known().load().by_hand) == (None, hand)
    known().save(everything())
    assert known().load().by_hand == hand
    assert known("b2").load().by_hand is None


def test_future_of_the_system_is_told_and_withdrawn(known: Open) -> None:
    """What the loop saw in its last minute."""
    known().save(everything(), NOON + 9 * DAY)
    assert known().future_claim == NOON + 9 * DAY
    known().save(everything())
    assert known().future_claim is None


def test_image_raises_the_floor_as_the_offline_keys_do(known: Open) -> None:
    """Past every reach; and never back, for an older image."""
    known().save(everything(Base(NOON, 0.0)))
    assert known().hear_image(NOON + 30 * DAY, 20.0)
    assert known().load().bounds == TimeBounds(NOON + 30 * DAY, Base(NOON + 30 * DAY, 20.0))
    assert known().hear_image(NOON, 30.0)
    assert known().load().bounds.floor == NOON + 30 * DAY


def test_each_image_is_heard_once(known: Open) -> None:
    """What its file says at every start moves neither floor nor reach again."""
    built_at = NOON + timedelta(microseconds=5)
    assert known().hear_image(built_at, 20.0)
    assert not known("b2", 5.0).hear_image(built_at, 20.0)
    assert known("b2").load().bounds == TimeBounds(NOON, Base(NOON, 0.0))


FAR = NOON + 40 * DAY


def pushed(known: Open) -> KnownTime:
    """Everything that is kept says that it is forty days later than it is."""
    held = Held.from_code(FAR, 100.0)
    bounds = TimeBounds(FAR, Base(FAR, 5.0))
    known().save(TimeMemory(bounds, FAR, FAR, FAR, held), FAR + DAY)
    known().propose(held)
    known().set_offline_until(NOON + 60 * DAY)
    return known()


def test_reset_sets_the_floor_exactly_and_once(known: Open) -> None:
    """All that rested on the old floor goes, in every slot; the number is kept beside it."""
    assert pushed(known).reset(ClockReset(3, NOON), 200.0)
    bounds = TimeBounds(NOON, Base(NOON, 200.0), NOON + 60 * DAY)
    assert known().load() == TimeMemory(bounds, resets=3)
    assert (known().proposed, known().future_claim) == (None, None)
    known().hear(TimeSource.ONLINE, NOON + HOUR, 210.0)
    for number in (3, 2):
        assert not known().reset(ClockReset(number, NOON - DAY), 220.0)
    assert known().load().bounds.floor == NOON + HOUR
    assert known("b2").load().resets == 3


def test_reset_may_also_raise_the_floor(known: Open) -> None:
    """It is exactly the time that the offline keys say; what is not later than that stays."""
    known().save(everything(Base(NOON, 5.0)))
    known().reset(ClockReset(1, FAR), 200.0)
    after = known().load()
    assert (after.bounds.floor, after.bounds.base) == (FAR, Base(FAR, 200.0))
    assert (after.signed_at, after.newest_code) == (NOON - HOUR, NOON)


def test_memory_from_before_the_reset_is_not_kept(known: Open) -> None:
    """The loop that has not heard of it yet does not push the floor up again."""
    before = pushed(known).load()
    known().reset(ClockReset(1, NOON), 200.0)
    known().save(before, FAR)
    assert known().load().bounds.floor == NOON
    known().save(replace(known().load(), signed_at=NOON + HOUR))
    assert known().load().signed_at == NOON + HOUR


def test_reset_that_breaks_off_leaves_everything(
    known: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Floor and number move together or not at all."""
    before, store = pushed(known).load(), known()

    def fail(_: Base) -> None:
        raise StoreError("the power goes")

    monkeypatch.setattr(store, "_keep_base", fail)
    with pytest.raises(StoreError):
        store.reset(ClockReset(1, NOON), 200.0)
    assert known().load() == before


def test_trigger_still_stops_every_lowering(known: Open, tmp_path: Path) -> None:
    """A reset goes around it for one row and leaves it where it is, with the version floors."""
    with closing(StateStore(tmp_path)) as store:
        store.raise_floors({"tuf-root-all": 9})
        pushed(known).reset(ClockReset(1, NOON), 200.0)
        assert store.floor("tuf-root-all") == 9
    with (
        closing(sqlite3.connect(tmp_path / "state.db")) as db,
        pytest.raises(sqlite3.IntegrityError, match="never falls"),
    ):
        db.execute("UPDATE floor SET value = value - 1 WHERE name = 'time'")


def test_image_does_not_undo_a_reset(known: Open) -> None:
    """Its file says the same at the next start; it was heard before."""
    known().hear_image(FAR, 20.0)
    known().reset(ClockReset(1, NOON), 200.0)
    assert not known("b2").hear_image(FAR, 20.0)
    assert known("b2").load().bounds.floor == NOON


def saved(known: Open, *, is_fresh: bool = True, boot: str = "b1") -> None:
    """A minute's housekeeping of the loop."""
    known(boot).save(TimeMemory(TimeBounds(NOON, Base(NOON, 0.0))), is_fresh=is_fresh)


def test_floor_of_the_last_good_minute_is_fresh_in_the_next_boot(known: Open) -> None:
    """For every process of that boot, and not in the boot after it."""
    saved(known)
    assert not known().load().is_floor_fresh
    assert known("b2").load().is_floor_fresh
    known("b2").save(known("b2").load())
    assert known("b2").load().is_floor_fresh
    assert not known("b3").load().is_floor_fresh


def test_boot_that_ends_before_its_first_minute_ends_the_fresh_floor(known: Open) -> None:
    """The second cut is not known to follow the floor by a minute."""
    saved(known)
    assert known("b2").load().is_floor_fresh
    assert not known("b3").load().is_floor_fresh


def test_last_minute_decides(known: Open) -> None:
    """A clock that lost the time before the cut, or a floor that something else moved since."""
    saved(known)
    saved(known, is_fresh=False)
    assert not known("b2").load().is_floor_fresh
    saved(known, boot="b2")
    known("b2").hear(TimeSource.ONLINE, NOON + HOUR, 100.0)
    assert not known("b3").load().is_floor_fresh


def test_boots_that_cannot_be_told_apart_have_no_fresh_floor(known: Open) -> None:
    """The start of a process is then not known to follow a cut of the power."""
    saved(known, boot="")
    assert not known("").load().is_floor_fresh


def test_reset_ends_the_fresh_floor(known: Open) -> None:
    """What was saved before the cut was wrong."""
    saved(known)
    assert known("b2").load().is_floor_fresh
    known("b2").reset(ClockReset(1, NOON - HOUR), 20.0)
    assert not known("b2").load().is_floor_fresh
