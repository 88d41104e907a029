"""The command line as a shell sees it, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.__main__ import run
from tests import city

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def scanner(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line; gives its exit code, output and errors."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    """The trust list of the city in a file."""
    path = tmp_path / "keys.json"
    path.write_bytes(city.trust_list())
    return path


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The city's lists in a folder, but for the holder list, which would be encrypted."""
    files = {name: body for name, body in city.targets().items() if name != "holders-1"}
    return city.write_bundle(tmp_path / "bundle", files)


def rows(out: str) -> list[dict[str, object]]:
    """The JSON lines of an output."""
    return [json.loads(line) for line in out.splitlines()]
