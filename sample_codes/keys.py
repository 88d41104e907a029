"""Test keys, derived from public labels: anyone can sign with them, so no real device takes them.

Their fingerprints stand in `scanner/core/trust.py` and are refused in every trust list unless
all ports are simulated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256

from scanner.central.issue import SigningKey

MOSCOW = timezone(timedelta(hours=3), "MSK")

CITY, CITY_NO = "moscow.example", 1
REGION, REGION_NO = "region.example", 2

WORK, PERSONAL, MEDICAL, TRANSIT, ONE_OFF = 1, 2, 3, 4, 5

DAY_S = 86400

# The age identity of the sample fleet. A real one is handed out at enrolment and kept secret.
FLEET_IDENTITY = "AGE-SECRET-KEY-1Q96JDJHQK9TLRKJWJAJ7ERDEEPX6XJDFHA6D84YVHVZKUXVH4YCS88HF4X"


def moscow(text: str) -> datetime:
    """`2020-04-29 04:10` on a clock in Moscow, UTC+3 all year."""
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


def _seed(label: str) -> bytes:
    return sha256(f"checkpoint scanner test key: {label}".encode()).digest()


WORK_KEY = SigningKey.ed25519(_seed("work"))
CITIZEN_KEY = SigningKey.ed25519(_seed("citizen"))
REGION_KEY = SigningKey.p256(_seed("region"))
LOST_KEY = SigningKey.ed25519(_seed("lost"))
NEXT_KEY = SigningKey.ed25519(_seed("next"))
STRANGER_KEY = SigningKey.ed25519(_seed("stranger"))

TEST_KEYS: Mapping[str, SigningKey] = {
    "work": WORK_KEY,
    "citizen": CITIZEN_KEY,
    "region": REGION_KEY,
    "lost": LOST_KEY,
    "next": NEXT_KEY,  # the city has published it, the sample lists do not have it yet
    "stranger": STRANGER_KEY,  # nobody's
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What the trust list says about one key."""

    key: SigningKey
    issuer: str
    issuer_no: int
    kinds: tuple[int, ...]
    index: tuple[int, int] | None
    longest_days: Mapping[int, int]
    state: str = "live"

    def jwk(self) -> dict[str, object]:
        """One key of the JWK Set, every member filled in."""
        return {
            **self.key.jwk(),
            "iss": self.issuer,
            "issuer_no": self.issuer_no,
            "kinds": list(self.kinds),
            "index": list(self.index) if self.index else None,
            "max_life_s": {str(kind): days * DAY_S for kind, days in self.longest_days.items()},
            "nbf": int(moscow("2020-04-10 00:00").timestamp()),
            "exp": int(moscow("2020-05-10 00:00").timestamp()),
            "state": self.state,
            "test": True,
        }


TRUSTED = (
    Entry(WORK_KEY, CITY, CITY_NO, (WORK,), (0, 999_999), {WORK: 45}),
    Entry(
        CITIZEN_KEY,
        CITY,
        CITY_NO,
        (PERSONAL, MEDICAL, TRANSIT, ONE_OFF),
        (1_000_000, 1_949_999),
        {PERSONAL: 1, MEDICAL: 30, TRANSIT: 2, ONE_OFF: 1},
    ),
    Entry(REGION_KEY, REGION, REGION_NO, (WORK, TRANSIT), None, {WORK: 45, TRANSIT: 2}),
    Entry(LOST_KEY, CITY, CITY_NO, (WORK,), (1_950_000, 1_999_999), {WORK: 45}, state="dead"),
)
