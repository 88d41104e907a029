"""A city's central folder, opened for one command: register, keys, repository, joined.

register.db       who has which index, what was taken back
offline/ online/ issuer/   keys; offline/ is moved to sticks after the founding
fleet.key         opens the holder list; handed to devices at enrolment
repository/       metadata/ and targets/: what is served, copied, carried
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from scanner.central import breaker
from scanner.central.documents import Documents
from scanner.central.edition import Edition, State
from scanner.central.files import Writer, locked, write_atomically
from scanner.central.keys import ONLINE, Entropy, NamedKey, load_keys, offline_folders
from scanner.central.lists import ListMaker, Progress, check_room, in_silence
from scanner.central.register import Artefact, Entry, Register, check_founded
from scanner.central.repository import Repository
from scanner.central.roles import too_few
from scanner.core.targets import parse_policy
from scanner.core.trust import TrustList, parse_trust_list

REPOSITORY = "repository"
FLEET_KEY = "fleet.key"


@dataclass(frozen=True, slots=True)
class Means:
    """What a command is given: the time, randomness, sticks, and how to write and to show."""

    now: datetime
    entropy: Entropy
    sticks: Sequence[Path] = ()
    write: Writer = write_atomically
    progress: Progress = field(default=in_silence)


@dataclass(frozen=True, slots=True)
class Change:
    """Entries of an artefact that get a value; 0 is the value of what was never touched."""

    artefact: Artefact
    entries: Sequence[Entry]
    value: int


@dataclass(frozen=True, slots=True)
class City:
    """One command at a time has it open."""

    folder: Path
    register: Register
    repository: Repository
    means: Means

    def publish(self, *, beyond_breaker: bool = False) -> State:
        """Everything that waits gets its version and goes out. Raises CentralError.

        Versions are fixed in the register before any file is written: when the power goes in
        between, the next publish brings the same versions out.
        """
        now = self.means.now
        edition = Edition(self.repository.state())
        if not beyond_breaker:
            policy = Documents(self.repository, edition).policy()
            breaker.check(self.register, policy, now)
        maker = ListMaker(self.register, edition, now, self.means.progress)
        waiting = [part for part in Artefact if self.register.pending(part).changed]
        if maker.has_grown() and Artefact.STATUS not in waiting:
            waiting.append(Artefact.STATUS)
        for artefact in waiting:
            self.register.take_version(artefact, now, is_counted=not beyond_breaker)
        for artefact in Artefact:
            # A base is approved once for a week; the deltas around it change all the time.
            with_base = artefact is Artefact.STATUS and (
                maker.needs_base() or (beyond_breaker and artefact in waiting)
            )
            if with_base or maker.published(artefact) != self.register.newest(artefact):
                maker.renew(artefact, with_base=with_base)
        return self.repository.publish(edition, self.online_keys(), now)

    def change(self, *changes: Change, beyond_breaker: bool = False) -> int:
        """Give entries a value, to be published; returns how many had another one before.

        Raises CentralError, with nothing changed, when devices would hold or refuse it.
        """
        register, now = self.register, self.means.now
        policy = self.documents().policy()
        with register.transaction():
            changed = sum(
                register.change(one.artefact, self._shown(one.entries), one.value, now)
                for one in changes
            )
            for one in changes:
                check_room(register, one.artefact)
            if not beyond_breaker:
                breaker.check(register, policy, now)
        return changed

    def _shown(self, entries: Sequence[Entry]) -> Iterator[Entry]:
        places = self.means.progress(range(len(entries)), len(entries), "Register")
        return (entries[place] for place in places)

    def sign(self, change: Callable[[Documents, Edition], object]) -> State:
        """Change what the sticks sign, and publish that; waiting changes go on waiting."""
        edition = Edition(self.repository.state())
        documents = Documents(self.repository, edition)
        change(documents, edition)
        documents.drop_idle_approvals()
        return self.repository.publish(edition, self.all_keys(), self.means.now)

    def check_sticks(self, role: str) -> None:
        """Before anything is made: raises CentralError when the sticks of a role are missing."""
        root, keys = self.repository.state().root.signed, self.all_keys()
        wanted = root.get_delegated_role(role)
        if sum(keyid in keys for keyid in wanted.keyids) < wanted.threshold:
            raise too_few(role, root, keys)

    def documents(self) -> Documents:
        """As they are published."""
        return Documents(self.repository, Edition(self.repository.state()))

    def trust(self) -> TrustList:
        """The issuer keys as devices have them."""
        body = json.dumps({"keys": self.documents().trust_list()})
        return TrustList.of(parse_trust_list(body, allow_test_keys=False))

    def zone(self) -> ZoneInfo:
        return ZoneInfo(parse_policy(self.documents().policy()).time_zone)

    def online_keys(self) -> dict[str, NamedKey]:
        """Key id → key."""
        return load_keys([self.folder / ONLINE], is_online=True)

    def all_keys(self) -> dict[str, NamedKey]:
        return self.online_keys() | load_keys(self.sticks())

    def sticks(self) -> list[Path]:
        return offline_folders(self.folder, self.means.sticks)


@contextmanager
def open_city(folder: Path, means: Means) -> Iterator[City]:
    """Raises CentralError when there is none."""
    check_founded(folder)
    with locked(folder):
        register = Register(folder)
        try:
            yield City(folder, register, Repository(folder / REPOSITORY, means.write), means)
        finally:
            register.close()
