"""Camera, lamps and clock, as they answer now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scanner import assembly
from scanner.config import Settings
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import DeviceError, StoreError
from scanner.core.reading import STICKER
from scanner.core.time_bounds import TimeSource
from scanner.doctor.finding import Finding, Grade
from scanner.store.outbox import SqliteOutbox
from scanner.store.state import StateStore

DARK, BRIGHT = 20, 235
LEAST_FPS = 5.0
CONFIRM = (
    "Show the camera a time code from the issuer's page, or connect the network once; "
    "without both run `scanner clock set`."
)

_TOO_FAR = (
    "If it is right, connect the network and run `scanner sync`, or load lists that were signed "
    "offline in the last two days, or set the time by hand (`scanner clock set`). If it is wrong, "
    "look at the time server."
)
_PAST_REACH = (
    "Before this device is switched off, load lists that were signed offline in the last two days "
    "(`scanner sync --from STICK`): they raise the floor. Without them it does not know the time "
    "after its next start, until it has the network again."
)


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


def check_stickers(state: Path) -> Iterator[Finding]:
    """Whether a code hung in view on the last day that this device knows of."""
    try:
        with closing(SqliteOutbox(state)) as outbox, closing(StateStore(state)) as floors:
            last = outbox.last_counted(STICKER)
            newest = datetime.fromtimestamp(floors.floor("time"), UTC)
    except StoreError:  # the part "stores" says what is wrong with it
        return
    if last is not None and last > newest - timedelta(days=1):
        found = f"a code that never moves hung before the camera, last at {last:%Y-%m-%d %H}h UTC"
        fix = "Take the sticker or poster out of view, or turn the camera."
        yield Finding("E-STICKER", Grade.WARNING, found, fix)


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


def check_clock(state: Path) -> tuple[list[Finding], ClockReading | None]:
    """Level, interval and source; a time too far ahead; the battery."""
    try:
        probe = assembly.probe_clock(state)
    except StoreError as error:
        return [Finding("E-CLOCK", Grade.FAILURE, str(error), "Run `scanner migrate`.")], None
    findings = [_level(probe), _rtc(probe)]
    if probe.future is not None:
        findings.append(_future(probe, probe.future))
    return findings, probe.now


def _level(probe: assembly.ClockProbe) -> Finding:
    now = probe.now
    found = f"level {now.level.name}, not before {now.earliest:%Y-%m-%d %H:%M}Z"
    if now.latest is None:
        return Finding("E-CLOCK", Grade.FAILURE, f"{found}: not confirmed", CONFIRM)
    found = f"{found}, not after {now.latest:%H:%M}Z"
    if probe.source is not None:
        found = f"{found}, by {probe.source.value}"
    is_weak = probe.source is TimeSource.HAND
    grade = Grade.WARNING if is_weak else Grade.OK
    return Finding("E-CLOCK", grade, found, f"It holds for 12 hours. {CONFIRM}")


def _future(probe: assembly.ClockProbe, claim: datetime) -> Finding:
    """Whoever claims it: network time, the lists, or the battery of another clock."""
    reach = f", believed up to {probe.ceiling:%Y-%m-%d %H:%M}Z" if probe.ceiling else ""
    found = f"{claim:%Y-%m-%d %H:%M}Z was claimed{reach}"
    if probe.is_past_reach:
        found = f"{found}; network time and signed lists agree, so it counts"
        return Finding("E-CLOCK-FUTURE", Grade.WARNING, found, _PAST_REACH)
    grade = Grade.FAILURE if probe.now.level is ClockLevel.C else Grade.WARNING
    return Finding("E-CLOCK-FUTURE", grade, found, _TOO_FAR)


def _rtc(probe: assembly.ClockProbe) -> Finding:
    """Without one a cut of the power loses the time; a checkpoint without network needs it."""
    if not probe.has_rtc:
        fix = "Fit a DS3231 (hardware/README.md), or have time codes at hand after a power cut."
        return Finding("E-RTC", Grade.WARNING, "no clock battery", fix)
    set_at = probe.memory.rtc_set_at
    if set_at is None:
        fix = "Connect the network for a quarter of an hour: network time sets it."
        return Finding("E-RTC", Grade.WARNING, "the clock battery is not known to be right", fix)
    return Finding("E-RTC", Grade.OK, f"clock battery, right on {set_at:%Y-%m-%d %H:%M}Z")
