"""`scanner central` as a shell sees it, on real folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner.__main__ import run
from scanner.central.register import Register
from scanner.commands.central_desk import show_progress
from scanner.core.clock import ClockReading
from scanner.core.formats import open_pass
from scanner.core.revocation import StatusBits, decode_delta, decode_ids
from scanner.core.rules import Grace, QuarantineBatch, QuarantineDates, QuarantineDistrict
from scanner.core.targets import parse_rules
from scanner.core.time_code import open_time_code
from scanner.core.trust import TrustList, parse_trust_list
from scanner.vision.decode import decode
from tests.central.device import Device
from tests.city import NOW

Said = tuple[int, str, str]
Central = Callable[..., Said]

LATER = NOW + timedelta(minutes=10)
ANNA = ("--document", "45 08 123456", "--initials", "А.Б.", "--born", "0912")


@pytest.fixture
def scanner(central: Path, capfd: pytest.CaptureFixture[str]) -> Central:
    """Runs `scanner central …` at a moment; gives exit code, output and errors."""

    def call(*arguments: object, at: datetime = LATER) -> Said:
        words = ["central", "--dir", central, "--at", at.isoformat(), *arguments]
        code = run([str(word) for word in words])
        return (code, *capfd.readouterr())

    return call


def done(said: Said) -> str:
    """The output of a command that must succeed."""
    code, out, err = said
    assert code == 0, err
    return out


def issue(scanner: Central, *arguments: object, kind: str = "work") -> dict[str, object]:
    answer: dict[str, object] = json.loads(
        done(scanner("issue", kind, *ANNA, "--json", *arguments))
    )
    return answer


def read_picture(path: Path) -> list[bytes]:
    """What the checkpoint's reader sees."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return decode(np.asarray(image, np.uint8))


def trust(device: Device, now: datetime = LATER) -> TrustList:
    targets = device.look(now)
    (name,) = (name for name in targets if name.startswith("keys-"))
    return TrustList.of(parse_trust_list(targets[name], allow_test_keys=False))


def test_init_founds_a_city(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One command makes a folder that a device can read from; the output says what to do next."""
    folder = tmp_path / "made"
    words = ["central", "--dir", str(folder), "--at", NOW.isoformat(), "init", "--issuer", "a"]
    assert run(words) == 0
    out = capfd.readouterr().out
    assert "five sticks" in out
    assert "fleet.key" in out
    assert "base-1-1-0" in Device(folder / "repository", tmp_path / "device").look(NOW)
    assert run(words) == 64
    assert "already" in capfd.readouterr().err


def test_issue_prints_a_pass_that_verifies(scanner: Central, device: Device) -> None:
    """The text opens with the published trust list, as its options say."""
    issued = issue(scanner, "--plate", "а123вс77", "--zone", 1, "--window", "mon-fri/06:00-22:00")
    read = open_pass(str(issued["text"]).encode(), trust(device), ClockReading.exact(LATER))
    assert (read.plate, read.zones, read.index) == ("A123BC77", frozenset({1}), issued["index"])
    window = read.windows[0]
    assert (window.weekdays, window.from_min, window.to_min) == (31, 360, 1320)
    assert read.expires - read.not_before == timedelta(days=45)


def test_issue_draws_pictures(scanner: Central, tmp_path: Path) -> None:
    """PNG and SVG at once; the PNG is read back by the checkpoint's reader."""
    png, svg = tmp_path / "a.png", tmp_path / "a.svg"
    out = done(scanner("issue", "work", *ANNA, "--out", png, "--out", svg))
    assert "index 0, printed id 0" in out
    (payload,) = read_picture(png)
    assert payload.startswith(b"MP1:")
    assert svg.read_text().startswith("<svg")


def test_issue_shows_the_code_in_the_terminal(scanner: Central) -> None:
    """Without --out the code itself is printed, and the printed id below it."""
    assert len(done(scanner("issue", "transit", *ANNA)).splitlines()) > 20


def test_issue_asks_for_what_is_missing(scanner: Central, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document's number typed at the prompt stands in no history of commands."""
    asked: list[str] = []

    def answer(text: str, *_: object, **__: object) -> str:
        asked.append(text)
        return {"Number of the document": "4508123456", "Initials": "А.Б."}.get(text, "0912")

    monkeypatch.setattr("click.core.prompt", answer)
    assert "index 0" in done(scanner("issue", "work"))
    assert asked == ["Number of the document", "Initials", "Born (DDMM)"]


def test_third_personal_pass_is_refused(scanner: Central) -> None:
    """The shell sees exit code 64 and the sentence for the clerk."""
    for day in ("2020-04-29", "2020-04-30"):
        issue(scanner, "--day", day, kind="personal")
    code, out, err = scanner("issue", "personal", *ANNA, "--day", "2020-05-01")
    assert (code, out) == (64, "")
    assert "another week" in err


@pytest.mark.parametrize(
    ("command", "bits"), [("revoke", StatusBits.REVOKED), ("suspend", StatusBits.SUSPENDED)]
)
def test_taken_back_and_restored(
    command: str, bits: StatusBits, scanner: Central, device: Device
) -> None:
    """At once at the device; and a restored pass is valid there again."""
    issued = issue(scanner)
    out = done(scanner(command, issued["printed_id"]))
    assert "1 of 1 passes" in out
    assert "Published as number 2" in out
    assert decode_delta(device.look(LATER)["d-7-1-2"]).changes == {0: bits}
    done(scanner("restore", issued["index"], at=LATER + timedelta(minutes=1)))
    delta = device.look(LATER + timedelta(minutes=1))["d-7-1-3"]
    assert decode_delta(delta).changes == {0: StatusBits.VALID}


def test_revoke_takes_a_file(scanner: Central, device: Device, tmp_path: Path) -> None:
    """One pass a line, by index, printed id or hash."""
    first, second = issue(scanner), issue(scanner)
    listed = tmp_path / "annulled.txt"
    listed.write_text(f"{first['index']}\n{second['printed_id']}\n{'ab' * 16}\n")
    assert "3 of 3 passes revoked" in done(scanner("revoke", "--file", listed))
    targets = device.look(LATER)
    assert set(decode_delta(targets["d-7-1-2"]).changes) == {0, 1}
    assert decode_ids(targets["ids-0-2-0"]).revoked == (b"\xab" * 16,)


def test_revocation_can_wait(scanner: Central, device: Device) -> None:
    """--no-publish leaves the lists as they are until `publish`."""
    issue(scanner)
    assert "Not published yet" in done(scanner("revoke", 0, "--no-publish"))
    assert "d-7-1-2" not in device.look(LATER)
    assert "Published as number 2" in done(scanner("publish"))
    assert "d-7-1-2" in device.look(LATER)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("77", "index 77 was ever issued"),
        ("Иванов", "no index, printed id or hash"),
        ("0400-0000-MTFN-N76B-5", "another issuer, of number 1"),
    ],
)
def test_pass_that_is_none_is_refused(word: str, text: str, scanner: Central) -> None:
    """A slip of the pen never revokes somebody else's pass."""
    code, _, err = scanner("revoke", word)
    assert code == 64
    assert text in err


