"""Targets that are not what was signed, and names that the online role may not sign."""

from __future__ import annotations

from pathlib import Path

import pytest
from tuf.api.metadata import TargetFile

from scanner.core.errors import SyncError, UpdateError
from scanner.core.facts import PassStatus
from tests import city
from tests.sync.conftest import LATER, Device
from tests.sync.repository import Repository, delta


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
