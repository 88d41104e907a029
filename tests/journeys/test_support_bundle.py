"""Nothing secret and nobody is found in a support bundle, wherever it was planted on the device.

Passes go past the loop; keys, tokens, Wi-Fi, plates and names stand in settings, databases, file
names, journal and kernel, in places where a bundle looks and in the middle of lines that it knows.
"""

from __future__ import annotations

import json
import logging
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from scanner.core.enrolment import EnrolmentAnswer, encode_answer
from scanner.core.events import Event, Export
from scanner.core.signed_log import device_of, public_bytes
from scanner.core.upload import RetryState
from scanner.doctor.bundle import Sources, contents, members, write_bundle
from scanner.doctor.parts import PARTS
from scanner.doctor.sayings import KERNEL, OURS, PRINTED, SYSTEMD
from scanner.doctor.subject import Subject
from scanner.store.database import LISTS, STATE, connect
from scanner.store.device_key import provide_device_key
from scanner.store.enrolment import keep_answer, provide_tls_key
from tests import pki
from tests.doctor.test_units import Systemd
from tests.journeys.booth import Booth, MakeBooth
from tests.journeys.test_canaries import canary, let_pass
from tests.journeys.traces import Traces, search, spellings, traces_of
from tests.sync.sealed import SealedDevice

PEOPLE = 20
PLANTED = {
    "plate": "К456МХ177",
    "plate in Latin letters": "K456MX177",
    "name": "Quentin Qanaryson",
    "token": "tok_7Kq3F9QXDmZ2v",
    "code": "7K3F-9QXD",
    "Wi-Fi name": "CheckpointWifi-Q9",
    "Wi-Fi password": "correct-horse-Q9!",
    "fleet key": "AGE-SECRET-KEY-1QQPQANARY0QQQQ",
    "address": "user:pa55Q@lists.example",
    "checkpoint": "north-Q9-gate",
    "case": "case-Q9-1234",
}
SECRETS = " ".join(PLANTED.values())
# Devices find them elsewhere than the parts that need hardware and seconds.
LOOKED_AT = tuple(part for part in PARTS if part.name not in ("camera", "pins", "reader", "server"))


def all_traces(state: Path) -> Traces:
    """Passes, what was planted, and the private keys of the device, in every spelling."""
    found: dict[bytes, str] = {}
    for number in range(PEOPLE):
        found |= traces_of(str(number), canary(number).decode())
    values = {what: text.encode() for what, text in PLANTED.items()}
    values["device key"] = provide_device_key(state).private_bytes_raw()
    number = provide_tls_key(state).private_numbers().private_value
    values["key for TLS"] = number.to_bytes(32, "big")
    for what, value in values.items():
        for spelling, pattern in spellings(value):
            found[pattern] = f"{what}, {spelling}"
    return found


def plant_in_state(booth: Booth) -> None:
    """In databases, in file names, beside them, and in the chain."""
    state = booth.state
    device = SealedDevice(state, provide_device_key(state).private_bytes_raw())
    with closing(device):
        device.now = booth.clock.now().earliest
        export = Export("00" * 16, 0, 1, PLANTED["fleet key"], PLANTED["case"], PLANTED["name"])
        device.note(Event(export))
        device.queue.keep_retry(RetryState(3, 60.0, "", 0.0), f"The server says {SECRETS}.")
    with closing(connect(state, LISTS)) as db:
        row = (1_588_150_000, f"Look at {SECRETS}")
        db.execute("INSERT INTO fault (at, words) VALUES (?, ?)", row)
    with closing(connect(state, STATE)) as db:
        db.execute("INSERT INTO floor VALUES (?, ?)", (SECRETS, 1))
    (state / f"outbox.db.damaged-{PLANTED['token']}").write_text(SECRETS)


def break_enrolment(state: Path) -> None:
    """Damaged, with everything in it."""
    (state / "enrolment.json").write_text(json.dumps({"url": SECRETS, "token": SECRETS}))


def enrol(state: Path) -> None:
    """With a city whose server has a token in its address."""
    device = device_of(public_bytes(provide_device_key(state)))
    ca, key = pki.Authority(PLANTED["name"]), provide_tls_key(state).public_key()
    address = f"https://{PLANTED['token']}.example/{PLANTED['Wi-Fi password']}"
    certificates = (ca.issue(key, device.hex()),)
    answer = EnrolmentAnswer(device, address, certificates, ca.certificate, bytes(32), 1)
    keep_answer(state, encode_answer(answer))


