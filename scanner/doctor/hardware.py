"""Camera, lamps and clock, as they answer now."""

from __future__ import annotations

from pathlib import Path

from scanner import assembly
from scanner.config import Settings
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import DeviceError, StoreError
from scanner.doctor.finding import Finding, Grade

DARK, BRIGHT = 20, 235
LEAST_FPS = 5.0


def check_camera(settings: Settings) -> Finding:
    """Frames a second, size, brightness, and whether a code was seen."""
    source = settings.camera.source
    try:
        probe = assembly.probe_camera(settings)
    except DeviceError as error:
        return Finding(
            "E-CAMERA", Grade.FAILURE, str(error), "Check camera.source in the settings."
        )
    if not probe.frames or probe.size is None:
        fix = "Check the cable, and `ls /dev/v4l/by-id`; then correct camera.source."
        return Finding("E-CAMERA", Grade.FAILURE, f"{source} gives no picture", fix)
    fps = probe.frames / max(probe.seconds, 1e-6)
    found = (
        f"{source}: {probe.size[0]} x {probe.size[1]}, {fps:.0f} frames a second, "
        f"brightness {probe.brightness:.0f} of 255, {'a code' if probe.codes else 'no code'} seen"
    )
    if not DARK <= probe.brightness <= BRIGHT:
        fix = "Take the cap off, light the place, or shorten the exposure."
        return Finding("E-CAMERA", Grade.WARNING, found, fix)
    slow = fps < LEAST_FPS and settings.camera.fps >= LEAST_FPS
    fix = "Use a port of its own for the camera, and a smaller picture."
    return Finding("E-CAMERA", Grade.WARNING if slow else Grade.OK, found, fix)


def check_pins(settings: Settings) -> Finding:
    """The self-test: red, then green, then dark; only eyes can tell whether they were lit."""
    pins = settings.pins
    try:
        fault = assembly.probe_lamps(settings)
    except DeviceError as error:
        return Finding("E-PINS", Grade.FAILURE, str(error), "See hardware/README.md, wiring.")
    if fault:
        return Finding("E-PINS", Grade.FAILURE, fault, "See hardware/README.md, wiring.")
    found = f"{pins.factory}: red GPIO{pins.red}, green GPIO{pins.green}, buzzer GPIO{pins.buzzer}"
    if pins.factory == "mock":
        return Finding("E-PINS", Grade.WARNING, f"{found}: simulated", 'Set factory = "lgpio".')
    return Finding("E-PINS", Grade.OK, f"{found}; did you see red, then green, and hear a beep?")


def check_clock(state: Path) -> tuple[Finding, ClockReading | None]:
    """Level and bounds; at level C no pass is admitted."""
    try:
        now = assembly.probe_clock(state)
    except StoreError as error:
        return Finding("E-CLOCK", Grade.FAILURE, str(error), "Run `scanner migrate`."), None
    found = f"level {now.level.name}, not before {now.earliest:%Y-%m-%d %H:%M}Z"
    if now.level is ClockLevel.C:
        fix = "Connect the network once, so that NTP and the lists confirm the time."
        return Finding("E-CLOCK", Grade.FAILURE, f"{found}: not confirmed", fix), now
    return Finding("E-CLOCK", Grade.OK, found), now
