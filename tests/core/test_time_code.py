"""The time code: what is one, who may sign one, and that a pass is none."""

from __future__ import annotations

from contextlib import suppress

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.central.issue import SigningKey, sign_payload
from scanner.core.errors import PassError, TimeError
from scanner.core.formats import open_pass
from scanner.core.reasons import Reason
from scanner.core.time_code import PREFIX, is_time_code, open_time_code
from scanner.core.time_fault import TimeFault
from scanner.core.trust import TIME_CODE_KIND, TrustList
from tests.core.example import AT, AT_S, DAY, ED, ES, NOW, SECOND, claims, issuer_key

TRUST = TrustList.of([issuer_key(ED, kinds=[TIME_CODE_KIND]), issuer_key(ES, kinds=[1, 2])])


def time_code(payload: object = None, key: SigningKey = ED) -> bytes:
    """The bytes of a QR code; by default {6: AT}."""
    encoded = cbor2.dumps({6: AT_S} if payload is None else payload)
    return PREFIX + sign_payload(encoded, key).encode().removeprefix(b"MP1:")


def fault(payload: bytes, trust: TrustList = TRUST) -> TimeFault:
    """Why it is not taken."""
    with pytest.raises(TimeError) as caught:
        open_time_code(payload, trust)
    return caught.value.fault


def only(**changes: object) -> TrustList:
    """A list of one key, which may sign time codes but for these changes of its entry."""
    return TrustList.of([issuer_key(ED, **{"kinds": [TIME_CODE_KIND], **changes})])


@pytest.mark.parametrize("key", [ED, ES], ids=["Ed25519", "P-256"])
def test_a_signed_time_is_read(key: SigningKey) -> None:
    """By a key that is named for it, whatever its algorithm."""
    trust = TrustList.of([issuer_key(key, kinds=[1, TIME_CODE_KIND])])
    assert is_time_code(time_code(key=key))
    assert open_time_code(time_code(key=key), trust) == AT


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {6: AT_S, 1: "city"},
        {6: float(AT_S)},
        {6: -1},
        {6: 253402300800},
        {6: True},
        {6: "noon"},
        {6: None},
        {"6": AT_S},
        [AT_S],
        AT_S,
    ],
)
def test_only_the_one_claim_is_a_time(payload: object) -> None:
    """Exactly {6: iat} in whole seconds up to the year 9999: more or less is malformed."""
    assert fault(time_code(payload)) is TimeFault.MALFORMED


def test_a_pass_is_no_time_code() -> None:
    """A pass by the same key holds an iat too; with another prefix it must not set the clock."""
    trust = TrustList.of([issuer_key(ED, kinds=[1, TIME_CODE_KIND])])
    assert fault(time_code(claims()), trust) is TimeFault.MALFORMED


def test_a_time_code_is_no_pass() -> None:
    """Neither by its prefix nor by its content."""
    with pytest.raises(PassError) as caught:
        open_pass(time_code(), TRUST, NOW)
    assert caught.value.reason is Reason.NOT_A_PASS
    with pytest.raises(PassError) as caught:
        open_pass(b"MP1:" + time_code().removeprefix(PREFIX), TRUST, NOW)
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    "changes",
    [
        {"kinds": [1, 2]},
        {"kinds": None},
        {"state": "dead"},
        {"state": "issued-set"},
        {"nbf": AT_S + 1},
        {"exp": AT_S},
    ],
)
def test_only_a_key_named_for_it_signs_times(changes: dict[str, object]) -> None:
    """Kind 100 in so many words, alive, and within the key's own window."""
    assert fault(time_code(), only(**changes)) is TimeFault.KEY_NOT_FOR


def test_window_of_the_key_includes_its_first_second() -> None:
    """nbf ≤ iat < exp."""
    trust = only(nbf=AT_S, exp=int((AT + SECOND).timestamp()))
    assert open_time_code(time_code(), trust) == AT


def test_unknown_and_wrong_keys_are_told_apart() -> None:
    """No such kid on the list; or the kid is there and the signature is not by it."""
    assert fault(time_code(), TrustList.of([])) is TimeFault.UNKNOWN_KEY
    stranger = SigningKey.ed25519(b"s" * 32)
    entry = issuer_key(stranger, kid=ED.kid.hex(), kinds=[TIME_CODE_KIND])
    assert fault(time_code(), TrustList.of([entry])) is TimeFault.FORGED


def test_every_changed_character_is_refused() -> None:
    """No single change of the text gives another time."""
    text = time_code()
    for place in range(len(PREFIX), len(text)):
        changed = bytearray(text)
        changed[place] = ord("A") if text[place] != ord("A") else ord("B")
        with pytest.raises(TimeError):
            open_time_code(bytes(changed), TRUST)


def test_other_prefix_is_malformed() -> None:
    """Nobody asks it of a pass, but whoever does gets an answer."""
    assert not is_time_code(b"MP1:X")
    assert fault(b"MP1:X") is TimeFault.MALFORMED


@given(st.binary(max_size=2000))
def test_any_bytes_give_a_fault(payload: bytes) -> None:
    """TimeError and nothing else, whatever stands before the camera."""
    with pytest.raises(TimeError):
        open_time_code(PREFIX + payload, TRUST)


@given(st.binary(max_size=100))
def test_any_signed_bytes_give_a_time_or_a_fault(payload: bytes) -> None:
    """Even a key that signs anything gets no other error out of us."""
    text = PREFIX + sign_payload(payload, ED).encode().removeprefix(b"MP1:")
    with suppress(TimeError):
        assert open_time_code(text, TRUST) >= AT - 100 * 365 * DAY


@pytest.mark.parametrize("each", TimeFault)
def test_every_fault_has_words(each: TimeFault) -> None:
    """What was found and what to do, as whole sentences that fit a screen."""
    for sentence in (each.words.line, each.words.do):
        assert sentence.endswith(".")
        assert 5 < len(sentence) <= 70
    assert str(TimeError(each)).startswith(each.words.line)