def plant_in_settings(path: Path) -> Path:
    path.write_text(
        f'fleet_key = "{PLANTED["fleet key"]}"\n[checkpoint]\nid = "{PLANTED["checkpoint"]}"\n'
        f'[updates]\nurl = "https://{PLANTED["address"]}/{PLANTED["token"]}"\n'
        '[pins]\nfactory = "mock"\n'
    )
    return path


def journal() -> Iterator[str]:
    """Known lines with everything in their gaps, and lines that nobody knows."""
    texts = [
        saying.replace("%s", SECRETS).replace("%d", "7") for saying in (*OURS, *PRINTED, *SYSTEMD)
    ]
    texts += [SECRETS, f"token {SECRETS}", canary(3).decode(), f"clock: {canary(4).decode()}"]
    for text in texts:
        yield json.dumps(
            {
                "__REALTIME_TIMESTAMP": "1588150000000000",
                "_SYSTEMD_UNIT": "scanner.service",
                "_HOSTNAME": SECRETS,
                "MESSAGE": text,
            }
        )


def kernel() -> Iterator[str]:
    gaps = {"%s": SECRETS, "%d": "7", "%p": "1-1.4", "%x": "046d"}
    for saying in (*KERNEL, "%s", "wlan0: associated with %s"):
        for gap, text in gaps.items():
            saying = saying.replace(gap, text)
        yield f"[    1.000000] {saying}"


def answer(command: Sequence[str]) -> str:
    """journalctl and dmesg of this device."""
    return "\n".join(journal() if command[0] == "journalctl" else kernel())


def found_in(path: Path, traces: Traces) -> list[str]:
    """In the file as it is, in each member, and in what a member would be without compression."""
    with zipfile.ZipFile(path) as archive:
        bodies = {name: archive.read(name) for name in archive.namelist()}
    bodies["names"] = "\n".join(bodies).encode()
    bodies["the file itself"] = path.read_bytes()
    return [
        f"{name}: {traces[hit]}" for name, body in bodies.items() for hit in search(body, traces)
    ]


@pytest.fixture(params=[break_enrolment, enrol])
def device(request: pytest.FixtureRequest, make_booth: MakeBooth, tmp_path: Path) -> Subject:
    """Twenty people went past, and everything is planted."""
    booth = make_booth()
    provide_device_key(booth.state)
    provide_tls_key(booth.state)
    let_pass(booth, [canary(number) for number in range(PEOPLE)])
    plant_in_state(booth)
    request.param(booth.state)
    booth.close()
    return Subject(plant_in_settings(tmp_path / "checkpoint.toml"), booth.state)


def test_bundle_holds_nothing_secret_and_nobody(
    device: Subject, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Searched raw, in hex and in every base, in the file and in each of its members."""
    traces = all_traces(device.state)
    systemd = Systemd(scanner={"ActiveState": SECRETS, "Result": SECRETS, "StatusText": SECRETS})
    with caplog.at_level(logging.DEBUG):
        chosen = members(device, Sources(systemd, answer, LOOKED_AT))
        write_bundle(tmp_path / "b.zip", chosen)
    assert found_in(tmp_path / "b.zip", traces) == []
    said = "\n".join(contents(chosen)) + caplog.text
    assert search(said.encode(), traces) == set()


def test_bundle_is_not_empty_for_all_that(device: Subject, tmp_path: Path) -> None:
    """What an engineer needs is there: numbers, states, and the known parts of lines."""
    write_bundle(tmp_path / "b.zip", members(device, Sources(Systemd(), answer, LOOKED_AT)))
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        told = {name: archive.read(name).decode() for name in archive.namelist()}
    log = json.loads(told["log.json"])
    assert log["events"] == {"Export": 1}
    assert log["upload"] | {"attempts": 3, "has_fault": True} == log["upload"]
    assert json.loads(told["lists.json"])["faults_at"] == [1_588_150_000]
    assert "scanner.service: a check failed: …" in told["journal.txt"]
    assert "lines were left out" in told["journal.txt"]
    assert "1 s: hwmon hwmon7: Undervoltage detected!" in told["kernel.txt"]
    assert '{"id": "E-STORE", "grade": "ok", "found": "outbox.db whole"}' in told["doctor.jsonl"]


def test_search_finds_what_is_planted_in_a_member(device: Subject, tmp_path: Path) -> None:
    """A search that finds nothing proves something only if it could have found it."""
    traces = all_traces(device.state)
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (what, text) in enumerate(PLANTED.items()):
            archive.writestr(f"{number}", f"{what} {text.encode().hex()}")
    hits = found_in(tmp_path / "b.zip", traces)
    assert {hit.partition(": ")[2] for hit in hits} >= {f"{what}, hex" for what in PLANTED}
