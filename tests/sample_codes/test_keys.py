"""The private halves of the sample keys are public, so every list with one of them is refused."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from sample_codes.keys import TEST_KEYS, TRUSTED
from scanner.central.issue import SigningKey
from scanner.core.cose import Algorithm
from scanner.core.errors import UpdateError
from scanner.core.trust import TEST_KEY_FINGERPRINTS, parse_trust_list
from tests.sample_codes.lists import read


def test_the_core_knows_the_fingerprint_of_every_test_key() -> None:
    """The constant in the core is the fingerprints of these keys, no more and no less."""
    found = {sha256(key.public_bytes).hexdigest()[:16] for key in TEST_KEYS.values()}
    assert found == TEST_KEY_FINGERPRINTS


@pytest.mark.parametrize("name", sorted(TEST_KEYS))
def test_a_list_with_a_test_key_is_refused_though_it_is_not_marked(name: str) -> None:
    """Taking the mark off does not make a test key a real one."""
    entry = {**TEST_KEYS[name].jwk(), "test": False}
    with pytest.raises(UpdateError, match="is a test key"):
        parse_trust_list(json.dumps({"keys": [entry]}), allow_test_keys=False)


def test_the_trust_list_of_the_bundle_is_refused_outside_simulation() -> None:
    """A device with real pins takes none of the samples."""
    with pytest.raises(UpdateError, match="is a test key"):
        parse_trust_list(read("keys-1-0"), allow_test_keys=False)
    assert len(parse_trust_list(read("keys-1-0"), allow_test_keys=True)) == len(TRUSTED)


def test_every_member_of_every_entry_is_filled_in() -> None:
    """The list bounds what each key may sign."""
    for entry in json.loads(read("keys-1-0"))["keys"]:
        assert entry["test"] is True
        assert entry.keys() >= {"kid", "alg", "iss", "issuer_no", "kinds", "index", "max_life_s"}
        assert entry.keys() >= {"nbf", "exp", "state"}


def test_the_keys_are_of_both_algorithms_and_differ() -> None:
    """Ed25519 and one P-256, each from its own label."""
    algorithms = [key.algorithm for key in TEST_KEYS.values()]
    assert algorithms.count(Algorithm.ES256) == 1
    assert len({key.kid for key in TEST_KEYS.values()}) == len(TEST_KEYS)
    assert SigningKey.ed25519(bytes(32)).kid not in {key.kid for key in TEST_KEYS.values()}
