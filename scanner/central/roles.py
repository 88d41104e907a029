"""The roles of the signed metadata: who signs what, for how long, and how many must agree.

    root       3 of 5 sticks    1 year   who the others are; the end of the regime
    targets    2 of 3 sticks   90 days   trust list, rules, policy, issued sets, approvals
    rev        online           7 days   status maps, deltas, revoked ids, quarantined holders
    snapshot   online           7 days   which versions belong together
    timestamp  online          24 hours  that this is the newest state, and when that was so

The offline bundle key may sign rev, snapshot and timestamp too: a card or stick carries a view of
the lists that lives 30 days and needs none of the online keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from fnmatch import fnmatch
from typing import TypeVar

from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    Role,
    Root,
    Snapshot,
    Targets,
    Timestamp,
)

from scanner.central.errors import CentralError
from scanner.central.keys import NamedKey, name_of

T = TypeVar("T", Root, Targets, Snapshot, Timestamp)

REV = "rev"
REV_PATHS = ("base-*", "d-*", "ids-*", "holders-*")
END_OF_REGIME = "x-end-of-regime"
ISSUED_AT = "issued_at"

LIVES: Mapping[str, timedelta] = {
    Root.type: timedelta(days=365),
    Targets.type: timedelta(days=90),
    REV: timedelta(days=7),
    Snapshot.type: timedelta(days=7),
    Timestamp.type: timedelta(hours=24),
}
BUNDLE_LIFE = timedelta(days=30)
THRESHOLDS: Mapping[str, int] = {Root.type: 3, Targets.type: 2, Snapshot.type: 1, Timestamp.type: 1}
BUNDLE_KEY = "bundle"


def is_online(name: str) -> bool:
    """Whether the online key may sign a target of this name."""
    return any(fnmatch(name, pattern) for pattern in REV_PATHS)


def role_of_key(name: str) -> tuple[str, ...]:
    """`root-3` → root; the bundle key has three roles."""
    if name == BUNDLE_KEY:
        return REV, Snapshot.type, Timestamp.type
    return (name.partition("-")[0],)


def first_root(keys: Mapping[str, NamedKey], now: datetime) -> Metadata[Root]:
    """Unsigned, version 0: every key by its name in its roles."""
    root = Root(
        expires=now + LIVES[Root.type],
        roles={role: Role([], threshold) for role, threshold in THRESHOLDS.items()},
        consistent_snapshot=True,
    )
    for name, key in keys.items():
        for role in role_of_key(name):
            if role in THRESHOLDS:
                root.add_key(key.public, role)
    root.version = 0
    return Metadata(root)


def first_targets(keys: Mapping[str, NamedKey], now: datetime) -> Metadata[Targets]:
    """Unsigned, version 0, with the delegation of the online lists."""
    rev = DelegatedRole(REV, [], threshold=1, terminating=True, paths=list(REV_PATHS))
    targets = Targets(
        expires=now + LIVES[Targets.type], delegations=Delegations({}, roles={REV: rev})
    )
    for name, key in keys.items():
        if REV in role_of_key(name):
            targets.add_key(key.public, REV)
    targets.version = 0
    return Metadata(targets)


def sign(
    metadata: Metadata[T], role: str, delegators: list[Root | Targets], keys: Mapping[str, NamedKey]
) -> None:
    """By every key at hand that one of the delegators lists, keys by key id.

    Raises CentralError when a delegator would not take it. While a key is exchanged there are two
    delegators, the old one and the new one.
    """
    metadata.signatures.clear()
    for delegator in delegators:
        wanted = delegator.get_delegated_role(role)
        held = [keys[keyid] for keyid in wanted.keyids if keyid in keys]
        if len(held) < wanted.threshold:
            raise too_few(role, delegator, keys)
        usual = [key for key in held if key.name != BUNDLE_KEY]
        for key in usual if len(usual) >= wanted.threshold else held:
            metadata.sign(key.signer, append=True)


def too_few(role: str, delegator: Root | Targets, keys: Mapping[str, NamedKey]) -> CentralError:
    """What to say when the threshold of a role is not met."""
    wanted = delegator.get_delegated_role(role)
    names = sorted(name_of(delegator.get_key(i)) for i in wanted.keyids if i not in keys)
    held = len(wanted.keyids) - len(names)
    if role in (Root.type, Targets.type):
        return CentralError(
            f"{role} is signed by {wanted.threshold} of {len(wanted.keyids)} keys, and {held} of "
            f"them are here. Put in the sticks with {', '.join(names)} and name each folder "
            "with --offline."
        )
    return CentralError(
        f"No key that may sign {role} is here. Restore {role}.pem from the backup, or replace it: "
        f"`scanner central rotate-key {role}`."
    )
