"""One moment of the repository, and the next one while it is made, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime

from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from scanner.central.errors import CentralError
from scanner.central.keys import NamedKey
from scanner.central.roles import (
    ISSUED_AT,
    LIVES,
    REV,
    first_root,
    first_targets,
    is_online,
    sign,
)

MAX_TARGET_BYTES = 128 * 1024
# Of targets.json and rev.json: some 8 000 targets in each.
MAX_METADATA_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class State:
    """All metadata of one moment; each part is signed as the part above it wants."""

    root: Metadata[Root]
    targets: Metadata[Targets]
    rev: Metadata[Targets]
    snapshot: Metadata[Snapshot]
    timestamp: Metadata[Timestamp]

    @property
    def issued_at(self) -> int:
        """Seconds since 1970; 0 before the first publish."""
        said = self.timestamp.signed.unrecognized_fields.get(ISSUED_AT)
        return said if isinstance(said, int) else 0

    @classmethod
    def first(cls, keys: Mapping[str, NamedKey], now: datetime) -> State:
        """Before anything is published: all versions are 0, nothing is signed."""
        snapshot, timestamp = Snapshot(expires=now), Timestamp(expires=now)
        rev = Targets(expires=now)
        rev.version = snapshot.version = timestamp.version = 0
        return cls(
            first_root(keys, now),
            first_targets(keys, now),
            Metadata(rev),
            Metadata(snapshot),
            Metadata(timestamp),
        )

    def target(self, name: str) -> TargetFile | None:
        return self._role(name).get(name)

    def all_targets(self) -> list[TargetFile]:
        return [*self.targets.signed.targets.values(), *self.rev.signed.targets.values()]

    def names(self, *prefixes: str) -> list[str]:
        """Targets whose names begin with one of these, sorted."""
        named = [target.path for target in self.all_targets()]
        return sorted(name for name in named if name.startswith(prefixes))

    def _role(self, name: str) -> dict[str, TargetFile]:
        return (self.rev if is_online(name) else self.targets).signed.targets


class Edition:
    """The next state, in memory: targets are put and dropped by name, the rest follows."""

    def __init__(self, state: State) -> None:
        self.before = state
        self.after = deepcopy(state)
        self.bodies: dict[str, bytes] = {}
        self.is_changed = {Root.type: False, Targets.type: False, REV: False}

    def mark_all_changed(self) -> None:
        """Every role is signed, as in the first edition."""
        self.is_changed = dict.fromkeys(self.is_changed, True)

    def put(self, name: str, body: bytes, custom: Mapping[str, int] | None = None) -> None:
        """Raises CentralError for a target that is too large for a bad line."""
        if len(body) > MAX_TARGET_BYTES:
            raise CentralError(
                f"{name} has {len(body)} bytes; devices take at most {MAX_TARGET_BYTES}."
            )
        target = TargetFile.from_data(name, body, ["sha256"])
        if custom:
            target.unrecognized_fields["custom"] = dict(custom)
        self._targets(name)[name] = target
        self.bodies[name] = body

    def drop(self, *names: str) -> None:
        for name in names:
            del self._targets(name)[name]

    def _targets(self, name: str) -> dict[str, TargetFile]:
        role = REV if is_online(name) else Targets.type
        self.is_changed[role] = True
        part = self.after.rev if role == REV else self.after.targets
        return part.signed.targets

    def sign(self, keys: Mapping[str, NamedKey], now: datetime) -> None:
        """Raise versions, set expiries, sign all that is new; keys by key id.

        What is signed while keys are exchanged is signed for the old and the new delegator, so
        that devices can read it on either side of the new root. Raises CentralError.
        """
        after, changed = self.after, self.is_changed
        roots: list[Root | Targets] = self._delegators(Root.type, self.before.root, after.root)
        if changed[Root.type]:
            _renew(after.root, now + LIVES[Root.type])
            sign(after.root, Root.type, roots, keys)
        if changed[Targets.type]:
            _renew(after.targets, now + LIVES[Targets.type])
            sign(after.targets, Targets.type, roots, keys)
        if changed[REV] or changed[Targets.type] or _is_stale(after.rev, REV, now):
            changed[REV] = True
            _renew(after.rev, now + LIVES[REV])
            delegators = self._delegators(Targets.type, self.before.targets, after.targets)
            sign(after.rev, REV, delegators, keys)
        self._sign_snapshot(roots, keys, now)
        _renew(after.timestamp, now + LIVES[Timestamp.type])
        after.timestamp.signed.snapshot_meta = MetaFile(after.snapshot.signed.version)
        after.timestamp.signed.unrecognized_fields[ISSUED_AT] = int(now.timestamp())
        sign(after.timestamp, Timestamp.type, roots, keys)
        self._check_length()

    def _check_length(self) -> None:
        for role, part in ((Targets.type, self.after.targets), (REV, self.after.rev)):
            if (length := len(part.to_bytes())) > MAX_METADATA_BYTES:
                raise CentralError(
                    f"{role}.json would have {length} bytes, and devices take at most "
                    f"{MAX_METADATA_BYTES}. Take passes back by index or by a rule."
                )

    def _sign_snapshot(
        self, roots: list[Root | Targets], keys: Mapping[str, NamedKey], now: datetime
    ) -> None:
        snapshot = self.after.snapshot
        if not any(self.is_changed.values()) and not _is_stale(snapshot, Snapshot.type, now):
            return
        _renew(snapshot, now + LIVES[Snapshot.type])
        snapshot.signed.meta = {
            "targets.json": MetaFile(self.after.targets.signed.version),
            "rev.json": MetaFile(self.after.rev.signed.version),
        }
        sign(snapshot, Snapshot.type, roots, keys)

    def _delegators(
        self,
        role: str,
        before: Metadata[Root] | Metadata[Targets],
        after: Metadata[Root] | Metadata[Targets],
    ) -> list[Root | Targets]:
        """The old and the new one where they differ; the first edition has no old one."""
        if self.is_changed[role] and before.signed.version:
            return [before.signed, after.signed]
        return [after.signed]


Renewable = Metadata[Root] | Metadata[Targets] | Metadata[Snapshot] | Metadata[Timestamp]


def _renew(part: Renewable, expires: datetime) -> None:
    part.signed.version += 1
    part.signed.expires = expires


def _is_stale(part: Renewable, role: str, now: datetime) -> bool:
    """Half of its life is over: signed anew in time, and not every five minutes."""
    return part.signed.expires - now < LIVES[role] / 2
