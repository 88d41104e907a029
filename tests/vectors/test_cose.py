"""The COSE working group's examples: COSE_Sign1, EdDSA, ECDSA and CWT."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.core.cose import Sign1, parse_sign1, sig_structure, verify, verify_bytes
from scanner.core.errors import PassError
from scanner.core.reasons import Reason
from tests.vectors.cose_case import Case, load, load_all

# Each in its own way; what is no key here never verifies.
NOT_OURS = {
    "ecdsa-examples/ecdsa-sig-02": -35,  # ES384, P-384
    "ecdsa-examples/ecdsa-sig-03": -36,  # ES512, P-521
    "ecdsa-examples/ecdsa-sig-04": -36,  # ES512 with P-256
    "eddsa-examples/eddsa-sig-02": -8,  # EdDSA, but Ed448
}


def is_verified(case: Case, message: Sign1) -> bool:
    key = case.sign1.key.public()
    assert key is not None
    return verify(key, message, case.external)


def reason_of(raw: bytes) -> Reason:
    with pytest.raises(PassError) as caught:
        parse_sign1(raw)
    return caught.value.reason


@pytest.mark.parametrize(
    "name",
    [
        "sign1-tests/sign-pass-02",
        "sign1-tests/sign-pass-03",
        "ecdsa-examples/ecdsa-sig-01",
        "eddsa-examples/eddsa-sig-01",
        "CWT/A_3",
    ],
)
def test_a_genuine_message_verifies(vectors: Path, name: str) -> None:
    """Tagged or not, with external data or without, the message opens and its signature holds."""
    case = load(vectors, name)
    message = parse_sign1(case.message)
    assert not case.fail
    assert sig_structure(message.protected, message.payload, case.external) == case.signed
    assert is_verified(case, message)


@pytest.mark.parametrize("external", [b"", b"\x11", bytes.fromhex("11aa22bb33cc44dd5500669a")])
def test_other_external_data_do_not_verify(vectors: Path, external: bytes) -> None:
    """What is signed beside the message must be the same, to the last bit."""
    case = load(vectors, "sign1-tests/sign-pass-02")
    key = case.sign1.key.public()
    assert key is not None
    assert not verify(key, parse_sign1(case.message), external)


def test_an_algorithm_outside_the_protected_header_does_not_count(vectors: Path) -> None:
    """sign-pass-01 has `alg` unprotected only: no pass, although its signature is genuine."""
    case = load(vectors, "sign1-tests/sign-pass-01")
    assert reason_of(case.message) is Reason.MALFORMED
    key = case.sign1.key.public()
    assert key is not None
    assert sig_structure(b"\xa0", case.message[12:32]) == case.signed
    assert verify_bytes(key, case.message[-64:], case.signed)


@pytest.mark.parametrize(
    ("name", "why"),
    [("sign-fail-01", "tag"), ("sign-fail-04", "alg in the protected header")],
)
def test_a_wrong_tag_and_a_wrong_algorithm_are_malformed(
    vectors: Path, name: str, why: str
) -> None:
    """Tag 998 is no COSE_Sign1, and an algorithm that is a text is none of ours."""
    case = load(vectors, f"sign1-tests/{name}")
    assert case.fail
    with pytest.raises(PassError, match=why) as caught:
        parse_sign1(case.message)
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize("name", ["sign-fail-02", "sign-fail-03", "sign-fail-06", "sign-fail-07"])
def test_a_changed_message_opens_but_does_not_verify(vectors: Path, name: str) -> None:
    """Payload, algorithm or a protected attribute was changed: only the signature can tell."""
    case = load(vectors, f"sign1-tests/{name}")
    assert case.fail
    assert not is_verified(case, parse_sign1(case.message))


def test_every_sign1_test_of_the_group_was_used(vectors: Path) -> None:
    """Three that pass and six that fail; a new one is not overlooked."""
    cases = load_all(vectors, "sign1-tests")
    assert [case.fail for case in cases.values()] == [True] * 6 + [False] * 3


@pytest.mark.parametrize(("name", "alg"), NOT_OURS.items())
def test_other_algorithms_and_curves_never_verify(vectors: Path, name: str, alg: int) -> None:
    """ES384, ES512 and Ed448 are read cleanly and verified by no key of ours."""
    case = load(vectors, name)
    message = parse_sign1(case.message)
    assert message.alg == alg
    ours = [
        load(vectors, "ecdsa-examples/ecdsa-sig-01").sign1.key.public(),
        load(vectors, "eddsa-examples/eddsa-sig-01").sign1.key.public(),
    ]
    assert [verify(key, message) for key in ours if key] == [False, False]


def test_messages_with_several_signers_are_refused(vectors: Path) -> None:
    """COSE_Sign (tag 98) is not the format of a pass."""
    folders = ("ecdsa-examples", "eddsa-examples")
    cases = [case for folder in folders for case in load_all(vectors, folder).values()]
    several = [case for case in cases if case.input.sign0 is None]
    assert len(several) == 6
    assert {reason_of(case.message) for case in several} == {Reason.MALFORMED}


@pytest.mark.parametrize("name", ["A_4", "A_5", "A_6", "A_7"])
def test_cwts_that_are_not_signed_are_refused(vectors: Path, name: str) -> None:
    """MACed, encrypted and nested CWTs [RFC 8392 A.4 to A.7] are no passes, tagged or not."""
    raw = load(vectors, f"CWT/{name}").message
    assert raw[0] in (0xD0, 0xD1)  # COSE_Encrypt0, COSE_Mac0
    assert {reason_of(raw), reason_of(b"\xd8\x3d" + raw)} == {Reason.MALFORMED}
