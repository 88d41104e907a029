"""The command line as a shell sees it, in this process."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scanner.__main__ import run

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def scanner(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line; gives its exit code, output and errors."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call
