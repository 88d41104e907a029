"""The device beside its loop."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from scanner.assembly.device import (
    HELD_EVERY_S,
    HELD_S,
    check_simulation,
    open_device,
    when_free,
)
from scanner.checkpoint import Scan
from scanner.config import parse_settings
from scanner.core.errors import ConfigError, PinHeldError
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


class Holder:
    """Has a pin until `lets_go_s` of a clock that goes on only while somebody sleeps."""

    def __init__(self, lets_go_s: float) -> None:
        self.now_s, self.lets_go_s = 50.0, 50.0 + lets_go_s

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def open_part(self) -> str:
        if self.now_s < self.lets_go_s:
            raise PinHeldError("Free GPIO17: it is held by 'somebody'.")
        return "lamps"


def test_pin_is_taken_as_soon_as_it_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever tries the lamps for a moment does not cost the scanner another start."""
    holder = Holder(2.0)
    assert when_free(holder.open_part, holder.monotonic, holder.sleep) == "lamps"
    assert holder.now_s == pytest.approx(52.0, abs=HELD_EVERY_S)
    assert caplog.text.count("a pin is waited for: Free GPIO17") == 1


def test_pin_that_is_kept_is_an_error_in_time() -> None:
    """Four ends within half a minute bring the fault pattern; a wait must not prevent them."""
    holder = Holder(60.0)
    with pytest.raises(PinHeldError, match="somebody"):
        when_free(holder.open_part, holder.monotonic, holder.sleep)
    assert holder.now_s <= 50.0 + HELD_S + HELD_EVERY_S
