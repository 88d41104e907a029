"""P1: many people go past a device, and nobody of them is found in anything that it leaves.

Folder, WAL, temporary files, log lines, upload traffic, the city's database, exports and the report
are searched for names, ids, plates and signatures, for their hashes, and for their hashes under
every key on the device, in raw, hex and base encodings. `sh tests/run.sh privacy` sends 10 000.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scanner.__main__ import run
from scanner.central.ingest import Ingest
from scanner.central.ledger import Device, open_ledger
from scanner.core.batch import unpack_body
from scanner.core.claims import Movement
from scanner.core.receipt import pad_answer
from scanner.core.signed_log import public_bytes
from scanner.core.upload import Reply
from tests.journeys.booth import Booth, MakeBooth, pass_number
from tests.journeys.traces import Traces, search, search_folder, traces_of, values_of
from tests.sync.pushing import Pusher
from tests.sync.sealed import SERVER_KEY, SealedDevice

QUICK, ALL = 150, 10_000
SEED = b"d" * 32
# The key of this boot under which passes are remembered for ten minutes, as the booth has it.
MEMORY_KEY = bytes(32)


def canary(number: int) -> bytes:
    """The pass of somebody who is nobody else."""
    own: dict[int, object] = {
        Movement.INDEX: 100 + number % 500,
        Movement.HOLDER: [f"Q.{number:05}", f"19{number % 97:02}0417", f"8{number:05}"],
        Movement.HOLDER_REF: f"rf{number:06}".encode(),
    }
    return pass_number(number, own)


def traces_under(keys: list[bytes], number: int, payload: bytes) -> Iterator[tuple[bytes, str]]:
    """The traces of one canary; its values are also looked for as HMACs under each key."""
    yield from traces_of(str(number), payload.decode()).items()
    for what, value in values_of(payload.decode()):
        for place, key in enumerate(keys):
            digest = hmac.digest(key, value, "sha256")[:8]
            for spelling in (digest, digest.hex().encode()):
                yield spelling, f"{number}: {what} under key {place}"


def let_pass(booth: Booth, payloads: list[bytes]) -> None:
    """One after the other, a second apart."""
    for payload in payloads:
        booth.scan(payload)
        booth.scene.codes = ()
        booth.turn(1.0)


class City:
    """The city's real ingest, without a network between."""

    def __init__(self, folder: Path, device: SealedDevice) -> None:
        self.database = folder / "city.db"
        self.ledger = open_ledger(str(self.database))
        with self.ledger.book() as book:
            book.keep_device(Device(public_bytes(device.key), 0, 2**33, None, None))
        self._ingest = Ingest(self.ledger, SERVER_KEY, lambda: device.now)

    def post(self, body: bytes) -> Reply:
        return Reply(200, pad_answer(self._ingest.take(body)))


def send_all(booth: Booth) -> tuple[list[bytes], Path]:
    """Seal and send everything; the bodies, and where the city keeps the records."""
    pusher = Pusher(booth.state)
    pusher.device.now = booth.clock.now().earliest
    pusher.device.seal(whole=True)
    folder = booth.state.parent / "city"
    folder.mkdir()
    city = City(folder, pusher.device)
    pusher.script.last = city.post
    with closing(city.ledger):
        while pusher.device.queue.status().segments:
            pusher.tick()
    pusher.device.close()
    return pusher.script.bodies, city.database


def export_all(state: Path, out: Path) -> None:
    """Everything that supervisors can get from a device."""
    out.mkdir()
    for form in ("csv", "jsonl", "sqlite"):
        for words in ((), ("--raw", "--case", "7")):
            name = out / f"{form}{len(words)}.{form}"
            code = run(["logs", "export", str(state), "--format", form, "--out", str(name), *words])
            assert code == 0
    assert run(["logs", "report", str(out / "jsonl0.jsonl"), "--html", str(out / "r.html")]) == 0
    assert run(["logs", "verify", str(out / "sqlite3.sqlite")]) == 0


def search_all(booth: Booth, count: int, log: pytest.LogCaptureFixture, said: str) -> list[str]:
    """What of the people was found, by place; the search is known to find what is there."""
    pem = booth.state / "device.key"
    keys = [SEED, pem.read_bytes(), MEMORY_KEY, public_bytes(SERVER_KEY)]
    traces: Traces = dict(
        pair for number in range(count) for pair in traces_under(keys, number, canary(number))
    )
    hits = search_folder(booth.state.parent, traces)
    hits["what was logged"] = search(log.text.encode(), traces)
    hits["what was said"] = search(said.encode(), traces)
    return [f"{name}: {traces[hit]}" for name, found in hits.items() for hit in found]


def journey(
    make_booth: MakeBooth,
    count: int,
    log: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> list[str]:
    """The whole way of so many people's records, and what is found of them."""
    booth = make_booth()
    (booth.state / "device.key").write_bytes(
        SealedDevice(booth.state, SEED).key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    )
    with log.at_level(logging.DEBUG):
        let_pass(booth, [canary(number) for number in range(count)])
        assert len(booth.records()) == count
        bodies, _ = send_all(booth)
        booth.close()
        export_all(booth.state, booth.state.parent / "exports")
    assert (booth.state / "outbox.db").exists()
    for place, body in enumerate(bodies):
        (booth.state.parent / f"body-{place}").write_bytes(body)
        for number, part in enumerate(unpack_body(body).parts):
            (booth.state.parent / f"part-{place}-{number}").write_bytes(part.segment + part.records)
    return search_all(booth, count, log, "".join(capfd.readouterr()))


def test_nobody_is_found_in_anything_that_is_left(
    make_booth: MakeBooth,
    temporary: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """From the scan to the city's database and the report: no trace of anybody."""
    assert journey(make_booth, QUICK, caplog, capfd) == []


@pytest.mark.slow
def test_ten_thousand_people_leave_no_trace(
    make_booth: MakeBooth,
    temporary: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The same for a long day."""
    assert journey(make_booth, ALL, caplog, capfd) == []


def test_search_finds_a_hash_under_a_key_of_the_device(tmp_path: Path) -> None:
    """A search that finds nothing proves something only if it could have found it."""
    payload = canary(3)
    value = dict(values_of(payload.decode()))["cti"]
    traces: Traces = dict(traces_under([SEED], 3, payload))
    (tmp_path / "dump").write_bytes(bytes(99) + hmac.digest(SEED, value, "sha256") + bytes(9))
    (found,) = search_folder(tmp_path, traces)["dump"]
    assert traces[found] == "3: cti under key 0"
