"""What an answer to an upload means, and when to try again."""

from __future__ import annotations

from itertools import accumulate, chain, repeat

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scanner.core.batch import Part
from scanner.core.upload import (
    MOST_ASKED_S,
    MOST_WAIT_S,
    Meaning,
    Outgoing,
    RetryState,
    meaning_of,
    words_of,
)

PARTS = tuple(Part(bytes([number]), b"") for number in range(5))
BOOT, OTHER_BOOT = "a" * 32, "b" * 32
MEANINGS = {
    Meaning.TAKEN: [200],
    Meaning.ASIDE: [400, 409, 413, 422],
    Meaning.LATER: [408, 425, 429, 500, 502, 503, 504, 599],
    Meaning.PEOPLE: [100, 201, 204, 301, 302, 307, 308, 401, 403, 404, 405, 418, 600, 0, -1],
}


@pytest.mark.parametrize("meaning", MEANINGS)
def test_every_status_has_its_meaning(meaning: Meaning) -> None:
    """Four refusals are about these bytes; whatever is not known is for people to look at."""
    assert {meaning_of(status) for status in MEANINGS[meaning]} == {meaning}


@given(st.integers() | st.sampled_from(list(chain.from_iterable(MEANINGS.values()))))
@example(400)
@example(500)
def test_every_status_says_what_to_do(status: int) -> None:
    """The first word is an order, and the status stands behind it."""
    words = words_of(status)
    assert words.split()[0].rstrip(":") in ("Ask", "Check", "Wait")
    assert words.endswith(f"(status {status})")


def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    """The longest wait after each failure in a row: 1, 2, 4 … 512, then 900 s."""
    states = accumulate(
        repeat(1.0, 12), lambda state, draw: state.failed(draw, BOOT, 0), initial=RetryState()
    )
    waits = [state.wait_s for state in states][1:]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


@given(st.integers(0, 10**6), st.floats(0, 1, exclude_max=True))
def test_wait_is_anything_below_the_longest(attempts: int, draw: float) -> None:
    """Full jitter: the whole stretch from nothing on is used, however often it has failed."""
    state = RetryState(attempts).failed(draw, BOOT, 5.0)
    assert 0 <= state.wait_s <= draw * MOST_WAIT_S
    assert (state.attempts, state.boot, state.boot_s) == (attempts + 1, BOOT, 5.0)


@pytest.mark.parametrize(
    ("asked", "least"), [(60, 60), (10**9, MOST_ASKED_S), (-5, 0), (None, 0), (0, 0)]
)
def test_server_that_asks_for_time_gets_it_within_reason(asked: float | None, least: float) -> None:
    """Never earlier than asked, never more than an hour for it, and not all devices at once."""
    first, second = (RetryState().failed(draw, BOOT, 0, asked) for draw in (0.0, 0.5))
    assert first.wait_s == least
    assert second.wait_s == least + 0.5


def test_wait_runs_on_within_a_boot() -> None:
    """Seconds since the boot count, not the time of day."""
    state = RetryState(3, 100.0, BOOT, 1000.0)
    assert state.resumed(BOOT, 1040.0) is state
    assert [state.left_s(at) for at in (1000.0, 1040.0, 1100.0, 5000.0)] == [100.0, 60.0, 0, 0]


def test_wait_that_a_reboot_interrupted_begins_anew() -> None:
    """How long the power was off is not known; the count of failures goes on."""
    resumed = RetryState(3, 100.0, BOOT, 1000.0).resumed(OTHER_BOOT, 2000.0)
    assert resumed == RetryState(3, 100.0, OTHER_BOOT, 2000.0)
    assert resumed.left_s(2030.0) == 70.0


@pytest.mark.parametrize(("kept", "found"), [("", ""), ("", BOOT), (BOOT, "")])
def test_boot_without_a_name_is_told_by_its_seconds(kept: str, found: str) -> None:
    """A wait ends also where no boot can be told apart; seconds that go back tell of a new one."""
    state = RetryState(3, 100.0, kept, 1000.0)
    assert state.resumed(found, 1100.0).left_s(1100.0) == 0
    assert state.resumed(found, 10.0).left_s(10.0) == 100.0


def test_what_does_not_fit_waits_behind() -> None:
    """A body may hold less than was offered for it; nothing at all has no last segment."""
    waiting = Outgoing(7, PARTS)
    assert (waiting.last, waiting.has_more) == (11, False)
    sent = waiting.cut(2)
    assert (sent.first, sent.last, sent.parts, sent.has_more) == (7, 8, PARTS[:2], True)
    assert waiting.cut(5) == waiting
    assert Outgoing(7, PARTS, has_more=True, is_again=True).cut(5).is_again
    assert Outgoing().last < Outgoing().first


def test_without_a_failure_nothing_waits() -> None:
    """In any boot and at any second."""
    assert RetryState().resumed(BOOT, 3.0).left_s(3.0) == 0
