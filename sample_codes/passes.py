"""The texts of the sample QR codes, by name: passes, good and bad, and what is no pass at all.

Nothing here is random: pass ids and holders come from the name of the sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256

import cbor2

from sample_codes.keys import (
    CITIZEN_KEY,
    CITY,
    LOST_KEY,
    MEDICAL,
    NEXT_KEY,
    ONE_OFF,
    PERSONAL,
    REGION,
    REGION_KEY,
    STRANGER_KEY,
    TRANSIT,
    WORK,
    WORK_KEY,
    moscow,
)
from scanner.central.issue import SigningKey, sign_pass, sign_payload
from scanner.core import base45
from scanner.core.claims import Claim, Movement

CENTRE, SOUTH, NEW_MOSCOW, CLOSED = 1, 2, 3, 7
METRO, BUS, RAIL, CAR, TAXI, ON_FOOT = 1, 2, 3, 4, 5, 6

# Where the samples stand in the city's status map; the bundle marks some of them.
INDEXES = {
    "work-night": 101_001,
    "work-plate": 101_002,
    "work-restored": 101_003,
    "work-extended": 101_004,
    "work-poster": 101_005,
    "work-held": 101_006,
    "not-yet": 101_010,
    "expired": 101_011,
    "wrong-zone": 101_012,
    "wrong-transport": 101_013,
    "wrong-day": 101_014,
    "wrong-time": 101_015,
    "revoked": 101_020,
    "suspended": 101_021,
    "forged": 101_030,
    "truncated": 101_031,
    "oversized": 101_032,
    "duplicate-claims": 101_033,
    "unknown-issuer": 101_034,
    "unknown-key": 101_035,
    "future-restriction": 101_036,
    "specimen": 101_037,
    "two-left": 101_040,
    "two-right": 101_041,
    "personal": 1_200_001,
    "medical": 1_200_002,
    "transit": 1_200_003,
    "one-off": 1_200_004,
    "quarantined": 1_200_005,
    "dead-key": 1_950_001,
}

_SEASON = ("2020-04-20 00:00", "2020-05-12 00:00")
_TODAY = ("2020-04-29 00:00", "2020-04-30 00:00")
_LONG_AGO = ("2020-04-13 00:00", "2020-04-20 00:00")
_JUST_ENDED = ("2020-04-13 00:00", "2020-04-28 23:00")

_WEEKEND, _EVERY_DAY = 32 + 64, 127


def cti(name: str) -> bytes:
    """The 16 bytes of the pass id; random in a real pass."""
    return sha256(f"checkpoint scanner sample pass: {name}".encode()).digest()[:16]


def holder_ref(name: str) -> bytes:
    return sha256(f"checkpoint scanner sample holder: {name}".encode()).digest()[:8]


def claims(
    name: str,
    kind: int,
    span: tuple[str, str],
    issuer: str = CITY,
    movement: Mapping[str, object] | None = None,
) -> dict[int, object]:
    """CWT claims; `movement` has the words of `Movement` in lower case."""
    begins, ends = (int(moscow(text).timestamp()) for text in span)
    issued = min(begins, int(moscow("2020-04-27 12:00").timestamp()))
    person = int.from_bytes(holder_ref(name))
    fields: dict[int, object] = {
        Movement.KIND: kind,
        Movement.HOLDER: _masked_holder(person),
        Movement.HOLDER_REF: holder_ref(name),
    }
    if name in INDEXES:
        fields[Movement.INDEX] = INDEXES[name]
    fields |= {Movement[word.upper()]: value for word, value in (movement or {}).items()}
    return {
        Claim.ISS: issuer,
        Claim.EXP: ends,
        Claim.NBF: begins,
        Claim.IAT: issued,
        Claim.CTI: cti(name),
        Claim.MOVEMENT: fields,
    }


def _masked_holder(person: int) -> list[str]:
    """Initials, birth day and month, last four digits of the document."""
    letters = "АБВГДЕЖЗИКЛМНОПРСТ"
    initials = "".join(letters[person >> shift & 15] for shift in (0, 4, 8))
    born = f"{person % 28 + 1:02d}{person // 28 % 12 + 1:02d}"
    return [initials, born, f"{person % 10_000:04d}"]


def _with_flipped_claim(text: str) -> str:
    """The expiry of a signed pass moved a month, the signature kept: what a forger would try."""
    tag = cbor2.loads(base45.decode(text.removeprefix("MP1:").encode()))
    protected, unprotected, payload, signature = tag.value
    changed = cbor2.loads(payload)
    changed[int(Claim.EXP)] += 30 * 86400
    parts = [protected, unprotected, cbor2.dumps(changed, canonical=True), signature]
    return "MP1:" + base45.encode(cbor2.dumps(cbor2.CBORTag(tag.tag, parts)))


def _with_duplicate_claim(signed: dict[int, object], key: SigningKey) -> str:
    """Properly signed, but `exp` stands there twice: two readers would see two passes."""
    encoded = cbor2.dumps(signed, canonical=True)
    again = cbor2.dumps(int(Claim.EXP)) + cbor2.dumps(int(moscow("2021-01-01 00:00").timestamp()))
    members = encoded[0] + 1  # a map of fewer than 23 pairs has its length in the first byte
    return sign_payload(bytes((members,)) + encoded[1:] + again, key)


def _with_future_restriction(signed: dict[int, object]) -> dict[int, object]:
    movement = signed[Claim.MOVEMENT]
    assert isinstance(movement, dict)
    return signed | {Claim.MOVEMENT: movement | {64: [1, 2]}}


def _admitted() -> Iterator[tuple[str, str]]:
    def work(name: str, span: tuple[str, str] = _SEASON, **movement: object) -> tuple[str, str]:
        return name, sign_pass(claims(name, WORK, span, CITY, movement), WORK_KEY)

    def citizen(name: str, kind: int, span: tuple[str, str], **movement: object) -> tuple[str, str]:
        return name, sign_pass(claims(name, kind, span, CITY, movement), CITIZEN_KEY)

    yield work("work-night", purpose=1)
    yield citizen("transit", TRANSIT, _TODAY, scope=[[], [CAR, RAIL]])
    yield work("work-plate", plate="A123BC77", scope=[[], [CAR, TAXI]])
    yield "work-region", sign_pass(claims("work-region", WORK, _SEASON, REGION), REGION_KEY)
    yield citizen("medical", MEDICAL, ("2020-04-28 00:00", "2020-05-05 00:00"), purpose=4)
    yield citizen("one-off", ONE_OFF, ("2020-04-29 06:00", "2020-04-29 18:00"))
    yield citizen("personal", PERSONAL, _TODAY, scope=[[CENTRE, SOUTH], []])
    yield work("work-restored")
    yield work("work-extended", _JUST_ENDED)
    yield work("work-poster", windows=[[_EVERY_DAY, 360, 1320]])
    yield work("work-held", scope=[[CENTRE, SOUTH], [CAR, BUS, METRO]])
    yield work("two-left")
    yield work("two-right")


def _refused() -> Iterator[tuple[str, str]]:
    def work(name: str, span: tuple[str, str] = _SEASON, **movement: object) -> tuple[str, str]:
        return name, sign_pass(claims(name, WORK, span, CITY, movement), WORK_KEY)

    yield work("not-yet", ("2020-04-30 00:00", "2020-05-12 00:00"))
    yield work("expired", _LONG_AGO)
    yield work("wrong-zone", scope=[[NEW_MOSCOW], []])
    yield work("wrong-transport", scope=[[], [METRO, BUS]])
    yield work("wrong-day", windows=[[_WEEKEND, 0, 1440]])
    yield work("wrong-time", windows=[[_EVERY_DAY, 360, 600]])
    yield work("revoked")
    yield work("suspended")
    yield "revoked-by-id", sign_pass(claims("revoked-by-id", WORK, _SEASON, REGION), REGION_KEY)
    quarantined = claims("quarantined", PERSONAL, _TODAY)
    yield "quarantined", sign_pass(quarantined, CITIZEN_KEY)
    yield "wrong-kind", sign_pass(claims("wrong-kind", MEDICAL, _SEASON, REGION), REGION_KEY)
    yield "dead-key", sign_pass(claims("dead-key", WORK, _SEASON), LOST_KEY)
    yield "forged", _with_flipped_claim(work("forged", _LONG_AGO)[1])
    yield "unknown-issuer", sign_pass(claims("unknown-issuer", WORK, _SEASON), STRANGER_KEY)
    yield "truncated", work("truncated")[1][:180]
    padded = work("oversized")[1]
    yield "oversized", padded + padded[4:] * 4
    twice = claims("duplicate-claims", WORK, _LONG_AGO)
    yield "duplicate-claims", _with_duplicate_claim(twice, WORK_KEY)


def _undecided() -> Iterator[tuple[str, str]]:
    yield "unknown-key", sign_pass(claims("unknown-key", WORK, _SEASON), NEXT_KEY)
    newer = sign_pass(claims("newer", WORK, _SEASON), WORK_KEY)
    yield "newer", newer.replace("MP1:", "MP2:", 1)
    restricted = _with_future_restriction(claims("future-restriction", WORK, _SEASON))
    yield "future-restriction", sign_pass(restricted, WORK_KEY)
    yield (
        "attestation",
        "Cree le: 29/04/2020 a 10h12; Nom: Dupont; Prenom: Camille; "
        "Naissance: 01/01/1970 a Lyon; Adresse: 999 avenue de France 75001 Paris; "
        "Sortie: 29/04/2020 a 10h15; Motifs: travail-courses",
    )


def _no_pass() -> Iterator[tuple[str, str]]:
    specimen = claims("specimen", WORK, _SEASON, CITY, {"specimen": True})
    yield "specimen", sign_pass(specimen, WORK_KEY)
    yield "wifi", "WIFI:T:WPA;S:Cafe Pushkin;P:borodinsky;;"
    yield "poster", "https://stopcovid.example/wash-your-hands"


_GROUPS: tuple[Callable[[], Iterator[tuple[str, str]]], ...] = (
    _admitted,
    _refused,
    _undecided,
    _no_pass,
)


def make_texts() -> dict[str, str]:
    """What stands in each code, by the name of the sample."""
    return {name: text for group in _GROUPS for name, text in group()}
