"""`scanner run` on recorded frames and mock pins."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scanner.commands.run import TELL, tells_scans
from scanner.core.record import RecordFlag, unpack
from scanner.store.outbox import SqliteOutbox
from tests.commands.conftest import Run

SAMPLES = Path(__file__).parents[2] / "sample_codes"
AT = "2020-04-29T09:00:00+03:00"


@pytest.fixture
def device(tmp_path: Path, scanner: Run) -> Path:
    """A folder with settings, state and two recorded frames."""
    frames = tmp_path / "frames"
    frames.mkdir()
    for number, name in enumerate(("work-night.png", "revoked.png")):
        shutil.copy(SAMPLES / name, frames / f"{number}.png")
    (tmp_path / "checkpoint.toml").write_text(
        f'standalone = true\n[camera]\nsource = "dir:{frames}"\nfps = 30\n'
        '[pins]\nfactory = "mock"\n'
    )
    key = SAMPLES / "fleet.key"
    state = tmp_path / "state"
    scanner(
        "lists", "install", SAMPLES / "bundle", "--fleet-key", key, "--state", state, "--simulate"
    )
    return tmp_path


def arguments(device: Path) -> tuple[object, ...]:
    """Settings and state of the device."""
    return ("run", "--config", device / "checkpoint.toml", "--state", device / "state")


def test_recording_is_scanned_to_its_end(scanner: Run, device: Path) -> None:
    """Every frame is judged, recorded and told in a line; each says SIMULATED."""
    code, out, _ = scanner(*arguments(device), "--simulate", "--at", AT)
    assert code == 0
    lines = out.splitlines()
    assert all(line.startswith("SIMULATED") for line in lines)
    assert "ADMIT OK seq 1" in lines[1]
    assert "REFUSE REVOKED seq 2" in lines[2]
    records = [unpack(body)[1] for body in SqliteOutbox(device / "state").records()]
    assert [record.reason.name for record in records] == ["OK", "REVOKED"]
    assert all(record.flags & RecordFlag.SIMULATED for record in records)


def test_test_keys_do_not_run_a_checkpoint(scanner: Run, device: Path) -> None:
    """Without --simulate the lists with test keys are refused, whatever the pins."""
    text = (device / "checkpoint.toml").read_text()
    (device / "checkpoint.toml").write_text(text.replace('"mock"', '"lgpio"'))
    code, _, err = scanner(*arguments(device))
    assert code in (64, 69, 74)
    assert "Traceback" not in err


def test_mock_pins_need_simulate(scanner: Run, device: Path) -> None:
    """A checkpoint whose lamps are not there must not look as if it worked."""
    code, _, err = scanner(*arguments(device))
    assert code == 64
    assert "--simulate" in err


def test_simulate_refuses_real_parts(scanner: Run, device: Path) -> None:
    """With test keys accepted nobody may take the lamps for real."""
    text = (device / "checkpoint.toml").read_text()
    (device / "checkpoint.toml").write_text(text.replace('"mock"', '"lgpio"'))
    code, _, err = scanner(*arguments(device), "--simulate")
    assert code == 64
    assert "mock" in err


def test_time_is_given_only_to_a_simulation(scanner: Run, device: Path) -> None:
    """A checkpoint has a clock of its own."""
    code, _, err = scanner(*arguments(device), "--at", AT)
    assert code == 64
    assert "--at" in err


def test_folder_that_is_gone_exits_69(scanner: Run, device: Path) -> None:
    """A camera that cannot be opened is a device error with a sentence."""
    shutil.rmtree(device / "frames")
    code, _, err = scanner(*arguments(device), "--simulate", "--at", AT)
    assert code == 69
    assert "frames" in err


def test_checkpoint_begins_anew_when_the_city_has_spoken(
    scanner: Run, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order, so that its service starts it at the place that was signed."""
    monkeypatch.setattr("scanner.assembly.place.PlaceWatch.has_moved", lambda watch: True)
    code, out, _ = scanner(*arguments(device), "--simulate", "--at", AT)
    assert (code, len(out.splitlines())) == (0, 2)
    assert "The city has said where this device stands: it begins anew." in out


@pytest.mark.parametrize(
    ("simulate", "is_terminal", "environ", "tells"),
    [
        (False, False, {}, False),
        (False, True, {}, True),
        (True, False, {}, True),
        (False, False, {TELL: "1"}, True),
        (False, False, {TELL: ""}, False),
    ],
)
def test_unit_keeps_the_moment_of_a_scan_to_itself(
    simulate: bool, is_terminal: bool, environ: dict[str, str], tells: bool
) -> None:
    """The journal's stamps would undo the flooring of the records' times."""
    assert tells_scans(simulate=simulate, is_terminal=is_terminal, environ=environ) is tells