def test_change_beyond_the_breaker_is_refused(
    scanner: Central, central: Path, tmp_path: Path
) -> None:
    """It says both ways on; with the option it goes out, and `approve` signs it."""
    register = Register(central)
    lines = [(n, b"k", b"%d" % n, 1, b"ref", 0, 0, 0) for n in range(201)]
    register.db.executemany("INSERT INTO issued VALUES (?, ?, ?, ?, ?, ?, ?, ?)", lines)
    register.close()
    listed = tmp_path / "annulled.txt"
    listed.write_text("\n".join(str(n) for n in range(201)))
    code, _, err = scanner("revoke", "--file", listed)
    assert code == 64
    assert "--beyond-breaker" in err
    done(scanner("revoke", "--file", listed, "--beyond-breaker"))
    out = done(scanner("approve"))
    assert "Approved: base-7-2, d-7-1-2, holders-1, ids-0-1." in out


def test_quarantine_and_release(scanner: Central, device: Device) -> None:
    """By the index of a pass, by reference or by document: the same person each time."""
    issue(scanner)
    assert "quarantined." in done(scanner("quarantine", 0))
    assert "quarantined already" in done(scanner("quarantine", "--document", "4508123456"))
    assert "released." in done(scanner("release", "--document", "4508123456"))
    assert "holders-3-0" in device.look(LATER)
    assert scanner("quarantine")[0] == 64
    assert scanner("quarantine", 0, "--document", "4508123456")[0] == 64


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


def test_folder_without_a_city(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Every command sends to `init` first."""
    assert run(["central", "--dir", str(tmp_path), "publish"]) == 64
    assert "scanner central init" in capfd.readouterr().err


def test_publish_warns_before_the_sticks_must_sign(scanner: Central) -> None:
    """Two weeks before the end of the 90 days the journal of the timer says what to do."""
    assert scanner("publish", at=NOW + timedelta(days=70))[2] == ""
    err = scanner("publish", at=NOW + timedelta(days=80))[2]
    assert "targets end in 10 days" in err
    assert "policy set" in err


def test_long_work_shows_a_bar_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The steps are the same either way; a journal gets no bar."""
    assert list(show_progress(range(3), 3, "Map")) == [0, 1, 2]
    assert capfd.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert list(show_progress(range(3), 3, "Map")) == [0, 1, 2]
    assert "Map" in capfd.readouterr().err


def test_nothing_is_signed_that_cannot_be_drawn(scanner: Central, tmp_path: Path) -> None:
    """A wrong ending is refused before an index is used up."""
    assert scanner("issue", "work", *ANNA, "--out", tmp_path / "pass.gif")[0] == 64
    assert issue(scanner)["index"] == 0


def test_index_is_said_before_the_picture_is_written(scanner: Central, tmp_path: Path) -> None:
    """When the disk refuses the picture, the clerk knows which pass to revoke."""
    code, out, err = scanner("issue", "work", *ANNA, "--out", tmp_path / "none/pass.png")
    assert code == 64
    assert out.startswith("index 0")
    assert "cannot be written" in err
