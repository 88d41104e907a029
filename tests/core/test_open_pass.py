"""From bytes to a verified pass: which key, which algorithm, which reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import cbor2
import pytest

from scanner.central.issue import SigningKey
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.cose import Algorithm, Header, verify
from scanner.core.envelope import unwrap
from scanner.core.errors import PassError, UpdateError
from scanner.core.formats import open_pass
from scanner.core.reasons import Reason
from scanner.core.trust import MAX_KEYS_OF_ONE_KID, IssuerKey, KeyState, TrustList
from tests.core.example import AT, DAY, ED, ES, KEY, NOW, TRUST, issue, issuer_key, message, wrap

STRANGER = SigningKey.ed25519(b"s" * 32)


def refusal(payload: bytes, trust: TrustList = TRUST, now: ClockReading = NOW) -> Reason:
    with pytest.raises(PassError) as caught:
        open_pass(payload, trust, now)
    return caught.value.reason


def with_kid(key: IssuerKey, kid: bytes = ED.kid) -> IssuerKey:
    return replace(key, kid=kid)


@pytest.mark.parametrize("key", [ED, ES], ids=["EdDSA", "ES256"])
def test_a_pass_of_either_algorithm_opens_with_its_key(key: SigningKey) -> None:
    """The pass says which key signed it."""
    assert open_pass(issue(key=key), TRUST, NOW).key.kid == key.kid


@pytest.mark.parametrize("key", [ED, ES], ids=["EdDSA", "ES256"])
def test_a_changed_signature_is_forged(key: SigningKey) -> None:
    """The last bit of it."""
    raw = message(key=key)
    assert refusal(wrap(raw[:-1] + bytes([raw[-1] ^ 1]))) is Reason.FORGED


def test_a_signature_of_nothing_is_forged() -> None:
    """64 zeros, for both algorithms."""
    for key in (ED, ES):
        assert refusal(wrap(message(key=key)[:-64] + bytes(64))) is Reason.FORGED


def test_a_stranger_with_the_kid_of_the_city_is_forged() -> None:
    """A kid is a name, not a proof."""
    protected = {Header.ALG: Algorithm.EDDSA, Header.KID: ED.kid}
    assert refusal(wrap(message(protected, key=STRANGER))) is Reason.FORGED


def test_every_key_of_a_kid_is_tried() -> None:
    """Two keys share a kid, and the second has signed; so have the third and the fourth."""
    strangers = [SigningKey.ed25519(bytes([n]) * 32) for n in range(3)]
    others = [with_kid(issuer_key(key)) for key in strangers]
    for place in range(4):
        trust = TrustList.of([*others[:place], KEY, *others[place:]])
        assert open_pass(issue(), trust, NOW).key is KEY


def test_keys_of_both_algorithms_may_share_a_kid() -> None:
    """Each is tried with its own algorithm."""
    trust = TrustList.of([with_kid(issuer_key(ES)), KEY])
    assert open_pass(issue(), trust, NOW).key is KEY
    protected = {Header.ALG: Algorithm.ES256, Header.KID: ED.kid}
    opened = open_pass(wrap(message(protected, key=ES)), trust, NOW)
    assert opened.key.algorithm is Algorithm.ES256


def test_more_than_four_keys_of_a_kid_are_no_trust_list() -> None:
    """A list that makes the scanner slow is refused whole."""
    keys = [with_kid(issuer_key(SigningKey.ed25519(bytes([n]) * 32))) for n in range(5)]
    assert len(TrustList.of(keys[:MAX_KEYS_OF_ONE_KID]).keys[ED.kid]) == 4
    with pytest.raises(UpdateError, match="one kid"):
        TrustList.of(keys)


@pytest.mark.parametrize(
    "alg",
    [
        Algorithm.ES256,  # of the other key type
        5,  # HMAC 256/256, over the public key as the secret
        4,
        0,  # reserved, as "none" would be
        -35,
        -36,
        -37,  # PS256
        -65535,  # RS1
        -19,  # Ed25519 by its later, fully specified number
        -9,
    ],
)
def test_the_algorithm_is_the_keys_and_never_the_passes_choice(alg: int) -> None:
    """A good signature under another algorithm's name is forged."""
    raw = message({Header.ALG: alg, Header.KID: ED.kid})
    assert verify(ED.private.public_key(), unwrap(wrap(raw)[4:]))
    assert refusal(wrap(raw)) is Reason.FORGED


