"""What arrives as an update is taken or refused with UpdateError, whatever its bytes."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.central.issue import SigningKey
from scanner.core import strict_json
from scanner.core.errors import UpdateError
from scanner.core.revocation import (
    Delta,
    StatusBits,
    decode_delta,
    decode_ids,
    decode_part,
    decode_refs,
    encode_delta,
)
from scanner.core.targets import PolicyFile, parse_policy, parse_rules
from scanner.core.trust import IssuerKey, parse_trust_list
from tests.core.example import ED, ES, entry


def parse_keys(text: bytes) -> list[IssuerKey]:
    return parse_trust_list(text, allow_test_keys=True)


PARSERS: list[Callable[[bytes], object]] = [parse_keys, parse_policy, parse_rules]
DECODERS: list[Callable[[bytes], object]] = [decode_part, decode_delta, decode_ids, decode_refs]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=4), parts),
    max_leaves=8,
)
MEMBERS = [
    "kty", "crv", "alg", "x", "y", "kid", "iss", "issuer_no", "kinds", "index", "max_life_s", "nbf",
    "exp", "state", "test",
]  # fmt: skip
POLICY_FIELDS = list(PolicyFile.__struct_fields__)
RULE_FIELDS = [
    "id", "not_after", "do", "kinds", "exp_from", "exp_to", "until", "seconds", "zones",
    "except_kinds", "batches", "districts", "iat_from", "iat_to",
]  # fmt: skip
RULES = ["extend", "grace", "close-zone", "quarantine-batch", "quarantine-district", "x"]


def answer(parse: Callable[[bytes], object], raw: bytes) -> object:
    """What it says; None when it is refused, and the error when that has no text."""
    try:
        return parse(raw)
    except UpdateError as error:
        return None if str(error) else error


@pytest.mark.parametrize("parse", [*PARSERS, *DECODERS], ids=lambda parse: parse.__name__)
@given(raw=st.binary(max_size=300))
def test_any_bytes_are_taken_or_refused(parse: Callable[[bytes], object], raw: bytes) -> None:
    """Nothing but UpdateError, and with a text."""
    assert not isinstance(answer(parse, raw), UpdateError)


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
@given(value=JSON)
def test_any_json_is_taken_or_refused(parse: Callable[[bytes], object], value: object) -> None:
    """NaN and infinities as Python writes them among it."""
    found = answer(parse, json.dumps(value).encode())
    assert found is None or (value == [] and found == ())


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=4), st.sampled_from([ED, ES]))
def test_any_entry_is_taken_or_refused(changes: dict[str, object], key: SigningKey) -> None:
    """A good entry with members of any type."""
    text = json.dumps({"keys": [entry(key) | changes]}).encode()
    found = answer(parse_keys, text)
    assert found is None or (isinstance(found, list) and isinstance(found[0], IssuerKey))


@given(st.dictionaries(st.sampled_from(POLICY_FIELDS), JSON | st.integers(-1, 9), max_size=3))
def test_any_policy_is_taken_or_refused(changes: dict[str, object]) -> None:
    """A good policy with fields of any type."""
    text = json.dumps({"version": 1, "time_zone": "UTC"} | changes).encode()
    found = answer(parse_policy, text)
    assert found is None or isinstance(found, PolicyFile)


@given(
    st.lists(
        st.builds(
            lambda do, fields: {"id": "r", "not_after": 0, "kinds": [1]} | fields | {"do": do},
            st.sampled_from(RULES),
            st.dictionaries(
                st.sampled_from(RULE_FIELDS),
                JSON | st.integers(-(10**13), 10**13) | st.lists(st.integers(0, 9)),
                max_size=4,
            ),
        ),
        max_size=3,
    )
)
def test_any_rules_are_taken_or_refused(rules: list[dict[str, object]]) -> None:
    """Known and unknown kinds, with fields of any type."""
    found = answer(parse_rules, json.dumps(rules).encode())
    assert found is None or (isinstance(found, tuple) and len(found) == len(rules))


DELTA = encode_delta(
    Delta(1, 0, 1, {n * n: StatusBits.REVOKED for n in range(50)} | {3: StatusBits.VALID})
)


@pytest.mark.parametrize("decode", DECODERS, ids=lambda decode: decode.__name__)
@given(data=st.data())
def test_a_damaged_frame_is_taken_or_refused(
    decode: Callable[[bytes], object], data: st.DataObject
) -> None:
    """Bytes of a genuine one replaced, added or left out."""
    begin = data.draw(st.integers(0, len(DELTA)))
    end = data.draw(st.integers(begin, len(DELTA)))
    damaged = DELTA[:begin] + data.draw(st.binary(max_size=6)) + DELTA[end:]
    assert not isinstance(answer(decode, damaged), UpdateError)


@given(JSON)
def test_strict_json_is_read_as_it_was_written(value: object) -> None:
    """Or it is refused, because it holds NaN or an infinity."""
    text = json.dumps(value)
    if "NaN" in text or "Infinity" in text:
        return
    assert strict_json.parse(text) == value


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_text_makes_the_json_reader_fail(text: bytes | str) -> None:
    """ValueError, and nothing else."""
    try:
        found = strict_json.parse(text)
    except ValueError:
        return
    assert strict_json.parse(json.dumps(found)) == found
