"""`scanner enrol` and `scanner upload`, as a technician and a timer run them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scanner.commands import upload
from scanner.core.enrolment import EnrolmentAnswer, encode_answer, read_request
from scanner.core.events import SetAside
from scanner.core.segment import read_segment
from scanner.core.signed_log import public_bytes
from scanner.store.device_key import provide_device_key
from scanner.store.enrolment import read_enrolment
from scanner.store.outbox import SqliteOutbox
from scanner.sync.push import PushReport
from tests import pki
from tests.commands.conftest import Run
from tests.house.test_startup import ELSEWHERE, PICTURES, RUN_COMMAND, modules_after
from tests.sync.sealed import SERVER_KEY, MemoryServer, SealedDevice
from tests.sync.tls_server import City, Handler, Send, TlsServer, response, serve

LONG = pki.BEGIN + 80 * pki.YEAR


@dataclass
class Office:
    """A city that answers requests, and its server."""

    city: City
    server: TlsServer
    memory: MemoryServer
    config: Path
    state: Path

    @property
    def arguments(self) -> tuple[object, ...]:
        return ("--config", self.config, "--state", self.state)

    def answer(self, request: Path, out: Path, issued_at: int = 1_588_150_000) -> Path:
        """As `scanner central device enrol` does."""
        asked = read_request(request.read_bytes())
        certificate = self.city.ca.issue(asked.tls_key, asked.device.hex(), end=LONG)
        answer = EnrolmentAnswer(
            device=asked.device,
            url=self.server.url,
            certificates=(certificate,),
            ca=self.city.ca.certificate,
            receipt_key=public_bytes(SERVER_KEY),
            issued_at=issued_at,
        )
        out.write_bytes(encode_answer(answer))
        return out


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short waits are slept through by nobody here."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def keeping(memory: MemoryServer) -> Handler:
    """What a server in order answers."""

    def handle(request: bytes, send: Send) -> None:
        status, answer = memory.take(request.partition(b"\r\n\r\n")[2])
        send(response(answer, f"{status} x"))

    return handle


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A server that is there, and settings of a device that belongs to nobody yet."""
    folder = tmp_path / "city"
    folder.mkdir()
    city, memory = City(folder, pki.Authority(end=LONG)), MemoryServer()
    config = tmp_path / "checkpoint.toml"
    config.write_text('checkpoint.id = "gate-7"\npins.factory = "mock"\n')
    with serve(city.server_context(end=LONG), keeping(memory)) as server:
        yield Office(city, server, memory, config, tmp_path / "state")


@pytest.fixture
def enrolled(scanner: Run, office: Office, tmp_path: Path) -> Office:
    """After the way there and back."""
    request, answer = tmp_path / "request.json", tmp_path / "answer.json"
    assert scanner("enrol", "request", request, "--state", office.state)[0] == 0
    office.answer(request, answer)
    assert scanner("enrol", "accept", answer, "--state", office.state)[0] == 0
    return office


def sealed(state: Path, records: int) -> None:
    """So many records in the log of the enrolled device."""
    device = SealedDevice(state, provide_device_key(state).private_bytes_raw())
    device.scan(records)
    device.seal(whole=True)
    device.close()


def test_enrolment_goes_there_and_back(scanner: Run, office: Office, tmp_path: Path) -> None:
    """Two files; the device then says with whom it is, and until when."""
    request, answer = tmp_path / "request.json", tmp_path / "answer.json"
    code, out, err = scanner("enrol", "request", request, "--state", office.state)
    assert (code, err) == (0, "")
    device = read_request(request.read_bytes()).device.hex()
    assert out == f"Device {device} asks to be enrolled: take {request} to the city.\n"
    office.answer(request, answer)
    code, out, _ = scanner("enrol", "accept", answer, "--state", office.state)
    assert code == 0
    assert f"Device {device} is enrolled with {office.server.url}" in out
    assert f"until {LONG:%Y-%m-%d}" in out


def test_private_keys_do_not_leave_the_device(enrolled: Office, tmp_path: Path) -> None:
    """Neither is in the request, in PEM or in bytes."""
    said = (tmp_path / "request.json").read_text()
    assert "PRIVATE" not in said
    for name in ("device.key", "tls.key"):
        body = "".join((enrolled.state / name).read_text().splitlines()[1:-1])
        assert body[20:60] not in said
    assert set(json.loads(said)) == {"version", "ed25519", "csr", "signature"}


def test_answer_for_another_device_is_refused(
    scanner: Run, enrolled: Office, tmp_path: Path
) -> None:
    """With what to do, and without a change."""
    other = tmp_path / "other"
    scanner("enrol", "request", tmp_path / "other.json", "--state", other)
    code, _, err = scanner("enrol", "accept", tmp_path / "answer.json", "--state", other)
    assert code == 64
    assert "its own device" in err
    assert read_enrolment(other) is None


