"""Hostile repositories, by the cases of python-tuf's own updater tests: all refused.

After each the lists installed before are what the device judges by, and the reason is told.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta

import pytest
from tuf.api.metadata import MetaFile, Root, Snapshot, Targets, Timestamp

from scanner.core.errors import UpdateError
from tests import city
from tests.sync.conftest import LATER, Device
from tests.sync.repository import REV, Repository, signer

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

Attack = Callable[[Repository], None]


def timestamp_back(repository: Repository) -> None:
    """The timestamp of yesterday."""
    repository.timestamp.version -= 1
    repository.write(repository.timestamp, Timestamp.type)


def snapshot_back(repository: Repository) -> None:
    """A new timestamp that names an old snapshot."""
    repository.timestamp.version += 1
    repository.timestamp.snapshot_meta = MetaFile(repository.snapshot.version - 1)
    repository.write(repository.timestamp, Timestamp.type)


def targets_back(repository: Repository) -> None:
    """New snapshot, old trust list and policy."""
    repository.targets.version -= 2
    repository.publish(LATER)


def rev_back(repository: Repository) -> None:
    """New snapshot, old revocations."""
    repository.rev.version -= 2
    repository.publish(LATER)


def rev_gone(repository: Repository) -> None:
    """A snapshot that no longer knows the role of revocations."""
    del repository.snapshot.meta["rev.json"]
    repository.snapshot.version += 1
    repository.timestamp.version += 1
    repository.timestamp.snapshot_meta = MetaFile(repository.snapshot.version)
    repository.write(repository.snapshot, Snapshot.type)
    repository.write(repository.timestamp, Timestamp.type)


def mix(repository: Repository) -> None:
    """The revocations of another day under the newest snapshot."""
    old = (repository.folder / "metadata/1.rev.json").read_bytes()
    repository.publish(LATER)
    (repository.folder / f"metadata/{repository.rev.version}.rev.json").write_bytes(old)


def foreign_timestamp(repository: Repository) -> None:
    """Signed by somebody."""
    repository.timestamp.version += 1
    repository.write(repository.timestamp, Timestamp.type, [signer("stranger")])


def snapshot_by_timestamp_key(repository: Repository) -> None:
    """A key that is trusted, for something else."""
    repository.publish(LATER)
    repository.write(repository.snapshot, Snapshot.type, [signer("timestamp")])


def targets_by_one(repository: Repository) -> None:
    """One of three where two must agree."""
    repository.publish(LATER)
    repository.write(repository.targets, Targets.type, repository.signers[Targets.type][:1])


def targets_by_one_twice(repository: Repository) -> None:
    """One key that signs twice is still one."""
    repository.publish(LATER)
    one = repository.signers[Targets.type][0]
    repository.write(repository.targets, Targets.type, [one, one])


def targets_by_online_keys(repository: Repository) -> None:
    """All keys that lie on the server together publish a trust list."""
    repository.put({"keys-2-0": city.trust_list(state="dead")}).publish(LATER)
    thieves = [signer(name) for name in ("rev", "snapshot", "timestamp")]
    repository.write(repository.targets, Targets.type, thieves)


def root_by_too_few(repository: Repository) -> None:
    """Two of five make themselves the city."""
    repository.root.version += 1
    repository.write_root(repository.signers[Root.type][:2])


def root_that_jumps(repository: Repository) -> None:
    """Version 3 under the name of 2."""
    repository.root.version = 3
    repository.write_root()
    folder = repository.folder / "metadata"
    (folder / "3.root.json").rename(folder / "2.root.json")


def no_json(repository: Repository) -> None:
    """An error page with status 200."""
    (repository.folder / "metadata/timestamp.json").write_text("<html>It works!</html>")


def other_role(repository: Repository) -> None:
    """The snapshot in the place of the timestamp."""
    repository.write(repository.snapshot, Snapshot.type)
    folder = repository.folder / "metadata"
    shutil.copy(folder / f"{repository.snapshot.version}.snapshot.json", folder / "timestamp.json")


def endless_timestamp(repository: Repository) -> None:
    """More than a timestamp can be."""
    (repository.folder / "metadata/timestamp.json").write_bytes(b" " * 20_000)


def endless_rev(repository: Repository) -> None:
    """More than the metadata of revocations can be."""
    repository.publish(LATER)
    path = repository.folder / f"metadata/{repository.rev.version}.rev.json"
    path.write_bytes(b" " * 2_000_000)


def no_time(repository: Repository) -> None:
    """A timestamp that does not say when it was issued."""
    repository.timestamp.unrecognized_fields["issued_at"] = "today"
    repository.timestamp.version += 1
    repository.write(repository.timestamp, Timestamp.type)


def earlier_time(repository: Repository) -> None:
    """A newer timestamp that claims an earlier time."""
    repository.publish(LATER, issued_at=city.ISSUED_AT - 86_400)


def truncated_metadata(repository: Repository) -> None:
    """A file that was cut while it was copied."""
    repository.publish(LATER)
    path = repository.folder / f"metadata/{repository.snapshot.version}.snapshot.json"
    path.write_bytes(path.read_bytes()[:-40])


ATTACKS: list[Attack] = [
    timestamp_back, snapshot_back, targets_back, rev_back, rev_gone, mix, foreign_timestamp,
    snapshot_by_timestamp_key, targets_by_one, targets_by_one_twice, targets_by_online_keys,
    root_by_too_few, root_that_jumps, no_json, other_role, endless_timestamp, endless_rev,
    no_time, earlier_time, truncated_metadata,
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
@pytest.mark.parametrize("cache", ["kept", "emptied"])
def test_attack_is_refused(
    followed: Device, repository: Repository, attack: Attack, cache: str
) -> None:
    """With the metadata of the last run, and without it, as after a loss of power."""
    before = deepcopy(followed.writer.installed())
    if cache == "emptied":
        shutil.rmtree(followed.work)
    attack(repository)
    with pytest.raises(UpdateError):
        followed.sync(repository.url, LATER)
    assert followed.writer.installed() == before


def test_frozen_server_is_told(followed: Device, repository: Repository) -> None:
    """Metadata that is no longer renewed expires, and the lists grow old with it."""
    with pytest.raises(UpdateError, match="expired"):
        followed.sync(repository.url, city.NOW + 2 * DAY)
    assert (followed.facts(now=city.NOW + 2 * DAY).status_age_s or 0) > 86_400


@pytest.mark.parametrize("role", [Root.type, Targets.type, REV, Snapshot.type, Timestamp.type])
def test_each_role_expires(followed: Device, repository: Repository, role: str) -> None:
    """One of them that has expired is enough."""
    repository.publish(LATER)
    past = city.NOW - DAY
    match role:
        case Root.type:
            repository.root.expires = past
            repository.renew_root()
        case Targets.type:
            repository.targets.expires = past
        case "rev":
            repository.rev.expires = past
        case Snapshot.type:
            repository.snapshot.expires = past
        case _:
            repository.timestamp.expires = past
    repository.write_all()
    with pytest.raises(UpdateError, match="expired"):
        followed.sync(repository.url, LATER)


def test_time_of_the_future_is_refused(followed: Device, repository: Repository) -> None:
    """A list that claims to be of next year would be fresh until then."""
    repository.publish(LATER, issued_at=int((city.NOW + 365 * DAY).timestamp()))
    with pytest.raises(UpdateError, match="future"):
        followed.sync(repository.url, LATER, latest=int(LATER.timestamp()))
