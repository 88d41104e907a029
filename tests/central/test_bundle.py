"""The offline view on a card or stick: whole, for 30 days, without any online key."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from tuf.api.exceptions import ExpiredMetadataError

from scanner.central.bundle import write_bundle
from scanner.central.city import Change, open_city
from scanner.central.errors import CentralError
from scanner.central.files import write_atomically
from scanner.central.register import Artefact
from scanner.central.repository import Repository
from tests.central.conftest import means
from tests.central.device import Device
from tests.city import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def carry(central: Path, folder: Path) -> Path:
    """Three hours after the founding, by the sticks alone."""
    shutil.rmtree(central / "online", ignore_errors=True)
    with open_city(central, means(NOW + 3 * HOUR)) as city:
        write_bundle(city.repository, folder, city.all_keys(), NOW + 3 * HOUR, write_atomically)
    return folder


def test_bundle_is_made_and_read_without_online_keys(
    central: Path, device: Device, tmp_path: Path
) -> None:
    """A new device reads every list from it weeks after the online signatures have expired."""
    folder = carry(central, tmp_path / "stick")
    read = device.look(NOW + 29 * DAY, folder)
    assert read == Device(central / "repository", tmp_path / "online").look(NOW)


def test_bundle_expires_after_30_days(central: Path, device: Device, tmp_path: Path) -> None:
    """A stick that was forgotten in a drawer is not taken for news."""
    folder = carry(central, tmp_path / "stick")
    with pytest.raises(ExpiredMetadataError):
        device.look(NOW + 31 * DAY, folder)


def test_age_of_a_bundle_is_that_of_its_lists(central: Path, tmp_path: Path) -> None:
    """It says when the city published them, not when the stick was written."""
    folder = carry(central, tmp_path / "stick")
    assert Repository(folder).state().issued_at == int(NOW.timestamp())


def test_device_goes_from_bundle_to_network_and_back(
    central: Path, device: Device, tmp_path: Path
) -> None:
    """Both views count the same versions, so neither looks like a rollback of the other."""
    folder = tmp_path / "stick"
    now = NOW + 3 * HOUR
    with open_city(central, means(now)) as city:
        write_bundle(city.repository, folder, city.all_keys(), now, write_atomically)
    device.look(now, folder)
    device.look(now)
    with open_city(central, means(now + HOUR)) as city:
        city.change(Change(Artefact.STATUS, [5], 1))
        city.publish()
    assert "d-7-1-2" in device.look(now + HOUR)
    with open_city(central, means(now + 2 * HOUR)) as city:
        city.publish()
        write_bundle(city.repository, folder, city.all_keys(), now + 2 * HOUR, write_atomically)
    assert "d-7-1-2" in device.look(now + 20 * DAY, folder)


def test_bundle_key_is_asked_for(central: Path, tmp_path: Path) -> None:
    """Without its stick there is no bundle, and the text says which stick."""
    with (
        open_city(central, means(NOW, central / "offline/stick-2")) as city,
        pytest.raises(CentralError, match=r"stick with bundle\.pem"),
    ):
        write_bundle(city.repository, tmp_path / "b", city.all_keys(), NOW, write_atomically)
    assert not (tmp_path / "b").exists()


def test_newer_bundle_replaces_the_old_on_a_stick(
    central: Path, device: Device, tmp_path: Path
) -> None:
    """The same stick again carries the newest lists, and drops what only the old one named."""
    folder = carry(central, tmp_path / "stick")
    shutil.copytree(central / "offline", tmp_path / "safe")
    old = set((folder / "metadata").iterdir())
    later = NOW + 9 * DAY
    with open_city(central, means(later)) as city:
        write_bundle(city.repository, folder, city.all_keys(), later, write_atomically)
    assert set((folder / "metadata").iterdir()) == old
    assert "base-7-1-0" in device.look(later + 29 * DAY, folder)
