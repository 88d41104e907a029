"""The time code: a signed time in a QR code, which any phone shows from the issuer's page.

`MT1:` + base45(COSE_Sign1 over CBOR {6: iat}), by a key of the trust list with kind 100. It is no
pass, and a pass is no time code: the payload is this one claim and nothing else, since the claims
of a pass hold an iat too and a signature does not say which prefix stood before it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scanner.core import cbor
from scanner.core.claims import LATEST_SECOND, Claim
from scanner.core.cose import Sign1
from scanner.core.envelope import unwrap
from scanner.core.errors import PassError, TimeError
from scanner.core.formats import signer_of
from scanner.core.time_fault import TimeFault
from scanner.core.trust import TIME_CODE_KIND, IssuerKey, KeyState, TrustList

PREFIX = b"MT1:"
# The page shows a new code before the old one is so old. How a clock that knows no time counts
# the age is the affair of `timekeeping.py`.
LIFE = timedelta(seconds=60)


def is_time_code(payload: bytes) -> bool:
    """True for anything that claims to be a time code."""
    return payload.startswith(PREFIX)


def open_time_code(payload: bytes, trust: TrustList) -> datetime:
    """The bytes of a QR code → its iat, aware UTC, whole seconds; the signature is verified.

    Raises TimeError and nothing else, whatever the bytes.
    """
    message = _unwrapped(payload)
    candidates = trust.keys.get(message.kid or b"", ())
    if not candidates:
        raise TimeError(TimeFault.UNKNOWN_KEY)
    try:
        key = signer_of(message, candidates)
    except PassError:
        raise TimeError(TimeFault.FORGED) from None
    at = _issued_at(message.payload)
    if not _may_sign(key, at):
        raise TimeError(TimeFault.KEY_NOT_FOR)
    return at


def _unwrapped(payload: bytes) -> Sign1:
    if not is_time_code(payload):
        raise TimeError(TimeFault.MALFORMED)
    try:
        return unwrap(payload[len(PREFIX) :])
    except PassError:
        raise TimeError(TimeFault.MALFORMED) from None


def _issued_at(claims: bytes) -> datetime:
    """Exactly {6: iat}."""
    try:
        item = cbor.decode(claims)
    except cbor.CborError:
        raise TimeError(TimeFault.MALFORMED) from None
    seconds = item.get(Claim.IAT) if isinstance(item, dict) and len(item) == 1 else None
    if type(seconds) is not int or not 0 <= seconds <= LATEST_SECOND:
        raise TimeError(TimeFault.MALFORMED)
    return datetime.fromtimestamp(seconds, UTC)


def _may_sign(key: IssuerKey, at: datetime) -> bool:
    """Only a key that is named for it: a list without bounds makes no clock."""
    return (
        key.state is KeyState.LIVE
        and key.kinds is not None
        and TIME_CODE_KIND in key.kinds
        and (key.not_before is None or key.not_before <= at)
        and (key.expires is None or at < key.expires)
    )
