"""How much may change in a day, counted whatever way it comes."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from scanner.core.breaker import (
    DAY_S,
    Changes,
    Room,
    Tally,
    count_differences,
    room,
    sift,
)
from scanner.core.policy import BreakerLimits, RaisedLimit
from scanner.core.revocation import StatusBits

V, R, S = StatusBits.VALID, StatusBits.REVOKED, StatusBits.SUSPENDED
AT = 18_367 * DAY_S + 12 * 3600  # 2020-04-15, noon
LIMITS = BreakerLimits()
CITY = 10_000_000


def may(
    *ledger: Tally, since: int = AT - 300, limits: BreakerLimits = LIMITS, at: int = AT
) -> Room:
    return room(limits, CITY, ledger, at, since)


def test_a_day_has_one_percent_and_five_thousand_restores() -> None:
    """The lower of share and number bounds what is restored."""
    assert may() == Room(100_000, 5_000)
    assert room(LIMITS, 1_000_000, (), AT, AT) == Room(10_000, 1_000)


def test_what_changed_within_a_day_is_counted() -> None:
    """Many small steps count like one large one, and are over after 24 hours."""
    ledger = [Tally(AT - hours * 3600, 10_000, 500) for hours in (1, 5, 23)]
    assert may(*ledger) == Room(70_000, 3_500)
    assert may(Tally(AT - DAY_S, 100_000, 5_000)).flips == 100_000


def test_who_was_away_may_catch_up() -> None:
    """Three days away, three days' changes; never more than a week's."""
    assert may(since=AT - 3 * DAY_S).flips == 300_000
    assert may(since=AT - 90 * DAY_S).flips == 700_000


def test_catching_up_twice_is_counted_over_a_week() -> None:
    """The week's sum bounds what repeated absences would add up to."""
    assert may(Tally(AT - 2 * DAY_S, 650_000, 0)).flips == 50_000
    assert may(Tally(AT - 2 * DAY_S, 900_000, 0)).flips == 0


def test_limit_raised_for_a_day_counts_on_that_day() -> None:
    """On top of the others, and still when the day is within the last 24 hours."""
    limits = BreakerLimits(raised=(RaisedLimit(date(2020, 4, 15), 0.3, 0.05, 500_000),))
    assert may(limits=limits) == Room(3_100_000, 505_000)
    assert may(limits=limits, at=AT + DAY_S // 2).flips == 3_100_000
    assert may(limits=limits, at=AT + 2 * DAY_S, since=AT + 2 * DAY_S).flips == 100_000
    used = Tally(AT, 3_000_000, 0)
    assert may(used, limits=limits, at=AT + DAY_S // 2).flips == 100_000


def test_without_a_map_the_number_counts_for_both() -> None:
    """A city whose passes have no index still has a list of ids."""
    assert room(LIMITS, 0, (), AT, AT) == Room(5_000, 5_000)


def test_flips_and_restores_are_held_apart() -> None:
    """A gift of revoked passes does not keep revocations out."""
    before = {1: R, 2: R, 3: V, 4: S}.get
    sifted = sift({1: V, 2: V, 3: R, 4: R}, lambda key: before(int(key), V), {}, Room(5, 1))
    assert sifted.applied == {3: R, 4: R}
    assert sifted.held == {1: V, 2: V}
    assert (sifted.flips, sifted.held_restores) == (1, 2)


def test_what_is_held_is_not_counted_again() -> None:
    """So that what comes after it applies."""
    held: Changes = dict.fromkeys(range(100), R)
    sifted = sift(held | {500: R}, lambda _: V, held, Room(10, 10))
    assert (sifted.applied, len(sifted.still_held), sifted.held) == ({500: R}, 100, {})


def test_change_that_is_none_is_left_out() -> None:
    """Steps say what was touched, also where it is back to what it was."""
    assert sift({1: R, 2: V}, lambda key: R if key == 1 else V, {}, Room(0, 0)).applied == {}


rows = st.binary(max_size=40)


@given(rows, rows)
def test_differences_are_counted_as_one_by_one(old: bytes, new: bytes) -> None:
    """By whole numbers instead of by index, with the same result."""
    flips = restores = 0
    for index in range(4 * max(len(old), len(new))):
        at, shift = index // 4, 2 * (index % 4)
        was = old[at] >> shift & 3 if at < len(old) else 0
        now = new[at] >> shift & 3 if at < len(new) else 0
        flips += not was and bool(now)
        restores += bool(was) and not now
    assert count_differences(old, new) == (flips, restores)
