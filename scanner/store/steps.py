"""Apply the steps of an update to `lists.db`, inside one transaction of the caller.

Whatever cannot be used raises UpdateError; the caller then takes back this step alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from scanner.core.breaker import Changes
from scanner.core.entries import Entries
from scanner.core.errors import UpdateError
from scanner.core.parts import IdList, cut_ids, cut_refs, join_ids, join_refs
from scanner.core.policy import Checkpoint
from scanner.core.revocation import FAST, decode_delta, decode_refs
from scanner.core.targets import parse_policy, parse_rules
from scanner.core.trust import parse_trust_list
from scanner.core.update import Parts, Step, TargetName, in_parts, parse_target_name
from scanner.store.bases import NewBase, Read
from scanner.store.installed import STATUS, RevokedIds, digest_of
from scanner.store.sieve import Sieve
from scanner.store.status_map import StatusMap
from scanner.store.trust_list import to_policy

OpenHolders = Callable[[bytes], bytes]

# Steps over the list of revoked ids that memory is spent on; past these it is written anew.
LONG_OVERLAY = 64 * 1024


@dataclass(frozen=True, slots=True)
class Steps:
    """How each kind of list goes from one version to the next."""

    sieve: Sieve
    folder: Path
    read: Read
    open_holders: OpenHolders | None
    allow_test_keys: bool

    def apply(self, step: Step, base: NewBase | None) -> None:
        """Raises UpdateError, StoreError, sqlite3.Error; SyncError for a foreign holder list."""
        if step.list_name.startswith(STATUS):
            self._apply_status(step, base)
        elif step.list_name == "ids":
            for parts in self._parts(step):
                self._apply_ids(parts)
        elif step.list_name == "holders":
            self._apply_holders(self._parts(step)[-1])
        else:
            self._keep_documents(step)

    def drop(self, list_name: str) -> None:
        """A list that offline metadata names no more."""
        db = self.sieve.db
        db.execute("DELETE FROM document WHERE target GLOB ?", (f"{list_name}*",))
        db.execute("DELETE FROM artefact WHERE name = ?", (list_name,))

    def _keep_documents(self, step: Step) -> None:
        """Trust list, policy, rules, issued set: as they were signed, replaced as a whole."""
        bodies = {name: self.read(name) for name in step.targets}
        for name, body in bodies.items():
            self._check_document(step, name, body)
        known = self.sieve.installed.artefacts.get(step.list_name)
        is_set = step.list_name.startswith("issued-")
        if known is not None and step.version < known.version and not is_set:
            raise UpdateError(
                f"The update is held back: {step.list_name} goes from version {known.version} "
                f"back to {step.version}. Ask whoever signs the lists."
            )
        self.drop(step.list_name)
        for name, body in bodies.items():
            self._keep_document(name, body)
        self.sieve.keep_artefact(step.list_name, step.version)

    def _check_document(self, step: Step, name: str, body: bytes) -> None:
        match parsed(name).kind:
            case "keys":
                parse_trust_list(body, allow_test_keys=self.allow_test_keys)
            case "policy":
                policy = parse_policy(body)
                to_policy(policy, Checkpoint())
                if policy.version != step.version:
                    raise UpdateError(f"The policy in {name} says version {policy.version}.")
            case "rules":
                parse_rules(body)
            case "issued":
                decode_refs(body)
            case kind:
                raise UpdateError(f"The update is held back: this version knows no {kind}.")

    def _keep_document(self, name: str, body: bytes) -> None:
        row = (name, body, digest_of(body))
        self.sieve.db.execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?)", row)

    def _apply_status(self, step: Step, base: NewBase | None) -> None:
        is_free = False
        if base is not None:
            is_first = base.issuer not in self.sieve.installed.maps
            self._take_base(step.list_name, base, is_counted=not (is_first or base.is_approved))
            # Without an approval the deltas have been counted together with their base.
            is_free = is_first or not base.is_approved
        for name in step.targets:
            if name.startswith("d-"):
                (parts,) = in_parts([name], self.sieve.update.targets)
                self._apply_delta(step.list_name, parts, is_free=is_free)

    def _take_base(self, list_name: str, base: NewBase, *, is_counted: bool) -> None:
        """Its file stands there; from this transaction on it counts."""
        sieve = self.sieve
        row = (base.issuer, base.version, base.file, base.size, base.digest)
        sieve.db.execute("INSERT OR REPLACE INTO base VALUES (?, ?, ?, ?, ?)", row)
        sieve.begin_anew(list_name)
        sieve.forget_all(list_name)
        if is_counted and (base.flips or base.restores):
            sieve.keep_change(list_name, base.version, (base.flips, base.restores), None)
        sieve.installed.maps[base.issuer] = StatusMap(self.folder, base.file, base.size)
        sieve.installed.overlays[base.issuer] = {}
        sieve.keep_artefact(list_name, base.version)

    def _apply_delta(self, list_name: str, parts: Parts, *, is_free: bool) -> None:
        delta, name = decode_delta(self.read(parts.name)), parts.name
        if parts.target.numbers != (delta.issuer_no, delta.from_version, delta.to_version):
            raise UpdateError(f"The update is held back: {name} holds another delta.")
        if not self._fits(list_name, parts):
            raise UpdateError(
                f"The update is held back: the delta {name} does not fit the map installed."
            )
        changes: Changes = dict(delta.changes.items())
        self.sieve.sift_in(list_name, parts, changes, is_free=is_free)

    def _fits(self, list_name: str, parts: Parts) -> bool:
        """A delta says all that was touched after its first version, so it fits later ones too.

        An approved one is applied again, for what was held of it.
        """
        known, target = self.sieve.installed.artefacts.get(list_name), parts.target
        last = target.version if self.sieve.is_approved(parts) else target.version - 1
        return known is not None and target.from_version <= known.version <= last

    def _parts(self, step: Step) -> list[Parts]:
        """What belongs together, each whole. Raises UpdateError."""
        found = in_parts(step.targets, self.sieve.update.targets)
        for parts in found:
            parts.check()
        return found

    def _apply_ids(self, parts: Parts) -> None:
        ids = join_ids(parts.name, map(self.read, parts.names))
        target = parts.target
        if (target.from_version, target.version) != (ids.from_version, ids.to_version):
            raise UpdateError(f"The update is held back: {parts.name} holds another list.")
        if ids.from_version == 0:
            self._replace_ids(parts, ids.revoked)
            return
        if not self._fits("ids", parts):
            raise UpdateError(f"The update is held back: {parts.name} does not fit the list here.")
        self.sieve.step("ids", parts, ids.revoked, ids.restored)
        installed = self.sieve.installed
        if len(installed.ids.overlay) > LONG_OVERLAY:
            self._keep_ids(target.version, installed.ids.merged())

    def _replace_ids(self, parts: Parts, listed: Entries) -> None:
        sieve = self.sieve
        is_first, before = "ids" not in sieve.installed.artefacts, sieve.installed.ids.merged()
        now = sieve.replace("ids", parts, before, listed, is_first=is_first)
        self._keep_ids(parts.target.version, now)

    def _keep_ids(self, version: int, revoked: Entries) -> None:
        """The whole list; what has changed in it before is in it."""
        self.sieve.begin_anew("ids")
        self.sieve.installed.ids = RevokedIds(version, revoked)
        self._keep_whole("ids", cut_ids(IdList(0, version, revoked), FAST))

    def _apply_holders(self, parts: Parts) -> None:
        if self.open_holders is None:
            raise UpdateError("There is no fleet key, so the holder list stays closed.")
        opened = map(self.open_holders, map(self.read, parts.names))
        listed, installed = join_refs(parts.name, opened), self.sieve.installed
        is_first = "holders" not in installed.artefacts
        now = self.sieve.replace("holders", parts, installed.holders, listed, is_first=is_first)
        self._keep_whole("holders", cut_refs(now, FAST))

    def _keep_whole(self, list_name: str, bodies: Iterable[bytes]) -> None:
        """In parts as it travels, so that no row is large; their names sort as they follow."""
        self.sieve.db.execute("DELETE FROM document WHERE target GLOB ?", (f"{list_name}*",))
        for number, body in enumerate(bodies):
            self._keep_document(f"{list_name}-{number:03}", body)


def parsed(name: str) -> TargetName:
    """Raises UpdateError for a name that this version does not know."""
    target = parse_target_name(name)
    if target is None:
        raise UpdateError(f"The update is held back: this version knows no target {name}.")
    return target
