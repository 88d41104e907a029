"""Exported files: what goes in comes out, and whatever else comes is an error of ours."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.core.errors import LogError
from scanner.core.reasons import Outcome
from scanner.logs.age import make_identity
from scanner.logs.files import Book, Format, open_book, write_file
from scanner.logs.volume import Wish
from tests.core.chains import MINUTE
from tests.logs.filed import Formats, made, written
from tests.logs.made import CASE, Made, a_day, central_book

BOTH = [a_day(), a_day("another", "tunnel")]


def all_of(book: Book) -> tuple[object, ...]:
    return (book.heading, *book.volumes())


@Formats
@pytest.mark.parametrize("case", ["", CASE])
def test_file_comes_back_as_it_was_written(tmp_path: Path, form: Format, case: str) -> None:
    """Heading, logs, records of a case, cells; of many devices, as often as one reads."""
    book = made(case, chains=2)
    back = open_book(written(tmp_path / "log", form, book))
    assert all_of(back) == all_of(book)
    assert all_of(back) == all_of(book)


@Formats
def test_encrypted_file_opens_with_its_identity_alone(tmp_path: Path, form: Format) -> None:
    """And says who can help where there is none, or the wrong one."""
    keys = {}
    for name in ("right", "wrong"):
        secret, recipient = make_identity()
        keys[name] = recipient
        (tmp_path / name).write_text(f"# a comment\n{secret}\n")
    book = made()
    path = written(tmp_path / "log", form, book, keys["right"])
    assert path.read_bytes().startswith(b"age-encryption.org/")
    assert all_of(open_book(path, tmp_path / "right")) == all_of(book)
    with pytest.raises(LogError, match="--identity"):
        open_book(path)
    with pytest.raises(LogError, match="another recipient"):
        open_book(path, tmp_path / "wrong")
    (tmp_path / "none").write_text("AGE-SECRET-KEY-1NOTHING\n")
    with pytest.raises(LogError, match="no secret key"):
        open_book(path, tmp_path / "none")


def test_encrypted_file_is_never_in_the_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not under another name either: only one file is ever opened for writing."""
    opened: list[str] = []
    real = os.open

    def watched(path: str | Path, flags: int, mode: int = 0o777) -> int:
        opened.append(str(path))
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", watched)
    for form in Format:
        written(tmp_path / "log", form, made(CASE), make_identity()[1])
        content = (tmp_path / "log").read_bytes()
        assert content.startswith(b"age-encryption.org/")
        assert b"bridge" not in content
    assert set(opened) == {str(tmp_path / "log.part")}


def test_what_is_no_recipient_is_refused(tmp_path: Path) -> None:
    """Before anything is written, and nothing is left behind."""
    for recipient in ("age1", "ssh-rsa AAAA", "AGE-SECRET-KEY-1"):
        with pytest.raises(LogError, match="no age recipient"):
            written(tmp_path / "log", Format.JSONL, made(), recipient)
    assert list(tmp_path.iterdir()) == []


def test_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """What stood there stays; nothing half stays beside it."""
    path = tmp_path / "log"
    path.write_text("before")
    book = made()

    def broken() -> object:
        yield next(book.volumes())
        raise LogError("the store went away")

    with pytest.raises(LogError, match="went away"):
        write_file(path, Format.JSONL, book.heading, broken())  # type: ignore[arg-type]
    assert [file.name for file in tmp_path.iterdir()] == ["log"]
    assert path.read_text() == "before"
    with pytest.raises(LogError, match="cannot be written"):
        written(tmp_path / "no" / "log", Format.JSONL, book)


def test_file_is_for_its_user_alone(tmp_path: Path) -> None:
    """Also where the folder is open to all."""
    assert written(tmp_path / "log", Format.JSONL, made()).stat().st_mode & 0o777 == 0o600


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_cells_stand_in_a_sheet(tmp_path: Path) -> None:
    """Told counts as numbers; what is not told has no number."""
    book = made()
    table = rows(written(tmp_path / "log.csv", Format.CSV, book))
    (volume,) = book.volumes()
    assert [row["count"] for row in table] == [str(cell.n or "") for cell in volume.cells]
    assert {row["checkpoint"] for row in table} == {"bridge"}
    assert {row["told"] for row in table if row["count"]} == {"exact"}


def test_records_of_a_case_stand_in_a_sheet(tmp_path: Path) -> None:
    """Of the range and outcome alone, with the reason that a decision by hand followed."""
    wish = Wish(MINUTE + 15, MINUTE + 75, Outcome.BY_HAND, CASE)
    book = Made([a_day()], wish).book()
    table = rows(written(tmp_path / "log.csv", Format.CSV, book))
    assert table
    assert {row["outcome"] for row in table} == {"BY_HAND"}
    assert {row["after"] for row in table} == {"COMPARE"}
    assert {row["at (UTC)"][11:13] for row in table} <= {"09", "10"}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "\u2212x"])
def test_text_that_a_spreadsheet_would_run_is_escaped(tmp_path: Path, name: str) -> None:
    """A checkpoint may be called anything."""
    path = written(tmp_path / "log.csv", Format.CSV, Made([a_day(checkpoint=name)]).book())
    assert {row["checkpoint"] for row in rows(path)} == {f"'{name}"}


def test_sheet_cannot_be_verified(tmp_path: Path) -> None:
    """And says what can."""
    with pytest.raises(LogError, match="jsonl or sqlite"):
        open_book(written(tmp_path / "log.csv", Format.CSV, made()))


def test_central_export_keeps_its_receipts(tmp_path: Path) -> None:
    """As the server has signed them."""
    book = central_book(BOTH)
    back = open_book(written(tmp_path / "log", Format.SQLITE, book))
    assert all_of(back) == all_of(replace(book))
