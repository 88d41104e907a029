"""The founding of a city: every key, the register, the first signed lists, all empty."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pyrage

from scanner.central.city import FLEET_KEY, REPOSITORY, City, Means
from scanner.central.documents import Document, Documents
from scanner.central.edition import Edition, State
from scanner.central.errors import CentralError
from scanner.central.files import write_atomically
from scanner.central.issuer import KINDS, ONE_OFF, make_issuer_key, time_entry
from scanner.central.keys import (
    OFFLINE,
    ONLINE,
    ONLINE_KEYS,
    STICKS,
    TIME_KEY,
    Entropy,
    NamedKey,
    make_key,
    save_key,
)
from scanner.central.lists import ListMaker
from scanner.central.register import Artefact, Register
from scanner.central.repository import Repository

LONGEST_NAME = 32


@dataclass(frozen=True, slots=True)
class Charter:
    """What is fixed when a city is founded."""

    issuer: str
    issuer_no: int = 1
    time_zone: str = "UTC"
    indexes: int = 100_000


def found(folder: Path, charter: Charter, means: Means) -> State:
    """Make the central folder, whole or not at all. Raises CentralError."""
    _check(charter)
    if folder.exists() and any(folder.iterdir()):
        raise CentralError(f"{folder} is there already and not empty. Name another with --dir.")
    passing = folder.with_name(f".{folder.name}.founding")
    if passing.exists():
        shutil.rmtree(passing)
    passing.mkdir(parents=True, mode=0o700)
    register = Register.create(passing)
    try:
        repository = Repository(passing / REPOSITORY, means.write)
        repository.make_folders()
        state = _publish_first(City(passing, register, repository, means), charter)
    finally:
        register.close()
    passing.replace(folder)
    return state


def _publish_first(city: City, charter: Charter) -> State:
    register, now = city.register, city.means.now
    keys = _make_keys(city.folder, city.means.entropy)
    register.keep_setting("issuer", charter.issuer)
    register.keep_setting("issuer_no", str(charter.issuer_no))
    register.keep_setting("fleet_recipient", make_fleet_key(city.folder))
    edition = Edition(State.first(keys, now))
    edition.mark_all_changed()
    documents = Documents(city.repository, edition)
    documents.set_policy(first_policy(charter.time_zone))
    documents.set_rules([])
    entry = make_issuer_key(city.folder, register, now, charter.indexes, city.means.entropy)
    documents.set_trust_list([entry, time_entry(register, keys[TIME_KEY], now)])
    maker = ListMaker(register, edition, now, city.means.progress)
    for artefact in Artefact:
        register.take_version(artefact, now)
        maker.renew(artefact, with_base=True)
    return city.repository.publish(edition, {key.public.keyid: key for key in keys.values()}, now)


def _check(charter: Charter) -> None:
    if not 0 < len(charter.issuer) <= LONGEST_NAME:
        raise CentralError(f"The issuer's name has 1 to {LONGEST_NAME} characters.")
    if not 1 <= charter.issuer_no <= 255:
        raise CentralError("The issuer's number is 1 to 255, and no two issuers share one.")
    try:
        ZoneInfo(charter.time_zone)
    except (KeyError, OSError, ValueError):
        raise CentralError(
            f"There is no time zone {charter.time_zone}; it looks like Europe/Moscow."
        ) from None


def _make_keys(folder: Path, entropy: Entropy) -> dict[str, NamedKey]:
    """Name → key; the issuer's own are made apart, since their number grows."""
    places: Mapping[str, tuple[str, ...]] = {
        **{f"{OFFLINE}/{stick}": names for stick, names in STICKS.items()},
        ONLINE: ONLINE_KEYS,
        TIME_KEY: (TIME_KEY,),
    }
    keys = {}
    for place, names in places.items():
        for name in names:
            keys[name] = make_key(name, entropy)
            save_key(folder / place, keys[name])
    return keys


def make_fleet_key(folder: Path) -> str:
    """The identity that every device of the fleet holds, in its file → its public recipient."""
    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())
    text = f"# public key: {recipient}\n{identity}\n"
    write_atomically(folder / FLEET_KEY, text.encode(), mode=0o600)
    return recipient


def first_policy(time_zone: str) -> bytes:
    """Every kind the pilot issuer gives out; the rest as the program has it by default."""
    policy: Document = {
        "version": 1,
        "time_zone": time_zone,
        "kinds": {str(kind): {"one_off": kind == ONE_OFF} for kind in KINDS.values()},
    }
    return json.dumps(policy).encode()
