"""A device follows a repository."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.checkpoint import decide
from scanner.core.claims import Movement, Pass
from scanner.core.clock import ClockReading
from scanner.core.errors import StoreError, SyncError, UpdateError
from scanner.core.facts import Facts, PassStatus
from scanner.core.formats import open_pass
from scanner.core.policy import Checkpoint
from scanner.core.reasons import Notice, Reason
from scanner.core.revocation import StatusBits, encode_map
from scanner.store.trust_list import SqliteLists
from tests import city
from tests.sync.conftest import Device
from tests.sync.repository import Repository, base, delta

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


def test_broken_download_goes_on_target_by_target(device: Device, repository: Repository) -> None:
    """What has arrived whole is not fetched again."""
    size = 4 * 262_144 + 100
    files = {f"base-7-1-{n}": body for n, body in enumerate(encode_map(size, _scattered(size)))}
    (last,) = [name for name in files if name == "base-7-1-1"]
    repository.replace(files).publish()
    (path,) = (repository.folder / "targets").glob(f"*.{last}")
    body = path.read_bytes()
    path.unlink()
    with pytest.raises(SyncError):
        device.sync(repository.url)
    assert device.writer.installed().versions == {}
    path.write_bytes(body)
    before = device.fetcher.received
    device.sync(repository.url)
    assert device.fetcher.received - before < len(files["base-7-1-0"])
    assert device.facts(3500).status is PassStatus.REVOKED


def _scattered(size: int) -> dict[int, StatusBits]:
    """In no order that would make the parts small."""
    numbers = hashlib.shake_256(b"scattered").digest(8000)
    places = (int.from_bytes(numbers[at : at + 4]) % size for at in range(0, 8000, 4))
    return dict.fromkeys([3500, *places], StatusBits.REVOKED)


def test_first_start_from_a_stick_of_last_week(
    device: Device, repository: Repository, tmp_path: Path
) -> None:
    """On a board whose clock says 1970: the bundle's own time is enough."""
    stick = repository.bundle(tmp_path / "stick", city.NOW)
    report = device.sync(stick.as_uri() + "/", datetime.fromtimestamp(0, UTC))
    assert report.offer.is_offline_signed
    assert device.facts(city.REVOKED, city.NOW + 7 * DAY).status is PassStatus.REVOKED
    again = Device(tmp_path / "later", repository.first_root)
    assert again.sync(stick.as_uri() + "/", city.NOW + 29 * DAY).changed["status-7"] == 2
    with pytest.raises(UpdateError, match="expired"):
        again.sync(stick.as_uri() + "/", city.NOW + 31 * DAY)


def test_device_goes_on_from_the_stick_to_the_server(
    device: Device, repository: Repository, tmp_path: Path
) -> None:
    """And does not go back to an older stick."""
    stick = repository.bundle(tmp_path / "stick", city.NOW).as_uri() + "/"
    device.sync(stick)
    repository.put(delta(2, 3, [99])).publish(city.NOW + DAY)
    assert device.sync(repository.url, city.NOW + DAY).changed["status-7"] == 3
    with pytest.raises(UpdateError, match="older"):
        device.sync(stick, city.NOW + DAY)
    assert device.facts(99).status is PassStatus.REVOKED


def test_unknown_field_of_a_policy_holds_it_back(device: Device, repository: Repository) -> None:
    """The policy of before stays whole; the other lists of the same moment are taken."""
    device.sync(repository.url)
    policy = b'{"version": 4, "time_zone": "UTC", "curfew": 1}'
    repository.put({"policy-4": policy} | delta(2, 3, [99])).publish(city.NOW + 5 * MINUTE)
    report = device.sync(repository.url)
    assert "curfew" in report.refused["policy"]
    assert device.writer.installed().versions["policy"] == 3
    assert device.facts(99).status is PassStatus.REVOKED


def test_older_document_is_never_taken(device: Device, repository: Repository) -> None:
    """Even when the offline keys sign it: a policy counts upwards."""
    device.sync(repository.url)
    policy = b'{"version": 2, "time_zone": "UTC"}'
    repository.drop("policy-3").put({"policy-2": policy}).publish(city.NOW + 5 * MINUTE)
    assert "back to 2" in device.sync(repository.url).refused["policy"]
    assert device.writer.installed().versions["policy"] == 3


def test_same_update_twice_changes_nothing(device: Device, repository: Repository) -> None:
    """Applied again by a run that was cut off after its commit."""
    device.sync(repository.url)
    before = device.writer.installed()
    assert device.sync(repository.url).changed == {}
    assert device.writer.installed() == before


def test_restored_pass_is_green_again(device: Device, repository: Repository) -> None:
    """One of the many that were annulled by mistake."""
    device.sync(repository.url)
    repository.put(delta(2, 3, [], [city.REVOKED])).publish(city.NOW + 5 * MINUTE)
    device.sync(repository.url)
    assert device.facts(city.REVOKED).status is PassStatus.VALID


def test_server_gone_for_a_week_ends_in_doubt(device: Device, repository: Repository) -> None:
    """Scanning goes on with a notice after a day; after three days no pass is admitted."""
    device.sync(repository.url)
    lists = SqliteLists(device.state, Checkpoint(), allow_test_keys=False)
    payload = city.issue(exp=int((city.NOW + 30 * DAY).timestamp()))
    found = []
    for hours in (1, 25, 71, 73, 168):
        now = ClockReading.exact(city.NOW + hours * timedelta(hours=1))
        with pytest.raises(SyncError):
            device.sync("http://127.0.0.1:9/", now.earliest)
        verdict = decide(payload, lists, _asking(lists, now), now)
        found.append((verdict.reason, Notice.LIST_OLD in verdict.notices))
    assert found == [
        (Reason.OK, False), (Reason.OK, True), (Reason.OK, True),
        (Reason.LIST_TOO_OLD, False), (Reason.LIST_TOO_OLD, False),
    ]  # fmt: skip
    lists.close()


def _asking(lists: SqliteLists, now: ClockReading) -> Callable[[Pass], Facts]:
    return lambda pass_: Facts(lists.about(pass_, now))


def test_loop_follows_a_new_base(device: Device, repository: Repository) -> None:
    """An open reader takes over the new file at its next look, and the old one is gone."""
    device.sync(repository.url)
    lists = SqliteLists(device.state, Checkpoint(), allow_test_keys=False)
    (before,) = device.state.glob("status-7-*.db")
    repository.replace(base(9, [city.REVOKED, 321])).publish(city.NOW + 5 * MINUTE)
    device.sync(repository.url)
    assert not before.exists()
    now = ClockReading.exact(city.NOW)
    opened = open_pass(city.issue({Movement.INDEX: 321}), lists.trust, now)
    assert lists.about(opened, now).status is PassStatus.VALID
    assert lists.refresh()
    assert lists.about(opened, now).status is PassStatus.REVOKED
    lists.close()


def test_two_runs_do_not_meet(device: Device, repository: Repository) -> None:
    """A timer and a technician: the second is told to wait."""
    with device.writer.alone(), pytest.raises(StoreError, match="already"):
        device.sync(repository.url)
