"""A repository, a device that follows it, and what its officers would see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scanner.core.claims import Movement
from scanner.core.clock import ClockReading
from scanner.core.facts import ListFacts, PassStatus
from scanner.core.formats import open_pass
from scanner.core.policy import Checkpoint
from scanner.store.migrations import migrate
from scanner.store.state import StateStore
from scanner.store.trust_list import SqliteLists
from scanner.store.writer import ListsWriter
from scanner.sync.client import UpdateClient
from scanner.sync.fetch import ListFetcher
from scanner.sync.pull import Report, pull
from tests import city
from tests.sync.repository import Repository, delta

# When the city publishes what `followed` has not seen yet.
LATER = city.NOW + timedelta(minutes=5)


def plain(packed: bytes) -> bytes:
    """Holder lists in these tests are not encrypted."""
    return packed


@contextmanager
def in_silence(names: list[str]) -> Iterator[list[str]]:
    """No progress is shown."""
    yield names


class Device:
    """The state folder of a scanner, its updates, and its answers."""

    def __init__(self, folder: Path, root: bytes) -> None:
        self.state, self.work, self.root = folder / "state", folder / "work", root
        migrate(self.state)
        self.writer = ListsWriter(self.state, plain, allow_test_keys=False)
        self.fetcher = ListFetcher()

    def client(self, url: str, now: datetime = city.NOW) -> UpdateClient:
        floors = StateStore(self.state)
        return UpdateClient(self.root, self.work, url, floors, now, self.fetcher)

    def sync(self, url: str, now: datetime = city.NOW, *, latest: int | None = None) -> Report:
        """One run, as the command makes it."""
        client = self.client(url, now)
        try:
            return pull(client, self.writer, in_silence, latest=latest)
        finally:
            self.root = client.root if (self.work / "metadata/root.json").exists() else self.root

    def facts(self, index: int = 5, now: datetime = city.NOW, **changes: object) -> ListFacts:
        """What the lists say of a pass, as the loop asks them."""
        lists = SqliteLists(self.state, Checkpoint(), allow_test_keys=False)
        try:
            reading = ClockReading.exact(now)
            payload = city.issue({Movement.INDEX: index}, **changes)
            return lists.about(open_pass(payload, lists.trust, reading), reading)
        finally:
            lists.close()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """The city's lists, published once."""
    return Repository(tmp_path / "repository").put(city.targets()).publish()


@pytest.fixture
def device(tmp_path: Path, repository: Repository) -> Device:
    """A new device that trusts the city's first root."""
    return Device(tmp_path, repository.first_root)


@pytest.fixture
def followed(device: Device, repository: Repository) -> Iterator[Device]:
    """A device that has seen two states of the city."""
    device.sync(repository.url)
    repository.put(delta(2, 3, [99])).publish(city.NOW + timedelta(minutes=1))
    device.sync(repository.url)
    yield device
    assert device.facts(99).status is PassStatus.REVOKED
    assert device.facts(city.REVOKED).status is PassStatus.REVOKED
