"""The camera: pictures, light, and the optics by a printed test card.

The limits are those of the reader (../vision/README.md): below three pixels a module, and with a
movement or blur as wide as that, fewer and fewer codes are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scanner.assembly import probes
from scanner.assembly.probes import CameraProbe
from scanner.config import CameraTable, Settings
from scanner.core.errors import DeviceError
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.subject import Technician

DARK, BRIGHT = 20, 235
LEAST_SHARE_OF_FPS = 0.7

LEAST_MODULE_PX = 3.0
MOST_SMEAR_PX = 4.0
MOST_BLUR_PX = 4.0
LEAST_LIGHT, MOST_LIGHT = 80, 245
LEAST_CONTRAST = 60
MOST_GLARE = 0.02

SHOW_CARD = (
    "Hold the test card (hardware/test-card.svg, printed at 100 %) before the camera where a phone "
    "is held, and move it as a hand does."
)


def check_camera(settings: Settings, technician: Technician | None = None) -> Iterator[Finding]:
    """Pictures for five seconds; what is in them, and the card when somebody holds it there."""
    if technician is not None:
        technician.tell(SHOW_CARD)
    try:
        probe = probes.probe_camera(settings)
    except DeviceError as error:
        fix = "Check camera.source in the settings, and `scanner doctor --only reader`."
        yield Finding("E-CAMERA", Grade.FAILURE, str(error), fix)
        return
    yield _pictures(settings.camera, probe)
    if not probe.frames:
        return
    yield _rate(settings.camera, probe)
    for difference in probe.not_taken:
        fix = "Set what the camera has, or see `v4l2-ctl --list-ctrls`; a fixed lens needs nothing."
        yield Finding("E-CAM-SETTING", Grade.WARNING, f"camera.{difference}", fix)
    yield from _optics(settings.camera, probe)


def check_hand_scanner(table: CameraTable) -> Iterator[Finding]:
    """Whether the device that the settings name is there; it is not opened."""
    if table.hand_scanner is None:
        return
    path = Path(table.hand_scanner)
    if path.is_char_device():
        yield Finding("E-HAND-SCANNER", Grade.OK, f"{path.name} is there")
        return
    fix = "Plug it in; `ls /dev/input/by-id` lists the names: correct camera.hand_scanner."
    yield Finding("E-HAND-SCANNER", Grade.WARNING, f"there is no hand scanner {path}", fix)


def _pictures(table: CameraTable, probe: CameraProbe) -> Finding:
    """Whether there are any, their size, and their brightness on the whole."""
    source = table.source
    if not probe.frames or probe.size is None:
        fix = "Check the cable, and `ls /dev/v4l/by-id`; then correct camera.source."
        if source.startswith("csi:"):
            fix = "Check the cable, and `rpicam-hello --list-cameras`; then correct camera.source."
        found = f"{source} gives no picture{': ' * bool(probe.error)}{probe.error}"
        return Finding("E-CAMERA", Grade.FAILURE, found, fix)
    found = (
        f"{source}: {probe.size[0]} x {probe.size[1]}, brightness {probe.brightness:.0f} of 255, "
        f"{'a code' if probe.codes else 'no code'} seen"
    )
    if probe.brightness < DARK:
        fix = "Take the cap off, light the place, or raise camera.exposure_ms up to 10."
        return Finding("E-CAMERA", Grade.WARNING, found, fix)
    is_bright = probe.brightness > BRIGHT
    fix = "Shorten camera.exposure_ms; for a ribbon camera lower camera.ev."
    return Finding("E-CAMERA", Grade.WARNING if is_bright else Grade.OK, found, fix)


def _rate(table: CameraTable, probe: CameraProbe) -> Finding:
    """Frames a second, as this machine reads them, beside what was asked for."""
    fps = probe.frames / max(probe.seconds, 1e-6)
    is_slow = fps < table.fps * LEAST_SHARE_OF_FPS
    found = f"{fps:.0f} frames a second read, {table.fps:g} asked for"
    fix = "Use a port of its own for the camera, a smaller picture, or a shorter exposure."
    return Finding("E-CAM-RATE", Grade.WARNING if is_slow else Grade.OK, found, fix)


def _optics(table: CameraTable, probe: CameraProbe) -> Iterator[Finding]:
    """What the card shows; nobody has to hold one."""
    from scanner.doctor.optics import measure, middle_of

    seen = middle_of(
        optics for grey, at in probe.cards if (optics := measure(grey, at)) is not None
    )
    if seen is None:
        found = (
            "no test card was seen, so size, smear and focus are not known; to measure them: print "
            "hardware/test-card.svg, then `scanner doctor --only camera`"
        )
        yield Finding("E-CAM-CARD", Grade.OK, found)
        return
    yield _judged(
        "E-CAM-SIZE", seen.module_px >= LEAST_MODULE_PX,
        f"{seen.module_px:.1f} px a module of a dense pass, it takes {LEAST_MODULE_PX:g}",
        "Move the place for the phone closer to the camera, or raise camera.width and height.",
    )  # fmt: skip
    yield _judged(
        "E-CAM-SMEAR", seen.smear_px < MOST_SMEAR_PX,
        f"{seen.smear_px:.1f} px smeared by movement, below {MOST_SMEAR_PX:g} codes are read",
        _smear_fix(table),
    )  # fmt: skip
    yield _judged(
        "E-CAM-FOCUS", seen.blur_px < MOST_BLUR_PX,
        f"{seen.blur_px:.1f} px blurred by the lens, below {MOST_BLUR_PX:g} codes are read",
        _focus_fix(table),
    )  # fmt: skip
    yield _light(seen.light, seen.contrast)
    yield _judged(
        "E-CAM-GLARE", seen.glare <= MOST_GLARE,
        f"{100 * seen.glare:.0f} % of the dark modules are lit by a reflection",
        "Tilt the camera 15° to 20° against the phone, and put a hood over it.",
    )  # fmt: skip


def _judged(name: str, is_well: bool, found: str, fix: str) -> Finding:
    return Finding(name, Grade.OK if is_well else Grade.WARNING, found, fix)


def _smear_fix(table: CameraTable) -> str:
    if table.exposure_ms == "auto":
        return "Set camera.exposure_ms = 8, and light the place."
    return f"Shorten camera.exposure_ms ({table.exposure_ms:g} now), and light the place."


def _focus_fix(table: CameraTable) -> str:
    wipe = "Wipe the lens. "
    if table.source.startswith("csi:"):
        return f"{wipe}Set camera.focus to 1 / metres (5.0 is 20 cm), or turn the lens."
    return f"{wipe}Turn the lens until this is small, or set camera.usb_focus."


def _light(light: float, contrast: float) -> Finding:
    """Of the card alone: the scene around it does not matter."""
    found = f"the card's white is {light:.0f} of 255, {contrast:.0f} above its black"
    if light > MOST_LIGHT:
        fix = "Shorten camera.exposure_ms; for a ribbon camera lower camera.ev to -1."
        return Finding("E-CAM-LIGHT", Grade.WARNING, found, fix)
    is_well = light >= LEAST_LIGHT and contrast >= LEAST_CONTRAST
    fix = "Light the place, raise camera.exposure_ms up to 10, and wipe the lens."
    return _judged("E-CAM-LIGHT", is_well, found, fix)
