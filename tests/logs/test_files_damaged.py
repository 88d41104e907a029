"""A file of a log that was damaged, is another's, or says something impossible."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from scanner.core.errors import LogError
from scanner.logs.files import Format, open_book
from scanner.logs.verify import check_book
from tests.logs.filed import Formats, made, written
from tests.logs.made import CASE


def read_all(path: Path) -> None:
    for _ in check_book(open_book(path)):
        pass


@Formats
@pytest.mark.parametrize("seed", range(40))
def test_damaged_file_is_an_error_of_ours_or_is_found(
    tmp_path: Path, form: Format, seed: int
) -> None:
    """Bytes changed, cut out, doubled, cut off: no other exception leaves the reader."""
    dice = Random(seed)
    path = written(tmp_path / "log", form, made(CASE if seed % 2 else ""))
    raw = bytearray(path.read_bytes())
    for _ in range(dice.choice([1, 1, 30])):
        place = dice.randrange(len(raw))
        match dice.randrange(4):
            case 0:
                raw[place] = dice.randrange(256)
            case 1:
                del raw[place : place + dice.randrange(1, 500)]
            case 2:
                raw[place:place] = raw[place : place + dice.randrange(1, 500)]
            case _:
                del raw[place:]
        raw = raw or bytearray(b"{")
    path.write_bytes(raw)
    with suppress(LogError):
        read_all(path)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\0" * 1000,
        b"{",
        b"{}\n",
        b"{" * 100_000,
        b'{"what": "export"}\n',
        b'{"what": "log"}\n',
        b"SQLite format 3\0",
        b"SQLite format 3\0" + bytes(4096),
        b"age-encryption.org/v1\n",
        bytes(Random(1).randbytes(5000)),
        b'{"what":' + b"[" * 60_000 + b"\n",
    ],
)
def test_garbage_is_an_error_of_ours(tmp_path: Path, garbage: bytes) -> None:
    """In one sentence, for whatever bytes."""
    path = tmp_path / "log"
    path.write_bytes(garbage)
    with pytest.raises(LogError):
        read_all(path)


def test_file_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    """Or is a folder."""
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(LogError, match="cannot be read"):
            open_book(path)


def test_other_database_is_refused(tmp_path: Path) -> None:
    """Nor is a view taken for a table: it could be made to run for ever."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE log (id INTEGER)")
        db.execute("CREATE VIEW export AS SELECT 1")
    with pytest.raises(LogError, match="no export"):
        open_book(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"version":1', '"version":2'),
        ('"source":"device"', '"source":"folder"'),
        ('"outcome":""', '"outcome":"PARTY"'),
        ('"reason":"OK"', '"reason":"PARTY"'),
        ('"span":"quarter"', '"span":"week"'),
        ('"date":"2020-04-29"', '"date":"yesterday"'),
        ('"begins":"2020-04-29T', '"begins":"T'),
        ('"n":1', '"n":-1'),
        ('"what":"cell"', '"what":"party"'),
        ('"seq":2,', '"seq":1,'),
        ('"reason":"OK","issuer":7', '"reason":"EXPIRED","issuer":7'),
        ('"body":"02', '"body":"zz'),
        ('"what":"log"', '"what":"segment"'),
    ],
)
def test_line_that_says_something_impossible_is_refused(tmp_path: Path, old: str, new: str) -> None:
    """Also one that says otherwise than the bytes beside it."""
    path = written(tmp_path / "log", Format.JSONL, made(CASE))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(LogError):
        read_all(path)


def test_two_exports_in_one_file_are_refused(tmp_path: Path) -> None:
    """Each heading is about one file."""
    path = written(tmp_path / "log", Format.JSONL, made())
    path.write_text(path.read_text() * 2)
    with pytest.raises(LogError, match="Two exports"):
        read_all(path)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE log SET public = 'text'",
        "UPDATE log SET given_seq = 'many'",
        "UPDATE log SET has_records = 7",
        "UPDATE segment SET signed = 7",
        "UPDATE record SET reason = 'EXPIRED'",
        "UPDATE record SET body = zeroblob(16)",
        "INSERT INTO record SELECT * FROM record LIMIT 1",
        "UPDATE cell SET n = 'many'",
        "UPDATE cell SET told = 'party'",
        "UPDATE export SET version = 99",
        "DELETE FROM export",
    ],
)
def test_row_that_says_something_impossible_is_refused(tmp_path: Path, change: str) -> None:
    """As in a file of lines."""
    path = written(tmp_path / "log", Format.SQLITE, made(CASE))
    with sqlite3.connect(path) as db:
        db.execute(change)
    with pytest.raises(LogError):
        read_all(path)
