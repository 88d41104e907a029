"""What the holders of sticks meet for: exchange a key, end the regime, answer a leak.

A key is exchanged while the old one still counts: what the old and the new root both accept is
published first, then the new root. Lost sticks are exchanged by those that are left.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tuf.api.metadata import Root, Targets

from scanner.central.city import City
from scanner.central.documents import Documents
from scanner.central.edition import Edition, State
from scanner.central.errors import CentralError
from scanner.central.issuer import LEAD, make_issuer_key, retire_key, still_needed, time_entry
from scanner.central.keys import (
    FRESH,
    ONLINE,
    ONLINE_KEYS,
    STICKS,
    TIME_KEY,
    NamedKey,
    load_key,
    make_key,
    name_of,
    replace_key,
    save_key,
)
from scanner.central.roles import BUNDLE_KEY, END_OF_REGIME, REV, THRESHOLDS, role_of_key
from scanner.core.trust import TIME_CODE_KIND

STICK_KEYS = tuple(name for names in STICKS.values() for name in names)
ISSUER_KEY = "issuer"
EVERY_KEY = (*STICK_KEYS, *ONLINE_KEYS, TIME_KEY, ISSUER_KEY)


def end_regime(city: City, at: datetime) -> State:
    """Sign the date into a new root. Devices take the earliest date until a newer root moves it."""
    edition = Edition(city.repository.state())
    said = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    edition.after.root.signed.unrecognized_fields[END_OF_REGIME] = said
    edition.is_changed[Root.type] = True
    return city.repository.publish(edition, city.all_keys(), city.means.now)


def rotate_key(city: City, name: str, folder: Path | None, indexes: int) -> Path:
    """A new key for an old one; returns where it is. Raises CentralError.

    folder: where the new key goes when its old file is not here, as after the loss of a stick.
    """
    if name == ISSUER_KEY:
        return _rotate_issuer(city, indexes)
    where = _place_of(city, name, folder)
    for role in _roles_that_agree(name):
        city.check_sticks(role)
    key = _fresh_key(city, where, name)
    _publish_rotation(city, key)
    replace_key(where, key)
    return where / f"{name}.pem"


def _roles_that_agree(name: str) -> tuple[str, ...]:
    """Whose sticks must be here before anything is made."""
    if name in (TIME_KEY, REV):
        return (Targets.type,)
    if name == BUNDLE_KEY or Targets.type in role_of_key(name):
        return Root.type, Targets.type
    return (Root.type,)


def _fresh_key(city: City, where: Path, name: str) -> NamedKey:
    """One that an interrupted exchange has left is used, since metadata may list it already."""
    left = where / f"{name}{FRESH}.pem"
    if left.exists():
        return load_key(left)
    key = make_key(name, city.means.entropy)
    save_key(where, NamedKey(name + FRESH, key.private))
    return key


def _publish_rotation(city: City, key: NamedKey) -> None:
    if key.name == TIME_KEY:
        city.sign(_exchange_time_key(city, key))
        return
    edition = Edition(city.repository.state())
    root, targets = edition.after.root.signed, edition.after.targets.signed
    for role in role_of_key(key.name):
        if role in THRESHOLDS:
            _exchange(root, role, key)
            edition.is_changed[Root.type] = True
        if role in (REV, Targets.type):
            edition.is_changed[Targets.type] = True
        if role == REV:
            _exchange(targets, role, key)
    keys = {**city.all_keys(), key.public.keyid: key}
    city.repository.publish(edition, keys, city.means.now)


def _exchange(delegator: Root | Targets, role: str, key: NamedKey) -> None:
    for keyid in list(delegator.get_delegated_role(role).keyids):
        if name_of(delegator.get_key(keyid)) == key.name:
            delegator.revoke_key(keyid, role)
    delegator.add_key(key.public, role)


def _exchange_time_key(city: City, key: NamedKey) -> Callable[[Documents, Edition], None]:
    def change(documents: Documents, edition: Edition) -> None:
        kept = [entry for entry in documents.trust_list() if entry["kinds"] != [TIME_CODE_KIND]]
        documents.set_trust_list([*kept, time_entry(city.register, key, city.means.now)])

    return change


def _rotate_issuer(city: City, indexes: int) -> Path:
    """The next key of the issuer, with new indexes; it signs from 72 hours on."""
    begins = city.means.now + LEAD
    made: list[Path] = []

    def change(documents: Documents, edition: Edition) -> None:
        with city.register.transaction():
            entry = make_issuer_key(city.folder, city.register, begins, indexes, city.means.entropy)
            made.append(city.folder / ISSUER_KEY / f"{entry['kid']}.pem")
            documents.set_trust_list([*still_needed(documents.trust_list(), city.means.now), entry])

    city.check_sticks(Targets.type)
    city.sign(change)
    city.publish()
    return made[0]


def _place_of(city: City, name: str, folder: Path | None) -> Path:
    """The folder that holds the key now, else the one that was named."""
    if name not in EVERY_KEY:
        raise CentralError(f"There is no key {name}; there are {', '.join(EVERY_KEY)}.")
    if name in ONLINE_KEYS:
        return city.folder / ONLINE
    if name == TIME_KEY:
        return city.folder / TIME_KEY
    for stick in city.sticks():
        if (stick / f"{name}.pem").exists():
            return stick
    if folder is None:
        raise CentralError(
            f"The stick with {name} is not here. If it is lost, name the folder of a new stick "
            f"with --to; else name its folder with --offline."
        )
    return folder


def publish_issued_set(city: City, kid: str) -> int:
    """Returns how many passes stay good. Raises CentralError; then the key is as it was."""
    try:
        raw = bytes.fromhex(kid)
    except ValueError:
        raise CentralError(
            f"{kid} is no kid: 16 hex digits, see `scanner central status`."
        ) from None
    city.check_sticks(Targets.type)
    rows = city.register.db.execute("SELECT cti_hash FROM issued WHERE kid = ?", (raw,))
    hashes = [bytes(row[0]) for row in rows]
    with city.register.transaction():
        retire_key(city.register, raw)
        city.sign(lambda documents, edition: documents.set_issued(kid, hashes))
    return len(hashes)