def test_records_go_up_and_are_told(scanner: Run, enrolled: Office) -> None:
    """One tick; the next one sends a body, too, though nothing is new."""
    sealed(enrolled.state, 30)
    code, out, err = scanner("upload", *enrolled.arguments)
    assert (code, err) == (0, "")
    assert out == "1 segments sent; the server has this log up to segment 1, record 30.\n"
    assert sorted(enrolled.memory.written) == list(range(1, 31))
    assert scanner("upload", *enrolled.arguments)[0] == 0
    assert len(enrolled.server.requests) == 2


def test_upload_is_a_light_process(enrolled: Office) -> None:
    """Each minute, beside the loop: no picture, no list, no web server, no migration is loaded."""
    arguments = [str(each) for each in ("upload", *enrolled.arguments)]
    checkout = Path(__file__).resolve().parents[2]
    loaded = modules_after(RUN_COMMAND.format(arguments=arguments), checkout)
    assert {"ssl", "urllib3", "scanner.sync.push"} <= loaded
    assert loaded & (PICTURES - {"cryptography", "sqlite3"} | ELSEWHERE) == set()
    assert loaded & {"tuf", "requests", "asyncio", "starlette", "uvicorn", "sqlite_utils"} == set()
    assert len(enrolled.server.requests) == 1


def test_device_of_nobody_sends_nothing(scanner: Run, office: Office) -> None:
    """Exit 3, as doctor has it; records stay."""
    scanner("migrate", "--state", office.state)
    sealed(office.state, 3)
    code, _, err = scanner("upload", *office.arguments)
    assert code == 3
    assert err.startswith("scanner: Enrol this device first")
    assert SqliteOutbox(office.state).waiting() == 3


def test_device_that_stands_alone_sends_nothing(scanner: Run, enrolled: Office) -> None:
    """Its log is pulled, also where it was enrolled once."""
    enrolled.config.write_text("standalone = true\n")
    code, out, _ = scanner("upload", *enrolled.arguments)
    assert (code, "stands alone" in out) == (0, True)
    assert enrolled.server.requests == []


def test_network_that_is_away_is_tried_again(scanner: Run, enrolled: Office) -> None:
    """Exit 75, and why; what waits goes on waiting."""
    answer = read_enrolment(enrolled.state)
    assert answer is not None
    text = (enrolled.state / "enrolment.json").read_text()
    (enrolled.state / "enrolment.json").write_text(
        text.replace(enrolled.server.url, "https://127.0.0.1:9")
    )
    code, _, err = scanner("upload", *enrolled.arguments)
    assert code == 75
    assert "Check the network" in err


def test_refused_batch_is_exit_1_and_stands_in_the_chain(
    scanner: Run, enrolled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the checkpoint of the settings in the segment that tells of it."""
    sealed(enrolled.state, 3)
    monkeypatch.setattr(enrolled.memory, "take", lambda body: (400, b""))
    code, _, err = scanner("upload", *enrolled.arguments)
    assert code == 1
    assert "Segments 1 to 1 were refused (status 400)" in err
    device = SealedDevice(enrolled.state)
    rows = device.queue._db.execute("SELECT signed FROM segment ORDER BY number").fetchall()
    last = read_segment(rows[-1][0])
    assert [event.body for event in last.events] == [SetAside(1, 1, 400)]
    assert last.checkpoint == "gate-7"


def test_another_server_gets_all_that_is_left(
    scanner: Run, enrolled: Office, tmp_path: Path
) -> None:
    """With --anew, what one server has receipted goes to the next as well."""
    sealed(enrolled.state, 30)
    scanner("upload", *enrolled.arguments)
    older = enrolled.answer(tmp_path / "request.json", tmp_path / "older.json", 1_000_000_000)
    assert scanner("enrol", "accept", older, "--state", enrolled.state)[0] == 64
    code, _, _ = scanner("enrol", "accept", older, "--anew", "--state", enrolled.state)
    assert code == 0
    enrolled.memory.segments.clear()
    enrolled.memory.records.clear()
    code, out, _ = scanner("upload", *enrolled.arguments)
    assert (code, "up to segment 1, record 30" in out) == (0, True)
    assert len(enrolled.memory.written) == 60


def test_answer_that_is_not_there_is_usage(scanner: Run, office: Office) -> None:
    """64, and no state folder comes of it."""
    code, _, _ = scanner("enrol", "accept", office.state / "no.json", "--state", office.state)
    assert code == 64


def test_backlog_shows_a_bar_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The journal gets lines, and a few heartbeats are no backlog."""
    for total, is_terminal in ((500, False), (3, True)):
        monkeypatch.setattr(sys.stdout, "isatty", lambda is_terminal=is_terminal: is_terminal)
        with upload._progress(total) as watch:
            watch(2)
        assert capsys.readouterr().out == ""
    with upload._progress(500) as watch:
        watch(500)
    assert "500/500" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (PushReport(bodies=1), 0),
        (PushReport(wait_s=30), 0),
        (PushReport(fault="Check the network.", wait_s=30), 75),
        (PushReport(fault="Ask.", aside=[SetAside(1, 2, 400)]), 1),
    ],
)
def test_exit_code_says_how_it_went(report: PushReport, code: int) -> None:
    """A refused batch counts more than what is tried again by itself."""
    assert upload.exit_code(report) == code
    assert all(line.endswith(".") for line in upload.lines(report))
