"""The command line as a whole: help, exit codes, errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.cli import COMMANDS
from tests.commands.conftest import Run


def test_help_shows_lights_and_commands(scanner: Run) -> None:
    """A newcomer reads what the lamps mean and what there is to do."""
    code, out, _ = scanner("--help")
    assert code == 0
    assert all(word in out for word in ("GREEN", "RED", *COMMANDS))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(scanner: Run, name: str) -> None:
    """Each command that is named exists and explains itself."""
    code, out, _ = scanner(name, "--help")
    assert code == 0
    assert "Usage: scanner" in out


def test_unknown_command_exits_64(scanner: Run) -> None:
    """With its name."""
    code, _, err = scanner("sing")
    assert code == 64
    assert "sing" in err


def test_missing_settings_exit_64(scanner: Run, tmp_path: Path) -> None:
    """`run` without settings does not guess."""
    code, _, err = scanner("run", "--config", tmp_path / "none.toml")
    assert code == 64
    assert "none.toml" in err


def test_missing_databases_exit_74(scanner: Run, tmp_path: Path) -> None:
    """A store that is not there has an exit code of its own, and a way out."""
    code, _, err = scanner("lists", "show", "--state", tmp_path)
    assert code == 74
    assert "scanner migrate" in err


def test_fault_of_the_program_is_no_traceback(
    scanner: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 70 and one line; the text of an unknown error may hold a payload and is not shown."""

    def broken(_: object) -> None:
        raise RuntimeError("MP1:SECRET")

    monkeypatch.setattr("scanner.commands.migrate.find_state", broken)
    code, out, err = scanner("migrate")
    assert code == 70
    assert "RuntimeError" in err
    assert "SECRET" not in out + err
    assert "Traceback" not in err


def test_lists_are_installed_and_shown(scanner: Run, bundle: Path, tmp_path: Path) -> None:
    """From a folder into a new device, with versions and times."""
    state = tmp_path / "state"
    code, out, _ = scanner("lists", "install", bundle, "--state", state)
    assert (code, out) == (0, f"6 lists installed in {state}.\n")
    _, out, _ = scanner("lists", "show", "--state", state)
    assert "status-7" in out
    assert "version 2" in out


def test_test_keys_are_refused_on_a_device(scanner: Run, tmp_path: Path) -> None:
    """Their private halves are public: only a simulated device takes them."""
    samples = Path(__file__).parents[2] / "sample_codes"
    code, _, err = scanner("lists", "install", samples / "bundle", "--state", tmp_path)
    assert code == 64
    assert "test key" in err
    code, _, _ = scanner("lists", "install", samples / "bundle", "--state", tmp_path, "--simulate")
    assert code == 0
