"""`scanner doctor`: findings with stable ids, and exit codes."""

from __future__ import annotations

import io
from contextlib import closing
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import pytest

from scanner.assembly.clock import ClockProbe
from scanner.assembly.probes import CameraProbe
from scanner.config import parse_settings
from scanner.core.errors import DeviceError, StoreError
from scanner.core.reading import STICKER
from scanner.doctor import camera, hardware, software
from scanner.doctor.finding import Finding, Grade, exit_code
from scanner.doctor.parts import PARTS
from scanner.ports import CameraState
from scanner.store.device_key import KEY_FILE, device_id, provide_device_key
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.state import StateStore
from tests import city
from tests.commands.conftest import Run, rows

SETTINGS = parse_settings("", "x.toml")


def test_new_machine_is_not_configured(scanner: Run, tmp_path: Path) -> None:
    """Exit 3, and each failure says what to do."""
    config, state = tmp_path / "x.toml", tmp_path / "state"
    code, out, _ = scanner("doctor", "--config", config, "--state", state, "--json")
    assert code == 3
    found = rows(out)
    assert all(row["fix"] for row in found if row["grade"] != "ok")
    assert {row["id"] for row in found} >= {"E-CONFIG", "E-LIBRARY", "E-STORE", "E-CLOCK"}


def test_simulated_device_is_looked_at(scanner: Run, tmp_path: Path) -> None:
    """Camera from a folder, mock pins, fresh databases: everything answers."""
    samples = Path(__file__).parents[2] / "sample_codes"
    (tmp_path / "x.toml").write_text(
        f'standalone = true\n[camera]\nsource = "dir:{samples}"\nfps = 60\n'
        '[pins]\nfactory = "mock"\n'
    )
    migrate(tmp_path)
    provide_device_key(tmp_path)
    arguments = ("--config", tmp_path / "x.toml", "--state", tmp_path)
    code, out, _ = scanner("doctor", *arguments, "--only", "reader,camera,pins,stores", "--json")
    grades = {str(row["id"]): str(row["grade"]) for row in rows(out)}
    assert grades["E-CAMERA"] == "ok"
    assert grades["E-READER-OPEN"] == "ok"
    assert grades["E-PINS"] == "warning"
    assert grades["E-STORE"] == "ok"
    assert code == 0
    strict, _, _ = scanner("doctor", *arguments, "--only", "pins", "--strict")
    assert strict == 1


