"""Merged logs: every ready question has an answer, and datasette shows it."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from scanner.core.cells import LEAST
from scanner.core.errors import LogError
from scanner.logs.browse import merge, serve, write_dashboards
from scanner.logs.dashboards import QUESTIONS
from scanner.logs.files import Book, Format, write_file
from scanner.logs.volume import Volume, Wish
from tests.logs.made import CASE, Made, a_day, with_volumes


def two() -> Book:
    return Made([a_day(), a_day("another", "tunnel")]).book()


@contextmanager
def merged(tmp_path: Path, *books: Book) -> Iterator[sqlite3.Connection]:
    out = tmp_path / "logs.sqlite"
    merge([(book, None) for book in books], out)
    with closing(sqlite3.connect(out)) as db:
        yield db


def answer(db: sqlite3.Connection, name: str) -> list[dict[str, object]]:
    db.row_factory = sqlite3.Row
    return [dict(row) for row in db.execute(QUESTIONS[name].sql)]


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_has_an_answer(tmp_path: Path, name: str) -> None:
    """Of a day with everything in it: scans, doubts, decisions, a cut, an export."""
    with merged(tmp_path, two()) as db:
        assert answer(db, name)
        assert QUESTIONS[name].title
        assert QUESTIONS[name].says


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_can_be_asked_of_nothing(tmp_path: Path, name: str) -> None:
    """A file that holds no log is no error."""
    book = Made([a_day()]).book()
    with merged(tmp_path, with_volumes(book)) as db:
        answer(db, name)


def test_answers_add_up(tmp_path: Path) -> None:
    """By the hour, the day, the outcome, the checkpoint: sums of the same rows."""
    book = two()
    cells = [cell for volume in book.volumes() for cell in volume.cells]
    total = sum(cell.n for cell in cells)
    with merged(tmp_path, book) as db:
        outcomes = {row["outcome"]: row["scans"] for row in answer(db, "outcomes")}
        assert sum(int(str(n)) for n in outcomes.values()) == total
        scans = total - int(str(outcomes["BY_HAND"]))
        days = [int(str(row["scans"])) for row in answer(db, "scans-a-day")]
        places = [int(str(row["scans"])) for row in answer(db, "checkpoints")]
        assert sum(days) == sum(places) == scans
        assert len(str(answer(db, "outcomes")[0]["bar"])) == 40


def test_no_group_of_one_to_four_is_in_the_database(tmp_path: Path) -> None:
    """What is too few has no number; single records are there for a case alone."""
    with merged(tmp_path, two()) as db:
        small = db.execute("SELECT count(*) FROM cell WHERE n < ?", (LEAST,)).fetchone()
        counted = db.execute("SELECT count(*) FROM counted WHERE n < ?", (LEAST,)).fetchone()
        records = db.execute("SELECT count(*) FROM record").fetchone()
        assert small + counted + records == (0, 0, 0)


def test_records_of_a_case_are_in_the_database(tmp_path: Path) -> None:
    """With what each decision by hand followed."""
    book = Made([a_day()], Wish(case=CASE)).book()
    (volume,) = book.volumes()
    with merged(tmp_path, book) as db:
        assert db.execute("SELECT count(*) FROM record").fetchone() == (len(volume.log.records),)
        after = db.execute("SELECT DISTINCT after FROM record WHERE outcome = 'BY_HAND'").fetchall()
        assert after == [("COMPARE",)]
        assert db.execute("SELECT case_number FROM file").fetchone() == (CASE,)


def test_damage_stands_first(tmp_path: Path) -> None:
    """And `merge` says that there is some; the rest is merged all the same."""
    book = Made([a_day()]).book()
    (volume,) = book.volumes()
    cut = with_volumes(book, Volume(volume.log, ()))
    out = tmp_path / "logs.sqlite"
    assert not merge([(two(), None), (cut, None)], out)
    with closing(sqlite3.connect(out)) as db:
        assert answer(db, "missing")[0]["state"] == "forged"
        assert tuple(db.execute("SELECT sum(is_sound) FROM file").fetchone()) == (1,)


def test_database_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    """Garbage among the files leaves what was there."""
    out = tmp_path / "logs.sqlite"
    merge([(two(), None)], out)
    before = out.read_bytes()
    book = two()

    def broken() -> Iterator[Volume]:
        yield next(book.volumes())
        raise LogError("the file is damaged")

    with pytest.raises(LogError, match="damaged"):
        merge([(Book("x", book.heading, broken), None)], out)
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["logs.sqlite"]


def test_missing_datasette_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that installs it, and how to go on without."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(LogError, match=r"pip install 'checkpoint-scanner\[logs\]'"):
        serve(tmp_path / "logs.sqlite", tmp_path / "x", "127.0.0.1", 0)


def test_dashboards_that_cannot_be_written_are_an_error_of_ours(tmp_path: Path) -> None:
    """Beside a database in a folder that is gone."""
    with pytest.raises(LogError, match="cannot be written"):
        write_dashboards(tmp_path / "no" / "logs.sqlite")
    with pytest.raises(LogError, match="cannot be written"):
        merge([], tmp_path / "no" / "logs.sqlite")


# The real one


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def opened(file: Path, port: int) -> Iterator[None]:
    """`scanner logs open`, from its first word to Ctrl-C."""
    arguments = ["logs", "open", file.name, "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "scanner", *arguments],
        cwd=file.parent, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "running on" in line:
                break
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)


def get(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200
        return response.read().decode()


def test_datasette_shows_the_dashboards(tmp_path: Path) -> None:
    """Really started on loopback: the list of questions, one answer as a page, one as JSON."""
    file, book, port = tmp_path / "monday.jsonl", two(), free_port()
    write_file(file, Format.JSONL, book.heading, book.volumes())
    with opened(file, port):
        front = get(port, "/logs")
        assert all(question.title in front for question in QUESTIONS.values())
        page = get(port, "/logs/checkpoints")
        assert "tunnel" in page
        assert "\u2588" in page
        rows = json.loads(get(port, "/logs/outcomes.json?_shape=array"))
    assert {row["outcome"] for row in rows} >= {"ADMIT", "REFUSE", "BY_HAND"}
