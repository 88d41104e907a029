"""What a run leaves behind and begins with, and what it says when it fails."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.core.errors import CheckpointError, UpdateError
from scanner.core.facts import PassStatus
from tests import city
from tests.sync.conftest import LATER, Device
from tests.sync.repository import Repository, delta

DAY = timedelta(days=1)


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
