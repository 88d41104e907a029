"""The seam for pass formats: a prefix, and how to open what follows it.

A new format is one more row of FORMATS. The signature is checked before any claim is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scanner.core.claims import Pass, parse_claims
from scanner.core.clock import ClockReading
from scanner.core.cose import Sign1, verify
from scanner.core.envelope import refuse_unknown, unwrap
from scanner.core.errors import PassError
from scanner.core.reasons import Reason
from scanner.core.trust import IssuerKey, TrustList

Opener = Callable[[bytes, TrustList, ClockReading], Pass]


def open_pass(payload: bytes, trust: TrustList, now: ClockReading) -> Pass:
    """The bytes of a QR code → a Pass whose signature is verified.

    Raises PassError and nothing else, whatever the bytes.
    """
    for prefix, opener in FORMATS:
        if payload.startswith(prefix):
            return opener(payload[len(prefix) :], trust, now)
    raise refuse_unknown(payload)


def open_mp1(text: bytes, trust: TrustList, now: ClockReading) -> Pass:
    """base45 → COSE_Sign1 → candidate keys → signature → claims."""
    message = unwrap(text)
    if message.kid is None:
        raise PassError(Reason.MALFORMED, "no kid in the protected header")
    candidates = trust.keys.get(message.kid, ())
    if not candidates:
        # A key that the city published is on every list by its first use: while the list is
        # fresh, an unknown key is nobody's. With an old list it may be a new one.
        known = Reason.UNKNOWN_ISSUER if trust.is_fresh(now) else Reason.UNKNOWN_KEY
        raise PassError(known)
    return parse_claims(message.payload, signer_of(message, candidates))


def signer_of(message: Sign1, candidates: Sequence[IssuerKey]) -> IssuerKey:
    """The key that signed; each candidate with its own algorithm, never the pass's choice.

    Raises PassError(FORGED).
    """
    for key in candidates:
        if message.alg == key.algorithm and verify(key.public_key, message):
            return key
    raise PassError(Reason.FORGED, forged_kid=message.kid)


FORMATS: tuple[tuple[bytes, Opener], ...] = ((b"MP1:", open_mp1),)
