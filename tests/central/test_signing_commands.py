"""`scanner central` as a shell sees it: what sticks sign, what is carried, what is told."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.core.rules import Grace, QuarantineBatch, QuarantineDates, QuarantineDistrict
from scanner.core.targets import parse_rules
from scanner.core.time_code import open_time_code
from tests.central.desk import ANNA, LATER, Central, done, issue, read_picture, trust
from tests.central.device import Device
from tests.city import NOW

RULES = {
    "grace": (Grace, ["--kind", 1, "--seconds", 3600]),
    "quarantine-batch": (QuarantineBatch, ["--batch", 3]),
    "quarantine-district": (QuarantineDistrict, ["--district", 12]),
    "quarantine-dates": (
        QuarantineDates,
        ["--kind", 1, "--iat-from", "2020-04-01T00:00:00Z", "--iat-to", "2020-04-02T00:00:00Z"],
    ),
}


@pytest.mark.parametrize("do", RULES)
def test_rule_is_added_listed_removed(do: str, scanner: Central, device: Device) -> None:
    """Each type with its options; at the device it is the rule that was meant."""
    form, options = RULES[do]
    done(scanner("rule", "add", do, "r1", "--not-after", "2020-05-12T00:00:00Z", *options))
    (rule,) = parse_rules(device.look(LATER)["rules-2"])
    assert type(rule) is form
    assert json.loads(done(scanner("rule", "list")))["id"] == "r1"
    done(scanner("rule", "remove", "r1"))
    assert done(scanner("rule", "list")) == ""


def test_rule_without_its_fields_is_refused(scanner: Central) -> None:
    """The missing field is named."""
    code, _, err = scanner("rule", "add", "grace", "g", "--not-after", "2020-05-12T00:00:00Z")
    assert code == 64
    assert "kinds" in err or "seconds" in err


def test_policy_is_shown_changed_and_set(scanner: Central, device: Device, tmp_path: Path) -> None:
    """What `show` prints can be edited and set again."""
    shown = json.loads(done(scanner("policy", "show")))
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({**shown, "leeway_s": 7}))
    assert "policy-2 is signed" in done(scanner("policy", "set", file))
    assert json.loads(device.look(LATER)["policy-2"])["leeway_s"] == 7


def test_sticks_are_named_with_offline(scanner: Central, central: Path, tmp_path: Path) -> None:
    """Moved to sticks, keys are found where --offline says; without them the way on is said."""
    safe = tmp_path / "media"
    shutil.move(central / "offline", safe)
    code, _, err = scanner("end-regime", "2020-06-01T00:00:00Z", "--yes")
    assert code == 64
    assert "root is signed by 3 of 5 keys, and 0 of them are here" in err
    sticks = [word for n in (1, 3, 5) for word in ("--offline", safe / f"stick-{n}")]
    done(scanner("end-regime", "2020-06-01T00:00:00Z", "--yes", *sticks))
    assert "regime ends  2020-06-01T00:00:00Z" in done(scanner("status"))


def test_end_of_the_regime_is_asked_for(
    scanner: Central, central: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is signed when the answer is no."""
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda prompt: "n")
    assert scanner("end-regime", "2020-06-01T00:00:00Z")[0] == 130
    assert not (central / "repository/metadata/2.root.json").exists()


def test_bundle_command_writes_a_stick(scanner: Central, device: Device, tmp_path: Path) -> None:
    """A device reads the folder three weeks later."""
    out = done(scanner("bundle", tmp_path / "stick"))
    assert "readable until 2020-05-29" in out
    assert "base-7-1-0" in device.look(LATER + timedelta(days=21), tmp_path / "stick")


def test_issued_set_and_next_key(scanner: Central, device: Device) -> None:
    """After a leak: the set is out, the next key is made, the leaked one issues nothing."""
    issue(scanner)
    kid = next(iter(trust(device).keys)).hex()
    assert f"1 passes of {kid} stay good" in done(scanner("issued-set", kid))
    assert f"issued-{kid}" in device.look(LATER)
    assert "rotate-key issuer" in scanner("issue", "work", *ANNA)[2]
    assert "The new key is" in done(scanner("rotate-key", "issuer", "--indexes", 50))
    assert scanner("issued-set", "no-kid")[0] == 64


def test_time_code_verifies(scanner: Central, device: Device, tmp_path: Path) -> None:
    """The core opens it with the published trust list; a pass is no time code."""
    out = done(scanner("time-code", "--out", tmp_path / "now.png"))
    assert open_time_code(out.strip().encode(), trust(device)) == LATER
    assert read_picture(tmp_path / "now.png") == [out.strip().encode()]
    assert len(done(scanner("time-code")).splitlines()) > 15


def test_status_tells_what_waits_and_expires(scanner: Central) -> None:
    """Versions, numbers, expiries; a timestamp that has run out is said to be so."""
    issue(scanner)
    done(scanner("revoke", 0, "--no-publish"))
    out = done(scanner("status", "--all"))
    assert "status       version 1, 1 listed, 1 waiting" in out
    assert "target       base-7-1-0 " in out
    assert "EXPIRED" in done(scanner("status", at=NOW + timedelta(days=2)))


def test_key_is_rotated_by_command(scanner: Central, central: Path, device: Device) -> None:
    """The file is named, and devices follow."""
    device.look(NOW)
    assert f"{central}/online/snapshot.pem" in done(scanner("rotate-key", "snapshot"))
    assert "base-7-1-0" in device.look(LATER)
    assert scanner("rotate-key", "root-9")[0] == 64


def test_publish_warns_before_the_sticks_must_sign(scanner: Central) -> None:
    """Two weeks before the end of the 90 days the journal of the timer says what to do."""
    assert scanner("publish", at=NOW + timedelta(days=70))[2] == ""
    err = scanner("publish", at=NOW + timedelta(days=80))[2]
    assert "targets end in 10 days" in err
    assert "policy set" in err
