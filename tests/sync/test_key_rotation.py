"""Keys that are exchanged, and versions that a thief ran up with a stolen one."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from scanner.core.errors import UpdateError
from scanner.core.facts import PassStatus
from tests.sync.conftest import LATER, Device
from tests.sync.repository import REV, Repository, delta, signer

MINUTE = timedelta(minutes=1)


def test_online_keys_are_rotated(followed: Device, repository: Repository) -> None:
    """A new root names new keys, and the device goes on; the old ones count no more."""
    old = repository.signers[Timestamp.type][0]
    new = signer("timestamp of may")
    repository.root.revoke_key(old.public_key.keyid, Timestamp.type)
    repository.root.add_key(new.public_key, Timestamp.type)
    repository.signers[Timestamp.type] = [new]
    repository.renew_root()
    repository.put(delta(3, 4, [100])).publish(LATER)
    followed.sync(repository.url, LATER)
    assert followed.facts(100).status is PassStatus.REVOKED
    repository.timestamp.version += 1
    repository.write(repository.timestamp, Timestamp.type, [old])
    with pytest.raises(UpdateError):
        followed.sync(repository.url, LATER)


def test_root_keys_are_rotated(followed: Device, repository: Repository) -> None:
    """Signed by three of the old and three of the new."""
    old = repository.signers[Root.type]
    new = [signer(f"root of may {number}") for number in range(5)]
    for each in old:
        repository.root.revoke_key(each.public_key.keyid, Root.type)
    for each in new:
        repository.root.add_key(each.public_key, Root.type)
    repository.signers[Root.type] = new
    repository.renew_root(*old)
    repository.put(delta(3, 4, [100])).publish(LATER)
    assert followed.sync(repository.url, LATER).offer.root_version == 2
    shutil.rmtree(followed.work)
    assert followed.sync(repository.url, LATER).offer.root_version == 2


def run_up_and_rotate(repository: Repository, role: str) -> None:
    """A thief publishes versions near the end of all numbers; the city takes the key away."""
    old = repository.signers[role][0]
    new = signer(f"{role} of may")
    if role == REV:
        repository.targets.revoke_key(old.public_key.keyid, REV)
        repository.targets.add_key(new.public_key, REV)
    else:
        repository.root.revoke_key(old.public_key.keyid, role)
        repository.root.add_key(new.public_key, role)
    repository.signers[role] = [new]


def test_versions_run_up_by_a_thief_are_recovered(followed: Device, repository: Repository) -> None:
    """Fast-forward: with the keys go the floors that they made, and the city counts on."""
    parts: list[Timestamp | Snapshot | Targets]
    parts = [repository.timestamp, repository.snapshot, repository.rev]
    versions = [part.version for part in parts]
    for part in parts:
        part.version = 2**31
    repository.publish(LATER)
    followed.sync(repository.url, LATER)
    for part, version in zip(parts, versions, strict=True):
        part.version = version
    with pytest.raises(UpdateError):
        followed.sync(repository.publish(LATER).url, LATER)
    for role in (REV, Snapshot.type, Timestamp.type):
        run_up_and_rotate(repository, role)
    repository.renew_root()
    repository.put(delta(3, 4, [100])).publish(LATER + MINUTE)
    followed.sync(repository.url, LATER)
    assert followed.facts(100).status is PassStatus.REVOKED
