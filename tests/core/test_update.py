"""Names of targets, and what they say."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.errors import UpdateError
from scanner.core.policy import BreakerLimits, RaisedLimit
from scanner.core.targets import parse_policy
from scanner.core.update import (
    Target,
    TargetName,
    in_parts,
    joint_digest,
    parse_target_name,
    set_version,
)

KID = "0123456789abcdef"


@pytest.mark.parametrize(
    ("name", "list_name", "version", "begin"),
    [
        ("keys-2-0", "keys", 2, 0),
        ("policy-3", "policy", 3, 0),
        ("rules-4", "rules", 4, 0),
        ("holders-5", "holders", 5, 0),
        ("holders-5-2", "holders", 5, 0),
        ("base-7-6-12", "status-7", 6, 0),
        ("d-7-6-9", "status-7", 9, 6),
        ("ids-0-9", "ids", 9, 0),
        ("ids-6-9", "ids", 9, 6),
        ("ids-6-9-1", "ids", 9, 6),
        (f"issued-{KID}", f"issued-{KID}", 0, 0),
        (f"issued-{KID}-1", f"issued-{KID}", 0, 0),
    ],
)
def test_name_says_list_and_versions(name: str, list_name: str, version: int, begin: int) -> None:
    """Which list, to which version, and from which one at the least."""
    target = parse_target_name(name)
    assert target is not None
    assert (target.list_name, target.version, target.from_version) == (list_name, version, begin)


@pytest.mark.parametrize(
    "name",
    ["", "keys", "keys-1", "keys-01-0", "keys-1--1", "base-0-1-0", "base-256-1-0", "d-7-1",
     "holders", "holders-", "holders-1-0-0", "ids-1", "ids-0-", "ids-0-1-0-0", "d-x-1-2",
     "future-1", "approve-1", f"issued-{KID}-1-2", "issued-12", "policy-12345678901"],
)  # fmt: skip
def test_name_of_another_form_is_none(name: str) -> None:
    """It may be of a later version of this program."""
    assert parse_target_name(name) is None


def test_parts_are_in_the_order_of_their_numbers() -> None:
    """Ten comes after two."""
    names = ["base-7-1-10", "base-7-1-2", "base-7-1-0"]
    ordered = sorted(filter(None, map(parse_target_name, names)))
    assert [target.numbers[2] for target in ordered] == [0, 2, 10]


@pytest.mark.parametrize(
    ("name", "whole", "part"),
    [
        ("keys-2-3", "keys-2", 3),
        ("policy-3", "policy-3", 0),
        ("holders-5", "holders-5", 0),
        ("holders-5-0", "holders-5", 0),
        ("holders-5-2", "holders-5", 2),
        ("base-7-6-12", "base-7-6", 12),
        ("d-7-6-9", "d-7-6-9", 0),
        ("ids-6-9", "ids-6-9", 0),
        ("ids-6-9-1", "ids-6-9", 1),
        (f"issued-{KID}", f"issued-{KID}", 0),
        (f"issued-{KID}-1", f"issued-{KID}", 1),
    ],
)
def test_name_says_what_it_is_a_part_of(name: str, whole: str, part: int) -> None:
    """Lists that had no parts before were all of them part 0."""
    target = parse_target_name(name)
    assert target is not None
    assert (target.whole, target.part) == (whole, part)


def offered(*names: str) -> dict[str, Target]:
    return {name: Target(10, sha256(name.encode()).hexdigest()) for name in names}


def test_parts_are_put_together_in_their_order() -> None:
    """Of each step by itself; names of another form are left out."""
    names = ["ids-2-9-1", "ids-0-9-0", "ids-2-9-0", "future-7", "d-7-1-2"]
    delta, whole, step = in_parts(names, offered(*names))
    assert (delta.name, whole.name, step.name) == ("d-7-1-2", "ids-0-9", "ids-2-9")
    assert (step.names, step.length) == (("ids-2-9-0", "ids-2-9-1"), 20)
    assert step.target == parse_target_name("ids-2-9-0")
    step.check()


def test_parts_are_known_by_one_digest() -> None:
    """A target without others by its own, so that what was held before is still known; bases
    always by a joint one."""
    names = ["ids-0-9-0", "holders-5-0", "holders-5-1", "base-7-1-0"]
    targets = offered(*names)
    base, holders, ids = in_parts(names, targets)
    assert ids.digest == targets["ids-0-9-0"].sha256
    assert holders.digest == joint_digest([targets[name].sha256 for name in names[1:3]])
    assert base.digest == joint_digest([targets["base-7-1-0"].sha256])


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (["holders-5-1"], "holders-5 has no part 0"),
        (["holders-5-0", "holders-5-2"], "holders-5 has no part 1"),
        (["holders-5", "holders-5-0"], "holders-5 has part 0 twice"),
        (["ids-0-9-0", "ids-0-9-1", "ids-0-9-3"], "ids-0-9 has no part 2"),
    ],
)
def test_parts_that_are_missing_or_doubled_are_refused(names: list[str], fault: str) -> None:
    """With the words of what to do."""
    (parts,) = in_parts(names, offered(*names))
    with pytest.raises(UpdateError, match=f"held back: {fault}. Ask whoever signs"):
        parts.check()


@given(st.text(max_size=30))
def test_any_name_is_read_or_none(name: str) -> None:
    """A name comes from metadata that somebody may have signed with a stolen key."""
    target = parse_target_name(name)
    assert target is None or isinstance(target, TargetName)


def test_issued_set_is_known_by_its_content() -> None:
    """Other parts, other fingerprint; 32 bits of the digest that names a base."""
    assert set_version(["a", "b"]) != set_version(["ab"])
    assert set_version(["a"]) == int(joint_digest(["a"])[:8], 16)


def test_limits_of_the_breaker_stand_in_the_policy() -> None:
    """Defaults where nothing stands, and what is raised for a day."""
    policy: dict[str, object] = {"version": 1, "time_zone": "UTC"}
    assert parse_policy(json.dumps(policy).encode()).breaker.to_limits() == BreakerLimits()
    raised = {"day": "2020-04-15", "flips": 0.3, "restores": 0.05, "restores_a_day": 500_000}
    policy["breaker"] = {"flips": 0.02, "raised": [raised]}
    limits = parse_policy(json.dumps(policy).encode()).breaker.to_limits()
    expected = RaisedLimit(date(2020, 4, 15), 0.3, 0.05, 500_000)
    assert limits == BreakerLimits(flips=0.02, raised=(expected,))


@pytest.mark.parametrize(
    "breaker", [{"flips": 1.1}, {"restores": -1}, {"raised": [{"day": "soon"}]}, {"off": True}]
)
def test_limits_that_are_none_hold_the_policy_back(breaker: dict[str, object]) -> None:
    """A slip of the pen must not switch the breaker off."""
    policy = {"version": 1, "time_zone": "UTC", "breaker": breaker}
    with pytest.raises(UpdateError):
        parse_policy(json.dumps(policy).encode())