def test_clock_is_read_only_where_it_is_asked_for(
    scanner: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clock and lists need it; whoever asks for the rest leaves the databases closed."""
    asked: list[Path] = []

    def probe(state: Path) -> ClockProbe:
        asked.append(state)
        raise StoreError("There is no state.db.")

    monkeypatch.setattr("scanner.assembly.clock.probe_clock", probe)
    for parts in ("config", "libraries,stores", "camera,pins"):
        scanner("doctor", "--state", tmp_path, "--only", parts)
    assert asked == []
    for number, parts in enumerate(("clock", "lists", "clock,lists"), start=1):
        _, out, _ = scanner("doctor", "--state", tmp_path, "--only", parts)
        assert (len(asked), "There is no state.db." in out) == (number, True)


@pytest.mark.parametrize(
    ("ago", "is_told"), [(timedelta(hours=2), True), (timedelta(days=3), False)]
)
def test_sticker_of_the_last_day_is_told(tmp_path: Path, ago: timedelta, is_told: bool) -> None:
    """A day by the last time that the device has saved; one that was taken down is forgotten."""
    assert list(hardware.check_stickers(tmp_path)) == []
    migrate(tmp_path)
    assert list(hardware.check_stickers(tmp_path)) == []
    with closing(SqliteOutbox(tmp_path)) as outbox, closing(StateStore(tmp_path)) as floors:
        outbox.count(STICKER, city.NOW - ago)
        floors.raise_floors({"time": int(city.NOW.timestamp())})
    found = {finding.id: finding.grade for finding in hardware.check_stickers(tmp_path)}
    assert found == ({"E-STICKER": Grade.WARNING} if is_told else {})


def test_unknown_part_exits_64(scanner: Run) -> None:
    """With the names that there are."""
    code, _, err = scanner("doctor", "--only", "soul")
    assert code == 64
    assert "camera" in err


@pytest.mark.parametrize(
    ("grades", "strict", "code"),
    [
        ([Grade.OK], True, 0),
        ([Grade.WARNING], False, 0),
        ([Grade.WARNING], True, 1),
        ([Grade.WARNING, Grade.FAILURE], False, 2),
        ([Grade.FAILURE, Grade.UNCONFIGURED], True, 3),
    ],
)
def test_exit_code_is_of_the_gravest(grades: list[Grade], strict: bool, code: int) -> None:
    """0 ok, 1 warnings and strict, 2 a failure, 3 not configured."""
    assert exit_code([Finding("E-X", grade, "") for grade in grades], strict=strict) == code


def test_libraries_of_doctor_are_those_of_the_device() -> None:
    """What is missing there for a reason is not called a fault."""
    lock = (Path(__file__).parents[2] / "systemd/device/requirements.lock").read_text("utf-8")
    pinned = {line.partition("==")[0] for line in lock.splitlines() if "==" in line}
    for package, _ in software.LIBRARIES.values():
        assert {package, f"{package}-headless"} & pinned, package


def test_wrong_setting_is_named(tmp_path: Path) -> None:
    """The sentence of the settings reader reaches the technician."""
    (tmp_path / "x.toml").write_text("[pins]\ngreen = 99")
    finding, settings = software.check_config(tmp_path / "x.toml")
    assert (finding.grade, settings) == (Grade.UNCONFIGURED, None)
    assert "line 2, pins.green" in finding.found


@pytest.mark.parametrize(
    ("line", "grade"),
    [
        ("OK The settings are taken.", Grade.OK),
        ("E-BOOT-PIN: line 3: give every wire a pin of its own.", Grade.WARNING),
        ("", Grade.WARNING),
    ],
)
def test_boot_file_of_the_card_is_spoken_of(tmp_path: Path, line: str, grade: Grade) -> None:
    """As it was told beside the file; a card without one is not."""
    assert list(software.check_boot_file(tmp_path / "none")) == []
    (tmp_path / "result.txt").write_text(f"{line}\nmore\n")
    (told,) = software.check_boot_file(tmp_path / "result.txt")
    assert (told.id, told.grade, told.found) == ("E-BOOT-FILE", grade, line)


def test_device_is_named_by_its_key(tmp_path: Path) -> None:
    """Before the first start it is nobody, then 16 hex digits; a damaged key is a failure."""
    assert software.check_device(tmp_path).grade is Grade.FAILURE
    assert not (tmp_path / KEY_FILE).exists()
    key = provide_device_key(tmp_path)
    assert device_id(key) in software.check_device(tmp_path).found
    (tmp_path / KEY_FILE).write_bytes(b"x")
    assert software.check_device(tmp_path).grade is Grade.FAILURE


@pytest.mark.parametrize(
    ("probe", "grade", "says"),
    [
        (CameraProbe(CameraState.LIVE, 75, 5.0, (1280, 720), 120.0, 1), Grade.OK, "15 frames"),
        (CameraProbe(CameraState.LIVE, 75, 5.0, (1280, 720), 2.0, 0), Grade.WARNING, "brightness"),
        (CameraProbe(CameraState.LIVE, 5, 5.0, (1280, 720), 120.0, 0), Grade.WARNING, "1 frames"),
        (CameraProbe(CameraState.LOST, 0, 5.0, None, 0.0, 0), Grade.FAILURE, "no picture"),
    ],
)
def test_camera_is_judged_by_what_it_gives(
    monkeypatch: pytest.MonkeyPatch, probe: CameraProbe, grade: Grade, says: str
) -> None:
    """Rate, brightness, and whether there is a picture at all."""
    monkeypatch.setattr("scanner.assembly.probes.probe_camera", lambda _: probe)
    found = list(camera.check_camera(SETTINGS))
    assert max(finding.grade for finding in found) is grade
    assert any(says in finding.found for finding in found)


def test_busy_pins_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the pins say reaches the technician in their words."""

    def busy(_: object) -> None:
        raise DeviceError("Free GPIO17 or name another pin: it is held by 'other'.")

    monkeypatch.setattr("scanner.assembly.probes.probe_lamps", busy)
    finding = hardware.check_pins(SETTINGS)
    assert finding.grade is Grade.FAILURE
    assert "GPIO17" in finding.found


def test_old_zbar_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version with memory faults must go; a system without dpkg is only told so."""
    monkeypatch.setattr(software, "LEAST_ZBAR", "99:1")
    assert software.check_zbar().grade in (Grade.FAILURE, Grade.WARNING)
    monkeypatch.setenv("PATH", "/nowhere")
    assert software.check_zbar().grade is Grade.WARNING


def test_every_part_can_be_named(scanner: Run) -> None:
    """What --help lists is what there is."""
    _, out, _ = scanner("doctor", "--help")
    said = " ".join(out.split())
    assert f"{', '.join(part.name for part in PARTS)}; or wiring." in said


def test_wiring_is_asked_of_people_only(scanner: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody sits at a terminal it lights nothing and says how to call it."""
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, out, err = scanner("doctor", "--only", "wiring")
    assert (code, out) == (64, "")
    assert "Sit down at the device, or use `ssh -t`" in err


def test_running_scanner_keeps_camera_and_lamps(
    scanner: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device at work is well: what the scanner holds is not taken for broken."""
    (tmp_path / "x.toml").write_text("standalone = true\n")
    monkeypatch.setattr("scanner.doctor.units.is_scanning", lambda: True)
    arguments = ("--config", tmp_path / "x.toml", "--state", tmp_path, "--only", "camera,pins")
    code, out, _ = scanner("doctor", *arguments)
    assert code == 0
    assert "the scanner is running and has the camera" in out
    assert "the scanner is running and has the lamps" in out


@pytest.mark.parametrize("installed", ["opencv-python", "opencv-python-headless"])
def test_either_build_of_opencv_will_do(monkeypatch: pytest.MonkeyPatch, installed: str) -> None:
    """Devices have the one without windows, under a name of its own."""

    def version(package: str) -> str:
        if package.startswith("opencv") and package != installed:
            raise metadata.PackageNotFoundError(package)
        return "1.0"

    monkeypatch.setattr("importlib.metadata.version", version)
    found = list(software.check_libraries())
    assert {finding.grade for finding in found} == {Grade.OK}
    assert f"{installed} 1.0" in [finding.found for finding in found]
