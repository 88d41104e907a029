"""What systemd says of the units, in the words of a technician."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import scanner
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.units import INSTANCES, UNITS, Kind, ask_systemd, check_units, is_scanning

SHIPPED = Path(__file__).parents[2] / "systemd"


class Systemd:
    """Answers as `systemctl show` does, a block a unit."""

    def __init__(self, **changes: dict[str, str]) -> None:
        self.blocks: list[dict[str, str]] = []
        for name, kind in UNITS.items():
            is_on = kind in (Kind.ALWAYS, Kind.SWITCHED_ON)
            block = {
                "Id": name,
                "LoadState": "loaded",
                "ActiveState": "active" if is_on else "inactive",
                "SubState": "running" if is_on else "dead",
                "Result": "success",
                "NeedDaemonReload": "no",
                "UnitFileState": "enabled",
            }
            self.blocks.append(block | changes.get(name.replace("-", "_").partition(".")[0], {}))

    def __call__(self, arguments: Sequence[str]) -> str:
        return "\n\n".join("\n".join(f"{k}={v}" for k, v in each.items()) for each in self.blocks)


def gravest(systemd: Systemd) -> Finding:
    return max(check_units(systemd), key=lambda finding: finding.grade)


def test_every_shipped_unit_is_known() -> None:
    """A new unit must be given its kind, and one that has gone must go there."""
    suffixes = {".service", ".timer", ".path", ".socket"}
    shipped = {path.name for path in SHIPPED.iterdir() if path.suffix in suffixes}
    assert shipped == {*UNITS, *INSTANCES}


def test_running_device_is_well() -> None:
    """Each unit with its state."""
    findings = list(check_units(Systemd()))
    assert {finding.grade for finding in findings} == {Grade.OK}
    assert "scanner.service active (running)" in [finding.found for finding in findings]


@pytest.mark.parametrize(
    ("changes", "id_", "grade", "says"),
    [
        (
            {"ActiveState": "inactive", "Result": "exec-condition"},
            "E-UNIT",
            Grade.WARNING,
            "enrolled",
        ),
        ({"ActiveState": "failed", "Result": "watchdog"}, "E-UNIT", Grade.FAILURE, "watchdog"),
        ({"ActiveState": "inactive"}, "E-UNIT", Grade.FAILURE, "inactive"),
        ({"NRestarts": "7"}, "E-UNIT-RESTARTS", Grade.WARNING, "started again 7 times"),
        (
            {"ActiveState": "activating", "NRestarts": "7"},
            "E-UNIT-RESTARTS",
            Grade.FAILURE,
            "started again 7 times",
        ),
        ({"ActiveState": "activating"}, "E-UNIT", Grade.WARNING, "not ready yet"),
        ({"NeedDaemonReload": "yes"}, "E-UNIT-RELOAD", Grade.WARNING, "was changed"),
    ],
)
def test_scanner_that_does_not_run_is_told(
    changes: dict[str, str], id_: str, grade: Grade, says: str
) -> None:
    """Nothing is judged then; one that is started again and again is a warning."""
    told = gravest(Systemd(scanner=changes))
    assert (told.id, told.grade) == (id_, grade)
    assert says in told.found
    assert told.fix


def test_scanner_without_settings_waits_for_them() -> None:
    """Its unit's condition is not met: nothing has failed, and a start by hand would not help."""
    still = {"ActiveState": "inactive", "ConditionResult": "no"}
    assert gravest(Systemd(scanner=still)).grade is Grade.FAILURE  # nobody has started it yet
    told = gravest(Systemd(scanner=still | {"ConditionTimestampMonotonic": "7000000"}))
    assert told.grade is Grade.WARNING
    assert "waits for settings" in told.found
    assert "E-CONFIG" in told.fix


def test_failed_upload_is_a_warning() -> None:
    """Scanning goes on without."""
    told = gravest(Systemd(scanner_upload={"ActiveState": "failed", "Result": "exit-code"}))
    assert told.grade is Grade.WARNING
    assert "journalctl -u scanner-upload" in told.fix


def test_timer_that_nobody_switched_on_is_well() -> None:
    """A device without a server needs none; one that is enabled and still is a warning."""
    still = {"ActiveState": "inactive", "UnitFileState": "disabled"}
    assert gravest(Systemd(scanner_sync=still)).grade is Grade.OK
    told = gravest(Systemd(scanner_sync=still | {"UnitFileState": "enabled"}))
    assert told.grade is Grade.WARNING


def test_unit_that_is_not_installed_is_not_spoken_of() -> None:
    """An older installation has fewer."""
    findings = list(check_units(Systemd(scanner_sync={"LoadState": "not-found"})))
    assert not any("scanner-sync" in finding.found for finding in findings)


@pytest.mark.parametrize("answer", [None, ""])
def test_machine_without_systemd_is_told(answer: str | None) -> None:
    """A laptop has no units."""
    (told,) = check_units(lambda _: answer)
    assert (told.id, told.grade) == ("E-UNIT", Grade.WARNING)
    assert not is_scanning(lambda _: answer)


def test_scanner_that_runs_is_known_to() -> None:
    """Whoever asks leaves its camera and lamps alone."""
    assert is_scanning(Systemd())
    assert not is_scanning(Systemd(scanner={"ActiveState": "failed"}))
    assert not is_scanning(Systemd(scanner={"ActiveState": "activating"}))


@pytest.mark.parametrize(
    ("theirs", "grade"), [(scanner.__version__, Grade.OK), ("0.0.1", Grade.WARNING)]
)
def test_program_of_the_units_is_compared_with_this_one(
    tmp_path: Path, theirs: str, grade: Grade
) -> None:
    """Two releases on a device confuse whoever looks."""
    program = tmp_path / "scanner"
    program.write_text(f'#!/bin/sh\necho "scanner, version {theirs}"\n')
    program.chmod(0o755)
    start = {"ExecStart": f"{{ path={program} ; argv[]={program} run ; pid=1 }}"}
    told = next(each for each in check_units(Systemd(scanner=start)) if each.id == "E-VERSION")
    assert told.grade is grade
    assert theirs in told.found


def test_program_may_be_a_module_of_an_interpreter() -> None:
    """As the units start it; options of the interpreter are kept."""
    argv = f"{sys.executable} -P -u -m scanner"
    start = {"ExecStart": f"{{ path={sys.executable} ; argv[]={argv} run ; pid=1 }}"}
    told = next(each for each in check_units(Systemd(scanner=start)) if each.id == "E-VERSION")
    assert told.found == f"{argv} is {scanner.__version__}, as this one"


def test_fault_pattern_is_told() -> None:
    """It is shown because the scanner could not be kept running."""
    told = gravest(Systemd(scanner_fault={"ActiveState": "active"}))
    assert (told.id, told.grade) == ("E-UNIT-FAULT", Grade.FAILURE)


def test_program_that_does_not_start_is_a_failure(tmp_path: Path) -> None:
    """The unit cannot start it either."""
    start = {"ExecStart": f"{{ path=… ; argv[]={tmp_path}/scanner run ; pid=0 }}"}
    assert gravest(Systemd(scanner=start)).id == "E-VERSION"
    assert gravest(Systemd(scanner=start)).grade is Grade.FAILURE


def test_missing_systemctl_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no error."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert ask_systemd(["show"]) is None
