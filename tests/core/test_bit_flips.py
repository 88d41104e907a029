"""No single change of a valid pass opens: every bit of its bytes, and characters of its text."""

from __future__ import annotations

from random import Random

import pytest

from scanner.central.issue import SigningKey
from scanner.core import base45
from scanner.core.errors import PassError
from scanner.core.formats import open_pass
from scanner.core.reasons import Outcome, Reason
from tests.core.example import ED, ES, NOW, TRUST, issue, wrap

# With every claim that a pass may carry.
MOVEMENT: dict[int, object] = {
    1: 2, 2: ["A.B.", "0102", "1234"], 3: b"refrefrf", 4: "A123BC77", 5: "12345678", 6: 9,
    7: [[1, 2], [4]], 8: [[31, 360, 1320], [64, 0, 1440]], 10: 123_456, 11: 5, 12: 6,
}  # fmt: skip
KEYS = pytest.mark.parametrize("key", [ED, ES], ids=["EdDSA", "ES256"])


def reason_of(payload: bytes) -> Reason:
    """OK when it opens."""
    try:
        open_pass(payload, TRUST, NOW)
    except PassError as error:
        return error.reason
    return Reason.OK


@KEYS
def test_every_bit_counts(key: SigningKey) -> None:
    """All of them, one at a time: tag, headers, kid, claims and signature."""
    raw = base45.decode(issue(MOVEMENT, key)[4:])
    number = int.from_bytes(raw)
    flips = [reason_of(wrap((number ^ 1 << bit).to_bytes(len(raw)))) for bit in range(8 * len(raw))]
    assert reason_of(wrap(raw)) is Reason.OK
    assert len(flips) > 1500
    assert Reason.OK not in flips
    assert {Reason.MALFORMED, Reason.FORGED, Reason.UNKNOWN_ISSUER} <= set(flips)


@KEYS
def test_every_character_counts(key: SigningKey) -> None:
    """Each in turn replaced by three others of the alphabet, left out, or doubled."""
    text = issue(MOVEMENT, key)
    chosen = Random(2020)
    for at in range(4, len(text)):
        others = set(base45.ALPHABET) - {text[at]}
        for other in chosen.sample(sorted(others), 3):
            changed = text[:at] + bytes([other]) + text[at + 1 :]
            assert reason_of(changed) is not Reason.OK, at
        assert reason_of(text[:at] + text[at + 1 :]) is not Reason.OK, at
        assert reason_of(text[:at] + text[at : at + 1] + text[at:]) is not Reason.OK, at


@KEYS
def test_every_shorter_text_is_refused(key: SigningKey) -> None:
    """A torn paper: cut anywhere."""
    text = issue(MOVEMENT, key)
    reasons = {reason_of(text[:length]) for length in range(len(text))}
    assert reasons == {Reason.NOT_A_PASS, Reason.MALFORMED}
    assert all(reason.outcome is not Outcome.ADMIT for reason in reasons)


@KEYS
def test_the_signature_of_another_pass_is_forged(key: SigningKey) -> None:
    """Genuine, but of other claims."""
    one, other = (base45.decode(issue({10: n}, key)[4:]) for n in (1, 2))
    assert reason_of(wrap(one[:-64] + other[-64:])) is Reason.FORGED
