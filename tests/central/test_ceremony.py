"""Sticks, thresholds, exchanged keys, the end of the regime: what devices make of them."""

from __future__ import annotations

import shutil
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Root

from scanner.central.ceremony import end_regime, rotate_key
from scanner.central.city import Change, open_city
from scanner.central.errors import CentralError
from scanner.central.founding import Charter, found
from scanner.central.issue import SigningKey
from scanner.central.keys import load_key
from scanner.central.register import Artefact
from scanner.core.trust import parse_trust_list
from tests.central.conftest import means
from tests.central.device import Device
from tests.city import NOW

LATER = NOW + timedelta(minutes=10)
AFTER = NOW + timedelta(minutes=20)
KEYS = (
    *(f"root-{n}" for n in range(1, 6)),
    *(f"targets-{n}" for n in range(1, 4)),
    "bundle",
    "rev",
    "snapshot",
    "timestamp",
)


def sticks(central: Path, *numbers: int) -> list[Path]:
    return [central / f"offline/stick-{number}" for number in numbers]


@pytest.mark.parametrize("key", KEYS)
def test_device_follows_the_exchange_of_any_key(key: str, central: Path, device: Device) -> None:
    """A device that knows the old keys reads what is published with the new one."""
    device.look(NOW)
    before = {path: path.read_bytes() for path in central.rglob("*.pem")}
    with open_city(central, means(LATER)) as city:
        path = rotate_key(city, key, None, 0)
    assert path.read_bytes() != before[path]
    with open_city(central, means(AFTER)) as city:
        city.change(Change(Artefact.STATUS, [5], 1))
        city.publish()
    assert "d-7-1-2" in device.look(AFTER)


@pytest.mark.parametrize("key", ["rev", "snapshot", "timestamp"])
def test_old_online_key_signs_nothing_any_more(key: str, central: Path, device: Device) -> None:
    """After the exchange the city itself refuses to go on with the old key."""
    old = (central / f"online/{key}.pem").read_bytes()
    with open_city(central, means(LATER)) as city:
        rotate_key(city, key, None, 0)
    (central / f"online/{key}.pem").write_bytes(old)
    with open_city(central, means(AFTER)) as city:
        city.change(Change(Artefact.STATUS, [5], 1))
        with pytest.raises(CentralError, match=f"No key that may sign {key} is here"):
            city.publish()


@pytest.mark.parametrize("key", ["rev", "snapshot", "timestamp"])
def test_lost_online_key_is_replaced_with_sticks(key: str, central: Path, device: Device) -> None:
    """The bundle key signs the step from the old root to the new one."""
    device.look(NOW)
    (central / f"online/{key}.pem").unlink()
    with open_city(central, means(LATER)) as city:
        rotate_key(city, key, None, 0)
    with open_city(central, means(AFTER)) as city:
        city.publish()
    assert "base-7-1-0" in device.look(AFTER)


def test_two_root_sticks_are_too_few(central: Path) -> None:
    """With 2 of 5 the end of the regime is refused, and the missing sticks are named."""
    with (
        open_city(central, means(LATER, *sticks(central, 1, 4))) as city,
        pytest.raises(CentralError, match=r"3 of 5 keys, and 2 .*root-2, root-3, root-5"),
    ):
        end_regime(city, AFTER)
    assert not (central / "repository/metadata/2.root.json").exists()


def test_one_targets_stick_is_too_few(central: Path) -> None:
    """With 1 of 3 no rule is signed, and nothing is written."""
    with (
        open_city(central, means(LATER, *sticks(central, 2, 4, 5))) as city,
        pytest.raises(CentralError, match=r"targets is signed by 2 of 3 keys, and 1 "),
    ):
        city.sign(lambda documents, edition: documents.set_rules([]))
    assert not (central / "repository/metadata/2.targets.json").exists()


def test_foreign_keys_count_for_nothing(central: Path, tmp_path: Path) -> None:
    """Keys of another city on a stick with the right names do not reach the threshold."""
    other = tmp_path / "other"
    found(other, Charter("other.example"), means(NOW))
    with (
        open_city(central, means(LATER, *sticks(other, 1, 2, 3))) as city,
        pytest.raises(CentralError, match="and 0 of them are here"),
    ):
        end_regime(city, AFTER)


def test_lost_stick_is_replaced_by_others(central: Path, device: Device, tmp_path: Path) -> None:
    """Stick 3 burnt: a new root key and a new targets key go to a new stick."""
    device.look(NOW)
    shutil.rmtree(central / "offline/stick-3")
    fresh = tmp_path / "fresh"
    for number, key in enumerate(("root-3", "targets-3")):
        now = LATER + number * timedelta(minutes=1)
        with open_city(central, means(now)) as city:
            assert rotate_key(city, key, fresh, 0) == fresh / f"{key}.pem"
    with open_city(central, means(AFTER, *sticks(central, 4, 5), fresh)) as city:
        end_regime(city, AFTER)
    device.look(AFTER)
    assert device.root().unrecognized_fields["x-end-of-regime"] == "2020-04-29T09:50:00Z"


