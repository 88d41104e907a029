"""`scanner support-bundle`: says what it holds, writes it, and never over another file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from scanner.core.errors import ConfigError
from scanner.doctor.bundle import write_bundle
from tests.commands.conftest import Run


def test_existing_file_stays_as_it_is(scanner: Run, tmp_path: Path) -> None:
    """Not even looked at: exit 64, and the name of another file is asked for."""
    out = tmp_path / "b.zip"
    out.write_text("mine")
    code, said, err = scanner("support-bundle", out, "--state", tmp_path)
    assert (code, said) == (64, "")
    assert err.startswith("scanner: Name another file")
    with pytest.raises(ConfigError, match="it is there already"):
        write_bundle(out, ())
    assert out.read_text() == "mine"
    with pytest.raises(ConfigError, match="Name another file"):
        write_bundle(tmp_path / "none/b.zip", ())


def test_device_without_anything_still_has_a_bundle(scanner: Run, tmp_path: Path) -> None:
    """It is the one that needs help most."""
    out = tmp_path / "b.zip"
    code, said, _ = scanner(
        "support-bundle", out, "--config", tmp_path / "none", "--state", tmp_path / "none"
    )
    assert code == 0
    assert said.startswith("This bundle holds:\n")
    assert said.splitlines()[-1].startswith(f"written: {out}, ")
    with zipfile.ZipFile(out) as archive:
        assert archive.read("databases.json") == b"not to be had: StoreError\n"
        assert b'"id": "E-CONFIG", "grade": "unconfigured"' in archive.read("doctor.jsonl")
