"""Changes of a list on their way into `lists.db`: what the circuit breaker lets through, and what
it holds."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from scanner.core.breaker import (
    ANY_NUMBER,
    DAY_S,
    WEEK_DAYS,
    Changes,
    Key,
    Room,
    Sifted,
    Tally,
    room,
    sift,
)
from scanner.core.entries import Entries
from scanner.core.errors import UpdateError
from scanner.core.policy import BreakerLimits
from scanner.core.revocation import StatusBits
from scanner.core.update import Parts, TargetName, Update
from scanner.store.held import Held, drop_held, load_held, pack, save_held
from scanner.store.installed import STATUS, Artefact, Installed, digest_of, keep_artefact

# An entry that waits for an approval takes 300 bytes while it is sifted, and a stolen key may
# publish a million: of a list that changes more nothing is taken, and the one before it stays.
MOST_HELD = 200_000

_KEEP = (
    "INSERT INTO change (list, from_version, to_version, issued_at, flips, restores, body, digest)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(slots=True)
class Sieve:
    """One update in one transaction. `limits` None: nothing is counted or held."""

    db: sqlite3.Connection
    update: Update
    installed: Installed
    limits: BreakerLimits | None
    _held: dict[str, list[Held]] = field(default_factory=dict)

    def sift_in(
        self,
        list_name: str,
        parts: Parts,
        changes: Changes,
        *,
        is_free: bool,
        keeps_body: bool = True,
    ) -> Sifted:
        """Part what is within the limits from what is not, and keep both.

        keeps_body False: the caller writes the whole list. Raises UpdateError, sqlite3.Error.
        """
        is_free = self.is_free(parts, is_free=is_free)
        held_before: Changes = {}
        for held in () if is_free else self.held_of(list_name):
            held_before.update(held.changes)
        may = ANY_NUMBER if is_free else self.room(list_name)
        sifted = sift(changes, self._status_in(list_name), held_before, may)
        self._renew_held(list_name, parts.target, changes, sifted)
        if sifted.held:
            self._hold(list_name, parts, sifted.held)
        version = parts.target.version
        self._take(list_name, version, sifted, is_counted=not is_free, keeps_body=keeps_body)
        return sifted

    def replace(
        self, list_name: str, parts: Parts, before: Entries, listed: Entries, *, is_first: bool
    ) -> Entries:
        """A list that comes as a whole → what of it counts; the caller writes that.

        Raises UpdateError, sqlite3.Error.
        """
        if self.is_free(parts, is_free=is_first):
            self.forget_all(list_name)
            self.keep_artefact(list_name, parts.target.version)
            return listed
        changes = self._changes(parts, listed.without(before), before.without(listed))
        sifted = self.sift_in(list_name, parts, changes, is_free=False, keeps_body=False)
        applied = {key: to for key, to in sifted.applied.items() if isinstance(key, bytes)}
        return before.changed(
            (key for key, to in applied.items() if to),
            (key for key, to in applied.items() if not to),
        )

    def step(self, list_name: str, parts: Parts, taken: Entries, restored: Entries) -> None:
        """Some entries of a list change. Raises UpdateError, sqlite3.Error."""
        changes = self._changes(parts, taken, restored)
        self.sift_in(list_name, parts, changes, is_free=False)

    def _changes(self, parts: Parts, taken: Iterable[bytes], restored: Iterable[bytes]) -> Changes:
        """Not more than can be held, unless none of it will be. Raises UpdateError."""
        flips = ((key, StatusBits.REVOKED) for key in taken)
        keys = itertools.chain(flips, ((key, StatusBits.VALID) for key in restored))
        changes: Changes = dict(itertools.islice(keys, MOST_HELD + 1))
        if len(changes) > MOST_HELD and not self.is_free(parts, is_free=False):
            raise UpdateError(
                f"The update is held back: {parts.name} changes more than {MOST_HELD} entries, and "
                "nobody has approved that. If it is right, the issuer runs `scanner central "
                "approve`; if not, a key was stolen: the issuer replaces it."
            )
        changes.update(keys)
        return changes

    def release(self, list_name: str) -> None:
        """What was held of this list and is approved now counts.

        Not of the holder list, which is written as a whole: its step is planned once more.
        """
        for held in [] if list_name == "holders" else list(self.held_of(list_name)):
            if held.sha256 in self.update.approved and held.base_counts is None:
                changed = sift(held.changes, self._status_in(list_name), {}, ANY_NUMBER)
                version = self.installed.artefacts[list_name].version
                self._take(list_name, version, changed, is_counted=False, keeps_body=True)
                self._forget(held)

    def hold_base(self, list_name: str, name: str, digest: str, counts: tuple[int, int]) -> None:
        """A base changes too much; the one before it stays."""
        held = Held(list_name, digest, name, self._version(list_name), base_counts=counts)
        self.held_of(list_name).append(held)
        save_held(self.db, held)

    def forget_bases(self, list_name: str) -> None:
        """Those held that the update names no more."""
        for held in list(self.held_of(list_name)):
            if held.base_counts is not None and held.sha256 not in self.update.bases:
                self._forget(held)

    def begin_anew(self, list_name: str) -> None:
        """All changes so far are in a new base; how many they were is kept for a week."""
        week_ago = self.update.issued_at - WEEK_DAYS * DAY_S
        where = "WHERE list = ? AND (issued_at <= ? OR flips + restores = 0)"
        self.db.execute(f"DELETE FROM change {where}", (list_name, week_ago))
        query = "UPDATE change SET body = NULL, digest = NULL WHERE list = ?"
        self.db.execute(query, (list_name,))
        self.db.execute("UPDATE generation SET number = number + 1")

    def forget_all(self, list_name: str) -> None:
        """A new base has an answer of its own to everything that was held."""
        for held in list(self.held_of(list_name)):
            self._forget(held)

    def keep_change(
        self, list_name: str, version: int, counts: tuple[int, int], changes: Changes | None
    ) -> None:
        """Appended; None: only how many they were."""
        body = None if changes is None else pack(list_name, changes)
        digest = None if body is None else digest_of(body)
        row = (list_name, self._version(list_name), version, self.update.issued_at, *counts)
        self.db.execute(_KEEP, (*row, body, digest))

    def keep_artefact(self, name: str, version: int) -> None:
        now = Artefact(version, self.update.issued_at)
        if self.installed.artefacts.get(name) != now:
            keep_artefact(self.db, name, now)
        self.installed.artefacts = {**self.installed.artefacts, name: now}

    def is_approved(self, parts: Parts) -> bool:
        return parts.digest in self.update.approved

    def is_free(self, parts: Parts, *, is_free: bool) -> bool:
        """Whether these may change as much as they like; `is_free`: they may anyhow."""
        return is_free or self.limits is None or self.is_approved(parts)

    def room(self, list_name: str) -> Room:
        """How much of a list may still change. Raises sqlite3.Error."""
        if self.limits is None:
            return ANY_NUMBER
        at = self.update.issued_at
        query = "SELECT issued_at, flips, restores FROM change WHERE list = ? AND issued_at > ?"
        rows = self.db.execute(query, (list_name, at - WEEK_DAYS * DAY_S))
        ledger = [Tally(*row) for row in rows]
        issuer = int(list_name.removeprefix(STATUS)) if list_name.startswith(STATUS) else None
        known = self.installed.artefacts.get(list_name)
        since = None if known is None else known.issued_at
        return room(self.limits, self.installed.size(issuer), ledger, at, since)

    def held_of(self, list_name: str) -> list[Held]:
        """Raises UpdateError, sqlite3.Error."""
        if list_name not in self._held:
            self._held[list_name] = load_held(self.db, list_name)
        return self._held[list_name]

    def _version(self, list_name: str) -> int:
        known = self.installed.artefacts.get(list_name)
        return 0 if known is None else known.version

    def _hold(self, list_name: str, parts: Parts, changes: Changes) -> None:
        version = self._version(list_name)
        held = Held(list_name, parts.digest, parts.name, version, changes)
        self.held_of(list_name).append(held)
        save_held(self.db, held)

    def _take(
        self,
        list_name: str,
        version: int,
        sifted: Sifted,
        *,
        is_counted: bool,
        keeps_body: bool,
    ) -> None:
        counts = (sifted.flips, sifted.restores) if is_counted else (0, 0)
        if keeps_body or any(counts):
            self.keep_change(list_name, version, counts, sifted.applied if keeps_body else None)
        for key, to in sifted.applied.items():
            if isinstance(key, int):
                issuer = int(list_name.removeprefix(STATUS))
                self.installed.overlays.setdefault(issuer, {})[key] = to
            elif list_name == "ids":
                self.installed.ids.put([key], is_revoked=bool(to))
        self.keep_artefact(list_name, version)

    def _renew_held(
        self, list_name: str, target: TargetName, changes: Changes, sifted: Sifted
    ) -> None:
        """What a newer target does not say any more is not held any more."""
        for held in list(self.held_of(list_name)):
            if held.base_counts is not None:
                continue
            is_whole = target.from_version <= held.from_version
            left = {
                key: to
                for key, to in held.changes.items()
                if sifted.still_held.get(key) is to or (not is_whole and key not in changes)
            }
            if not left:
                self._forget(held)
            elif left != held.changes:
                held.changes = left
                save_held(self.db, held)

    def _forget(self, held: Held) -> None:
        drop_held(self.db, held)
        self.held_of(held.list_name).remove(held)

    def _status_in(self, list_name: str) -> Callable[[Key], StatusBits]:
        installed = self.installed
        issuer = int(list_name.removeprefix(STATUS)) if list_name.startswith(STATUS) else 0

        def before(key: Key) -> StatusBits:
            if isinstance(key, int):
                return installed.status(issuer, key) or StatusBits.VALID
            is_listed = key in (installed.ids if list_name == "ids" else installed.holders)
            return StatusBits.REVOKED if is_listed else StatusBits.VALID

        return before
