"""The trust list: strict JSON, taken whole or not at all."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest

from scanner.central.issue import SigningKey
from scanner.core.cose import Algorithm
from scanner.core.errors import UpdateError
from scanner.core.trust import TEST_KEY_FINGERPRINTS, KeyState, parse_trust_list
from tests.core.example import ED, ES, entry

EC_X = str(ES.jwk()["x"])
OKP_X = str(ED.jwk()["x"])


def parse(*entries: object) -> object:
    return parse_trust_list(json.dumps({"keys": entries}), allow_test_keys=False)


def refusal(*entries: object) -> str:
    with pytest.raises(UpdateError) as caught:
        parse(*entries)
    return str(caught.value)


def test_every_member_is_read() -> None:
    """The whole entry of the formats."""
    members: dict[str, object] = {
        "kinds": [1, 2], "index": [5, 9], "max_life_s": {"1": 60, "0": 0}, "nbf": 0, "exp": 86_400,
        "state": "issued-set", "use": "sig",
    }  # fmt: skip
    (key,) = parse_trust_list(json.dumps({"keys": [entry(ED, **members)]}), allow_test_keys=False)
    assert (key.kid, key.algorithm, key.issuer, key.issuer_no) == (
        ED.kid, Algorithm.EDDSA, "city", 7,
    )  # fmt: skip
    assert (key.kinds, key.index_range) == (frozenset({1, 2}), (5, 9))
    assert key.max_life_s == {1: 60, 0: 0}
    assert (key.not_before, key.expires) == (
        datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC),
    )  # fmt: skip
    assert (key.state, key.is_test, key.fingerprint) == (KeyState.ISSUED_SET, False, ED.kid.hex())


@pytest.mark.parametrize("key", [ED, ES], ids=["OKP", "EC"])
def test_the_fingerprint_is_that_of_the_raw_public_key(key: SigningKey) -> None:
    """Ed25519 as it stands, P-256 as an uncompressed point, as the issuer's library writes it."""
    (parsed,) = parse_trust_list(json.dumps({"keys": [key.jwk()]}), allow_test_keys=False)
    assert parsed.fingerprint == hashlib.sha256(key.public_bytes).hexdigest()[:16]


@pytest.mark.parametrize("key", [ED, ES], ids=["OKP", "EC"])
def test_missing_members_bound_nothing(key: object) -> None:
    """kty, crv, alg, the coordinates and kid are all that must be there."""
    assert key in (ED, ES)
    jwk = ED.jwk() if key is ED else ES.jwk()
    (parsed,) = parse_trust_list(json.dumps({"keys": [jwk]}), allow_test_keys=False)
    assert (parsed.issuer, parsed.issuer_no, parsed.kinds, parsed.index_range) == (
        None, 0, None, None,
    )  # fmt: skip
    assert (parsed.max_life_s, parsed.not_before, parsed.expires) == ({}, None, None)
    assert parsed.state is KeyState.LIVE
    for member in jwk:
        assert "Key 1" in refusal({name: value for name, value in jwk.items() if name != member})


def test_null_bounds_nothing_where_the_formats_allow_it() -> None:
    """As for `index`."""
    nothing: dict[str, object] = dict.fromkeys(["kinds", "index", "max_life_s", "nbf", "exp"])
    (key,) = parse_trust_list(json.dumps({"keys": [entry(ED, **nothing)]}), allow_test_keys=False)
    assert (key.kinds, key.index_range, key.max_life_s, key.expires) == (None, None, {}, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nope",
        "null",
        "[]",
        "{}",
        '{"keys": null}',
        '{"keys": {}}',
        '{"Keys": []}',
        '{"keys": []} x',
        '{"keys": [], "keys": []}',
        '{"keys": [], "x": NaN}',
        '{"keys": [], "x": -Infinity}',
        '{"keys": [], "x": ' + "9" * 5000 + "}",
        '{"keys": ' + "[" * 100_000,
        '{"keys": ' + "[" * 100_000 + "]" * 100_000 + "}",
        b"\xff\xfe",
        b'{"keys": ["\xff"]}',
    ],
    ids=lambda text: text[:24],
)
def test_what_is_no_strict_jwk_set_is_refused(text: str | bytes) -> None:
    """Members that stand twice, NaN, and depth without end among them."""
    with pytest.raises(UpdateError, match="trust list"):
        parse_trust_list(text, allow_test_keys=True)