def test_absent_stick_without_a_new_one_is_asked_for(central: Path) -> None:
    """Nothing is made for a stick that is only not plugged in."""
    shutil.rmtree(central / "offline/stick-5")
    with open_city(central, means(LATER)) as city, pytest.raises(CentralError, match="--to"):
        rotate_key(city, "root-5", None, 0)


def test_end_of_the_regime_stands_in_the_root(central: Path, device: Device) -> None:
    """Devices find the date in the root they verified, as UTC; a later root moves it."""
    for number, days in enumerate((30, 60), start=1):
        now = NOW + number * timedelta(minutes=10)
        with open_city(central, means(now)) as city:
            end_regime(city, NOW + timedelta(days=days))
        device.look(now)
        said = device.root().unrecognized_fields["x-end-of-regime"]
        assert said == f"{NOW + timedelta(days=days):%Y-%m-%dT%H:%M:%S}Z"


@pytest.mark.parametrize("key", ["root-2", "targets-2", "bundle", "snapshot", "timestamp"])
def test_date_is_carried_on_when_a_key_is_exchanged(
    central: Path, device: Device, key: str
) -> None:
    """Whatever makes a new root: it names the end of the regime like the one before."""
    with open_city(central, means(LATER)) as city:
        end_regime(city, NOW + timedelta(days=30))
    device.look(LATER)
    before = device.root()
    with open_city(central, means(AFTER)) as city:
        rotate_key(city, key, None, 0)
    device.look(AFTER)
    after = device.root()
    assert after.version == before.version + 1
    assert after.unrecognized_fields == before.unrecognized_fields != {}


def test_new_issuer_key_is_published_before_it_signs(central: Path, device: Device) -> None:
    """Its entry begins 72 hours from now, with the indexes after those of the old key."""
    with open_city(central, means(LATER)) as city:
        path = rotate_key(city, "issuer", None, 500)
    old, clock, new = parse_trust_list(device.look(LATER)["keys-2-0"], allow_test_keys=False)
    assert path == central / f"issuer/{new.kid.hex()}.pem"
    assert new.not_before == LATER + timedelta(hours=72)
    assert new.index_range == (20_000, 20_499)
    assert old.index_range == (0, 19_999)
    assert clock.kinds == frozenset({100})


def test_keys_without_living_passes_leave_the_trust_list(central: Path, device: Device) -> None:
    """Two and a half months after its last signature a key of the issuer is dropped."""
    later = NOW + timedelta(days=76)
    with open_city(central, means(later)) as city:
        rotate_key(city, "issuer", None, 500)
    keys = parse_trust_list(device.look(later)["keys-2-0"], allow_test_keys=False)
    assert [key.kinds for key in keys] == [frozenset({100}), frozenset({1, 2, 3, 4, 5})]


def test_new_time_key_takes_the_place_of_the_old(central: Path, device: Device) -> None:
    """The trust list has one key for time codes, the one in the file."""
    with open_city(central, means(LATER)) as city:
        path = rotate_key(city, "time", None, 0)
    _, clock = parse_trust_list(device.look(LATER)["keys-2-0"], allow_test_keys=False)
    assert clock.kid == SigningKey(load_key(path).private).kid


def test_unknown_key_is_refused(central: Path) -> None:
    """A misspelt name lists the right ones."""
    with open_city(central, means(LATER)) as city, pytest.raises(CentralError, match="root-1, "):
        rotate_key(city, "root-6", None, 0)


def test_interrupted_exchange_goes_on_with_the_key_it_made(central: Path) -> None:
    """A key that metadata may list already is not made twice."""
    left = central / "online/rev.new.pem"
    shutil.copy(central / "time/time.pem", left)
    with open_city(central, means(LATER)) as city:
        path = rotate_key(city, "rev", None, 0)
    assert path.read_bytes() == (central / "time/time.pem").read_bytes()
    assert not left.exists()
    assert (central / "online/rev.retired").exists()


def test_every_root_is_signed_by_three_of_the_one_before(central: Path) -> None:
    """Exchanging all five sticks one by one never leaves a root that the one before refuses."""
    for number in range(1, 6):
        with open_city(central, means(LATER + number * timedelta(minutes=1))) as city:
            rotate_key(city, f"root-{number}", None, 0)
    folder = central / "repository/metadata"
    roots = [Metadata[Root].from_file(str(folder / f"{n}.root.json")) for n in range(1, 7)]
    for before, after in pairwise(roots):
        before.signed.verify_delegate("root", after.signed_bytes, after.signatures)
