"""python-tuf's client, unmodified, with what it leaves to whoever uses it.

Kept here: a floor below the version of every role, so that an emptied cache does not let an older
state in; the time that metadata must not have expired at, which is never before the device's own
floor. A floor belongs to the key that signed: when a root takes a stolen key away, the versions
which the thief ran up go with it.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.updater import Updater

from scanner.core.errors import StoreError, UpdateError
from scanner.core.update import APPROVE, Target
from scanner.sync.fetch import METADATA, TARGETS, ListFetcher
from scanner.sync.refusals import translated

MAX_TARGET_BYTES = 128 * 1024
REV = "rev"
ISSUED_AT, END_OF_REGIME = "issued_at", "x-end-of-regime"
# The name that root gives to the key of offline bundles, beside the online one.
BUNDLE_KEY = "bundle"
# Only what comes from these roles is taken for what its name says.
ONLINE_KINDS = ("base-", "d-", "ids-", "holders-")

T = TypeVar("T", Root, Targets, Snapshot, Timestamp)

_LIMITS = UpdaterConfig(
    max_root_rotations=64,
    root_max_length=64 * 1024,
    snapshot_max_length=64 * 1024,
    targets_max_length=1024 * 1024,
)


class Floors(Protocol):
    """Numbers that never fall."""

    def floor(self, name: str) -> int: ...

    def raise_floors(self, floors: Mapping[str, int]) -> None: ...


@dataclass(frozen=True, slots=True)
class Offer:
    """What one verified moment of a repository has; times in seconds since 1970."""

    issued_at: int
    is_offline_signed: bool
    targets: Mapping[str, Target]
    approved: frozenset[str]
    end_of_regime: int | None
    offline_until: int
    root_version: int


class UpdateClient:
    """One run: `refresh`, then `download` what is wanted, then `read` it."""

    def __init__(
        self,
        root: bytes,
        work: Path,
        url: str,
        floors: Floors,
        now: datetime,
        fetcher: ListFetcher | None = None,
    ) -> None:
        """root: the trusted root. work: a folder for metadata and targets, best in memory.

        now: the time that metadata must not have expired at. Raises UpdateError, StoreError.
        """
        self._floors, self._cache, self._downloads = floors, work / METADATA, work / TARGETS
        self.fetcher = fetcher or ListFetcher()
        with translated(url):
            self._downloads.mkdir(parents=True, exist_ok=True)
            self._cache.mkdir(parents=True, exist_ok=True)
            self._updater = Updater(
                str(self._cache),
                f"{url}{METADATA}/",
                str(self._downloads),
                f"{url}{TARGETS}/",
                self.fetcher,
                _LIMITS,
                bootstrap=root,
            )
        # The library asks the system's clock, which on a board without a battery says 1970. It has
        # no other way to say the time; tests hold the name to what it is.
        self._updater._trusted_set.reference_time = now
        self._url = url

    @property
    def root(self) -> bytes:
        """The newest root that was verified, to be trusted at the next start. StoreError."""
        try:
            return (self._cache / "root.json").read_bytes()
        except OSError as error:
            raise StoreError(f"The metadata in {self._cache} is gone ({error}).") from error

    def refresh(self) -> Offer:
        """Fetch and verify the newest metadata. Raises SyncError, UpdateError, StoreError."""
        try:
            with translated(self._url):
                self._updater.refresh()
                self._updater.get_targetinfo("base-0-0-0")  # loads the delegated role
                return self._checked()
        except UpdateError:
            # What was refused must not be what the next run begins with.
            shutil.rmtree(self._cache, ignore_errors=True)
            raise

    def download(self, name: str) -> int:
        """Into the download folder, unless it is there; returns its length. Raises as `refresh`."""
        with translated(self._url):
            target = self._target(name)
            if self._updater.find_cached_target(target) is None:
                self._updater.download_target(target)
            return target.length

    def read(self, name: str) -> bytes:
        """A target that was downloaded, verified once more. Raises UpdateError, StoreError."""
        with translated(self._url):
            target = self._target(name)
            body = (self._downloads / name).read_bytes()
            target.verify_length_and_hashes(body)
            return body

    def sweep(self, wanted: Collection[str]) -> None:
        """Remove downloads but for these. Raises StoreError."""
        with translated(self._url):
            for path in self._downloads.iterdir():
                if path.name not in wanted:
                    path.unlink(missing_ok=True)

    def _target(self, name: str) -> TargetFile:
        target = self._updater.get_targetinfo(name)
        if target is None:
            raise UpdateError(f"The lists name no {name} any more. Run `scanner sync` again.")
        if target.length > MAX_TARGET_BYTES:
            raise UpdateError(f"{name} has {target.length} bytes, and {MAX_TARGET_BYTES} are most.")
        return target

    def _checked(self) -> Offer:
        """The metadata that was verified, held against the floors, which rise then."""
        root = self._kept(Root.type, Root)
        timestamp = self._kept(Timestamp.type, Timestamp)
        snapshot = self._kept(Snapshot.type, Snapshot)
        targets, rev = self._kept(Targets.type, Targets), self._kept(REV, Targets)
        issued_at = timestamp.signed.unrecognized_fields.get(ISSUED_AT)
        if type(issued_at) is not int or not 0 < issued_at < 2**33:
            raise UpdateError("The timestamp does not say when it was issued. Tell the issuer.")
        floors = _Climb(self._floors)
        floors.rise("tuf-root", ["all"], ["all"], root.signed.version)
        signers = floors.check(Timestamp.type, root.signed, timestamp)
        floors.rise("tuf-issued", _listed(root.signed, Timestamp.type), signers, issued_at)
        floors.check(Snapshot.type, root.signed, snapshot)
        floors.check(Targets.type, root.signed, targets)
        floors.check(REV, targets.signed, rev)
        _check_named(snapshot.signed, {Targets.type: targets.signed, REV: rev.signed})
        floors.keep()
        return Offer(
            issued_at,
            any(_name_of(root.signed, keyid) == BUNDLE_KEY for keyid in signers),
            _named(targets.signed, is_online=False) | _named(rev.signed, is_online=True),
            frozenset(
                name.removeprefix(APPROVE)
                for name in targets.signed.targets
                if name.startswith(APPROVE)
            ),
            _end_of_regime(root.signed),
            int(targets.signed.expires.replace(tzinfo=UTC).timestamp()),
            root.signed.version,
        )

    def _kept(self, role: str, form: type[T]) -> Metadata[T]:
        """What the library has verified and put into its folder."""
        metadata = Metadata[T].from_file(str(self._cache / f"{role}.json"))
        if not isinstance(metadata.signed, form):
            raise UpdateError(f"The metadata of {role} is of another role.")
        return metadata


def is_root(body: bytes) -> bool:
    """Whether this is a root that enough of its own keys have signed."""
    try:
        metadata = Metadata[Root].from_bytes(body)
        root = metadata.signed
        if isinstance(root, Root):
            root.verify_delegate(Root.type, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError):
        return False
    return isinstance(root, Root)


class _Climb:
    """Checks versions against the floors of all keys of a role, and raises those of its signers."""

    def __init__(self, floors: Floors) -> None:
        self._floors = floors
        self._risen: dict[str, int] = {}

    def check(self, role: str, delegator: Root | Targets, metadata: Metadata[T]) -> list[str]:
        """Raises UpdateError; returns the ids of the keys that signed."""
        result = delegator.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
        signers = list(result.signed)
        self.rise(f"tuf-{role}", _listed(delegator, role), signers, metadata.signed.version)
        return signers

    def rise(self, what: str, listed: list[str], signers: list[str], value: int) -> None:
        floor = max((self._floors.floor(f"{what}-{key[:16]}") for key in listed), default=0)
        if value < floor:
            raise UpdateError(
                "These lists are older than those this device has seen, and are not taken. Use a "
                f"newer stick or another server. ({what} {value}, and {floor} was seen.)"
            )
        self._risen |= {f"{what}-{key[:16]}": value for key in signers}

    def keep(self) -> None:
        """All at once. Raises StoreError."""
        now = {
            name: value for name, value in self._risen.items() if self._floors.floor(name) < value
        }
        if now:
            self._floors.raise_floors(now)


def _check_named(snapshot: Snapshot, roles: Mapping[str, Targets]) -> None:
    """A file that an earlier run left is not taken for one of this run."""
    for role, signed in roles.items():
        named = snapshot.meta.get(f"{role}.json")
        if named is None or named.version != signed.version:
            raise UpdateError(f"Tell the issuer: the snapshot names another {role}.")


def _listed(delegator: Root | Targets, role: str) -> list[str]:
    return list(delegator.get_delegated_role(role).keyids)


def _name_of(root: Root, keyid: str) -> str:
    key = root.keys.get(keyid)
    return "" if key is None else str(key.unrecognized_fields.get("x-name", ""))


def _named(role: Targets, *, is_online: bool) -> dict[str, Target]:
    """Targets of a role, as far as it may name them."""
    return {
        name: Target(target.length, target.hashes.get("sha256", ""))
        for name, target in role.targets.items()
        if name.startswith(ONLINE_KINDS) is is_online and not name.startswith(APPROVE)
    }


def _end_of_regime(root: Root) -> int | None:
    said = root.unrecognized_fields.get(END_OF_REGIME)
    if said is None:
        return None
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        raise UpdateError(f"The root's end of the regime, {said}, is no date.") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