def test_a_pass_without_a_protected_kid_is_malformed() -> None:
    """Also when the kid stands beside it, unprotected."""
    alg = {Header.ALG: Algorithm.EDDSA}
    assert refusal(wrap(message(alg))) is Reason.MALFORMED
    assert refusal(wrap(message(alg, {4: ED.kid}))) is Reason.MALFORMED


def test_no_claim_is_read_before_the_signature_is_good() -> None:
    """Claims that cannot be read: forged by a stranger, malformed by the city."""
    protected = {Header.ALG: Algorithm.EDDSA, Header.KID: ED.kid}
    assert refusal(wrap(message(protected, payload=b"\xff", key=STRANGER))) is Reason.FORGED
    assert refusal(wrap(message(protected, payload=b"\xff"))) is Reason.MALFORMED


@pytest.mark.parametrize("kid", [STRANGER.kid, b"", ED.kid[:7], ED.kid + b"\0", bytes(8)])
def test_an_unknown_kid_is_nobodys_while_the_list_is_fresh(kid: bytes) -> None:
    """Keys are published long before their first use."""
    raw = message({Header.ALG: Algorithm.EDDSA, Header.KID: kid})
    assert refusal(wrap(raw)) is Reason.UNKNOWN_ISSUER


@pytest.mark.parametrize(
    ("trust", "now"),
    [
        (replace(TRUST, fresh_until=None), NOW),
        (replace(TRUST, fresh_until=AT), NOW),
        (TRUST, ClockReading(AT, AT + DAY, ClockLevel.B)),
        (TRUST, ClockReading(AT, None, ClockLevel.C)),
        (TRUST, ClockReading(AT, AT - DAY, ClockLevel.A)),
        (TrustList({}), NOW),
    ],
    ids=["no age", "just old", "perhaps old", "no clock", "broken clock", "no list"],
)
def test_an_unknown_kid_may_be_a_new_key_when_the_list_may_be_old(
    trust: TrustList, now: ClockReading
) -> None:
    """Then it is the scanner that cannot decide."""
    assert refusal(issue(key=STRANGER), trust, now) is Reason.UNKNOWN_KEY


def test_a_list_is_fresh_until_the_last_moment() -> None:
    """Surely younger than its soft age."""
    just = ClockReading.exact(AT + DAY - timedelta(microseconds=1))
    assert refusal(issue(key=STRANGER), now=just) is Reason.UNKNOWN_ISSUER


def test_the_state_of_a_key_does_not_matter_before_the_judge() -> None:
    """A dead key still verifies, so that the reason can be told and training goes on."""
    dead = replace(KEY, state=KeyState.DEAD)
    assert open_pass(issue(), TrustList.of([dead]), NOW).key.state is KeyState.DEAD


def test_a_pass_within_a_pass_is_malformed() -> None:
    """A payload that is itself a signed message is no claims."""
    assert refusal(wrap(message(payload=message()))) is Reason.MALFORMED
    assert refusal(wrap(message(payload=cbor2.dumps(message())))) is Reason.MALFORMED


@pytest.mark.parametrize("key", [ED, ES], ids=["EdDSA", "ES256"])
def test_a_forged_pass_says_which_key_it_names_and_nothing_else_does(key: SigningKey) -> None:
    """To count attacks by key; only a key of the trust list can be named."""
    raw = message(key=key)
    with pytest.raises(PassError) as forged:
        open_pass(wrap(raw[:-1] + bytes([raw[-1] ^ 1])), TRUST, NOW)
    assert forged.value.forged_kid == key.kid
    with pytest.raises(PassError) as malformed:
        open_pass(wrap(raw[:-1]), TRUST, NOW)
    assert malformed.value.forged_kid is None
