"""The signed lists of the samples, as target files under their target names.

They are the very files that signed updates bring; `index.json` says what the update metadata
would say: when they were issued, and the length and hash of each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from random import Random

import pyrage

from sample_codes.keys import (
    CITY_NO,
    FLEET_IDENTITY,
    MEDICAL,
    ONE_OFF,
    PERSONAL,
    TRANSIT,
    TRUSTED,
    WORK,
    moscow,
)
from sample_codes.passes import CLOSED, INDEXES, cti, holder_ref
from scanner.core.entries import Entries
from scanner.core.parts import IdList, cut_ids, cut_refs
from scanner.core.revocation import (
    ID_BYTES,
    REF_BYTES,
    Delta,
    StatusBits,
    encode_delta,
    encode_map,
)

ISSUED_AT = moscow("2020-04-29 03:00")

MAP_SIZE = 2_000_000
REVOKED_SHARE = 0.05
SUSPENDED_SHARE = 0.002
LISTED_HOLDERS = 4_000
LISTED_IDS = 1_000
_SEED = 20200429

POLICY = {
    "version": 1,
    "time_zone": "Europe/Moscow",
    "leeway_s": 0,
    "ages_s": {
        "trust": {"soft": 86400, "hard": 259200, "hard_by_kind": {}},
        "status": {"soft": 86400, "hard": 259200, "hard_by_kind": {str(PERSONAL): 604800}},
        "holders": {"soft": 86400, "hard": 259200, "hard_by_kind": {}},
    },
    "zones": {
        "1": {"en": "Centre", "ru": "Центр"},
        "2": {"en": "South", "ru": "Юг"},
        "3": {"en": "New Moscow", "ru": "Новая Москва"},
        "7": {"en": "Hospital area", "ru": "Район больницы"},
    },
    "purposes": {
        "1": {"en": "Work", "ru": "Работа"},
        "2": {"en": "Shopping", "ru": "Покупки"},
        "3": {"en": "Garden", "ru": "Дача"},
        "4": {"en": "Hospital", "ru": "Больница"},
    },
    "transport": {
        "1": {"en": "Metro", "ru": "Метро"},
        "2": {"en": "Bus, tram", "ru": "Автобус, трамвай"},
        "3": {"en": "Rail", "ru": "Электричка"},
        "4": {"en": "Car", "ru": "Автомобиль"},
        "5": {"en": "Taxi", "ru": "Такси"},
        "6": {"en": "On foot", "ru": "Пешком"},
    },
    "kinds": {
        str(kind): {"live": False, "one_off": kind == ONE_OFF, "compare": False}
        for kind in (WORK, PERSONAL, MEDICAL, TRANSIT, ONE_OFF)
    },
    "formats": ["MP1"],
    "log": {"floor_min": 15, "keep_days": 1, "max_days": 30},
    "supervisors": [],
    "repeat_s": 60,
    "reboot_grace": False,
    "appeal": {
        "en": "Appeal tonight: telephone 112",
        "ru": "Обжаловать сегодня: телефон 112",
    },
}


def _seconds(text: str) -> int:
    return int(moscow(text).timestamp())


RULES = [
    {
        "do": "extend",
        "id": "work-passes-to-12-may",
        "not_after": _seconds("2020-05-12 00:00"),
        "kinds": [WORK],
        "exp_from": _seconds("2020-04-26 00:00"),
        "exp_to": _seconds("2020-05-12 00:00"),
        "until": _seconds("2020-05-12 00:00"),
    },
    {
        "do": "close-zone",
        "id": "hospital-area",
        "not_after": _seconds("2020-05-12 00:00"),
        "zones": [CLOSED],
        "except_kinds": [MEDICAL],
    },
]


def status_changes() -> dict[int, StatusBits]:
    """The base: a city's share of annulled passes at random, and what the samples need."""
    random = Random(_SEED)
    changes = _drawn(random, int(MAP_SIZE * REVOKED_SHARE), StatusBits.REVOKED)
    changes |= _drawn(random, int(MAP_SIZE * SUSPENDED_SHARE), StatusBits.SUSPENDED)
    for index in INDEXES.values():
        changes.pop(index, None)
    changes[INDEXES["work-restored"]] = StatusBits.REVOKED
    changes[INDEXES["suspended"]] = StatusBits.SUSPENDED
    return changes


def _drawn(random: Random, count: int, status: StatusBits) -> dict[int, StatusBits]:
    """`random()` alone is promised to give the same numbers in every version of Python."""
    changes: dict[int, StatusBits] = {}
    while len(changes) < count:
        changes[int(random.random() * MAP_SIZE)] = status
    return changes


DELTA = Delta(
    CITY_NO,
    1,
    2,
    {INDEXES["work-restored"]: StatusBits.VALID, INDEXES["revoked"]: StatusBits.REVOKED},
)


def revoked_ids() -> IdList:
    others = [sha256(b"revoked pass %d" % number).digest() for number in range(LISTED_IDS)]
    ours = sha256(cti("revoked-by-id")).digest()
    return IdList(0, 1, Entries.of((whole[:ID_BYTES] for whole in [*others, ours]), ID_BYTES))


def quarantined_refs() -> Entries:
    others = [
        sha256(b"holder %d" % number).digest()[:REF_BYTES] for number in range(LISTED_HOLDERS)
    ]
    return Entries.of([*others, holder_ref("quarantined")], REF_BYTES)


def open_holders(encrypted: bytes) -> bytes:
    """As a device of the sample fleet does it."""
    opened: bytes = pyrage.decrypt(encrypted, [pyrage.x25519.Identity.from_str(FLEET_IDENTITY)])
    return opened


def make_targets(old_holders: bytes | None = None) -> dict[str, bytes]:
    """Target name → file. An encryption of the same holder list is kept: age's is random."""
    parts = encode_map(MAP_SIZE, status_changes())
    # Both lists have one part: a second one begins at some thousand entries.
    (holders,), (ids,) = cut_refs(quarantined_refs()), cut_ids(revoked_ids())
    if old_holders is None or open_holders(old_holders) != holders:
        recipient = pyrage.x25519.Identity.from_str(FLEET_IDENTITY).to_public()
        old_holders = pyrage.encrypt(holders, [recipient])
    return {
        "keys-1-0": _json({"keys": [entry.jwk() for entry in TRUSTED]}),
        "policy-1": _json(POLICY),
        "rules-1": _json(RULES),
        **{f"base-{CITY_NO}-1-{part}": packed for part, packed in enumerate(parts)},
        f"d-{CITY_NO}-1-2": encode_delta(DELTA),
        "ids-0-1-0": ids,
        "holders-1-0": old_holders,
    }


def make_index(targets: Mapping[str, bytes]) -> bytes:
    """What the metadata of a signed update says about these files."""
    described = {
        name: {"sha256": sha256(body).hexdigest(), "length": len(body)}
        for name, body in sorted(targets.items())
    }
    return _json({"issued_at": int(ISSUED_AT.timestamp()), "targets": described})


def _json(content: object) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()
