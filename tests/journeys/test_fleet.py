"""A box of devices: from devices.csv to boot files and cards, and by one stick without network."""

from __future__ import annotations

import os
import re
from base64 import b64decode

import cv2
import numpy as np
import pytest

from scanner.__main__ import USAGE, run
from scanner.assembly.place import standing_of
from scanner.boot.form import read_boot_file
from scanner.config import Settings
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.offer import read_card
from scanner.core.time_bounds import NEVER_SET
from scanner.store.enrolment import FLEET_KEY_FILE
from scanner.vision.decode import decode
from tests.journeys.box import TABLE, Box

UNKNOWN = ClockReading(NEVER_SET, None, ClockLevel.C)
URLS = ("--url", "https://r.example:8443", "--enrol-url", "https://r.example:8444")


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
