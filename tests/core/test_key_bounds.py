"""What a pass may say is bounded by the trust list entry of the key that signed it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scanner.core.facts import Facts
from scanner.core.policy import CheckpointPolicy, KindPolicy
from scanner.core.reasons import Reason
from scanner.core.trust import TIME_CODE_KIND, KeyState
from tests.core.example import AT, DAY, FACTS, FRESH, KEY, SECOND, a_pass, issuer_key, reason

DEAD = replace(KEY, state=KeyState.DEAD)
LEAKED = replace(KEY, state=KeyState.ISSUED_SET)


def facts(is_issued: bool | None) -> Facts:
    return replace(FACTS, lists=replace(FRESH, is_issued=is_issued))


def test_a_key_without_bounds_bounds_nothing() -> None:
    """Missing members of an entry mean: no bound."""
    key = replace(KEY, issuer=None)
    assert reason(a_pass(key=key, issuer="anyone", kind=3, index=None, expires=AT + 900 * DAY)) is (
        Reason.OK
    )


def test_the_issuer_must_be_the_keys() -> None:
    """iss must equal the issuer of the key's entry."""
    assert reason(a_pass(issuer="City")) is Reason.KEY_NOT_FOR
    assert reason(a_pass(issuer="city")) is Reason.OK


@pytest.mark.parametrize(("kind", "expected"), [(1, Reason.OK), (2, Reason.KEY_NOT_FOR)])
def test_the_kind_must_be_allowed(kind: int, expected: Reason) -> None:
    """A key for work passes signs no personal ones."""
    assert reason(a_pass(key=issuer_key(kinds=[1, 4]), kind=kind)) is expected


def test_a_key_without_kinds_signs_no_pass() -> None:
    """An empty list is a bound; a missing one is none."""
    assert reason(a_pass(key=issuer_key(kinds=[]))) is Reason.KEY_NOT_FOR


def test_the_kind_of_time_codes_is_no_kind_of_passes() -> None:
    """A stolen time-code key, which is always online, signs no pass."""
    key = issuer_key(kinds=[TIME_CODE_KIND])
    policy = CheckpointPolicy(kinds={TIME_CODE_KIND: KindPolicy()})
    assert reason(a_pass(key=key, kind=TIME_CODE_KIND), policy=policy) is Reason.KEY_NOT_FOR
    assert reason(a_pass(kind=TIME_CODE_KIND)) is Reason.KEY_NOT_FOR


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (None, Reason.KEY_NOT_FOR),
        (99, Reason.KEY_NOT_FOR),
        (100, Reason.OK),
        (200, Reason.OK),
        (201, Reason.KEY_NOT_FOR),
    ],
)
def test_the_index_must_lie_in_the_keys_range(index: int | None, expected: Reason) -> None:
    """Both ends belong to it, and where there is a range an index is required."""
    assert reason(a_pass(key=issuer_key(index=[100, 200]), index=index)) is expected


@pytest.mark.parametrize(
    ("life", "expected"), [(2 * DAY, Reason.OK), (2 * DAY + SECOND, Reason.KEY_NOT_FOR)]
)
def test_the_life_is_bounded_for_its_kind(life: timedelta, expected: Reason) -> None:
    """exp − nbf; a kind that is not named is not bounded."""
    key = issuer_key(max_life_s={"1": 2 * 86_400})
    pass_ = a_pass(key=key, expires=AT - DAY + life)
    assert reason(pass_) is expected
    assert reason(replace(pass_, kind=2)) is Reason.OK


@pytest.mark.parametrize(
    ("iat_s", "expected"),
    [(-1, Reason.KEY_NOT_FOR), (0, Reason.OK), (59, Reason.OK), (60, Reason.KEY_NOT_FOR)],
)
def test_the_pass_must_be_issued_while_the_key_was_valid(iat_s: int, expected: Reason) -> None:
    """nbf ≤ iat < exp of the key; the pass may outlive it."""
    begin = int((AT - DAY).timestamp())
    key = issuer_key(nbf=begin, exp=begin + 60)
    assert reason(a_pass(key=key, issued_at=AT - DAY + iat_s * SECOND)) is expected


@pytest.mark.parametrize("years", [0, 1, 50])
def test_a_dead_key_is_dead_from_any_iat(years: int) -> None:
    """A thief back-dates."""
    assert reason(a_pass(key=DEAD, issued_at=AT - 365 * years * DAY)) is Reason.KEY_DEAD


@pytest.mark.parametrize(
    ("is_issued", "expected"),
    [(True, Reason.OK), (False, Reason.NOT_ISSUED), (None, Reason.NO_LISTS)],
)
def test_a_leaked_key_lives_on_for_what_was_really_issued(
    is_issued: bool | None, expected: Reason
) -> None:
    """Honest holders keep passing, forgeries stop; without the set the scanner cannot know."""
    assert reason(a_pass(key=LEAKED), facts(is_issued)) is expected


@pytest.mark.parametrize("is_issued", [True, False, None])
def test_an_issued_set_says_nothing_of_a_key_that_lives(is_issued: bool | None) -> None:
    """The set may be older than the newest pass of a key that is still in use."""
    assert reason(a_pass(), facts(is_issued)) is Reason.OK


@pytest.mark.parametrize("is_issued", [True, False, None])
def test_an_issued_set_does_not_revive_a_dead_key(is_issued: bool | None) -> None:
    """Dead is dead."""
    assert reason(a_pass(key=DEAD), facts(is_issued)) is Reason.KEY_DEAD
