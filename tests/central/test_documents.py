"""What the sticks sign: policy, rules, approvals, issued sets; and what is refused before."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from scanner.central.city import Change, open_city
from scanner.central.documents import ISSUED_A_PART, Document, Documents
from scanner.central.edition import MAX_TARGET_BYTES
from scanner.central.errors import CentralError
from scanner.central.register import Artefact
from scanner.core.errors import UpdateError
from scanner.core.revocation import decode_refs
from scanner.core.rules import CloseZone, Extend
from scanner.core.targets import parse_policy, parse_rules
from scanner.core.trust import KeyState, parse_trust_list
from tests.central.conftest import means
from tests.central.device import Device
from tests.city import NOW

DAY = timedelta(days=1)


def seconds(days: float) -> int:
    return int((NOW + days * DAY).timestamp())


def zone_rule(rule_id: str = "park", days: float = 10) -> Document:
    return {"do": "close-zone", "id": rule_id, "not_after": seconds(days), "zones": [7]}


def add_rules(central: Path, *rules: Document, days: float = 0) -> None:
    now = NOW + days * DAY
    with open_city(central, means(now)) as city:
        for rule in rules:
            city.sign(partial(_add, rule, now))


def _add(rule: Document, now: datetime, documents: Documents, edition: object) -> None:
    documents.add_rule(rule, now)


def test_rules_reach_the_device(central: Path, device: Device) -> None:
    """Each rule that is added stands in the next version, beside those before it."""
    extend: Document = {
        "do": "extend",
        "id": "may",
        "not_after": seconds(13),
        "kinds": [1],
        "exp_from": seconds(-3),
        "exp_to": seconds(12),
        "until": seconds(33),
    }
    add_rules(central, zone_rule(), extend)
    rules = parse_rules(device.look(NOW)["rules-3"])
    assert [type(rule) for rule in rules] == [CloseZone, Extend]


def test_removed_rule_is_gone(central: Path, device: Device) -> None:
    """Removing one leaves the others; a name that is not there lists those that are."""
    add_rules(central, zone_rule("a"), zone_rule("b"))
    with open_city(central, means(NOW)) as city:
        city.sign(lambda documents, edition: documents.remove_rule("a"))
        with pytest.raises(CentralError, match=r"no rule a\. There are: b"):
            city.sign(lambda documents, edition: documents.remove_rule("a"))
    assert [rule.id for rule in parse_rules(device.look(NOW)["rules-4"])] == ["b"]


def test_rules_that_are_over_make_room(central: Path, device: Device) -> None:
    """Eight are active at most, a ninth is refused until one has ended."""
    add_rules(central, *(zone_rule(f"r{n}", days=n + 1) for n in range(8)))
    with pytest.raises(CentralError, match="8 rules are active"):
        add_rules(central, zone_rule("ninth"))
    add_rules(central, zone_rule("ninth"), days=1)
    names = [rule.id for rule in parse_rules(device.look(NOW + DAY / 2)["rules-10"])]
    assert names == [*(f"r{n}" for n in range(1, 8)), "ninth"]


@pytest.mark.parametrize("days", [-1, 0, 31.1])
def test_rule_lives_at_most_31_days(days: float, central: Path) -> None:
    """A rule that is over, or would outlive a month, is not signed."""
    with pytest.raises(CentralError, match="within 31 days"):
        add_rules(central, zone_rule(days=days))


def test_rule_of_an_unknown_form_is_refused(central: Path) -> None:
    """A missing or foreign field never gets a signature: devices would hold all rules back."""
    with pytest.raises(UpdateError, match="zones"):
        add_rules(central, {"do": "close-zone", "id": "x", "not_after": seconds(1)})
    with pytest.raises(UpdateError, match="batches"):
        add_rules(central, {**zone_rule(), "batches": [1]})


def test_two_rules_of_one_name_are_refused(central: Path) -> None:
    """A name stands for one rule."""
    with pytest.raises(CentralError, match="already"):
        add_rules(central, zone_rule(), zone_rule())


def test_policy_is_counted_and_replaced(central: Path, device: Device) -> None:
    """The next policy gets the next version whatever its file says."""
    body = json.dumps({"version": 99, "time_zone": "Asia/Omsk", "leeway_s": 5}).encode()
    with open_city(central, means(NOW)) as city:
        city.sign(lambda documents, edition: documents.set_policy(body))
    targets = device.look(NOW)
    assert parse_policy(targets["policy-2"]).leeway_s == 5
    assert "policy-1" not in targets


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"time_zone": "UTC", "colour": 1}', b'{"time_zone": 1}', b'{"a":1,"a":1}'],
)
def test_policy_that_devices_would_hold_back_is_refused(body: bytes, central: Path) -> None:
    """It is read as devices read it, before it is signed."""
    with open_city(central, means(NOW)) as city, pytest.raises(UpdateError):
        city.sign(lambda documents, edition: documents.set_policy(body))


def test_approval_names_the_target_by_its_hash(central: Path, device: Device) -> None:
    """`approve-<sha256>` stands beside what it covers, and goes with it."""
    with open_city(central, means(NOW)) as city:
        city.sign(lambda documents, edition: documents.approve(["base-7-1-0", "ids-0-1-0"]))
    targets = device.look(NOW)
    digest = sha256(targets["base-7-1-0"]).hexdigest()
    assert json.loads(targets[f"approve-{digest}"]) == {"target": "base-7-1-0", "sha256": digest}
    with open_city(central, means(NOW + DAY / 2)) as city:
        city.change(Change(Artefact.IDS, [bytes(16)], 1))
        city.publish()
        city.sign(lambda documents, edition: documents.set_rules([]))
        assert city.repository.state().names("approve-") == [f"approve-{digest}"]


def test_approval_of_nothing_is_refused(central: Path) -> None:
    """A target that is not published cannot be approved."""
    with open_city(central, means(NOW)) as city, pytest.raises(CentralError, match="no target d-9"):
        city.sign(lambda documents, edition: documents.approve(["d-9-1-2"]))


def test_large_issued_set_comes_in_parts(central: Path, device: Device) -> None:
    """A key of 100 000 passes has more hashes than a target may hold; none is lost."""
    hashes = [sha256(b"%d" % n).digest() for n in range(2 * ISSUED_A_PART + 1)]
    with open_city(central, means(NOW)) as city:
        kid = str(city.documents().trust_list()[0]["kid"])
        city.sign(lambda documents, edition: documents.set_issued(kid, hashes))
    targets = device.look(NOW)
    parts = [targets[f"issued-{kid}-{n}"] for n in range(3)]
    assert all(len(part) <= MAX_TARGET_BYTES for part in parts)
    assert {ref for part in parts for ref in decode_refs(part)} == {h[:8] for h in hashes}
    states = [key.state for key in parse_trust_list(targets["keys-2-0"], allow_test_keys=False)]
    assert states == [KeyState.ISSUED_SET, KeyState.LIVE]


def test_issued_set_of_an_unknown_key_is_refused(central: Path) -> None:
    """The kid must be on the trust list."""
    with open_city(central, means(NOW)) as city, pytest.raises(CentralError, match="no key 00"):
        city.sign(lambda documents, edition: documents.set_issued("00" * 8, []))


def test_sticks_sign_while_changes_wait(central: Path, device: Device) -> None:
    """A policy or rule goes out though revocations wait to be published."""
    with open_city(central, means(NOW)) as city:
        city.change(Change(Artefact.STATUS, [5], 1))
    add_rules(central, zone_rule())
    targets = device.look(NOW)
    assert "rules-2" in targets
    assert not any(name.startswith("d-") for name in targets)
    with open_city(central, means(NOW)) as city:
        assert city.register.pending(Artefact.STATUS).changed == 1
