"""A finding as it is told on the machine that it was made on."""

from __future__ import annotations

import sys

import pytest

from scanner.__main__ import run
from scanner.doctor.finding import Finding, Grade, as_told_here

MADE = Finding(
    "E-X",
    Grade.FAILURE,
    "see `scanner logs verify`",
    "Run `scanner migrate`, `sudo scanner sync` or `scanner central approve`.",
)


def test_on_a_device_each_command_is_told_with_sudo() -> None:
    """Without it a technician would only read that something cannot be read."""
    told = as_told_here(MADE, "/opt/scanner/current")
    assert told.found == "see `sudo scanner logs verify`"
    assert told.fix == (
        "Run `sudo scanner migrate`, `sudo scanner sync` or `scanner central approve`."
    )
    assert (told.id, told.grade) == (MADE.id, MADE.grade)


def test_on_a_desk_nobody_is_told_to_be_root() -> None:
    """What root writes there would be root's."""
    assert as_told_here(MADE, "/srv/checkout/.venv") is MADE


def test_doctor_tells_all_findings_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One place for all of them, whichever part has made them."""
    monkeypatch.setattr("scanner.commands.doctor.examine", lambda *_: iter([MADE]))
    for name, words in (
        ("/opt/scanner/current", "`sudo scanner migrate`"),
        (sys.prefix, "`scanner"),
    ):
        monkeypatch.setattr(as_told_here, "__defaults__", (name,))
        assert run(["doctor", "--only", "config"]) == 2
        assert words in capsys.readouterr().out
