"""Policy and rules as they arrive: strict, whole or not at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from scanner.core.errors import UpdateError
from scanner.core.policy import Ages, KindPolicy, LogPolicy, Supervisor
from scanner.core.rules import (
    CloseZone,
    Extend,
    Grace,
    QuarantineBatch,
    QuarantineDates,
    QuarantineDistrict,
)
from scanner.core.targets import LONGEST_GRACE_S, MAX_RULES, parse_policy, parse_rules

POLICY = {"version": 3, "time_zone": "Europe/Moscow"}
END = datetime(1970, 1, 2, tzinfo=UTC)
NAMED = {"id": "r", "not_after": 86_400}
DEEP = "[" * 100_000


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def test_a_policy_of_two_fields_is_whole() -> None:
    """Everything else has a default."""
    policy = parse_policy(as_json(POLICY))
    assert (policy.leeway_s, policy.repeat_s, policy.formats) == (0, 60, ("MP1",))
    assert policy.ages_s.status.to_ages() == Ages(86_400, 259_200)
    assert policy.log.to_log() == LogPolicy(15, 1, 30)


def test_every_field_of_the_policy_is_read() -> None:
    """As the formats list them."""
    policy = parse_policy(
        as_json(
            POLICY
            | {
                "leeway_s": 60,
                "ages_s": {"status": {"soft": 1, "hard": 2, "hard_by_kind": {"2": 3}}},
                "zones": {"1": {"en": "Centre"}},
                "purposes": {"1": {"en": "Shop"}},
                "transport": {"1": {"en": "Metro"}},
                "kinds": {"5": {"one_off": True, "live": False, "compare": True}},
                "formats": ["MP1", "HC1"],
                "log": {"floor_min": 5, "keep_days": 2, "max_days": 9},
                "supervisors": [{"name": "S", "ed25519": "0f" * 32}],
                "repeat_s": 30,
                "reboot_grace": True,
                "appeal": {"en": "Where to appeal"},
            }
        )
    )
    assert policy.kinds[5].to_kind() == KindPolicy(one_off=True, compare=True)
    assert policy.ages_s.status.to_ages() == Ages(1, 2, {2: 3})
    assert policy.zones == {1: {"en": "Centre"}}
    assert policy.supervisors[0].to_supervisor() == Supervisor("S", b"\x0f" * 32)


@pytest.mark.parametrize(
    "change",
    [
        {"curfew": "22:00"},
        {"version": None},
        {"version": -1},
        {"version": 2**32},
        {"version": "3"},
        {"time_zone": 3},
        {"leeway_s": -1},
        {"leeway_s": 3601},
        {"leeway_s": 0.5},
        {"repeat_s": -1},
        {"repeat_s": 601},
        {"reboot_grace": 1},
        {"log": {"floor_min": 0}},
        {"log": {"floor_min": 60}},
        {"log": {"keep_days": -1}},
        {"log": {"max_days": 10**30}},
        {"ages_s": {"status": {"hard": -1}}},
        {"ages_s": {"status": {"hard": 10**12}}},
        {"ages_s": {"status": {"medium": 1}}},
        {"ages_s": {"status": {"hard_by_kind": {"1": -1}}}},
        {"ages_s": {"statuses": {}}},
        {"kinds": {"one": {}}},
        {"kinds": {"1": {"twice": True}}},
        {"kinds": {"1": {"live": 1}}},
        {"supervisors": [{"name": "S"}]},
        {"supervisors": [{"name": "", "ed25519": "0f" * 32}]},
        {"supervisors": [{"name": "S", "ed25519": "0f"}]},
    ],
    ids=str,
)
def test_a_policy_that_is_not_understood_is_held_back(change: dict[str, object]) -> None:
    """An unknown key is a wish of the city that this version would not fulfil."""
    with pytest.raises(UpdateError, match="held back"):
        parse_policy(as_json(POLICY | change))


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"version": 3}', DEEP.encode(),
     b'{"version": 3, "time_zone": "UTC", "version": 4}',
     b'{"version": 3, "time_zone": "UTC", "kinds": {"1": {}, "1": {"live": true}}}',
     b'{"version": 3, "time_zone": "UTC", "leeway_s": NaN}'],
)  # fmt: skip
def test_a_policy_with_two_readings_is_held_back(text: bytes) -> None:
    """No JSON, members twice, NaN."""
    with pytest.raises(UpdateError, match="held back"):
        parse_policy(text)


def test_every_kind_of_rule_is_read() -> None:
    """Six, each with its own fields."""
    rules = parse_rules(
        as_json(
            [
                NAMED
                | {"do": "extend", "kinds": [1], "exp_from": 0, "exp_to": 60, "until": 86_400},
                NAMED | {"do": "grace", "kinds": [1, 2], "seconds": 60},
                NAMED | {"do": "close-zone", "zones": [4], "except_kinds": [3]},
                NAMED | {"do": "close-zone", "zones": [4]},
                NAMED | {"do": "quarantine-batch", "batches": [7]},
                NAMED | {"do": "quarantine-district", "districts": [8]},
                NAMED | {"do": "quarantine-dates", "kinds": [1], "iat_from": 0, "iat_to": 86_400},
            ]
        )
    )
    start, one = datetime(1970, 1, 1, tzinfo=UTC), frozenset({1})
    minute = timedelta(minutes=1)
    assert rules == (
        Extend(id="r", not_after=END, kinds=one, exp_from=start, exp_to=start + minute, until=END),
        Grace(id="r", not_after=END, kinds=frozenset({1, 2}), grace=minute),
        CloseZone(id="r", not_after=END, zones=frozenset({4}), except_kinds=frozenset({3})),
        CloseZone(id="r", not_after=END, zones=frozenset({4}), except_kinds=frozenset()),
        QuarantineBatch(id="r", not_after=END, batches=frozenset({7})),
        QuarantineDistrict(id="r", not_after=END, districts=frozenset({8})),
        QuarantineDates(id="r", not_after=END, kinds=one, iat_from=start, iat_to=END),
    )


GRACE = NAMED | {"do": "grace", "kinds": [1], "seconds": 60}


@pytest.mark.parametrize(
    "rule",
    [
        {},
        [],
        None,
        NAMED,
        NAMED | {"do": "admit-all"},
        GRACE | {"zone": 1},
        GRACE | {"seconds": 0},
        GRACE | {"seconds": -60},
        GRACE | {"seconds": LONGEST_GRACE_S + 1},
        GRACE | {"kinds": 1},
        GRACE | {"kinds": ["1"]},
        GRACE | {"not_after": None},
        GRACE | {"not_after": "2020-05-31"},
        GRACE | {"not_after": 10**12},
        GRACE | {"not_after": -(10**12)},
        GRACE | {"not_after": 10**400},
        GRACE | {"id": 5},
        {name: value for name, value in GRACE.items() if name != "id"},
    ],
    ids=str,
)
def test_a_rule_that_is_not_understood_holds_all_back(rule: object) -> None:
    """Never half applied."""
    with pytest.raises(UpdateError, match="held back"):
        parse_rules(as_json([GRACE, rule]))


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"null", b"[", DEEP.encode(), b'[{"id": "a", "id": "b"}]', b"[NaN]"]
)
def test_rules_that_are_no_list_are_held_back(text: bytes) -> None:
    """Strict JSON, as for the policy."""
    with pytest.raises(UpdateError, match="held back"):
        parse_rules(text)


def test_at_most_eight_rules_are_taken() -> None:
    """They are shown to the officer at boot."""
    assert len(parse_rules(as_json([GRACE] * MAX_RULES))) == MAX_RULES == 8
    with pytest.raises(UpdateError, match="at most 8"):
        parse_rules(as_json([GRACE] * 9))
    assert parse_rules(b"[]") == ()
