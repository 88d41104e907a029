"""`scanner logs` as a shell sees it: exit codes, words, and what it refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from scanner.logs.age import make_identity
from scanner.logs.files import Book, Format, open_book, write_file
from scanner.logs.volume import Wish
from tests.logs.conftest import Run
from tests.logs.made import CASE, Made, a_day

DAY = "2020-04-29"


def a_book(case: str = "") -> Book:
    return Made([a_day()], Wish(case=case)).book()


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """An export of counts."""
    return written(tmp_path / "cells.jsonl", a_book())


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """An export for a case."""
    return written(tmp_path / "records.sqlite", a_book(CASE), Format.SQLITE)


def written(path: Path, book: Book, form: Format = Format.JSONL, recipient: str = "") -> Path:
    write_file(path, form, book.heading, book.volumes(), recipient)
    return path


def spoilt(path: Path) -> Path:
    """One cell says one more."""
    lines = path.read_text().splitlines(keepends=True)
    place = next(place for place, line in enumerate(lines) if '"what":"cell"' in line)
    del lines[place]
    path.write_text("".join(lines))
    return path


def test_verify_says_that_nothing_is_missing(scanner: Run, cells: Path, records: Path) -> None:
    """Of each file, with exit code 0."""
    code, out, err = scanner("logs", "verify", cells, records)
    assert (code, err) == (0, "")
    assert str(cells) in out
    assert "accounted for" in out
    assert "intact" in out
    assert out.endswith("Nothing is missing.\n")


def test_verify_says_what_is_wrong_and_goes_on(
    scanner: Run, cells: Path, records: Path, tmp_path: Path
) -> None:
    """A damaged file, garbage, a file that is not there: exit code 2, and the rest is checked."""
    (tmp_path / "garbage").write_bytes(bytes(100))
    code, out, _ = scanner(
        "logs", "verify", spoilt(cells), tmp_path / "garbage", tmp_path / "gone", records
    )
    assert code == 2
    assert "FORGED; the cells are not those that the device has signed" in out
    assert "no export that can be checked" in out
    assert "cannot be read" in out
    assert "intact" in out
    assert out.endswith("NOT WHOLE: see above.\n")


def test_folder_that_is_no_device_is_named(scanner: Run, tmp_path: Path) -> None:
    """With what to name instead."""
    code, out, _ = scanner("logs", "verify", tmp_path)
    assert code == 2
    assert "state folder" in out


def test_encrypted_file_needs_its_key(scanner: Run, tmp_path: Path) -> None:
    """For verify, report and open alike."""
    secret, recipient = make_identity()
    key = tmp_path / "anna.age"
    key.write_text(secret)
    file = written(tmp_path / "log.age", a_book(), recipient=recipient)
    for command in (
        ["verify", file],
        ["report", file, "--html", tmp_path / "page.html"],
        ["open", file, "--no-serve", "--db", tmp_path / "logs.sqlite"],
    ):
        assert scanner("logs", *command)[0] != 0
        assert scanner("logs", *command, "--identity", key)[0] == 0


def test_report_says_when_something_is_wrong(scanner: Run, cells: Path, tmp_path: Path) -> None:
    """The page is written all the same, and says so, too."""
    page = tmp_path / "page.html"
    code, out, _ = scanner("logs", "report", spoilt(cells), "--html", page)
    assert code == 2
    assert "NOT WHOLE" in out
    assert "Not whole." in page.read_text()


def test_report_is_in_the_time_of_the_place(scanner: Run, cells: Path, tmp_path: Path) -> None:
    """As the file says, or as it is told."""
    page = tmp_path / "page.html"
    scanner("logs", "report", cells, "--html", page)
    assert "(Europe/Moscow)" in page.read_text()
    scanner("logs", "report", cells, "--html", page, "--time-zone", "Asia/Yekaterinburg")
    assert "(Asia/Yekaterinburg)" in page.read_text()
    code, _, err = scanner("logs", "report", cells, "--html", page, "--time-zone", "Mars/Base")
    assert code == 64
    assert "is no time zone" in err


@pytest.mark.parametrize("options", [["--raw"], ["--case", CASE]])
def test_small_groups_need_the_word_and_the_number(
    scanner: Run, records: Path, tmp_path: Path, options: list[str]
) -> None:
    """Neither is enough by itself."""
    for command in (
        ["report", records, "--html", tmp_path / "page.html"],
        ["export", records, "--out", tmp_path / "log"],
    ):
        code, _, err = scanner("logs", *command, *options)
        assert code == 64
        assert "--raw --case NUMBER" in err


def test_small_groups_are_for_the_case_of_the_file(
    scanner: Run, cells: Path, records: Path, tmp_path: Path
) -> None:
    """Not for another, and not for one that was never noted."""
    page = tmp_path / "page.html"
    for file, case in ((records, "another"), (cells, CASE)):
        code, _, err = scanner("logs", "report", file, "--html", page, "--raw", "--case", case)
        assert code == 64
        assert "was not exported for case" in err
    assert scanner("logs", "report", records, "--html", page, "--raw", "--case", CASE)[0] == 0


def test_folder_of_a_device_is_exported_first(scanner: Run, tmp_path: Path) -> None:
    """What is taken from a device is noted there."""
    for command in (["report", tmp_path, "--html", tmp_path / "x"], ["open", tmp_path]):
        code, _, err = scanner("logs", *command)
        assert code == 64
        assert "scanner logs export" in err


def test_page_that_cannot_be_written_is_an_error_of_ours(
    scanner: Run, cells: Path, tmp_path: Path
) -> None:
    """With what to do."""
    code, _, err = scanner("logs", "report", cells, "--html", tmp_path / "no" / "page.html")
    assert code == 64
    assert "Name another place" in err


def test_open_writes_the_database_and_its_dashboards(
    scanner: Run, cells: Path, records: Path, tmp_path: Path
) -> None:
    """And says where; exit code 2 when something is missing."""
    db = tmp_path / "logs.sqlite"
    code, out, _ = scanner("logs", "open", cells, records, "--db", db, "--no-serve")
    assert code == 0
    assert "2 files merged" in out
    assert db.exists()
    assert (tmp_path / "logs.metadata.json").exists()
    assert scanner("logs", "open", spoilt(cells), "--db", db, "--no-serve")[0] == 2


def test_less_of_a_file_keeps_its_chain(scanner: Run, cells: Path, tmp_path: Path) -> None:
    """And nobody has signed the choice, which `verify` and the report say."""
    out = tmp_path / "less"
    code, said, _ = scanner(
        "logs", "export", cells, "--outcome", "refuse", "--out", out, "--format", "sqlite"
    )
    assert (code, said) == (0, f"{out}: counts from five up, not encrypted.\n")
    code, said, _ = scanner("logs", "verify", out)
    assert code == 0
    assert "a choice from another export, which nobody has signed" in said
    page = tmp_path / "page.html"
    scanner("logs", "report", out, "--html", page)
    assert "a choice from another export" in page.read_text()
    (volume,) = open_book(out).volumes()
    assert {cell.kind.outcome.name for cell in volume.cells if cell.kind.outcome} == {"REFUSE"}
    assert open_book(out).heading.is_selection


def test_whole_file_in_another_format_stays_signed(
    scanner: Run, cells: Path, tmp_path: Path
) -> None:
    """Nothing was left out, so the digest still fits."""
    out = tmp_path / "same"
    scanner("logs", "export", cells, "--out", out, "--format", "sqlite")
    assert not open_book(out).heading.is_selection
    assert scanner("logs", "verify", out)[0] == 0


def test_records_become_counts_for_who_may_not_see_them(
    scanner: Run, records: Path, tmp_path: Path
) -> None:
    """Of a file for a case, without --raw."""
    out = tmp_path / "counts"
    assert scanner("logs", "export", records, "--out", out)[0] == 0
    (volume,) = open_book(out).volumes()
    assert volume.log.records == {}
    assert scanner("logs", "verify", out)[0] == 0
    sheet = tmp_path / "counts.csv"
    scanner("logs", "export", records, "--out", sheet, "--format", "csv")
    assert "count" in sheet.read_text("utf-8-sig").splitlines()[0]


def test_records_of_a_case_become_a_sheet(scanner: Run, records: Path, tmp_path: Path) -> None:
    """Of the time and outcome that are asked for."""
    sheet = tmp_path / "case.csv"
    code, _, _ = scanner(
        "logs", "export", records, "--raw", "--case", CASE, "--outcome", "refuse",
        "--since", f"{DAY}T09:00:00+00:00", "--until", f"{DAY}T10:00:00+00:00",
        "--format", "csv", "--out", sheet,
    )  # fmt: skip
    rows = list(csv.DictReader(sheet.read_text("utf-8-sig").splitlines()))
    assert code == 0
    assert {row["outcome"] for row in rows} == {"REFUSE"}
    assert {row["at (UTC)"][11:13] for row in rows} == {"09"}


def test_records_cannot_be_had_from_counts(scanner: Run, cells: Path, tmp_path: Path) -> None:
    """They are not in the file."""
    code, _, err = scanner(
        "logs", "export", cells, "--raw", "--case", CASE, "--out", tmp_path / "log"
    )
    assert code == 64
    assert "was not exported for case" in err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--since", "yesterday"], "neither a day"),
        (["--since", f"{DAY}T09:00"], "no offset"),
        (["--since", DAY, "--until", DAY], "--since must be before --until"),
        (["--raw", "--case", CASE, "--outcome", "refuse"], "cannot be verified"),
        (["--outcome", "party"], "party"),
        (["--to", "age1nobody"], "no age recipient"),
    ],
)
def test_wrong_usage_is_said_and_writes_nothing(
    scanner: Run, records: Path, tmp_path: Path, options: list[str], why: str
) -> None:
    """Exit code 64."""
    out = tmp_path / "log"
    code, _, err = scanner("logs", "export", records, "--out", out, *options)
    assert code == 64
    assert why in " ".join(err.split())
    assert not out.exists()


def test_source_that_is_nothing_is_an_error_of_ours(scanner: Run, tmp_path: Path) -> None:
    """A name that is not there."""
    code, _, err = scanner("logs", "export", tmp_path / "gone", "--out", tmp_path / "log")
    assert code == 64
    assert "cannot be read" in err


def test_server_key_has_64_digits(scanner: Run, cells: Path) -> None:
    """Or is refused as usage."""
    for key in ("00", "zz" * 32):
        code, _, err = scanner("logs", "verify", cells, "--server-key", key)
        assert code == 64
        assert "64 hex digits" in err
