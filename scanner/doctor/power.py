"""Power and heat of a Raspberry Pi, as its firmware counts them.

`get_throttled`: bits 0 to 3 are true now, bits 16 to 19 were true since the start: undervoltage,
frequency capped, throttled, soft limit of the temperature.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from scanner.doctor.finding import Finding, Grade

SYS = Path("/sys")
MODEL = "firmware/devicetree/base/model"
# soc/soc:firmware/get_throttled up to the Raspberry Pi 4; its folders have numbers on a 5. Kernels
# call it deprecated, so it is asked only where vcgencmd gives no answer.
THROTTLED = (
    "devices/platform/soc*/*firmware/get_throttled",
    "devices/platform/*firmware/get_throttled",
)
THERMAL, HWMON = "class/thermal", "class/hwmon"
ASK_S = 5.0
# The firmware slows the processor down from 80 °C on; a closed box in the sun gets there.
WARM_C, HOT_C = 70, 80

_UNDERVOLTAGE, _CAPPED, _THROTTLED, _SOFT_LIMIT = 1, 2, 4, 8
_SINCE_START = 16

PLUG = (
    "Use a power supply of 5.1 V and 3 A with a short thick cable; undervoltage spoils cards "
    "and makes cameras vanish."
)
COOL = "Shade the box, give it air, or fit a heat sink."


def ask_firmware() -> str:
    """The answer of vcgencmd, such as `throttled=0x50000`; empty where there is none."""
    try:
        done = subprocess.run(
            ["vcgencmd", "get_throttled"], capture_output=True, text=True, timeout=ASK_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def check_power(sys: Path = SYS, ask: Callable[[], str] = ask_firmware) -> Iterator[Finding]:
    """sys: where sysfs is mounted."""
    model = read_text(sys / MODEL).rstrip("\0")
    if "Raspberry Pi" in model:
        yield Finding("E-BOARD", Grade.OK, model)
        yield from _throttled(ask().partition("=")[2] or _by_sysfs(sys), sys)
    else:
        found = f"not a Raspberry Pi ({model or 'no device tree'}): its power cannot be asked"
        yield Finding("E-BOARD", Grade.OK, found)
    yield from _temperature(sys)


def _by_sysfs(sys: Path) -> str:
    """The same bits, where vcgencmd is missing."""
    texts = (read_text(path) for place in THROTTLED for path in sorted(sys.glob(place)))
    return next(filter(None, texts), "")


def _throttled(text: str, sys: Path) -> Iterator[Finding]:
    """text: hex; without it a sensor of newer kernels is asked, which knows undervoltage alone."""
    try:
        bits = int(text, 16)
    except ValueError:
        yield _alarm(sys)
        return
    before = bits >> _SINCE_START
    for bit, id_, what, fix in (
        (_UNDERVOLTAGE, "E-POWER", "undervoltage", PLUG),
        (_CAPPED | _THROTTLED | _SOFT_LIMIT, "E-THROTTLED", "the processor was slowed down", COOL),
    ):
        if bits & bit:
            yield Finding(id_, Grade.WARNING, f"{what}, now", fix)
        elif before & bit:
            yield Finding(id_, Grade.WARNING, f"{what}, since the start", fix)
        else:
            yield Finding(id_, Grade.OK, f"not: {what}")


def _alarm(sys: Path) -> Finding:
    for name in sorted(sys.glob(f"{HWMON}/hwmon*/name")):
        if read_text(name) != "rpi_volt":
            continue
        match read_text(name.with_name("in0_lcrit_alarm")):
            case "0":
                return Finding("E-POWER", Grade.OK, "not: undervoltage")
            case "1":
                return Finding("E-POWER", Grade.WARNING, "undervoltage, now", PLUG)
    found = "the firmware does not say whether the power was enough"
    fix = "Run this as root once, or add the user to the group video."
    return Finding("E-POWER", Grade.WARNING, found, fix)


def _temperature(sys: Path) -> Iterator[Finding]:
    """Of the warmest zone; boards without one say nothing."""
    texts = [read_text(path) for path in (sys / THERMAL).glob("thermal_zone*/temp")]
    degrees = [int(text) / 1000 for text in texts if text.lstrip("-").isdigit()]
    if not degrees:
        return
    found = f"{max(degrees):.0f} °C"
    if max(degrees) >= HOT_C:
        found = f"{found}: the processor is slowed down from {HOT_C} °C on"
    grade = Grade.WARNING if max(degrees) >= WARM_C else Grade.OK
    yield Finding("E-TEMPERATURE", grade, found, COOL)


def read_text(path: Path) -> str:
    """Empty when it cannot be read: not every board has every file."""
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
