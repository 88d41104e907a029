"""What is said of a stick's visits in the guest: only what was seen of them counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.virtual_device.machine import Results
from tests.virtual_device.visits import FOREIGN, OWNERS, SERIAL, both_lamps, lines_of, make_box

PATHS = (f"stick-box/requests/{SERIAL}.json", f"stick-signed/done/{SERIAL}.txt")
UNIT = "scanner-stick@loop0p1.service loaded inactive success"


def drive(at_s: float, pin: int, level: int) -> str:
    """As the kernel records it."""
    return f" python3-1 [000] ..... {at_s:.6f}: gpio_value: {512 + pin} set {level}"


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """As they should be."""
    for name in PATHS:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    for name in ("box", "signed"):
        (tmp_path / f"visit-{name}").write_text(f"{UNIT} yes 0\n")
    (tmp_path / "visit-foreign").write_text(f"{UNIT} no 1\n")
    (tmp_path / "stick-foreign").mkdir()
    (tmp_path / "stick-foreign" / FOREIGN).touch()
    (tmp_path / "owners").write_text("\n".join(OWNERS))
    trace = [f" python3-1 [000] ..... 1.0: gpio_direction: {512 + pin} out (0)" for pin in (17, 27)]
    for begins_s in (10.0, 20.0):
        trace += [drive(begins_s + pin / 1e6, pin, 1) for pin in (17, 27)]
        trace += [drive(begins_s + 1 + pin / 1e6, pin, 0) for pin in (17, 27)]
    (tmp_path / "trace").write_text("\n".join(trace))
    return Results(tmp_path)


def test_two_visits_and_a_foreign_stick_are_well(results: Results) -> None:
    """By systemd, by the sticks, by the owners of files and by the lamps."""
    assert [line.is_good for line in lines_of(results)] == [True] * 5
    assert both_lamps(results) == 2


@pytest.mark.parametrize("name", [*PATHS, "visit-box", "visit-foreign", "owners", "trace"])
def test_what_was_not_seen_is_not_well(name: str, results: Results) -> None:
    """A job that broke off proves nothing."""
    (results.folder / name).unlink()
    assert not all(line.is_good for line in lines_of(results))


@pytest.mark.parametrize("said", [f"{UNIT} yes 1", UNIT.replace("success", "exit-code") + " yes 0"])
def test_stick_that_failed_or_is_still_mounted_is_not_well(said: str, results: Results) -> None:
    """Pulled then, it would be damaged."""
    (results.folder / "visit-box").write_text(said)
    assert not next(lines_of(results)).is_good


def test_box_is_laid_out_and_signed_on_the_host(tmp_path: Path) -> None:
    """The guest has no city: its second stick holds the answer for keys that it is given."""
    job = make_box(tmp_path / "job")
    assert (job / "box/devices" / f"{SERIAL}.toml").is_file()
    assert not (job / "box/answers" / f"{SERIAL}.json").exists()
    assert (job / "signed/answers" / f"{SERIAL}.json").is_file()
    assert {"device.key", "tls.key"} <= {path.name for path in (job / "state").iterdir()}
    assert (job / "job.sh").read_text().startswith("# A real block device")
