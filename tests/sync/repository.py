"""A repository of signed lists with real keys and real signatures, to be attacked in tests."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Role,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from scanner.core.revocation import Delta, StatusBits, encode_delta, encode_map
from tests import city

Files = dict[str, bytes]
T = TypeVar("T", Root, Targets, Snapshot, Timestamp)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REV = "rev"
REV_PATHS = ["base-*", "d-*", "ids-*", "holders-*"]


def delta(begin: int, end: int, revoked: Iterable[int], restored: Iterable[int] = ()) -> Files:
    """A delta of the city's map, under its name."""
    changes = dict.fromkeys(revoked, StatusBits.REVOKED)
    changes |= dict.fromkeys(restored, StatusBits.VALID)
    body = encode_delta(Delta(city.ISSUER_NO, begin, end, changes))
    return {f"d-{city.ISSUER_NO}-{begin}-{end}": body}


def base(version: int, revoked: Iterable[int]) -> Files:
    """A base of the city's map, under its name."""
    packed = encode_map(city.MAP_SIZE, dict.fromkeys(revoked, StatusBits.REVOKED))
    return {f"base-{city.ISSUER_NO}-{version}-{number}": body for number, body in enumerate(packed)}


def approval(*bodies: bytes) -> Files:
    """What the offline keys sign so that devices take these targets."""
    return {f"approve-{hashlib.sha256(body).hexdigest()}": b"{}" for body in bodies}


def signer(name: str) -> CryptoSigner:
    """A key that is the same in every run."""
    seed = hashlib.sha256(f"repository {name}".encode()).digest()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = SSlibKey.from_crypto(key.public_key())
    public.unrecognized_fields["x-name"] = name
    return CryptoSigner(key, public)


class Repository:
    """What a city publishes: change a part, `publish`, and it stands in the folder."""

    def __init__(self, folder: Path, now: datetime = city.NOW) -> None:
        self.folder, self.now = folder, now
        self.signers = {
            Root.type: [signer(f"root-{n}") for n in range(5)],
            Targets.type: [signer(f"targets-{n}") for n in range(3)],
            REV: [signer("rev"), signer("bundle")],
            Snapshot.type: [signer("snapshot"), signer("bundle")],
            Timestamp.type: [signer("timestamp"), signer("bundle")],
        }
        self.bodies: dict[str, bytes] = {}
        thresholds = {Root.type: 3, Targets.type: 2, Snapshot.type: 1, Timestamp.type: 1}
        self.root = Root(
            expires=now + 365 * DAY,
            roles={role: Role([], threshold) for role, threshold in thresholds.items()},
            consistent_snapshot=True,
        )
        for role in thresholds:
            for each in self.signers[role]:
                self.root.add_key(each.public_key, role)
        delegated = DelegatedRole(REV, [], 1, terminating=True, paths=REV_PATHS)
        delegations = Delegations({}, roles={REV: delegated})
        self.targets = Targets(expires=now + 90 * DAY, delegations=delegations)
        for each in self.signers[REV]:
            self.targets.add_key(each.public_key, REV)
        self.rev = Targets(expires=now + 7 * DAY)
        self.snapshot = Snapshot(expires=now + 7 * DAY)
        self.timestamp = Timestamp(expires=now + DAY)
        for part in ("metadata", "targets"):
            (folder / part).mkdir(parents=True)

    @property
    def url(self) -> str:
        return self.folder.as_uri() + "/"

    @property
    def first_root(self) -> bytes:
        return (self.folder / "metadata/1.root.json").read_bytes()

    def put(self, files: Mapping[str, bytes]) -> Repository:
        """By the role that may name them, whatever is signed in the end."""
        for name, body in files.items():
            online = name.startswith(("base-", "d-", "ids-", "holders-"))
            role = self.rev if online else self.targets
            role.targets[name] = TargetFile.from_data(name, body, ["sha256"])
            self.bodies[name] = body
        return self

    def drop(self, *names: str) -> Repository:
        for name in names:
            self.rev.targets.pop(name, None)
            self.targets.targets.pop(name, None)
        return self

    def replace(self, files: Mapping[str, bytes]) -> Repository:
        """Nothing but these targets of the online lists."""
        self.rev.targets.clear()
        return self.put(files)

    def publish(self, now: datetime | None = None, *, issued_at: int | None = None) -> Repository:
        """Every version goes up by one, all is signed, the timestamp is written last."""
        self.now = now or self.now
        for part, life in (
            (self.targets, 90 * DAY),
            (self.rev, 7 * DAY),
            (self.snapshot, 7 * DAY),
            (self.timestamp, DAY),
        ):
            part.expires = self.now + life
            part.version += 1 if self.is_published else 0
        if not self.is_published:
            self.write_root()
        self.snapshot.meta = {
            "targets.json": MetaFile(self.targets.version),
            "rev.json": MetaFile(self.rev.version),
        }
        self.timestamp.snapshot_meta = MetaFile(self.snapshot.version)
        at = int(self.now.timestamp()) if issued_at is None else issued_at
        self.timestamp.unrecognized_fields["issued_at"] = at
        self.write_all()
        return self

    @property
    def is_published(self) -> bool:
        return (self.folder / "metadata/timestamp.json").exists()

    def write_all(self) -> None:
        """As the parts say now; no version is changed."""
        for name, body in self.bodies.items():
            digest = hashlib.sha256(body).hexdigest()
            (self.folder / "targets" / f"{digest}.{name}").write_bytes(body)
        self.write(self.targets, Targets.type)
        self.write(self.rev, REV)
        self.write(self.snapshot, Snapshot.type)
        self.write(self.timestamp, Timestamp.type)

    def write(self, part: T, role: str, signers: list[CryptoSigner] | None = None) -> None:
        """One part, signed by its role or by these."""
        metadata = Metadata(part)
        for each in self.signers[role] if signers is None else signers:
            if role in (Root.type, Targets.type) or signers is not None or each is self._own(role):
                metadata.sign(each, append=True)
        name = role if role == Timestamp.type else f"{part.version}.{role}"
        (self.folder / "metadata" / f"{name}.json").write_bytes(metadata.to_bytes())

    def _own(self, role: str) -> CryptoSigner:
        """Online roles are signed by their own key; the bundle key makes bundles."""
        return self.signers[role][0]

    def write_root(self, signers: list[CryptoSigner] | None = None) -> None:
        self.write(self.root, Root.type, signers)

    def renew_root(self, *extra: CryptoSigner) -> None:
        """The next version, signed by the keys of the role and by these."""
        self.root.version += 1
        self.write_root([*self.signers[Root.type], *extra])

    def bundle(self, folder: Path, now: datetime) -> Path:
        """The same versions on a stick, signed by the bundle key for 30 days."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        self._write_bundled(folder, self.rev, REV, now)
        self._write_bundled(folder, self.snapshot, Snapshot.type, now)
        self._write_bundled(folder, self.timestamp, Timestamp.type, now)
        return folder

    def _write_bundled(self, folder: Path, part: T, role: str, now: datetime) -> None:
        metadata = Metadata(deepcopy(part))
        metadata.signed.expires = now + 30 * DAY
        metadata.sign(signer("bundle"))
        name = role if role == Timestamp.type else f"{part.version}.{role}"
        (folder / "metadata" / f"{name}.json").write_bytes(metadata.to_bytes())
