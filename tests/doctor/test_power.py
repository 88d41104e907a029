"""Power and heat, as the firmware of a Raspberry Pi tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.doctor import power
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.power import ask_firmware, check_power

MODEL = "Raspberry Pi Zero 2 W Rev 1.0\0"


PLACES = (
    "devices/platform/soc/soc:firmware",
    "devices/platform/soc@107c000000/soc@107c000000:firmware",
    "devices/platform/soc@107c000000:firmware",
)


def board(folder: Path, throttled: str | None = "0", *degrees: int, place: str = PLACES[0]) -> Path:
    """The sysfs of a Raspberry Pi with so many thermal zones."""
    model = folder / power.MODEL
    model.parent.mkdir(parents=True)
    model.write_text(MODEL)
    if throttled is not None:
        file = folder / place / "get_throttled"
        file.parent.mkdir(parents=True)
        file.write_text(f"{throttled}\n")
    for number, warm in enumerate(degrees):
        zone = folder / power.THERMAL / f"thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "temp").write_text(f"{1000 * warm}\n")
    return folder


def found(folder: Path, answer: str = "") -> dict[str, Finding]:
    return {finding.id: finding for finding in check_power(folder, lambda: answer)}


def test_board_with_good_power_is_well(tmp_path: Path) -> None:
    """Its model is named as the firmware names it."""
    findings = found(board(tmp_path, "0", 45))
    assert findings["E-BOARD"].found == "Raspberry Pi Zero 2 W Rev 1.0"
    assert {finding.grade for finding in findings.values()} == {Grade.OK}
    assert set(findings) == {"E-BOARD", "E-POWER", "E-THROTTLED", "E-TEMPERATURE"}


@pytest.mark.parametrize(
    ("bits", "id_", "says"),
    [
        ("1", "E-POWER", "undervoltage, now"),
        ("50000", "E-POWER", "undervoltage, since the start"),
        ("50005", "E-POWER", "undervoltage, now"),
        ("4", "E-THROTTLED", "slowed down, now"),
        ("80000", "E-THROTTLED", "slowed down, since the start"),
        ("20002", "E-THROTTLED", "slowed down, now"),
    ],
)
def test_bits_of_the_firmware_are_told(tmp_path: Path, bits: str, id_: str, says: str) -> None:
    """What is so now comes before what was so since the start."""
    told = found(board(tmp_path, bits))[id_]
    assert told.grade is Grade.WARNING
    assert says in told.found
    assert told.fix


@pytest.mark.parametrize("place", PLACES)
def test_firmware_is_found_wherever_the_kernel_has_it(tmp_path: Path, place: str) -> None:
    """Its folders carry addresses on newer boards."""
    told = found(board(tmp_path, "1", place=place))["E-POWER"]
    assert told.found == "undervoltage, now"


@pytest.mark.parametrize(("alarm", "grade"), [("1", Grade.WARNING), ("0", Grade.OK)])
def test_newest_kernels_tell_of_undervoltage_alone(
    tmp_path: Path, alarm: str, grade: Grade
) -> None:
    """By a sensor that has its name."""
    folder = board(tmp_path, None)
    for number, name in enumerate(("cpu_thermal", "rpi_volt")):
        sensor = folder / power.HWMON / f"hwmon{number}"
        sensor.mkdir(parents=True)
        (sensor / "name").write_text(f"{name}\n")
    (sensor / "in0_lcrit_alarm").write_text(f"{alarm}\n")
    findings = found(folder)
    assert findings["E-POWER"].grade is grade
    assert "E-THROTTLED" not in findings


def test_firmware_is_asked_first(tmp_path: Path) -> None:
    """By vcgencmd; without any answer that is said, and taken for no good news."""
    assert found(board(tmp_path / "both", "1"), "throttled=0x0")["E-POWER"].grade is Grade.OK
    folder = board(tmp_path, None)
    assert found(folder, "throttled=0x50000")["E-POWER"].grade is Grade.WARNING
    assert found(folder, "throttled=0x0")["E-POWER"].grade is Grade.OK
    assert "does not say" in found(folder, "")["E-POWER"].found
    assert found(folder, "error=1")["E-POWER"].grade is Grade.WARNING


def test_other_board_is_said_to_be_one(tmp_path: Path) -> None:
    """Nobody looks for undervoltage that cannot be asked."""
    findings = found(tmp_path)
    assert set(findings) == {"E-BOARD"}
    assert findings["E-BOARD"].found.startswith("not a Raspberry Pi")


@pytest.mark.parametrize(("warm", "grade"), [(69, Grade.OK), (70, Grade.WARNING)])
def test_heat_is_told_before_it_slows_anything_down(
    tmp_path: Path, warm: int, grade: Grade
) -> None:
    """By the warmest zone."""
    assert found(board(tmp_path, "0", 20, warm))["E-TEMPERATURE"].grade is grade


def test_missing_program_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one that fails."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert ask_firmware() == ""


def test_answer_of_the_program_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As vcgencmd prints it."""
    program = tmp_path / "vcgencmd"
    program.write_text('#!/bin/sh\necho "throttled=0x5000$#"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert ask_firmware() == "throttled=0x50001"
