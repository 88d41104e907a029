"""A small city for tests: one issuer, its passes, and a bundle of its lists in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scanner.central.issue import SigningKey, sign_pass
from scanner.core.claims import Claim, Movement
from scanner.core.revocation import (
    Delta,
    IdChanges,
    StatusBits,
    encode_delta,
    encode_ids,
    encode_map,
    encode_refs,
)

NOW = datetime(2020, 4, 29, 9, 30, tzinfo=UTC)
ISSUED_AT = int((NOW - timedelta(minutes=30)).timestamp())
KEY = SigningKey.ed25519(hashlib.sha256(b"a city for tests").digest())
ISSUER_NO = 7
MAP_SIZE = 40_000
REVOKED, SUSPENDED, RESTORED, REVOKED_LATE = 11, 12, 13, 14
QUARANTINED = b"anna-ref"
REVOKED_CTI = b"revoked-by-id---"


def claims(movement: Mapping[int, object] | None = None, **changes: object) -> dict[int, object]:
    """Claims of a work pass that is valid at NOW; `movement` and `changes` by name replace some."""
    at = int(NOW.timestamp())
    base: dict[int, object] = {
        Claim.ISS: "city",
        Claim.EXP: at + 86_400,
        Claim.NBF: at - 86_400,
        Claim.IAT: at - 86_400,
        Claim.CTI: b"pass-0123456789-",
        Claim.MOVEMENT: {Movement.KIND: 1, Movement.INDEX: 5} | dict(movement or {}),
    }
    by_name = {Claim[name.upper()]: value for name, value in changes.items()}
    return {int(key): value for key, value in (base | by_name).items()}


def issue(movement: Mapping[int, object] | None = None, **changes: object) -> bytes:
    """The bytes of a QR code with these claims."""
    return sign_pass(claims(movement, **changes), KEY).encode("ascii")


def trust_list(**changes: object) -> bytes:
    """A JWK Set with the city's key; `changes` replace members of its entry."""
    entry = {
        **KEY.jwk(),
        "iss": "city",
        "issuer_no": ISSUER_NO,
        "kinds": [1, 2, 3, 4, 5],
        "index": [0, 10 * MAP_SIZE],
        "max_life_s": {"1": 40 * 86_400},
        "nbf": 0,
        "exp": 4_102_444_800,
        "state": "live",
        "test": False,
    }
    return json.dumps({"keys": [entry | changes]}).encode()


def targets(**changes: bytes) -> dict[str, bytes]:
    """Every kind of target; holders are not encrypted here. `changes`: keys, policy or rules."""
    policy = {
        "version": 3,
        "time_zone": "Europe/Moscow",
        "kinds": {"1": {}, "5": {"one_off": True}},
    }
    base = {REVOKED: StatusBits.REVOKED, SUSPENDED: StatusBits.SUSPENDED, 13: StatusBits.REVOKED}
    later = {RESTORED: StatusBits.VALID, REVOKED_LATE: StatusBits.REVOKED}
    id_ = hashlib.sha256(REVOKED_CTI).digest()[:16]
    return {
        "keys-1-0": changes.get("keys", trust_list()),
        "policy-3": changes.get("policy", json.dumps(policy).encode()),
        "rules-1": changes.get("rules", b"[]"),
        **{f"base-{ISSUER_NO}-1-{n}": part for n, part in enumerate(encode_map(MAP_SIZE, base))},
        f"d-{ISSUER_NO}-1-2": encode_delta(Delta(ISSUER_NO, 1, 2, later)),
        "ids-0-1": encode_ids(IdChanges(0, 1, (id_,), ())),
        "holders-1": encode_refs([QUARANTINED]),
    }


def write_bundle(folder: Path, files: Mapping[str, bytes], **index: object) -> Path:
    """The files and their `index.json`; `index` replaces its members."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    listed = {
        name: {"sha256": hashlib.sha256(body).hexdigest(), "length": len(body)}
        for name, body in files.items()
    }
    (folder / "index.json").write_text(
        json.dumps({"issued_at": ISSUED_AT, "targets": listed} | index)
    )
    return folder
