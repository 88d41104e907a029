"""A box of devices: from devices.csv to boot files and cards, and by one stick without network."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from scanner.__main__ import STORE, USAGE, run
from scanner.assembly.place import standing_of
from scanner.boot.form import read_boot_file
from scanner.config import Settings
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.offer import read_card
from scanner.core.time_bounds import NEVER_SET
from scanner.store.device_key import provide_device_key
from scanner.store.enrolment import FLEET_KEY_FILE, read_enrolment
from scanner.vision.decode import decode

UNKNOWN = ClockReading(NEVER_SET, None, ClockLevel.C)
URLS = ("--url", "https://r.example:8443", "--enrol-url", "https://r.example:8444")
TABLE = """name,serial,zone,wifi_ssid,wifi_password,wifi_country
north-1,10000000abcdef01,7,Gate,secret123,DE
north-2,10000000abcdef02,8,Gate,secret123,DE
"""


class PulledOutError(BaseException):
    """The stick is gone in the middle of a write."""


@dataclass
class Box:
    """A city, a table of devices, a stick, and boards with serial numbers."""

    folder: Path
    capfd: pytest.CaptureFixture[str]

    @property
    def table(self) -> Path:
        return self.folder / "devices.csv"

    @property
    def stick(self) -> Path:
        return self.folder / "stick"

    def fleet(self, *words: object) -> tuple[int, str, str]:
        central = ["--dir", str(self.folder / "central")]
        code = run(["fleet", *(str(word) for word in words), *central])
        return (code, *self.capfd.readouterr())

    def lay_out(self) -> None:
        code, _, err = self.fleet("stick", self.stick, "--devices", self.table)
        assert (code, err) == (0, "")

    def sign(self) -> str:
        code, out, err = self.fleet("sign", self.stick, "--url", "https://r.example:8443")
        assert (code, err) == (0, "")
        return out.strip()

    def sheet(self) -> list[str]:
        code, out, _ = self.fleet("sheet", self.stick, "--html", self.folder / "sheet.html")
        assert code == 0
        return out.splitlines()

    def plug(self, number: int) -> tuple[int, str]:
        """The stick into board NUMBER; exit code, and what its journal says."""
        board = self.board(number)
        board.mkdir(exist_ok=True)
        (board / "serial").write_bytes(b"10000000abcdef%02d\0" % number)
        code = run([
            "fleet", "plug", str(self.stick), "--serial-file", str(board / "serial"), "--etc",
            str(board / "etc"), "--network", str(board / "network"), "--modprobe",
            str(board / "modprobe"), "--state", str(self.state(number)), "--lamps", "0",
        ])  # fmt: skip
        return code, "".join(self.capfd.readouterr())

    def board(self, number: int) -> Path:
        return self.folder / f"board-{number}"

    def state(self, number: int) -> Path:
        return self.board(number) / "state"


@pytest.fixture
def box(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Box:
    """A city that was founded elsewhere, and two devices to be."""
    (tmp_path / "central").mkdir()
    (tmp_path / "central/fleet.key").write_text("AGE-SECRET-KEY-1EXAMPLE\n")
    (tmp_path / "devices.csv").write_text(TABLE)
    return Box(tmp_path, capfd)


def codes_in(page: str) -> list[bytes]:
    """What a camera reads of the pictures of a page."""
    pictures = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", page)
    found = list[bytes]()
    for picture in pictures:
        raw = np.frombuffer(b64decode(picture), np.uint8)
        image = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE)
        assert image is not None
        found += decode(np.asarray(image, np.uint8))
    return found


def test_each_device_gets_a_boot_file_and_a_card(box: Box) -> None:
    """Both hold the same offer, the device takes the one and its camera reads the other."""
    out = box.folder / "cards"
    code, said, err = box.fleet("make", box.table, "--out", out, *URLS)
    assert (code, err) == (0, "")
    assert "2 boot files and cards" in said
    tokens = set()
    for name in ("north-1", "north-2"):
        boot = read_boot_file((out / name / "checkpoint.toml").read_bytes(), UNKNOWN)
        (shown,) = codes_in((out / name / "card.html").read_text("utf-8"))
        assert boot.card is not None
        assert read_card(shown) == read_card(boot.card)
        assert boot.wifi is not None
        tokens.add(read_card(shown).token)
        assert ((out / name / "checkpoint.toml").stat().st_mode & 0o777) == 0o600
    assert len(tokens) == 2
    page = (out / "cards.html").read_text("utf-8")
    assert {read_card(code).token for code in codes_in(page)} == tokens
    assert page.count("<li>") == 2 * 5


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("north-3,10000000abcdef01,7,,,", "line 4, column serial: line 2 has it already"),
        ("north-3,,99999,,,", "line 4, column zone: a whole number from 0 to 65535"),
    ],
)
def test_one_wrong_row_and_nothing_is_made(row: str, says: str, box: Box) -> None:
    """No folder, no half of one, and no token that would be good for a week."""
    box.table.write_text(TABLE + row + "\n")
    code, _, err = box.fleet("make", box.table, "--out", box.folder / "cards", *URLS)
    assert (code, says in err) == (USAGE, True)
    assert sorted(os.listdir(box.folder)) == ["central", "devices.csv"]
    assert run(["central", "--dir", str(box.folder / "central"), "device", "tokens"]) == 0
    assert box.capfd.readouterr().out == "No card and no code was made.\n"


def test_second_run_replaces_cards_only_on_purpose(box: Box) -> None:
    """Two good cards for one checkpoint would be one too many."""
    for name, more, wanted in (("a", (), 0), ("b", (), USAGE), ("c", ("--replace",), 0)):
        code, _, err = box.fleet("make", box.table, "--out", box.folder / name, *URLS, *more)
        assert code == wanted
        assert (box.folder / name).exists() is (wanted == 0)
    assert "is waiting already" not in err
    assert run(["central", "--dir", str(box.folder / "central"), "device", "tokens"]) == 0
    said = box.capfd.readouterr().out.split()
    assert (said.count("cancelled"), said.count("waiting")) == (2, 2)


def test_folder_that_is_there_is_not_touched(box: Box) -> None:
    """It may hold the cards of yesterday."""
    (box.folder / "cards").mkdir()
    code, _, err = box.fleet("make", box.table, "--out", box.folder / "cards", *URLS)
    assert (code, "is there already" in err) == (USAGE, True)


def test_one_stick_serves_a_box(box: Box) -> None:
    """In, beep, next; signed at the city; in again, done: with place, Wi-Fi and fleet key."""
    box.lay_out()
    assert [box.plug(number)[0] for number in (1, 2)] == [0, 0]
    assert box.sheet()[-1] == "0 done, 2 to be signed, 0 with reason"
    assert box.sign() == "0 done, 2 to be plugged in again, 0 with reason"
    for number in (1, 2):
        assert box.plug(number) == (0, f"10000000abcdef0{number}: enrolled; done.\n")
        assert standing_of(Settings(), box.state(number)).checkpoint.zone == 6 + number
        assert (box.state(number) / FLEET_KEY_FILE).exists()
        assert "secret123" in (box.board(number) / "network/scanner-wifi.nmconnection").read_text()
    assert box.sheet() == ["2 done, 0 with reason"]
    assert "<h1>2 done, 0 with reason</h1>" in (box.folder / "sheet.html").read_text()
    assert box.sign() == "2 done, 0 with reason"
    assert box.plug(1)[0] == 0


def test_sheet_tells_who_is_not_done_and_why(box: Box) -> None:
    """A board of another box, one that was not plugged in, one that was done."""
    box.lay_out()
    assert box.plug(1)[0] == 0
    assert box.plug(9)[0] == USAGE
    box.sign()
    box.plug(1)
    lines = box.sheet()
    assert lines[-1] == "1 done, 1 not plugged in yet, 1 with reason"
    (reason,) = (line for line in lines if "10000000abcdef09" in line)
    assert "Add this board to devices.csv" in reason
    (waiting,) = (line for line in lines if line.startswith("north-2"))
    assert waiting.endswith("plug in")


def test_board_that_was_not_on_the_stick_comes_in_later(box: Box) -> None:
    """Its reason goes when it is done."""
    box.lay_out()
    box.plug(3)
    box.table.write_text(TABLE + "north-3,10000000abcdef03,7,,,\n")
    box.lay_out()
    assert box.plug(3)[0] == 0
    box.sign()
    assert box.plug(3)[0] == 0
    assert "1 done" in box.sheet()[-1]


def test_request_of_a_foreign_board_is_not_signed(box: Box) -> None:
    """Who puts a file on the stick does not get a device into the city."""
    box.lay_out()
    box.plug(1)
    request = (box.stick / "requests/10000000abcdef01.json").read_bytes()
    (box.stick / "requests/10000000abcdef77.json").write_bytes(request)
    (box.stick / "requests/evil.json").write_bytes(request)
    (box.stick / "requests/10000000abcdef02.json").write_bytes(b"{}")
    assert box.sign() == "0 done, 1 to be plugged in again, 2 with reason"
    assert sorted(os.listdir(box.stick / "answers")) == ["10000000abcdef01.json"]


def test_answer_of_another_board_is_not_taken(box: Box) -> None:
    """Two files that were exchanged enrol nobody; the boards ask again, and get their own."""
    box.lay_out()
    for number in (1, 2):
        box.plug(number)
    box.sign()
    answers = [box.stick / f"answers/10000000abcdef0{number}.json" for number in (1, 2)]
    first, second = (path.read_bytes() for path in answers)
    answers[0].write_bytes(second)
    answers[1].write_bytes(first)
    for number in (1, 2):
        assert "request written" in box.plug(number)[1]
        assert read_enrolment(box.state(number)) is None
    box.sign()
    assert [box.plug(number)[1].endswith("done.\n") for number in (1, 2)] == [True, True]


def test_reinstalled_board_asks_and_is_signed_anew(box: Box) -> None:
    """Its keys are others now, and the old answer is of no use to it."""
    box.lay_out()
    box.plug(1)
    box.sign()
    for path in box.state(1).iterdir():
        path.unlink()
    assert "request written" in box.plug(1)[1]
    assert "1 to be plugged in again" in box.sign()
    assert "done" in box.plug(1)[1]


@pytest.mark.parametrize("mark", [None, b"{}", b'{"scanner_stick": 2}'])
def test_other_sticks_are_left_alone(mark: bytes | None, box: Box) -> None:
    """Nothing is written to what is not the stick of a box."""
    box.stick.mkdir()
    if mark is not None:
        (box.stick / "stick.json").write_bytes(mark)
    assert box.plug(1)[0] == USAGE
    assert len(os.listdir(box.stick)) == (mark is not None)
    assert not box.state(1).exists()


@contextmanager
def pulled_after(steps: int, stick: Path, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The stick goes at its write number `steps`; what was not renamed is half there."""
    left = [steps]
    real_rename, real_open = Path.rename, os.open

    def step(path: Path) -> None:
        if stick in path.parents:
            if not left[0]:
                raise PulledOutError
            left[0] -= 1

    def rename(path: Path, target: Path) -> Path:
        step(path)
        return real_rename(path, target)

    def opened(path: Any, flags: int, *mode: Any, **named: Any) -> int:
        if flags & os.O_CREAT:
            try:
                step(Path(path))
            except PulledOutError:
                Path(path).write_bytes(b"hal")
                raise
        return real_open(path, flags, *mode, **named)

    with patch.context() as context:
        context.setattr(Path, "rename", rename)
        context.setattr(os, "open", opened)
        yield


