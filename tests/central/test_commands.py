"""`scanner central` as a shell sees it, on real folders: founding and the counter."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from scanner.__main__ import run
from scanner.commands.central_desk import show_progress
from scanner.core.clock import ClockReading
from scanner.core.formats import open_pass
from tests.central.desk import ANNA, LATER, Central, done, issue, read_picture, trust
from tests.central.device import Device
from tests.city import NOW


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


def test_folder_without_a_city(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Every command sends to `init` first."""
    assert run(["central", "--dir", str(tmp_path), "publish"]) == 64
    assert "scanner central init" in capfd.readouterr().err


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


def test_long_work_shows_a_bar_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The steps are the same either way; a journal gets no bar."""
    assert list(show_progress(range(3), 3, "Map")) == [0, 1, 2]
    assert capfd.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert list(show_progress(range(3), 3, "Map")) == [0, 1, 2]
    assert "Map" in capfd.readouterr().err
