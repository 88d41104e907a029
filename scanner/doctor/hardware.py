"""Stickers, lamps and clock, as they answer now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scanner.assembly import clock, probes
from scanner.config import Settings
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.errors import DeviceError, StoreError
from scanner.core.reading import STICKER
from scanner.core.time_bounds import TimeSource
from scanner.doctor.finding import Finding, Grade
from scanner.store.outbox import SqliteOutbox
from scanner.store.state import StateStore

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
        fault = probes.probe_lamps(settings)
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
        probe = clock.probe_clock(state)
    except StoreError as error:
        return [Finding("E-CLOCK", Grade.FAILURE, str(error), "Run `scanner migrate`.")], None
    findings = [_level(probe), _rtc(probe)]
    if probe.future is not None:
        findings.append(_future(probe, probe.future))
    return findings, probe.now


def _level(probe: clock.ClockProbe) -> Finding:
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


def _future(probe: clock.ClockProbe, claim: datetime) -> Finding:
    """Whoever claims it: network time, the lists, or the battery of another clock."""
    reach = f", believed up to {probe.ceiling:%Y-%m-%d %H:%M}Z" if probe.ceiling else ""
    found = f"{claim:%Y-%m-%d %H:%M}Z was claimed{reach}"
    if probe.is_past_reach:
        found = f"{found}; network time and signed lists agree, so it counts"
        return Finding("E-CLOCK-FUTURE", Grade.WARNING, found, _PAST_REACH)
    grade = Grade.FAILURE if probe.now.level is ClockLevel.C else Grade.WARNING
    return Finding("E-CLOCK-FUTURE", grade, found, _TOO_FAR)


def _rtc(probe: clock.ClockProbe) -> Finding:
    """Without one a cut of the power loses the time; a checkpoint without network needs it."""
    if not probe.has_rtc:
        fix = "Fit a DS3231 (hardware/README.md), or have time codes at hand after a power cut."
        return Finding("E-RTC", Grade.WARNING, "no clock battery", fix)
    set_at = probe.memory.rtc_set_at
    if set_at is None:
        fix = "Connect the network for a quarter of an hour: network time sets it."
        return Finding("E-RTC", Grade.WARNING, "the clock battery is not known to be right", fix)
    return Finding("E-RTC", Grade.OK, f"clock battery, right on {set_at:%Y-%m-%d %H:%M}Z")
