"""Long lists of short entries: asked, compared and changed like sets, and much smaller."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.entries import Entries

# Few first bytes, so that shelves hold more than one, and the first and the last of them all.
ENTRIES = st.builds(
    lambda first, rest: bytes([first]) + rest,
    st.sampled_from([0, 1, 127, 254, 255]),
    st.binary(min_size=2, max_size=2),
)
SETS = st.sets(ENTRIES, max_size=30)


def of(entries: set[bytes]) -> Entries:
    return Entries.of(entries, 3)


@given(SETS)
def test_what_was_put_in_is_there_in_order(entries: set[bytes]) -> None:
    """Sorted, each once, three bytes an entry."""
    known = of(entries)
    assert list(known) == sorted(entries)
    assert (len(known), len(known.joined)) == (len(entries), 3 * len(entries))


@given(SETS, ENTRIES)
def test_an_entry_is_found_if_it_is_there(entries: set[bytes], other: bytes) -> None:
    """Each of them, and no other."""
    known = of(entries)
    assert all(entry in known for entry in entries)
    assert (other in known) is (other in entries)


@pytest.mark.parametrize("other", [None, 7, "abc", b"", b"ab", b"abcd"])
def test_what_is_no_entry_is_not_found(other: object) -> None:
    """A pass may carry a reference of any length, or none."""
    assert other not in of({b"abc", b"abd"})


@given(SETS, SETS)
def test_the_difference_is_that_of_sets(mine: set[bytes], theirs: set[bytes]) -> None:
    """In rising order."""
    assert list(of(mine).without(of(theirs))) == sorted(mine - theirs)


@given(SETS, SETS, SETS)
def test_changed_is_with_some_and_without_others(
    entries: set[bytes], added: set[bytes], removed: set[bytes]
) -> None:
    """Whether they were there before or not; the first list stays as it was."""
    known = of(entries)
    assert list(known.changed(added, removed)) == sorted((entries | added) - removed)
    assert list(known) == sorted(entries)


def test_order_and_repetitions_do_not_matter() -> None:
    """The same entries are the same bytes."""
    assert Entries.of([b"b", b"a", b"b"], 1).joined == b"ab"
