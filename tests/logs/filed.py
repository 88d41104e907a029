"""A book of a log, and its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.logs.files import Book, Format, write_file
from scanner.logs.volume import Wish
from tests.logs.made import Made, a_day

VERIFIABLE = [Format.JSONL, Format.SQLITE]
Formats = pytest.mark.parametrize("form", VERIFIABLE, ids=lambda form: form.value)


def made(case: str = "", chains: int = 1) -> Book:
    return Made([a_day(), a_day("another", "tunnel")][:chains], Wish(case=case)).book()


def written(path: Path, form: Format, book: Book, recipient: str = "") -> Path:
    write_file(path, form, book.heading, book.volumes(), recipient)
    return path
