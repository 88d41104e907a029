"""What the city publishes, as python-tuf's own client reads it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pyrage
import pytest
from tuf.api.exceptions import ExpiredMetadataError, UnsignedMetadataError
from tuf.api.metadata import Metadata, TargetFile, Targets

from scanner.central.ceremony import rotate_key
from scanner.central.city import Change, open_city
from scanner.central.edition import Edition
from scanner.central.errors import CentralError
from scanner.central.keys import load_key
from scanner.central.register import Artefact
from scanner.central.repository import file_name
from scanner.central.roles import REV
from scanner.core.revocation import StatusBits, decode_delta, decode_ids, decode_part, decode_refs
from scanner.core.targets import parse_policy, parse_rules
from scanner.core.trust import parse_trust_list
from tests.central.conftest import means
from tests.central.device import Device
from tests.city import NOW

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FIRST = ["base-7-1-0", "holders-1-0", "ids-0-1-0", "keys-1-0", "policy-1", "rules-1"]


def revoke(central: Path, indexes: list[int], now: datetime, bits: int = 1) -> None:
    """Give indexes a status and publish it."""
    with open_city(central, means(now)) as city:
        city.change(Change(Artefact.STATUS, indexes, bits))
        city.publish()


def test_first_lists_are_read_by_a_device(device: Device) -> None:
    """A founded city has published every list, each in the form that devices take."""
    targets = device.look(NOW)
    assert sorted(targets) == FIRST
    assert decode_part(targets["base-7-1-0"]) == bytes(5_000)
    assert decode_ids(targets["ids-0-1-0"]).revoked == ()
    assert parse_policy(targets["policy-1"]).time_zone == "Europe/Moscow"
    assert parse_rules(targets["rules-1"]) == ()
    issuer, clock = parse_trust_list(targets["keys-1-0"], allow_test_keys=False)
    assert issuer.index_range == (0, 19_999)
    assert clock.kinds == frozenset({100})


def test_revoked_index_reaches_the_device_as_a_delta(central: Path, device: Device) -> None:
    """After a publish the device finds a delta from the base to the newest version."""
    device.look(NOW)
    revoke(central, [5, 9], NOW + MINUTE)
    delta = decode_delta(device.look(NOW + MINUTE)["d-7-1-2"])
    assert delta.changes == {5: StatusBits.REVOKED, 9: StatusBits.REVOKED}


def test_restored_index_is_said_to_be_valid(central: Path, device: Device) -> None:
    """Un-revocation reaches a device that has the revocation, and one that never had it."""
    revoke(central, [5], NOW + MINUTE)
    revoke(central, [5], NOW + 10 * MINUTE, StatusBits.VALID)
    targets = device.look(NOW + 10 * MINUTE)
    assert decode_delta(targets["d-7-2-3"]).changes == {5: StatusBits.VALID}
    assert decode_delta(targets["d-7-1-3"]).changes == {5: StatusBits.VALID}


def test_publish_without_changes_only_says_that_it_is_the_newest(
    central: Path, device: Device
) -> None:
    """The timestamp gets a new version and time; the lists and the snapshot stay as they are."""
    before = device.look(NOW)
    with open_city(central, means(NOW + MINUTE)) as city:
        old = city.repository.state()
        new = city.publish()
    assert device.look(NOW + MINUTE) == before
    assert new.timestamp.signed.version == old.timestamp.signed.version + 1
    assert new.issued_at == old.issued_at + 60
    assert new.snapshot == old.snapshot


def test_signatures_live_as_long_as_their_role(central: Path) -> None:
    """Timestamp a day, snapshot and rev a week, targets 90 days, root a year."""
    with open_city(central, means(NOW)) as city:
        state = city.repository.state()
    expiries = (state.timestamp, state.snapshot, state.rev, state.targets, state.root)
    days = [(part.signed.expires - NOW).days for part in expiries]
    assert days == [1, 7, 7, 90, 365]


def test_online_signatures_are_renewed_in_time(central: Path, device: Device) -> None:
    """A city where nothing happens for a month stays readable by publishing daily."""
    for day in range(1, 31):
        with open_city(central, means(NOW + day * DAY)) as city:
            city.publish()
    assert "base-7-1-0" in device.look(NOW + 30 * DAY)


def test_what_nobody_renews_expires(device: Device) -> None:
    """A device takes nothing from a city that has not published for a day."""
    with pytest.raises(ExpiredMetadataError):
        device.look(NOW + DAY + MINUTE)


def test_base_is_made_anew_each_week(central: Path, device: Device) -> None:
    """After seven days the newest map stands in a base of its own; old steps lead there."""
    revoke(central, [5], NOW + MINUTE)
    revoke(central, [6], NOW + 7 * DAY)
    targets = device.look(NOW + 7 * DAY)
    assert decode_part(targets["base-7-3-0"])[1] == 0b00_01_01_00
    assert "base-7-1-0" not in targets
    assert decode_delta(targets["d-7-2-3"]).changes == {6: StatusBits.REVOKED}


def sign_with_stolen_keys(central: Path, name: str, body: bytes) -> None:
    """What a thief of the whole online folder can publish."""
    target = TargetFile.from_data(name, body, ["sha256"])
    with open_city(central, means(NOW + MINUTE)) as city:
        edition = Edition(city.repository.state())
        edition.after.rev.signed.targets[name] = target
        edition.is_changed[REV] = True
        city.repository.publish(edition, city.online_keys(), NOW + MINUTE)
        (city.repository.targets / file_name(target)).write_bytes(body)


@pytest.mark.parametrize("name", ["keys-2-0", "policy-2", "rules-2", "approve-00", "issued-00"])
def test_online_keys_cannot_publish_what_sticks_sign(
    name: str, central: Path, device: Device
) -> None:
    """A target outside the limits of the delegation is not found, though it is signed."""
    sign_with_stolen_keys(central, name, b"{}")
    updater = device.updater(NOW + MINUTE)
    assert updater.get_targetinfo(name) is None
    assert updater.get_targetinfo("base-7-1-0") is not None


def test_online_key_cannot_sign_for_the_sticks(central: Path, device: Device) -> None:
    """targets.json by an online key is refused by the client, and by the city itself."""
    path = central / "repository/metadata/1.targets.json"
    forged = Metadata[Targets].from_bytes(path.read_bytes())
    forged.signatures.clear()
    forged.sign(load_key(central / "online/rev.pem").signer)
    path.write_bytes(forged.to_bytes())
    with pytest.raises(UnsignedMetadataError):
        device.look(NOW)
    with open_city(central, means(NOW)) as city, pytest.raises(CentralError, match="Restore it"):
        city.publish()


def test_clock_behind_the_last_publish_is_refused(central: Path) -> None:
    """A computer whose clock went back signs nothing: devices would see time run backwards."""
    with (
        open_city(central, means(NOW - MINUTE)) as city,
        pytest.raises(CentralError, match="clock of this computer is behind"),
    ):
        city.publish()


def test_old_files_go_a_day_after_they_were_last_named(central: Path) -> None:
    """A device in the middle of an update still gets what its timestamp names."""
    folder = central / "repository"
    revoke(central, [5], NOW + MINUTE)
    old = folder / "metadata/1.rev.json"
    revoke(central, [6], NOW + 20 * MINUTE)
    assert old.exists()
    revoke(central, [7], NOW + 2 * DAY)
    assert not old.exists()


def test_larger_map_is_a_new_version(central: Path, device: Device) -> None:
    """When a new key brings indexes, devices get a base of another version that has them."""
    with open_city(central, means(NOW + MINUTE)) as city:
        rotate_key(city, "issuer", None, 4_000)
    assert decode_part(device.look(NOW + MINUTE)["base-7-2-0"]) == bytes(6_000)


def test_quiet_week_makes_no_base(central: Path) -> None:
    """Where nothing changed the old base is the newest map, however old it is."""
    with open_city(central, means(NOW + 8 * DAY)) as city:
        before = city.repository.state().rev.signed.targets
        assert city.publish().rev.signed.targets == before


def test_new_holder_list_opens_with_the_fleet_key(central: Path, device: Device) -> None:
    """Quarantined holders reach devices encrypted; the public files do not name them."""
    ref = b"anna-ref"
    with open_city(central, means(NOW + MINUTE)) as city:
        city.change(Change(Artefact.HOLDERS, [ref], 1))
        city.publish()
    sealed = device.look(NOW + MINUTE)["holders-2-0"]
    secret = (central / "fleet.key").read_text().splitlines()[-1]
    opened = pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(secret)])
    assert decode_refs(opened) == (ref,)
    assert ref not in sealed


def test_pass_without_an_index_is_revoked_by_its_hash(central: Path, device: Device) -> None:
    """The whole list of hashes is published, and a step where that is shorter."""
    first, second = bytes(range(16)), bytes(range(16, 32))
    for number, one in enumerate((first, second), start=1):
        with open_city(central, means(NOW + number * 10 * MINUTE)) as city:
            city.change(Change(Artefact.IDS, [one], 1))
            city.publish()
    targets = device.look(NOW + 20 * MINUTE)
    assert decode_ids(targets["ids-0-3-0"]).revoked == (first, second)
    assert decode_ids(targets["ids-2-3-0"]).revoked == (second,)
