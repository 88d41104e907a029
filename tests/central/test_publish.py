"""What the city publishes, as python-tuf's own client reads it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from scanner.central.city import Means, open_city
from scanner.central.register import Artefact
from scanner.core.revocation import StatusBits, decode_delta, decode_ids, decode_part
from scanner.core.targets import parse_policy, parse_rules
from scanner.core.trust import parse_trust_list
from tests.central.conftest import Dice
from tests.central.device import Device
from tests.city import NOW

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def test_first_lists_are_read_by_a_device(device: Device) -> None:
    """A founded city has published every list, each in the form that devices take."""
    targets = device.look(NOW)
    assert sorted(targets) == [
        "base-7-1-0",
        "holders-1",
        "ids-0-1",
        "keys-1-0",
        "policy-1",
        "rules-1",
    ]
    assert decode_part(targets["base-7-1-0"]) == bytes(5_000)
    assert decode_ids(targets["ids-0-1"]).revoked == ()
    assert parse_policy(targets["policy-1"]).time_zone == "Europe/Moscow"
    assert parse_rules(targets["rules-1"]) == ()
    issuer, clock = parse_trust_list(targets["keys-1-0"], allow_test_keys=False)
    assert issuer.index_range == (0, 19_999)
    assert clock.kinds == frozenset({100})


def test_revoked_index_reaches_the_device_as_a_delta(central: Path, device: Device) -> None:
    """After a publish the device finds a delta from the base to the newest version."""
    device.look(NOW)
    later = NOW + MINUTE
    with open_city(central, Means(later, Dice())) as city:
        city.register.change(Artefact.STATUS, [5, 9], StatusBits.REVOKED, later)
        city.publish()
    delta = decode_delta(device.look(later)["d-7-1-2"])
    assert delta.changes == {5: StatusBits.REVOKED, 9: StatusBits.REVOKED}
