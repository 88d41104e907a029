"""One update on its way: new bases beside the old ones, then every list in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from scanner.core.errors import CheckpointError, StoreError, SyncError, UpdateError
from scanner.core.policy import BreakerLimits
from scanner.core.regime import EndDate, end_after
from scanner.core.targets import parse_policy
from scanner.core.update import END_OF_REGIME, END_ROOT, OFFLINE_UNTIL, Applied, Step, Update
from scanner.store.bases import NewBase, Read, build_base
from scanner.store.database import LISTS, transaction
from scanner.store.held import all_held
from scanner.store.installed import Artefact, Installed
from scanner.store.sieve import Sieve
from scanner.store.steps import OpenHolders, Steps

_TABLES = ("artefact", "document", "base", "change", "held")
# The policy first: it says how much may change in the others.
_ORDER = ("policy", "keys", "rules", "issued", "holders", "ids", "status")


@dataclass(slots=True)
class Application:
    """One update, from its bases to its commit."""

    db: sqlite3.Connection
    folder: Path
    update: Update
    read: Read
    installed: Installed
    open_holders: OpenHolders | None
    allow_test_keys: bool
    afresh: bool
    refused: dict[str, str] = field(default_factory=dict)
    bases: dict[str, NewBase] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)

    def run(self) -> Applied:
        steps = sorted(self.update.steps, key=lambda step: _order(step.list_name))
        self._forget_damaged()
        limits = None if self.afresh else self._limits()
        before = dict(self.installed.artefacts)
        for step in steps:
            if step.targets[0].startswith("base-"):
                self._build(step)
        with transaction(self.db, LISTS.name):
            self._begin(before)
            sieve = Sieve(self.db, self.update, self.installed, limits)
            self._apply(sieve, [step for step in steps if step.list_name not in self.refused])
            held = all_held(self.db)
        changed = {
            name: now.version
            for name, now in sieve.installed.artefacts.items()
            if name not in before or before[name].version != now.version
        }
        return Applied(changed, held, self.refused)

    def _forget_damaged(self) -> None:
        """A map that cannot be read is none, so that a new one is taken like the first."""
        self.damaged = damaged_maps(self.installed)
        for issuer, map_ in list(self.installed.maps.items()):
            if map_.file in self.damaged:
                map_.close()
                del self.installed.maps[issuer]

    def _limits(self) -> BreakerLimits:
        """Of the policy that comes with this update, else of the one installed."""
        bodies = [
            self.read(name)
            for step in self.update.steps
            if step.list_name == "policy"
            for name in step.targets
        ]
        for body in (*bodies, *self.installed.documents.get("policy", ())):
            with suppress(UpdateError):
                return parse_policy(body).breaker.to_limits()
        return BreakerLimits()

    def _build(self, step: Step) -> None:
        try:
            base = build_base(self.folder, self.update, step, self.read, self.installed)
            self.bases[step.list_name] = base
        except UpdateError as error:
            self._refuse(step, error)

    def _begin(self, before: Mapping[str, Artefact]) -> None:
        if self.afresh:
            for table in _TABLES:
                self.db.execute(f"DELETE FROM {table}")
            self.db.execute("UPDATE generation SET number = number + 1")
            return
        rows = self.db.execute("SELECT name, version FROM artefact").fetchall()
        if dict(rows) != {name: now.version for name, now in self.installed.artefacts.items()}:
            raise StoreError("The lists were changed by another program. Run `scanner sync` again.")

    def _apply(self, sieve: Sieve, steps: list[Step]) -> None:
        work = Steps(sieve, self.folder, self.read, self.open_holders, self.allow_test_keys)
        for name in {row[0] for row in self.db.execute("SELECT DISTINCT list FROM held")}:
            sieve.forget_bases(name)
            sieve.release(name)
        for step in steps:
            self._apply_one(work, sieve, step)
        for name in self.update.dropped:
            work.drop(name)
        self._keep_dates(sieve)
        self._confirm_ages(sieve)

    def _apply_one(self, work: Steps, sieve: Sieve, step: Step) -> None:
        base = self.bases.get(step.list_name)
        if base is not None and self._is_beyond(sieve, step, base):
            counts = (base.flips, base.restores)
            sieve.hold_base(step.list_name, base.name, base.digest, counts)
            return
        kept = self.installed.artefacts
        self.db.execute("SAVEPOINT step")
        try:
            work.apply(step, base)
        except (UpdateError, SyncError) as error:
            self.db.execute("ROLLBACK TO step")
            self.installed.artefacts = kept
            self._refuse(step, error)
        self.db.execute("RELEASE step")

    def _is_beyond(self, sieve: Sieve, step: Step, base: NewBase) -> bool:
        if base.is_approved or base.issuer not in self.installed.maps:
            return False
        may = sieve.room(step.list_name)
        return base.flips > may.flips or base.restores > may.restores

    def _keep_dates(self, sieve: Sieve) -> None:
        update = self.update
        offered = _end_date(update.end_of_regime, update.root_version)
        end = end_after(_seen_end(self.installed.artefacts), offered)
        if end is not None:
            sieve.keep_artefact(END_OF_REGIME, int(end.at.timestamp()))
            sieve.keep_artefact(END_ROOT, end.root_version)
        if update.offline_until is not None:
            sieve.keep_artefact(OFFLINE_UNTIL, update.offline_until)
        else:
            self.db.execute("DELETE FROM artefact WHERE name = ?", (OFFLINE_UNTIL,))

    def _confirm_ages(self, sieve: Sieve) -> None:
        """Each list that has the version which the update names is as young as the update."""
        for name, version in self.update.current.items():
            known = self.installed.artefacts.get(name)
            if known is not None and known.version == version:
                sieve.keep_artefact(name, version)

    def _refuse(self, step: Step, error: CheckpointError) -> None:
        if self.afresh:
            raise error
        self.refused[step.list_name] = str(error)


def damaged_maps(installed: Installed) -> set[str]:
    """Files of maps whose rows are not what was written; reads all of them."""
    damaged = set()
    for map_ in installed.maps.values():
        try:
            map_.check()
        except StoreError:
            damaged.add(map_.file)
    return damaged


def _seen_end(artefacts: Mapping[str, Artefact]) -> EndDate | None:
    """The date that holds so far; one without a root came with lists that nobody had signed."""
    end, root = artefacts.get(END_OF_REGIME), artefacts.get(END_ROOT)
    return _end_date(end.version if end else None, root.version if root else 0)


def _end_date(seconds: int | None, root_version: int) -> EndDate | None:
    return None if seconds is None else EndDate(datetime.fromtimestamp(seconds, UTC), root_version)


def _order(list_name: str) -> tuple[int, str]:
    return _ORDER.index(list_name.split("-")[0]), list_name