def test_an_empty_list_is_a_list() -> None:
    """Then no pass opens."""
    assert parse() == []


def test_a_member_that_stands_twice_in_an_entry_is_refused() -> None:
    """A key that is dead for one reader must not be live for another."""
    text = json.dumps({"keys": [entry(state="dead")]}).replace("}]", ', "state": "live"}]')
    with pytest.raises(UpdateError, match="twice"):
        parse_trust_list(text, allow_test_keys=True)


def deep(depth: int) -> object:
    nested: object = []
    for _ in range(depth):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"alg": "ES256"},  # of the other key type
        {"alg": "none"},
        {"alg": None},
        {"kty": deep(900)},
        {"kid": ED.kid.hex()[:14]},
        {"kid": ED.kid.hex() + "00"},
        {"kid": "0123456789abcde "},
        {"kid": "01 23456789abcde"},
        {"kid": "0123456789abcdeg"},
        {"kid": 123},
        {"x": ""},
        {"x": OKP_X[:-1]},
        {"x": OKP_X + "="},
        {"x": OKP_X[:-1] + "!"},
        {"x": OKP_X[:-1] + "é"},
        {"x": 5},
        {"iss": None},
        {"iss": 5},
        {"issuer_no": -1},
        {"issuer_no": 256},
        {"issuer_no": "7"},
        {"issuer_no": True},
        {"issuer_no": 7.0},
        {"issuer_no": deep(900)},
        {"kinds": 1},
        {"kinds": ["1"]},
        {"kinds": [-1]},
        {"kinds": {"1": True}},
        {"index": 5},
        {"index": [5]},
        {"index": [5, 6, 7]},
        {"index": [9, 5]},
        {"index": [0, 2**32]},
        {"index": [0.0, 5]},
        {"max_life_s": []},
        {"max_life_s": {"x": 1}},
        {"max_life_s": {"-1": 1}},
        {"max_life_s": {"01": 1}},
        {"max_life_s": {" 1": 1}},
        {"max_life_s": {"\u0661": 1}},
        {"max_life_s": {"9" * 5000: 1}},
        {"max_life_s": {"1": -1}},
        {"max_life_s": {"1": "60"}},
        {"nbf": -1},
        {"nbf": "0"},
        {"exp": 1e300},
        {"exp": 253402300800},
        {"state": "Live"},
        {"state": None},
        {"state": ["dead"]},
        {"state": deep(900)},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_an_entry_that_is_not_as_the_formats_say_is_refused(changes: dict[str, object]) -> None:
    """And with it the list; the error names the entry."""
    assert refusal(entry(ES), entry(ED, **changes)).startswith(
        "Key 2 of the trust list is unusable"
    )


@pytest.mark.parametrize("coordinate", ["x", "y"])
def test_a_point_that_is_not_on_the_curve_is_refused(coordinate: str) -> None:
    """Nor is one beyond the field."""
    for other in (EC_X[:-2] + ("AA" if EC_X[-2:] != "AA" else "BA"), "_" * 42 + "8"):
        assert "unusable" in refusal(entry(ES, **{coordinate: other}))
    assert "unusable" in refusal(entry(ES, crv="Ed25519"))


@pytest.mark.parametrize("other", [None, 5, "key", [], [entry()]])
def test_an_entry_that_is_no_object_is_refused(other: object) -> None:
    """Whatever it is."""
    assert "Key 1" in refusal(other)


@pytest.mark.parametrize("test", [True, 1, "false", None])
def test_a_test_key_is_refused_outside_simulation(test: object) -> None:
    """Anything but false marks one."""
    assert "--simulate" in refusal(entry(test=test))
    text = json.dumps({"keys": [entry(test=test), entry(ES, test=False)]})
    keys = parse_trust_list(text, allow_test_keys=True)
    assert [key.is_test for key in keys] == [True, False]


def test_a_test_key_is_known_by_its_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when its entry says nothing, or another kid."""
    assert len(TEST_KEY_FINGERPRINTS) > 0
    monkeypatch.setattr("scanner.core.trust.TEST_KEY_FINGERPRINTS", {ED.kid.hex()})
    assert "--simulate" in refusal(entry(kid="00" * 8, test=False))
