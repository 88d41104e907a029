"""The bundle is made the same each time and is what an update would bring."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from sample_codes.bundle import (
    DELTA,
    MAP_SIZE,
    REVOKED_SHARE,
    make_index,
    make_targets,
    open_holders,
    quarantined_refs,
    revoked_ids,
    status_changes,
)
from sample_codes.keys import FLEET_IDENTITY
from sample_codes.make_samples import FLEET_KEY, FOLDER
from sample_codes.passes import INDEXES, holder_ref
from scanner.core.revocation import (
    StatusBits,
    decode_delta,
    decode_ids,
    decode_part,
    decode_refs,
    status_in,
)
from tests.sample_codes.lists import BUNDLE, Lists, read

TARGETS = make_targets(read("holders-1-0"))


def test_the_bundle_holds_these_targets_and_no_other() -> None:
    """Names as signed updates will have them."""
    assert {path.name for path in BUNDLE.iterdir()} == {*TARGETS, "index.json"}
    assert {"keys-1-0", "policy-1", "rules-1", "base-1-1-0", "d-1-1-2", "ids-0-1-0"} < set(TARGETS)


@pytest.mark.parametrize("name", ["keys-1-0", "policy-1", "rules-1"])
def test_texts_are_made_the_same_byte_for_byte(name: str) -> None:
    """Keys, policy and rules come from the labels alone."""
    assert read(name) == TARGETS[name]


@pytest.mark.parametrize("name", ["base-1-1-0", "base-1-1-1"])
def test_the_map_is_made_the_same(name: str) -> None:
    """Whatever the version of zstd packs it into, the map is the same bit for bit."""
    assert decode_part(read(name)) == decode_part(TARGETS[name])


def test_the_lists_are_made_the_same() -> None:
    """Delta, revocation list and holder list hold what the samples need, and only that."""
    assert decode_delta(read("d-1-1-2")) == DELTA
    assert decode_ids(read("ids-0-1-0")).revoked == tuple(revoked_ids().revoked)
    holders = decode_refs(open_holders(read("holders-1-0")))
    assert holders == tuple(quarantined_refs())


def test_the_same_holder_list_is_not_encrypted_again() -> None:
    """A second run leaves the file as it is, although age encrypts at random."""
    assert TARGETS["holders-1-0"] == read("holders-1-0")
    assert make_targets()["holders-1-0"] != read("holders-1-0")


def test_the_index_names_length_and_hash_of_each_target() -> None:
    """It stands for the metadata of a signed update."""
    index = json.loads(read("index.json"))
    assert index == json.loads(make_index({name: read(name) for name in TARGETS}))
    for name, described in index["targets"].items():
        assert described["length"] == len(read(name))
        assert described["sha256"] == sha256(read(name)).hexdigest()


def test_the_map_is_as_large_as_a_city_needs(lists: Lists) -> None:
    """Two million passes, one in twenty revoked, parts small enough for a bad line."""
    assert len(lists.map) * 4 == MAP_SIZE
    revoked = sum(status is StatusBits.REVOKED for status in status_changes().values())
    assert revoked == pytest.approx(MAP_SIZE * REVOKED_SHARE, rel=0.01)
    assert all(len(read(f"base-1-1-{part}")) <= 128 * 1024 for part in range(2))


def test_the_delta_restores_one_and_revokes_another(lists: Lists) -> None:
    """The base says the opposite of both."""
    restored, revoked = INDEXES["work-restored"], INDEXES["revoked"]
    assert status_in(lists.map, restored) is StatusBits.REVOKED
    assert lists.delta[restored] is StatusBits.VALID
    assert status_in(lists.map, revoked) is StatusBits.VALID
    assert lists.delta[revoked] is StatusBits.REVOKED


def test_who_is_ill_cannot_be_read_without_the_key_of_the_fleet() -> None:
    """The holder list is encrypted; `fleet.key` holds the identity that opens it."""
    assert holder_ref("quarantined") not in read("holders-1-0")
    assert read("holders-1-0").startswith(b"age-encryption.org/v1")
    assert (FOLDER / "fleet.key").read_text() == FLEET_KEY
    assert FLEET_IDENTITY in FLEET_KEY.splitlines()
