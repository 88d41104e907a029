"""A device follows a repository."""

from __future__ import annotations

from datetime import timedelta

from scanner.core.facts import PassStatus
from tests import city
from tests.sync.conftest import Device
from tests.sync.repository import Repository, delta

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def test_first_sync_installs_every_list(device: Device, repository: Repository) -> None:
    """Trust list, policy, rules, map with its delta, ids, holders."""
    report = device.sync(repository.url)
    assert report.refused == {}
    assert report.changed == {
        "keys": 1, "policy": 3, "rules": 1, "status-7": 2, "ids": 1, "holders": 1,
        "offline-until": int((city.NOW + 90 * DAY).timestamp()),
    }  # fmt: skip
    assert device.facts(city.REVOKED).status is PassStatus.REVOKED
    assert device.facts(city.RESTORED).status is PassStatus.VALID


def test_second_sync_fetches_only_the_timestamp(device: Device, repository: Repository) -> None:
    """Nothing changed: a few hundred bytes, and the lists are as young as the timestamp."""
    device.sync(repository.url)
    before = device.fetcher.received
    repository.timestamp.version += 1
    repository.timestamp.unrecognized_fields["issued_at"] += 300
    repository.write_all()
    report = device.sync(repository.url)
    assert report.changed == {}
    assert device.fetcher.received - before < 2000
    assert device.facts(now=city.NOW + 10 * MINUTE).status_age_s == 300


def test_revocation_arrives_as_a_delta(device: Device, repository: Repository) -> None:
    """And the pass is red from then on, its neighbours as they were."""
    device.sync(repository.url)
    repository.put(delta(1, 3, [14, 99], [13])).drop("d-7-1-2").publish(city.NOW + 5 * MINUTE)
    assert device.sync(repository.url).changed["status-7"] == 3
    assert device.facts(99).status is PassStatus.REVOKED
    assert device.facts(98).status is PassStatus.VALID
    assert device.facts(city.RESTORED).status is PassStatus.VALID
    assert device.facts(99).status_version == 3
