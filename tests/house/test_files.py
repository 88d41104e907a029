"""What every file of the project keeps to: size, docstrings, words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
CODE = ("scanner", "hardware", "systemd", "sample_codes", "tests")

MAX_LINES = 300
# File → why it may be longer.
LONGER: dict[str, str] = {}

# Names that say nothing, or that mean something else in this field.
EMPTY_NAMES = {"helper", "helpers", "util", "utils", "manager", "data", "info", "common", "misc"}

TEXT = {".py", ".sh", ".md", ".toml", ".lock", ".json", ".service", ".timer", ".html", ".txt"}


def python_files(*folders: str) -> list[Path]:
    """Source files under these folders of the checkout, sorted."""
    return sorted(path for folder in folders for path in (CHECKOUT / folder).rglob("*.py"))


def text_files() -> Iterator[Path]:
    """Every text file that belongs to the project, without what tools leave beside it."""
    for path in CHECKOUT.iterdir():
        if path.is_file() and (path.suffix in TEXT or path.name in {"LICENSE", ".gitignore"}):
            yield path
    for folder in (*CODE, ".ci"):
        for path in (CHECKOUT / folder).rglob("*"):
            if path.is_file() and (path.suffix in TEXT or path.parent.name == ".ci"):
                yield path


def named(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


@pytest.mark.parametrize("path", python_files("scanner", "hardware"), ids=named)
def test_a_file_is_short_and_says_what_it_is(path: Path) -> None:
    """A file of the product can be read in one sitting and begins by saying what it is for."""
    text = path.read_text()
    if named(path) not in LONGER:
        assert len(text.splitlines()) <= MAX_LINES
    assert ast.get_docstring(ast.parse(text)), "no docstring at the top"


def test_a_long_file_is_excused_only_while_it_is_long() -> None:
    """The list of long files holds no file that has become short or has gone."""
    for name, reason in LONGER.items():
        assert reason
        assert len((CHECKOUT / name).read_text().splitlines()) > MAX_LINES


@pytest.mark.parametrize("path", python_files("tests"), ids=named)
def test_a_test_says_what_it_promises(path: Path) -> None:
    """Each test function has a docstring: the promise in one sentence."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert [node.name for node in functions if not ast.get_docstring(node)] == []


def test_names_of_files_say_something() -> None:
    """No module or folder is called after nothing in particular."""
    stems = {part for path in python_files(*CODE) for part in (path.stem, path.parent.name)}
    assert stems & EMPTY_NAMES == set()


# Put together here, so that this file does not hold them.
UNWANTED = {
    "an unfinished place": ["TO" + "DO", "FIX" + "ME", "XX" + "X:"],
    "the host of a package registry": [
        "py" + "pi.org", "python" + "hosted.org", "pi" + "wheels.org", "npm" + "js.org",
        "deb.debian" + ".org", "crates" + ".io",
    ],
    "a path of somebody's machine": ["/wo" + "rk/", "/ho" + "me/", "/Use" + "rs/"],
}  # fmt: skip


@pytest.mark.parametrize("kind", UNWANTED)
def test_no_file_holds(kind: str) -> None:
    """What is unfinished, or true on one machine only, does not get into the project."""
    found = [
        f"{named(path)}: {word}"
        for path in text_files()
        for word in UNWANTED[kind]
        if word in path.read_text(errors="replace")
    ]
    assert found == []
