"""Hostile repositories, by the cases of python-tuf's own updater tests: all refused.

After each the lists installed before are what the device judges by, and the reason is told.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from scanner.core.errors import CheckpointError, SyncError, UpdateError
from scanner.core.facts import PassStatus
from tests import city
from tests.sync.conftest import Device
from tests.sync.repository import REV, Repository, delta, signer

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LATER = city.NOW + 5 * MINUTE

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


@pytest.fixture
def followed(device: Device, repository: Repository) -> Iterator[Device]:
    """A device that has seen two states of the city."""
    device.sync(repository.url)
    repository.put(delta(2, 3, [99])).publish(city.NOW + MINUTE)
    device.sync(repository.url)
    yield device
    assert device.facts(99).status is PassStatus.REVOKED
    assert device.facts(city.REVOKED).status is PassStatus.REVOKED


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


def only_target(repository: Repository, begin: str) -> Path:
    (path,) = (repository.folder / "targets").glob(f"*.{begin}")
    return path


def test_target_of_other_bytes_is_refused(followed: Device, repository: Repository) -> None:
    """Of the same length, and not what was signed."""
    repository.put(delta(3, 4, [100])).publish(LATER)
    path = only_target(repository, "d-7-3-4")
    path.write_bytes(bytes(len(path.read_bytes())))
    with pytest.raises(UpdateError, match="not the one that was signed"):
        followed.sync(repository.url, LATER)


@pytest.mark.parametrize("extra", [-1, 1, 1_000_000])
def test_target_of_another_length_is_refused(
    followed: Device, repository: Repository, extra: int
) -> None:
    """Shorter, longer, and without end."""
    repository.put(delta(3, 4, [100])).publish(LATER)
    path = only_target(repository, "d-7-3-4")
    body = path.read_bytes()
    path.write_bytes(body[:extra] if extra < 0 else body + bytes(extra))
    with pytest.raises(UpdateError):
        followed.sync(repository.url, LATER)
    assert followed.fetcher.received < 100_000


def test_target_beyond_128_kb_is_not_fetched(followed: Device, repository: Repository) -> None:
    """Also when it is signed: a device's memory and line are small."""
    repository.put({"rules-2": b"[]" + b" " * 200_000}).publish(LATER)
    with pytest.raises(UpdateError, match="131072"):
        followed.sync(repository.url, LATER)
    assert followed.fetcher.received < 100_000


def test_lost_target_is_asked_for_again(followed: Device, repository: Repository) -> None:
    """A server that lacks a file may have it later; the run says so."""
    repository.put(delta(3, 4, [100])).publish(LATER)
    path = only_target(repository, "d-7-3-4")
    body = path.read_bytes()
    path.unlink()
    with pytest.raises(SyncError) as caught:
        followed.sync(repository.url, LATER)
    assert caught.value.retryable
    path.write_bytes(body)
    followed.sync(repository.url, LATER)
    assert followed.facts(100).status is PassStatus.REVOKED


@pytest.mark.parametrize("name", ["keys-9-0", "policy-9", "rules-9", "issued-0123456789abcdef"])
def test_stolen_online_key_publishes_no_documents(
    followed: Device, repository: Repository, name: str
) -> None:
    """Trust list, policy, rules and issued sets named by the online role are nobody's."""
    body = city.trust_list(state="dead") if name.startswith("keys") else b"[]"
    repository.bodies[name] = body
    repository.rev.targets[name] = TargetFile.from_data(name, body, ["sha256"])
    repository.publish(LATER)
    report = followed.sync(repository.url, LATER)
    assert set(report.changed) <= {"offline-until"}
    assert followed.facts(99).status is PassStatus.REVOKED


def test_time_of_the_future_is_refused(followed: Device, repository: Repository) -> None:
    """A list that claims to be of next year would be fresh until then."""
    repository.publish(LATER, issued_at=int((city.NOW + 365 * DAY).timestamp()))
    with pytest.raises(UpdateError, match="future"):
        followed.sync(repository.url, LATER, latest=int(LATER.timestamp()))


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


@pytest.mark.parametrize("file", ["timestamp.json", "snapshot.json", "targets.json", "rev.json"])
@pytest.mark.parametrize("damage", [b"", b"{", None])
def test_torn_cache_is_fetched_anew(
    followed: Device, repository: Repository, file: str, damage: bytes | None
) -> None:
    """Empty, cut, or gone: the run goes on as if nothing had been kept."""
    path = followed.work / "metadata" / file
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    repository.put(delta(3, 4, [100])).publish(LATER)
    followed.sync(repository.url, LATER)
    assert followed.facts(100).status is PassStatus.REVOKED


def test_attack_is_kept_for_status(followed: Device) -> None:
    """The reason stands in the database until a run goes well."""
    from scanner.store.writer import read_notes

    followed.writer.note_faults(5, ["sync: refused"])
    assert read_notes(followed.state).faults == ((5, "sync: refused"),)
    followed.writer.note_faults(6, [])
    assert read_notes(followed.state).faults == ()


def test_every_error_says_what_to_do(device: Device, tmp_path: Path) -> None:
    """A folder that is gone, a server that is none."""
    for url in ((tmp_path / "nowhere").as_uri() + "/", "http://127.0.0.1:9/"):
        with pytest.raises(CheckpointError, match=r"Check the network|Try again"):
            device.sync(url)


def _moment(seconds: int) -> datetime:
    return city.NOW + timedelta(seconds=seconds)


def test_end_of_regime_comes_from_the_root_alone(followed: Device, repository: Repository) -> None:
    """Three of five set it, a newer root moves it; nothing else is asked."""
    repository.root.unrecognized_fields["x-end-of-regime"] = _moment(3600).isoformat()
    repository.renew_root()
    repository.timestamp.unrecognized_fields["x-end-of-regime"] = _moment(0).isoformat()
    repository.publish(LATER)
    report = followed.sync(repository.url, LATER)
    assert report.changed["end-of-regime"] == int(_moment(3600).timestamp())


def test_reference_time_is_where_the_library_looks(device: Device, repository: Repository) -> None:
    """The private name that the client sets is the one the library compares with."""
    client = device.client(repository.url, city.NOW + 3000 * DAY)
    assert client._updater._trusted_set.reference_time == city.NOW + 3000 * DAY
    with pytest.raises(UpdateError, match="expired"):
        client.refresh()


def test_hashes_in_names_are_those_of_the_bodies(repository: Repository) -> None:
    """The simulator keeps to the layout that clients ask for."""
    for path in (repository.folder / "targets").iterdir():
        digest, _, _ = path.name.partition(".")
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert json.loads(repository.first_root)["signed"]["consistent_snapshot"] is True
