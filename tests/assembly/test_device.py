"""The device beside its loop."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from scanner.assembly.device import check_simulation, open_device
from scanner.checkpoint import Scan
from scanner.config import parse_settings
from scanner.core.errors import ConfigError
from scanner.core.reasons import Reason
from scanner.store.migrations import migrate
from tests import city

SAMPLES = Path(__file__).parents[2] / "sample_codes"
SIMULATED = f'[camera]\nsource = "dir:{SAMPLES}"\nfps = 30\n[pins]\nfactory = "mock"\n'


def test_full_disk_does_not_end_the_checkpoint(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Housekeeping that cannot write is said and tried again; every pass is answered STORE."""
    migrate(tmp_path)
    with open_device(
        parse_settings(SIMULATED, "x.toml"), tmp_path, simulate=True, at=city.NOW
    ) as device:
        with sqlite3.connect(tmp_path / "lists.db") as db:
            db.execute("DROP TABLE artefact")
        scans: list[Scan] = []
        while len(scans) < 2:
            if (scan := device.turn()) is not None:
                scans.append(scan)
    assert {scan.verdict.reason for scan in scans} == {Reason.STORE}
    assert "tried again in a minute" in caplog.text


def test_simulation_touches_no_real_part() -> None:
    """And a checkpoint has no mock lamps."""
    with pytest.raises(ConfigError, match="mock"):
        check_simulation(parse_settings("", "x.toml"), simulate=True)
    with pytest.raises(ConfigError, match="--simulate"):
        check_simulation(parse_settings(SIMULATED, "x.toml"), simulate=False)
    check_simulation(parse_settings(SIMULATED, "x.toml"), simulate=True)
