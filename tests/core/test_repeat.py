"""What the device remembers of whom it admitted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from scanner.central.issue import SigningKey
from scanner.core.claims import Pass
from scanner.core.repeat import MEMORY_S, MOST_ENTRIES, RepeatMemory
from scanner.core.trust import parse_trust_list

AT = datetime(2020, 4, 29, 9, tzinfo=UTC)
KEY = parse_trust_list(
    json.dumps({"keys": [SigningKey.ed25519(b"r" * 32).jwk()]}), allow_test_keys=True
)[0]
ANNA = Pass(KEY, "city", AT, AT, AT, cti=b"a" * 16, kind=1, holder_ref=b"anna----")
BORIS = replace(ANNA, cti=b"b" * 16, holder_ref=b"boris---")


def memory(started_s: float = -MEMORY_S) -> RepeatMemory:
    """A memory that has been running for ten minutes."""
    return RepeatMemory(b"k" * 32, started_s, AT)


def test_unknown_pass_was_not_seen() -> None:
    """Only admissions of this very device are known."""
    seen = memory().about(ANNA, 0.0)
    assert (seen.ago_s, seen.same_person, seen.memory_lost_at) == (None, False, None)


def test_admitted_pass_is_remembered_for_ten_minutes() -> None:
    """Seen n seconds ago, and after ten minutes not at all."""
    kept = memory()
    kept.remember(ANNA, 0.0)
    assert kept.about(ANNA, 240.0).ago_s == 240.0
    assert kept.about(BORIS, 240.0).ago_s is None
    assert kept.about(ANNA, MEMORY_S).ago_s is None


def test_second_pass_of_a_person_is_noticed() -> None:
    """Another code of the same holder; the same code again is not another."""
    kept = memory()
    kept.remember(ANNA, 0.0)
    other = replace(ANNA, cti=b"c" * 16)
    assert kept.about(other, 60.0).same_person
    assert not kept.about(ANNA, 60.0).same_person
    assert not kept.about(other, MEMORY_S).same_person


def test_pass_without_holder_ref_is_nobodys_second() -> None:
    """Passes that name no holder are not taken for one person's."""
    kept = memory()
    kept.remember(replace(ANNA, holder_ref=None), 0.0)
    assert not kept.about(replace(BORIS, holder_ref=None), 1.0).same_person


def test_young_memory_says_what_it_cannot_know() -> None:
    """In the first ten minutes a pass may have been admitted before the restart."""
    kept = memory(started_s=0.0)
    assert kept.about(ANNA, 599.0).memory_lost_at == AT
    kept.remember(ANNA, 599.0)
    assert kept.about(ANNA, 599.5).memory_lost_at is None
    assert kept.about(BORIS, 600.0).memory_lost_at is None


def test_full_memory_counts_as_lost() -> None:
    """Beyond its limit the oldest is forgotten, and the memory no longer vouches for anybody."""
    kept = memory()
    for number in range(MOST_ENTRIES + 1):
        kept.remember(replace(BORIS, cti=number.to_bytes(16)), 1.0 + number / 1e6)
    assert kept.about(replace(BORIS, cti=bytes(16)), 2.0).ago_s is None
    assert kept.about(ANNA, 2.0).memory_lost_at == AT


def test_old_entries_make_room() -> None:
    """Ten minutes later a busy gate has not filled its memory."""
    kept = memory()
    for number in range(MOST_ENTRIES):
        kept.remember(replace(BORIS, cti=number.to_bytes(16)), 0.0)
    kept.remember(ANNA, MEMORY_S)
    assert kept.about(BORIS, MEMORY_S).memory_lost_at is None


def test_memory_holds_no_identity() -> None:
    """Neither pass id nor holder reference can be read out of it."""
    kept = memory()
    kept.remember(ANNA, 0.0)
    held = repr(kept._passes) + repr(kept._holders)
    assert repr(ANNA.cti)[2:-1] not in held
    assert "anna" not in held
