"""open_pass raises PassError, and nothing else, whatever the bytes."""

from __future__ import annotations

import cbor2
from hypothesis import event, given
from hypothesis import strategies as st

from scanner.central.issue import SigningKey
from scanner.core import base45
from scanner.core.claims import Pass
from scanner.core.clock import ClockReading
from scanner.core.cose import Algorithm, Header
from scanner.core.errors import PassError
from scanner.core.formats import open_pass
from scanner.core.reasons import Outcome, Reason
from scanner.core.verdict import Verdict, judge
from tests.core.example import (
    ED,
    ES,
    FACTS,
    NOW,
    POLICY,
    TRUST,
    issue,
    issue_payload,
    message,
    wrap,
)
from tests.core.strategies import cbor_values, claim_sets, clocks

GENUINE = base45.decode(issue({2: ["A.B.", "0102", "1234"], 8: [[31, 0, 1440]]})[4:])


def answer(payload: bytes, now: ClockReading = NOW) -> Pass | Reason:
    """The pass, or why it did not open."""
    try:
        pass_ = open_pass(payload, TRUST, now)
    except PassError as error:
        event(error.reason.name)
        return error.reason
    event("opened")
    return pass_


def is_refused(payload: bytes) -> bool:
    """It does not open, and for a reason that admits nothing."""
    found = answer(payload)
    return isinstance(found, Reason) and found.outcome is not Outcome.ADMIT


@given(st.binary(max_size=300))
def test_raw_bytes_do_not_open(payload: bytes) -> None:
    """Any QR code in town."""
    assert is_refused(payload)


@given(st.sampled_from([b"MP1:", b"MP2:", b"HC1:", b"MPL1:", b"http://"]), st.binary(max_size=1100))
def test_bytes_after_a_prefix_do_not_open(prefix: bytes, text: bytes) -> None:
    """What only looks like a pass."""
    assert is_refused(prefix + text)


@given(st.binary(max_size=700))
def test_bytes_in_base45_do_not_open(raw: bytes) -> None:
    """What is base45 and no COSE."""
    assert is_refused(wrap(raw))


@given(st.lists(st.sampled_from([*base45.ALPHABET]), max_size=60).map(bytes), st.data())
def test_escapes_anywhere_do_not_open(text: bytes, data: st.DataObject) -> None:
    """Percent signs in every place."""
    at = data.draw(st.integers(0, len(text)))
    assert is_refused(b"MP1:" + text[:at] + b"%2B%" + text[at:])


@given(cbor_values())
def test_any_cbor_does_not_open(item: object) -> None:
    """Strict CBOR that is no message."""
    assert is_refused(wrap(cbor2.dumps(item)))


@given(st.lists(cbor_values(4), min_size=4, max_size=4))
def test_any_four_parts_do_not_open(parts: list[object]) -> None:
    """An array of four, of whatever."""
    assert is_refused(wrap(cbor2.dumps(parts)))
    parts[0] = cbor2.dumps(parts[0])
    assert is_refused(wrap(cbor2.dumps(parts)))


@given(st.data())
def test_mutations_of_a_genuine_pass_do_not_open(data: st.DataObject) -> None:
    """A piece replaced by other bytes, shorter or longer."""
    begin = data.draw(st.integers(0, len(GENUINE)))
    end = data.draw(st.integers(begin, len(GENUINE)))
    other = data.draw(st.binary(max_size=12))
    mutated = GENUINE[:begin] + other + GENUINE[end:]
    if mutated not in (GENUINE, GENUINE[1:]):  # the tag is optional
        assert is_refused(wrap(mutated))


@given(st.dictionaries(st.integers(-9, 9) | st.text(max_size=3), cbor_values(3), max_size=4))
def test_any_signed_headers_are_read_or_refused(extra: dict[object, object]) -> None:
    """Headers of every type around a genuine kid, signed by the city."""
    headers = {int(Header.ALG): int(Algorithm.EDDSA), int(Header.KID): ED.kid} | extra
    found = answer(wrap(message(cbor2.dumps(headers))))
    assert isinstance(found, Pass) or found.outcome is not Outcome.ADMIT


@given(claim_sets(), st.sampled_from([ED, ES]), clocks())
def test_any_signed_claims_are_read_or_malformed(
    claim_set: dict[object, object], key: SigningKey, now: ClockReading
) -> None:
    """Structured claims with a good signature reach the parser; what it opens can be judged."""
    payload = issue_payload(cbor2.dumps(claim_set), key)
    found = answer(payload, now)
    if isinstance(found, Pass):
        assert isinstance(judge(found, FACTS, POLICY, now), Verdict)
        assert open_pass(payload, TRUST, now) == found
    else:
        assert found in (Reason.MALFORMED, Reason.TOO_LARGE)


@given(cbor_values())
def test_any_signed_cbor_is_malformed(item: object) -> None:
    """Claims that are no claims, by the city's own hand."""
    assert is_refused(issue_payload(cbor2.dumps(item)))


@given(st.binary(max_size=120))
def test_any_signed_bytes_are_malformed(payload: bytes) -> None:
    """Not even CBOR."""
    assert is_refused(issue_payload(payload))
