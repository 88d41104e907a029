"""A supervisor's request on a stick: answered once, for those who may, and without a trace else."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scanner.assembly.logs import Pulled, pull
from scanner.config import CheckpointTable, Settings
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import LogError
from scanner.core.reasons import Reason
from scanner.core.request import PullRequest
from scanner.core.signed_log import device_of, public_bytes
from scanner.logs.age import make_identity
from scanner.logs.files import open_book
from scanner.store.device_key import provide_device_key
from scanner.store.migrations import migrate
from tests.assembly.kept import MORNING, exports, is_whole, keep
from tests.core.chains import NONCE, device_key

NOW = ClockReading.exact(MORNING)
SETTINGS = Settings(checkpoint=CheckpointTable(id="tower"))
CASE = "2 UJs 12/20"


def ask(state: Path, **changes: object) -> PullRequest:
    """Anna asks this device for everything, for six hours."""
    device = device_of(public_bytes(provide_device_key(state)))
    request = PullRequest(
        device=device, since=0, until=2**31, recipient="", nonce=NONCE,
        expires=int((MORNING + timedelta(hours=6)).timestamp()), case="", supervisor="Anna",
    )  # fmt: skip
    return replace(request, **changes)  # type: ignore[arg-type]  # the names are the caller's


class Stick:
    """A folder with requests, and the key that opens what comes back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "stick"
        self.folder.mkdir()
        secret, self.recipient = make_identity()
        self.identity = folder / "anna.age"
        self.identity.write_text(secret)

    def put(self, request: PullRequest, name: str = "monday.request", signer: str = "Anna") -> None:
        to = replace(request, recipient=request.recipient or self.recipient)
        (self.folder / name).write_bytes(to.sign(device_key(signer)))

    def pull(self, state: Path, now: ClockReading = NOW) -> list[Pulled]:
        return list(pull(self.folder, state, SETTINGS, now))


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    return Stick(tmp_path)


@pytest.mark.parametrize("case", ["", CASE])
def test_request_of_a_supervisor_is_answered(state: Path, stick: Stick, case: str) -> None:
    """With a file that Anna alone can open, and that is whole; her name stands in the chain."""
    request = ask(state, case=case)
    stick.put(request)
    (pulled,) = stick.pull(state)
    assert pulled.answer is not None
    assert pulled.answer.name == f"monday-{request.device.hex()}.jsonl.age"
    book = open_book(pulled.answer, stick.identity)
    assert is_whole(book)
    assert book.heading.supervisor == "Anna"
    (volume,) = book.volumes()
    assert bool(volume.log.records) is bool(case)
    (noted,) = exports(state)
    assert (noted.supervisor, noted.nonce, noted.case) == ("Anna", NONCE, case)
    assert noted.recipient == stick.recipient[:16]


def test_nothing_unencrypted_is_on_the_stick(state: Path, stick: Stick) -> None:
    """Whatever was written there is of age."""
    stick.put(ask(state, case=CASE))
    stick.pull(state)
    answers = [path for path in stick.folder.iterdir() if path.suffix != ".request"]
    assert [path.read_bytes()[:21] for path in answers] == [b"age-encryption.org/v1"]
    assert all(b"bridge" not in path.read_bytes() for path in answers)


@pytest.mark.parametrize(
    ("changes", "signer", "why"),
    [
        ({"supervisor": "Boris"}, "Boris", "not signed by a supervisor"),
        ({}, "Boris", "not signed by a supervisor"),
        ({"device": b"stranger"}, "Anna", "another device"),
        ({"expires": int(MORNING.timestamp())}, "Anna", "expired"),
        ({"expires": int(MORNING.timestamp()) + 90_000}, "Anna", "longer than 24 hours"),
        ({"recipient": "age1nobody"}, "Anna", "no age recipient"),
    ],
)
def test_request_that_may_not_be_answered_leaves_no_trace(
    state: Path, stick: Stick, changes: dict[str, object], signer: str, why: str
) -> None:
    """Nothing is written, nothing noted; the reason is said."""
    stick.put(ask(state, **changes), signer=signer)
    (pulled,) = stick.pull(state)
    assert pulled.answer is None
    assert why in pulled.words
    assert [path.name for path in stick.folder.iterdir()] == ["monday.request"]
    assert exports(state) == []


def test_clock_that_cannot_tell_refuses_and_says_what_to_do(state: Path, stick: Stick) -> None:
    """After a time code the same request is answered."""
    stick.put(ask(state))
    (pulled,) = stick.pull(state, ClockReading(MORNING, None, ClockLevel.C))
    assert pulled.answer is None
    assert "Scan a time code" in pulled.words
    assert stick.pull(state)[0].answer is not None


def test_request_is_answered_once(state: Path, stick: Stick) -> None:
    """The chain remembers, also after the file was moved aside as damaged."""
    stick.put(ask(state))
    assert stick.pull(state)[0].answer is not None
    assert "before" in stick.pull(state)[0].words
    (state / "outbox.db").rename(state / "outbox.db.damaged-1")
    migrate(state)
    assert "before" in stick.pull(state)[0].words


def test_each_request_is_judged_by_itself(state: Path, stick: Stick) -> None:
    """One that is garbage does not stop the next."""
    (stick.folder / "a.request").write_bytes(b"garbage")
    (stick.folder / "b.request").write_bytes(bytes(10_000))
    stick.put(ask(state), "c.request")
    stick.put(ask(state, nonce="ff" * 16, device=b""), "d.request")
    assert [pulled.answer is not None for pulled in stick.pull(state)] == [
        False, False, True, True
    ]  # fmt: skip


def test_stick_without_requests_is_an_error(state: Path, stick: Stick) -> None:
    """Other files and links count for nothing."""
    (stick.folder / "notes.txt").write_text("x")
    os.symlink("/etc/passwd", stick.folder / "x.request")
    with pytest.raises(LogError, match="No request"):
        stick.pull(state)
    with pytest.raises(LogError, match="cannot be read"):
        list(pull(stick.folder / "no", state, SETTINGS, NOW))


def test_link_on_a_stick_is_not_followed(state: Path, stick: Stick, tmp_path: Path) -> None:
    """An answer goes beside the request, and nowhere else."""
    target = tmp_path / "elsewhere"
    target.write_text("mine")
    request = ask(state)
    for name in (f"monday-{request.device.hex()}.jsonl.age",):
        os.symlink(target, stick.folder / name)
        os.symlink(target, stick.folder / f"{name}.part")
    stick.put(request)
    (pulled,) = stick.pull(state)
    assert pulled.answer is not None
    assert not pulled.answer.is_symlink()
    assert target.read_text() == "mine"


def test_device_without_lists_trusts_no_supervisor(tmp_path: Path, stick: Stick) -> None:
    """It has no policy that could name one."""
    migrate(tmp_path / "bare")
    keep(tmp_path / "bare", MORNING, [[Reason.OK] * 9])
    stick.put(ask(tmp_path / "bare"))
    assert "not signed by a supervisor" in stick.pull(tmp_path / "bare")[0].words
