"""What doctor says of a camera, from its pictures and from the card in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from scanner.assembly.probes import CameraProbe
from scanner.config import CameraTable, Settings, parse_settings
from scanner.core.errors import DeviceError
from scanner.doctor import camera
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.optics import Optics
from scanner.ports import CameraState
from tests.doctor.scene import card_scene

USB = parse_settings('[camera]\nsource = "usb:/dev/v4l/by-id/x"', "x.toml")
CSI = parse_settings('[camera]\nsource = "csi:0"\nexposure_ms = "auto"', "x.toml")
PROBE = CameraProbe(CameraState.LIVE, 75, 5.0, (1280, 720), 120.0, 0)
GOOD = Optics(module_px=3.5, smear_px=2, blur_px=1, dark=40, light=190, glare=0.0)


def findings(
    monkeypatch: pytest.MonkeyPatch,
    probe: CameraProbe,
    settings: Settings = USB,
    optics: Optics | None = None,
) -> dict[str, Finding]:
    """By id; `optics` is what the card shows, whatever its picture."""
    grey, corners = card_scene(module_px=1)
    probe = replace(probe, cards=((grey, corners),) if optics else ())
    monkeypatch.setattr("scanner.assembly.probes.probe_camera", lambda _: probe)
    monkeypatch.setattr("scanner.doctor.optics.measure", lambda *_: optics)
    return {finding.id: finding for finding in camera.check_camera(settings)}


def test_a_good_camera_is_told_with_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure is there, also when nothing is to be done."""
    found = findings(monkeypatch, PROBE, optics=GOOD)
    assert {finding.grade for finding in found.values()} == {Grade.OK}
    assert set(found) == {
        "E-CAMERA", "E-CAM-RATE", "E-CAM-SIZE", "E-CAM-SMEAR", "E-CAM-FOCUS", "E-CAM-LIGHT",
        "E-CAM-GLARE",
    }  # fmt: skip
    assert "3.5 px a module" in found["E-CAM-SIZE"].found
    assert "15 frames a second" in found["E-CAM-RATE"].found


@pytest.mark.parametrize(
    ("optics", "name", "fix"),
    [
        (replace(GOOD, module_px=2.9), "E-CAM-SIZE", "closer"),
        (replace(GOOD, smear_px=4.0), "E-CAM-SMEAR", "Shorten camera.exposure_ms (8 now)"),
        (replace(GOOD, blur_px=4.5), "E-CAM-FOCUS", "usb_focus"),
        (replace(GOOD, light=250), "E-CAM-LIGHT", "Shorten"),
        (replace(GOOD, light=70, dark=5), "E-CAM-LIGHT", "Light the place"),
        (replace(GOOD, dark=140), "E-CAM-LIGHT", "wipe the lens"),
        (replace(GOOD, glare=0.05), "E-CAM-GLARE", "Tilt"),
    ],
)
def test_each_fault_has_its_id_and_its_cure(
    monkeypatch: pytest.MonkeyPatch, optics: Optics, name: str, fix: str
) -> None:
    """One warning, and what to change."""
    found = findings(monkeypatch, PROBE, optics=optics)
    warned = [finding for finding in found.values() if finding.grade is not Grade.OK]
    assert [finding.id for finding in warned] == [name]
    assert fix in warned[0].fix


def test_a_ribbon_camera_is_cured_by_its_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Focus in dioptres; an automatic exposure is what smears."""
    bad = replace(GOOD, smear_px=9, blur_px=9)
    found = findings(monkeypatch, PROBE, CSI, bad)
    assert "camera.focus" in found["E-CAM-FOCUS"].fix
    assert "Set camera.exposure_ms = 8" in found["E-CAM-SMEAR"].fix
    lost = replace(PROBE, state=CameraState.LOST, frames=0, size=None, error="rpicam-vid ended")
    found = findings(monkeypatch, lost, CSI)
    assert found["E-CAMERA"].grade is Grade.FAILURE
    assert "rpicam-vid ended" in found["E-CAMERA"].found
    assert "rpicam-hello" in found["E-CAMERA"].fix
    assert set(found) == {"E-CAMERA"}


def test_without_a_card_nothing_is_said_of_the_optics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to stand there; how to measure is told, and it is no warning."""
    found = findings(monkeypatch, PROBE)
    assert found["E-CAM-CARD"].grade is Grade.OK
    assert "test-card.svg" in found["E-CAM-CARD"].found
    assert "E-CAM-SIZE" not in found


@pytest.mark.parametrize(
    ("probe", "name", "fix"),
    [
        (replace(PROBE, brightness=10), "E-CAMERA", "Take the cap off"),
        (replace(PROBE, brightness=240), "E-CAMERA", "Shorten"),
        (replace(PROBE, frames=40), "E-CAM-RATE", "port of its own"),
        (replace(PROBE, not_taken=("fps = 15: has 30",)), "E-CAM-SETTING", "what the camera has"),
    ],
)
def test_pictures_are_judged_without_a_card(
    monkeypatch: pytest.MonkeyPatch, probe: CameraProbe, name: str, fix: str
) -> None:
    """Light, rate, and settings that the camera did not take."""
    found = findings(monkeypatch, probe)
    assert found[name].grade is Grade.WARNING
    assert fix in found[name].fix


def test_somebody_at_the_terminal_is_asked_for_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the pictures are taken."""
    told: list[str] = []

    class AtTerminal:
        def tell(self, words: str) -> None:
            told.append(words)

        def confirm(self, question: str) -> bool:
            raise AssertionError(question)

    def probe(_: Settings) -> CameraProbe:
        assert told
        raise DeviceError("The camera is not there. Check its cable.")

    monkeypatch.setattr("scanner.assembly.probes.probe_camera", probe)
    (finding,) = camera.check_camera(USB, AtTerminal())
    assert finding.grade is Grade.FAILURE
    assert "Check its cable" in finding.found


def test_a_card_before_a_camera_is_measured(tmp_path: Path) -> None:
    """From pictures to findings through the confined reader: 2.4 px a module, 7 px of movement."""
    for number in range(4):
        grey, _ = card_scene(module_px=2.4, smear_px=7, angle=30, seed=number)
        cv2.imwrite(str(tmp_path / f"{number}.png"), grey)
    settings = parse_settings(f'[camera]\nsource = "dir:{tmp_path}"\nfps = 5', "x.toml")
    found = {finding.id: finding for finding in camera.check_camera(settings)}
    assert found["E-CAM-SIZE"].grade is found["E-CAM-SMEAR"].grade is Grade.WARNING
    assert "2.4 px a module" in found["E-CAM-SIZE"].found
    smear = float(found["E-CAM-SMEAR"].found.split()[0])
    assert smear == pytest.approx(7, abs=1)
    assert found["E-CAM-FOCUS"].grade is found["E-CAM-GLARE"].grade is Grade.OK


def test_hand_scanner_is_looked_for_where_one_is_set() -> None:
    """A name that is not there is a warning: the camera works without it."""
    assert list(camera.check_hand_scanner(CameraTable())) == []
    table = CameraTable(hand_scanner="/dev/input/by-id/usb-none-event-kbd")
    (finding,) = camera.check_hand_scanner(table)
    assert finding.grade is Grade.WARNING
    assert "usb-none-event-kbd" in finding.found
    (there,) = camera.check_hand_scanner(CameraTable(hand_scanner="/dev/null"))
    assert there.grade is Grade.OK
