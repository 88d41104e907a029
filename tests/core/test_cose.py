"""COSE_Sign1: tags, headers, Sig_structure."""

from __future__ import annotations

import cbor2
import pytest

from scanner.central.issue import SigningKey
from scanner.core.cose import Algorithm, Header, parse_sign1, sig_structure, verify, verify_bytes
from scanner.core.errors import PassError
from scanner.core.reasons import Reason
from tests.core.example import ED, ES, claims, message

ALG_AND_KID: dict[int, object] = {Header.ALG: Algorithm.EDDSA, Header.KID: ED.kid}
PAYLOAD = cbor2.dumps(claims())


def refusal(raw: bytes) -> Reason:
    with pytest.raises(PassError) as caught:
        parse_sign1(raw)
    return caught.value.reason


@pytest.mark.parametrize("tags", ["", "d2", "d83d", "d83dd2"])
def test_the_tags_61_and_18_are_optional_in_that_order(tags: str) -> None:
    """CWT, then COSE_Sign1 [RFC 8392 §6, RFC 9052 §2]."""
    parsed = parse_sign1(bytes.fromhex(tags) + message())
    assert (parsed.alg, parsed.kid, parsed.payload) == (-8, ED.kid, PAYLOAD)
    assert verify(ED.private.public_key(), parsed)


@pytest.mark.parametrize(
    "tags",
    [
        "d2d83d",  # the other order
        "d2d2",
        "d83dd83d",
        "d83dd2d2",
        "d9d9f7",  # self-described CBOR
        "d9d9f7d2",
        "d812",  # 18 in two bytes
        "d9003d",  # 61 in three bytes
        "d0",  # COSE_Encrypt0
        "d1",  # COSE_Mac0
        "d862",  # COSE_Sign
        "c0",
    ],
)
def test_other_tags_are_malformed(tags: str) -> None:
    """And so are these two twice, the other way round, or in a longer form."""
    assert refusal(bytes.fromhex(tags) + message()) is Reason.MALFORMED


@pytest.mark.parametrize(
    "item",
    [
        None,
        0,
        {},
        b"",
        [],
        [b"", {}, b""],
        [b"", {}, b"", b"", b""],
        ["", {}, b"", b""],
        [{}, {}, b"", b""],
        [b"", [], b"", b""],
        [b"", b"", b"", b""],
        [b"", {}, "", b""],
        [b"", {}, None, b""],  # a detached payload
        [b"", {}, b"", ""],
        [b"", {}, b"", None],
    ],
)
def test_what_is_not_four_parts_of_their_types_is_malformed(item: object) -> None:
    """Bytes, map, bytes, bytes."""
    assert refusal(cbor2.dumps(item)) is Reason.MALFORMED


@pytest.mark.parametrize("protected", [b"", b"\xa0", b"\x80", b"\xf6", b"\x00", b"\xa1", b"\xff"])
def test_a_protected_header_without_algorithm_is_malformed(protected: bytes) -> None:
    """Empty, no map, or no CBOR."""
    assert refusal(message(protected, {1: -8, 4: ED.kid})) is Reason.MALFORMED


@pytest.mark.parametrize("alg", [None, "EdDSA", b"\x27", True, [-8]])
def test_an_algorithm_that_is_no_number_is_malformed(alg: object) -> None:
    """Texts are allowed by COSE; none of ours is one."""
    assert refusal(message(cbor2.dumps({1: alg, 4: ED.kid}))) is Reason.MALFORMED


@pytest.mark.parametrize("kid", ["11", 5, True, [b"1"]])
def test_a_kid_that_is_not_bytes_is_malformed(kid: object) -> None:
    """Text or number: no key of ours."""
    assert refusal(message(cbor2.dumps({1: -8, 4: kid}))) is Reason.MALFORMED


def test_algorithm_and_kid_are_taken_from_the_protected_header_only() -> None:
    """Whoever may change the other header could pick the key."""
    assert refusal(message({Header.KID: ED.kid}, {1: -8})) is Reason.MALFORMED
    assert parse_sign1(message({Header.ALG: Algorithm.EDDSA}, {4: ED.kid})).kid is None


