"""One case in which everything is right, in plain values; each test changes what it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cbor2

from scanner.central.issue import SigningKey, sign_pass, sign_payload
from scanner.core import base45
from scanner.core.claims import Claim, Movement, Pass
from scanner.core.clock import ClockReading
from scanner.core.cose import Algorithm, Header, sig_structure
from scanner.core.facts import Facts, ListFacts
from scanner.core.formats import open_pass
from scanner.core.policy import CheckpointPolicy
from scanner.core.reasons import Reason
from scanner.core.trust import IssuerKey, TrustList, parse_trust_list
from scanner.core.verdict import judge

AT = datetime(2020, 4, 29, 9, 30, tzinfo=UTC)  # a Wednesday
AT_S = int(AT.timestamp())
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
NOW = ClockReading.exact(AT)

ED = SigningKey.ed25519(bytes(range(32)))
ES = SigningKey.p256(bytes(range(32)))


def entry(key: SigningKey = ED, **changes: object) -> dict[str, object]:
    """The key's entry in a trust list, without bounds."""
    return {**key.jwk(), "iss": "city", "issuer_no": 7, **changes}


def issuer_key(key: SigningKey = ED, **changes: object) -> IssuerKey:
    """As the trust list gives it."""
    text = json.dumps({"keys": [entry(key, **changes)]})
    return parse_trust_list(text, allow_test_keys=True)[0]


KEY = issuer_key()
# Fresh for another day.
TRUST = TrustList.of([KEY, issuer_key(ES)], 3, AT + DAY)


def claims(movement: Mapping[int, object] | None = None, **changes: object) -> dict[int, object]:
    """Of a work pass from yesterday to tomorrow; None takes a claim away."""
    found: dict[int, object] = {
        Claim.ISS: "city",
        Claim.EXP: AT_S + 86_400,
        Claim.NBF: AT_S - 86_400,
        Claim.IAT: AT_S - 86_400,
        Claim.CTI: b"0123456789abcdef",
        Claim.MOVEMENT: _movement(movement),
    }
    found |= {Claim[name.upper()]: value for name, value in changes.items()}
    return {int(key): value for key, value in found.items() if value is not None}


def _movement(changes: Mapping[int, object] | None) -> dict[int, object]:
    found: dict[int, object] = {Movement.KIND: 1} | dict(changes or {})
    return {int(key): value for key, value in found.items() if value is not None}


def issue(
    movement: Mapping[int, object] | None = None, key: SigningKey = ED, **changes: object
) -> bytes:
    """The bytes of a QR code with these claims."""
    return sign_pass(claims(movement, **changes), key).encode("ascii")


def issue_payload(payload: bytes, key: SigningKey = ED) -> bytes:
    """The bytes of a QR code whose signature is good, over whatever bytes."""
    return sign_payload(payload, key).encode("ascii")


def wrap(raw: bytes) -> bytes:
    """COSE bytes → the bytes of a QR code."""
    return b"MP1:" + base45.encode(raw).encode("ascii")


Labels = Mapping[int, object] | Mapping[Header, object]


def message(
    protected: Labels | bytes | None = None,
    unprotected: Mapping[int, object] | None = None,
    payload: bytes | None = None,
    key: SigningKey = ED,
) -> bytes:
    """An untagged COSE_Sign1, signed whatever its headers say; by default as the issuer's."""
    if protected is None:
        protected = {Header.ALG: key.algorithm, Header.KID: key.kid}
    if not isinstance(protected, bytes):
        protected = cbor2.dumps({_plain(name): _plain(value) for name, value in protected.items()})
    payload = cbor2.dumps(claims()) if payload is None else payload
    signature = key.sign(sig_structure(protected, payload))
    return cbor2.dumps([protected, dict(unprotected or {}), payload, signature])


def _plain(value: object) -> object:
    return int(value) if isinstance(value, Header | Algorithm) else value


def opened(
    movement: Mapping[int, object] | None = None, key: SigningKey = ED, **changes: object
) -> Pass:
    """Issued with these claims, and opened again."""
    return open_pass(issue(movement, key, **changes), TRUST, NOW)


def a_pass(**changes: object) -> Pass:
    """A pass in plain values, as if opened; `changes` replace its fields."""
    valid = Pass(
        key=KEY,
        issuer="city",
        not_before=AT - DAY,
        expires=AT + DAY,
        issued_at=AT - DAY,
        cti=b"0123456789abcdef",
        kind=1,
    )
    return replace(valid, **changes)  # type: ignore[arg-type]  # names are checked at run time


FRESH = ListFacts(status_age_s=0.0, holders_age_s=0.0, status_version=5)
FACTS = Facts(lists=FRESH)
POLICY = CheckpointPolicy()


def reason(
    pass_: Pass | None = None,
    facts: Facts = FACTS,
    policy: CheckpointPolicy = POLICY,
    now: ClockReading = NOW,
) -> Reason:
    """Why, when one thing of the case is changed."""
    return judge(a_pass() if pass_ is None else pass_, facts, policy, now).reason
