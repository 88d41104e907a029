"""What is installed, how old it is, what is held: for `scanner status` and `scanner doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from scanner.config import SYSTEM_ROOT
from scanner.core.clock import ClockReading
from scanner.core.errors import StoreError
from scanner.core.policy import Ages, Checkpoint, CheckpointPolicy
from scanner.core.trust import IssuerKey
from scanner.core.update import NO_LISTS, HeldChange
from scanner.doctor.finding import Finding, Grade
from scanner.store.enrolment import FLEET_KEY_FILE
from scanner.store.trust_list import SqliteLists
from scanner.store.writer import read_notes

INSTALL = "Run `scanner sync`, or `scanner lists install FOLDER` for lists without signatures."
KEPT_ROOT = "tuf/root.json"
ROOT = (
    f"Copy the city's root.json to {SYSTEM_ROOT}; it comes with the device's papers, never from "
    "the network."
)
FLEET_KEY = "Enrol this device, or copy the city's fleet.key and name it in the settings."
# A stick has to be fetched from a safe, and its bundle carried to the device.
RENEW = timedelta(days=14)
APPROVE = (
    "If it is right, the issuer runs `scanner central approve`; if not, a key was stolen: "
    "the issuer replaces it."
)


@dataclass(frozen=True, slots=True)
class ListState:
    """One list. `age_s` None: the time is not known; `ages` None: its age decides nothing."""

    name: str
    version: int
    issued_at: int
    age_s: float | None
    ages: Ages | None

    @property
    def mark(self) -> str:
        """By the limits of the policy."""
        if self.age_s is None:
            return "age unknown"
        if self.ages is None or not self.ages.is_old(self.age_s):
            return "fresh"
        return "too old" if self.age_s >= self.ages.hard_s else "old"


@dataclass(frozen=True, slots=True)
class ListsStatus:
    """Everything about the lists of a device; faults with their time in seconds since 1970."""

    lists: tuple[ListState, ...]
    keys: tuple[IssuerKey, ...]
    held: tuple[HeldChange, ...]
    faults: tuple[tuple[int, str], ...]
    end_of_regime: datetime | None
    offline_until: datetime | None


def lists_status(state: Path, now: ClockReading, *, allow_test_keys: bool) -> ListsStatus:
    """Raises StoreError."""
    notes = read_notes(state)
    with closing(SqliteLists(state, Checkpoint(), allow_test_keys=allow_test_keys)) as lists:
        latest_s = None if now.latest is None else now.latest.timestamp()
        states = tuple(
            ListState(
                name,
                artefact.version,
                artefact.issued_at,
                None if latest_s is None else latest_s - artefact.issued_at,
                _ages_of(name, lists.policy),
            )
            for name, artefact in sorted(lists.artefacts.items())
            if name not in NO_LISTS
        )
        keys = tuple(key for same_kid in lists.trust.keys.values() for key in same_kid)
        policy = lists.policy
        ends = policy.end_of_regime, policy.offline_until
        return ListsStatus(states, keys, notes.held, notes.faults, *ends)


def _ages_of(name: str, policy: CheckpointPolicy) -> Ages | None:
    """The limits of a list's age; None for those whose age decides nothing."""
    if name == "keys":
        return policy.trust_ages
    if name == "holders":
        return policy.holder_ages
    return policy.status_ages if name == "ids" or name.startswith("status-") else None


def check_lists(state: Path, now: ClockReading, *, allow_test_keys: bool) -> Iterator[Finding]:
    """Each list, each key, each held change, and why the last update failed."""
    try:
        status = lists_status(state, now, allow_test_keys=allow_test_keys)
    except StoreError as error:
        yield Finding("E-LISTS", Grade.FAILURE, str(error), INSTALL)
        return
    names = {each.name for each in status.lists}
    for name in ("keys", "policy", "holders"):
        if name not in names:
            yield Finding("E-LISTS", Grade.FAILURE, f"no {name} installed", INSTALL)
    yield from _ages(status, now)
    yield from _keys(status, now.earliest)
    yield from _end_of_signatures(status.offline_until, now.earliest)
    for held in status.held:
        yield Finding("E-LIST-HELD", Grade.WARNING, words_of(held), APPROVE)
    for _, words in status.faults[-1:]:
        yield Finding("E-SYNC", Grade.WARNING, words, "Run `scanner sync` once this is put right.")


def _ages(status: ListsStatus, now: ClockReading) -> Iterator[Finding]:
    if now.latest is None:
        fix = "Confirm the time first, see E-CLOCK."
        yield Finding("E-LIST-AGE", Grade.WARNING, "ages are not known", fix)
        return
    grades = {"fresh": Grade.OK, "old": Grade.WARNING, "too old": Grade.FAILURE}
    for each in status.lists:
        if each.ages is not None and each.age_s is not None:
            found = f"{each.name} version {each.version}, {each.age_s / 3600:.1f} h old"
            yield Finding("E-LIST-AGE", grades[each.mark], found, INSTALL)


def _keys(status: ListsStatus, now: datetime) -> Iterator[Finding]:
    for key in status.keys:
        has_ended = key.expires is not None and key.expires <= now
        fix = "New passes of this issuer are refused: install newer lists."
        yield Finding("E-KEY", Grade.WARNING if has_ended else Grade.OK, words_of_key(key), fix)
    if not status.keys:
        yield Finding("E-KEY", Grade.FAILURE, "no issuer key is trusted", INSTALL)


def _end_of_signatures(until: datetime | None, now: datetime) -> Iterator[Finding]:
    """What the sticks in the safes have signed: past its end no list is taken, however new."""
    if until is None:
        return
    found = f"the city's offline signatures hold until {until:%Y-%m-%d}"
    grade = Grade.WARNING if now > until - RENEW else Grade.OK
    yield Finding("E-LISTS-END", grade, found, "Tell the city: two of its sticks must sign again.")


def check_root(named: str | None, state: Path, system: Path = SYSTEM_ROOT) -> Finding:
    """Whose signatures count: kept since the first sync, else from the settings or the image."""
    for path in (state / KEPT_ROOT, *([] if named is None else [Path(named)]), system):
        if path.is_file():
            return Finding("E-ROOT", Grade.OK, "it is known whose lists count")
    found = "it is not known whose lists count: there is no root.json"
    return Finding("E-ROOT", Grade.WARNING, found, ROOT)


def check_fleet_key(named: str | None, state: Path) -> Finding:
    """The key that opens the holder list: where the settings say, else as it came at enrolment."""
    path = state / FLEET_KEY_FILE if named is None else Path(named)
    try:
        size = path.stat().st_size
    except OSError as error:
        found = f"the next holder list cannot be opened: {path} ({error.strerror})"
        return Finding("E-FLEET-KEY", Grade.WARNING, found, FLEET_KEY)
    if not size:
        return Finding("E-FLEET-KEY", Grade.WARNING, f"{path} is empty", FLEET_KEY)
    return Finding("E-FLEET-KEY", Grade.OK, "the key of the holder list is there")


def words_of_key(key: IssuerKey) -> str:
    """Issuer, kid, state, and until when it signs."""
    until = f"{key.expires:%Y-%m-%d}" if key.expires else "for ever"
    return f"{key.issuer or 'unnamed'} {key.kid.hex()} {key.state.value}, signs to {until}"


def words_of(held: HeldChange) -> str:
    """What a held change would do."""
    return (
        f"{held.list_name}: {held.target} is held, it takes back {held.flips} and restores "
        f"{held.restores}"
    )