@pytest.mark.parametrize("label", [1, 4])
def test_a_header_in_both_maps_is_malformed(label: int) -> None:
    """Even with the same value [RFC 9052 §3]."""
    assert refusal(message(ALG_AND_KID, {label: ALG_AND_KID[label]})) is Reason.MALFORMED


def test_a_header_that_was_seen_before_is_judged_anew() -> None:
    """That it is decoded once must not spare a message the checks of its two maps together."""
    for _ in range(2):
        assert parse_sign1(message(ALG_AND_KID)).kid == ED.kid
        assert refusal(message(ALG_AND_KID, {4: ED.kid})) is Reason.MALFORMED
        assert refusal(message(ALG_AND_KID, {Header.CRIT: [4]})) is Reason.MALFORMED
        assert refusal(message(b"\x80")) is Reason.MALFORMED


def test_other_unprotected_headers_are_ignored() -> None:
    """They count for nothing."""
    assert parse_sign1(message(ALG_AND_KID, {5: b"iv", 33: b"a chain"})).kid == ED.kid


def test_duplicate_header_labels_are_malformed() -> None:
    """In the protected map as anywhere."""
    twice = bytes.fromhex("a301260127044101")
    assert refusal(message(twice)) is Reason.MALFORMED


@pytest.mark.parametrize("label", [3, 5, 7, 33, 99, -65537, "reserved", True])
def test_an_unknown_critical_header_is_unsupported(label: object) -> None:
    """Present or not: what must be understood is not understood."""
    crit = {**ALG_AND_KID, Header.CRIT: [1, label]}
    assert refusal(message(crit)) is Reason.UNSUPPORTED
    assert refusal(message(cbor2.dumps({1: -8, 4: ED.kid, 2: [label], 99: 0}))) is (
        Reason.UNSUPPORTED
    )


@pytest.mark.parametrize("crit", [[1], [4], [1, 4], [2]])
def test_critical_headers_that_are_understood_pass(crit: list[int]) -> None:
    """alg, crit and kid are."""
    assert parse_sign1(message({**ALG_AND_KID, Header.CRIT: crit})).kid == ED.kid


@pytest.mark.parametrize("crit", [[], 1, None, b"\x01", {}])
def test_crit_that_is_no_list_of_labels_is_malformed(crit: object) -> None:
    """One label at least [RFC 9052 §3.1]."""
    assert refusal(message({**ALG_AND_KID, Header.CRIT: crit})) is Reason.MALFORMED


def test_crit_must_name_what_is_there() -> None:
    """A critical kid that is missing is malformed."""
    assert refusal(message({Header.ALG: -8, Header.CRIT: [4]})) is Reason.MALFORMED


def test_crit_must_be_protected() -> None:
    """Else anyone could add or take it away."""
    assert refusal(message(ALG_AND_KID, {2: [1]})) is Reason.MALFORMED


@pytest.mark.parametrize("tail", [b"\x00", b"\xf6", b"\xd2"])
def test_bytes_after_the_message_are_malformed(tail: bytes) -> None:
    """Exactly one item, and nothing after it."""
    assert refusal(message() + tail) is Reason.MALFORMED


def test_an_empty_header_is_signed_as_no_bytes() -> None:
    """h'' and h'a0' give one Sig_structure [RFC 9052 §4.4]."""
    assert sig_structure(b"\xa0", b"x") == sig_structure(b"", b"x") == b"\x84jSignature1@@Ax"


@pytest.mark.parametrize("length", [0, 1, 23, 24, 255, 256, 65_535, 65_536])
def test_what_is_signed_is_canonical_cbor(length: int) -> None:
    """At every length where the head of a byte string grows."""
    part = b"x" * length
    assert sig_structure(part, b"", part) == cbor2.dumps(["Signature1", part, part, b""])
    assert sig_structure(b"", part) == cbor2.dumps(["Signature1", b"", b"", part])


@pytest.mark.parametrize("key", [ED, ES], ids=["EdDSA", "ES256"])
@pytest.mark.parametrize("length", [0, 1, 63, 65, 72, 128])
def test_a_signature_has_64_bytes(key: SigningKey, length: int) -> None:
    """No other length is tried: no DER, no padding."""
    genuine = key.sign(b"signed")
    public = key.private.public_key()
    assert verify_bytes(public, genuine, b"signed")
    assert not verify_bytes(public, (genuine * 2)[:length], b"signed")
