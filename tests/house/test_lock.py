"""requirements.lock pins what pyproject.toml asks for, by hash, and names no server."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"^(\S+)==(\S+)(?: ; .*)? \\$", flags=re.MULTILINE)


@pytest.fixture
def lock(checkout: Path) -> str:
    """The text of the lock."""
    return (checkout / "requirements.lock").read_text()


def declared(checkout: Path) -> list[Requirement]:
    """What the product, the samples and the tests ask for; [pi] comes from the distribution."""
    table = tomllib.loads((checkout / "pyproject.toml").read_text())
    groups = table["dependency-groups"].values()
    return [Requirement(line) for line in chain(table["project"]["dependencies"], *groups)]


def test_everything_asked_for_is_pinned(lock: str, checkout: Path) -> None:
    """A package that is declared has a version in the lock, and one that satisfies it."""
    pins: dict[str, set[str]] = {}
    for name, version in PIN.findall(lock):
        pins.setdefault(name, set()).add(version)
    for requirement in declared(checkout):
        versions = pins.get(canonicalize_name(requirement.name), set())
        assert versions, requirement.name
        assert all(requirement.specifier.contains(version) for version in versions)


def test_every_pin_has_hashes(lock: str) -> None:
    """No file gets in whose content was not known when the lock was made."""
    starts = [match.start() for match in PIN.finditer(lock)]
    parts = [lock[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
    assert parts
    assert [part.split()[0] for part in parts if "--hash=sha256:" not in part] == []


def test_lock_names_no_server(lock: str) -> None:
    """Where packages come from is the business of the machine that installs them."""
    assert "://" not in lock
    assert "--index" not in lock
    assert "--find-links" not in lock


def test_lock_says_how_it_was_made(lock: str) -> None:
    """Its first lines hold the command that makes it again."""
    assert "uv pip compile --universal --python-version 3.11" in "".join(lock.splitlines()[:3])
