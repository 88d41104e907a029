"""What an attacker can make of the rows of a log: no person, by no sum and no difference."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.cells import LEAST, Cell, Span, cells_of
from scanner.core.reasons import Outcome, Reason
from scanner.core.tallies import Kind
from tests.core.celled import chain_of, rows_of

# Reasons as they come, most of them rare.
REASONS = [Reason.OK] * 6 + [Reason.EXPIRED, Reason.REVOKED, Reason.COMPARE, Reason.LET_THROUGH]


def random_quarters(dice: Random) -> list[list[Reason]]:
    """A few hours, from an empty road to a queue."""
    return [
        dice.choices(REASONS, k=dice.choice([0, 1, 2, 3, 5, 8, 12, 30]))
        for _ in range(dice.randint(1, 14))
    ]


Seed = st.integers(0, 2**32)


@given(Seed)
def test_every_record_is_in_one_row(seed: int) -> None:
    """The sum is right, or lacks fewer than five that are said to be there."""
    quarters = random_quarters(Random(seed))
    rows = rows_of(chain_of(quarters).log())
    lacking = sum(map(len, quarters)) - sum(row.n for row in rows)
    if any(not row.is_told for row in rows):
        assert 0 < lacking < LEAST or lacking == 16
    else:
        assert lacking == 0


def aggregates(rows: Sequence[Cell]) -> dict[str, int]:
    """Everything that a table or chart shows: sums of rows by whatever they say."""
    keys: dict[str, Callable[[Cell], object]] = {
        "all": lambda row: "",
        "day": lambda row: row.day,
        "hour": lambda row: row.minute and row.minute // 60,
        "quarter": lambda row: (row.minute, row.span),
        "outcome": lambda row: row.kind.outcome,
        "reason": lambda row: (row.kind.outcome, row.kind.reason),
        "of": lambda row: (row.kind.outcome, row.kind.reason, row.kind.of),
        "outcome by hour": lambda row: (row.kind.outcome, row.minute and row.minute // 60),
    }
    sums: defaultdict[str, int] = defaultdict(int)
    for name, key in keys.items():
        for row in rows:
            sums[f"{name} {key(row)}"] += row.n
    return sums


@given(Seed)
def test_no_number_and_no_difference_is_a_group_of_one_to_four(seed: int) -> None:
    """Of told rows and of all sums that are made of them."""
    rows = [row for row in rows_of(chain_of(random_quarters(Random(seed))).log()) if row.is_told]
    assert all(row.n >= LEAST for row in rows)
    groups = [set(range(len(rows)))]
    for keys in (
        [row.kind.outcome for row in rows],
        [row.minute for row in rows],
        [row.kind for row in rows],
    ):
        groups += [{place for place, key in enumerate(keys) if key == one} for one in set(keys)]
    for larger in groups:
        for smaller in groups:
            if smaller < larger:
                assert sum(rows[place].n for place in larger - smaller) >= LEAST
    assert all(n >= LEAST for n in aggregates(rows).values())


@given(Seed)
def test_no_row_says_what_each_of_its_parts_is(seed: int) -> None:
    """A rest has room to be made up in several ways."""
    rows = rows_of(chain_of(random_quarters(Random(seed))).log())
    quarters = Counter((row.minute and row.minute // 60, row.kind)
                       for row in rows if row.span is Span.QUARTER)  # fmt: skip
    hours = {(row.minute and row.minute // 60, row.kind) for row in rows if row.span is Span.HOUR}
    for row in rows:
        if row.span is Span.HOUR:
            untold = 4 - quarters[(row.minute and row.minute // 60, row.kind)]
            assert untold >= 2
            assert LEAST <= row.n < 4 * untold
        elif row.is_told and row.span is Span.DAY and row.kind.reason is not None:
            covered = sum(n for (_, kind), n in quarters.items() if kind == row.kind)
            covered += sum(4 - quarters[(hour, kind)] for hour, kind in hours if kind == row.kind)
            assert row.n < 4 * (96 - covered)
    assert not any(row.kind == Kind(Outcome.ADMIT) for row in rows)


@given(Seed, st.integers(1, 14))
def test_row_that_was_told_never_changes(seed: int, at: int) -> None:
    """Two exports of one log differ by whole rows, and so by five at least."""
    quarters = random_quarters(Random(seed))
    early = rows_of(chain_of(quarters[:at], ends=False).log())
    late = rows_of(chain_of(quarters).log())
    for first, second in combinations(
        [early, rows_of(chain_of(quarters, ends=False).log()), late], 2
    ):
        assert {row for row in first if row.is_told} <= set(second)


@pytest.mark.parametrize("least", [LEAST, 1])
def test_log_without_records_has_no_rows(least: int) -> None:
    """And is no error; nor is one without segments."""
    log = chain_of([[Reason.OK] * 9]).log(records={})
    assert rows_of(log, least=least) == []
    assert cells_of(log, [], least=least) == []