def interrupted(
    visit: Callable[[], object], box: Box, patch: pytest.MonkeyPatch, most: int = 12
) -> int:
    """The visit, cut off at each of its writes, then whole; returns how many cuts there were."""
    for steps in range(most):
        try:
            with pulled_after(steps, box.stick, patch):
                visit()
            return steps
        except PulledOutError:
            continue
    raise AssertionError("the visit never ends")


def test_stick_may_be_pulled_at_any_write(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put in once more it goes on: keys stay the same, no file is half there."""
    box.lay_out()
    assert interrupted(lambda: box.plug(1), box, monkeypatch) >= 2
    key = provide_device_key(box.state(1)).private_bytes_raw()
    assert "1 to be plugged in again" in box.sign()
    assert interrupted(lambda: box.plug(1), box, monkeypatch) >= 2
    assert provide_device_key(box.state(1)).private_bytes_raw() == key
    assert box.sheet()[-1] == "1 done, 1 not plugged in yet, 0 with reason"
    parts = [path for path in box.stick.rglob("*.part") if path.stat().st_size]
    assert not parts


def test_full_stick_is_told(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the journal, since nothing can be written on it."""
    box.lay_out()
    monkeypatch.setattr("scanner.assembly.stick.os.fsync", _no_space)
    code, said = box.plug(1)
    assert (code, "full or locked" in said) == (STORE, True)


def _no_space(descriptor: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give itself up")
def test_root_gives_itself_up_before_it_makes_keys(box: Box) -> None:
    """What reads an answer from a stick runs as the owner of the state folder."""
    box.lay_out()
    for folder in (*box.folder.parents, box.folder):
        if folder.stat().st_uid == 0 and "pytest" in str(folder):
            folder.chmod(0o755)
    for path in (box.stick, *box.stick.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    box.state(1).mkdir(parents=True)
    os.chown(box.state(1), 12345, 12346)
    child = os.fork()
    if not child:
        os._exit(box.plug(1)[0])
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    owners = {path.name: path.stat().st_uid for path in box.state(1).iterdir()}
    assert set(owners.values()) == {12345}
    assert {"device.key", "tls.key"} <= owners.keys()
    assert (box.board(1) / "etc/checkpoint.toml").stat().st_uid == 0
