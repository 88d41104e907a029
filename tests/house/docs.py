"""What the READMEs print from the code: `python -m tests.house.docs` renews it.

A block stands between `<!-- printed: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec.inspect
from click.testing import CliRunner

from scanner.boot.reasons import BootReason
from scanner.cli import scanner
from scanner.config import (
    CameraTable,
    CheckpointTable,
    LogTable,
    PinsTable,
    ReaderTable,
    Settings,
    UpdatesTable,
    allowed,
)
from scanner.core.reasons import Outcome, Reason, SignalName
from scanner.core.setup_signal import DONE, Blinks
from scanner.core.signal import SIGNALS, Signal, Step
from scanner.core.words import words
from scanner.doctor.ids import IDS

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    ROOT / "README.md",
    ROOT / "scanner" / "README.md",
    ROOT / "scanner" / "doctor" / "README.md",
)
BLOCK = re.compile(r"(<!-- printed: (\w[\w -]*) -->\n).*?(<!-- end -->)", re.DOTALL)

# In the order in which somebody meets them.
LIGHTS = (
    SignalName.READY,
    SignalName.ADMIT,
    SignalName.ADMIT_SEEN,
    SignalName.REFUSE,
    SignalName.COMPARE,
    SignalName.SCANNER,
    SignalName.NOT_A_PASS,
    SignalName.ONE_AT_A_TIME,
    SignalName.SPECIMEN,
    SignalName.TIME_SET,
    SignalName.TIME_NOT_SET,
    SignalName.FAULT,
    SignalName.REGIME_ENDED,
)


def lights() -> str:
    """What each signal looks and sounds like, and what to do."""
    rows = [
        f"| **{signal.word}** | {seen(signal)} | {heard(signal)} | {signal.do} |"
        for signal in (SIGNALS[name] for name in LIGHTS)
    ]
    return "\n".join(["| word | lamps | buzzer | what to do |", "|---|---|---|---|", *rows])


def seen(signal: Signal) -> str:
    """The steps of the lamps in words."""
    parts = []
    if signal.intro:
        parts.append(", ".join(map(_lit, signal.intro)))
    if len(signal.loop) == 1:
        parts.append(f"{_lamps(signal.loop[0])}, steady")
    elif signal.loop:
        parts.append(f"again and again: {', '.join(map(_lit, signal.loop))}")
    hold = f" (at most {signal.hold_s:g} s)" if signal.hold_s and signal.loop else ""
    return ("; then ".join(parts) or "dark") + hold


def _lit(step: Step) -> str:
    return f"{_lamps(step)} {step.for_s:.2g} s"


def _lamps(step: Step) -> str:
    names = [name for name in ("red", "green", "amber") if getattr(step.lamps, name)]
    return " + ".join(names) or "dark"


def heard(signal: Signal) -> str:
    """The beeps of the active buzzer in words."""
    beeps = [round(1000 * beep.on_s) for beep in signal.beeps]
    if not beeps:
        return "–"
    same = len(set(beeps)) == 1
    text = f"{len(beeps)} × {beeps[0]} ms" if same else " + ".join(map(str, beeps)) + " ms"
    return f"{text}, each {signal.repeat_s:g} s" if signal.repeat_s else text


def reasons() -> str:
    """Code, name, outcome, signal and sentence of every reason."""
    rows = [
        f"| {reason.value} | {reason.name} | {_outcome(reason.outcome)} | {reason.signal.value} |"
        f" {words(reason).line} {words(reason).do} |"
        for reason in Reason
    ]
    head = ["| code | reason | outcome | signal | the screen says |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _outcome(outcome: Outcome) -> str:
    return "– (counted)" if outcome is Outcome.NONE else outcome.name


def settings() -> str:
    """Every key of `checkpoint.toml` with its default and what it takes."""
    rows = ["| key | default | takes |", "|---|---|---|"]
    for table, struct in (
        ("", Settings),
        ("checkpoint", CheckpointTable),
        ("camera", CameraTable),
        ("reader", ReaderTable),
        ("pins", PinsTable),
        ("updates", UpdatesTable),
        ("log", LogTable),
    ):
        info = msgspec.inspect.type_info(struct)
        assert isinstance(info, msgspec.inspect.StructType)
        for field in info.fields:
            if isinstance(field.default, msgspec.Struct):
                continue
            keys = [table, field.name] if table else [field.name]
            default = "–" if field.default is None else f"`{_toml(field.default)}`"
            rows.append(f"| `{'.'.join(keys)}` | {default} | {allowed(keys)} |")
    return "\n".join(rows)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def findings() -> str:
    """Every id of `scanner doctor`, by part."""
    rows = [f"| {known.id} | {known.part} | {known.says} | {known.do} |" for known in IDS]
    return "\n".join(["| id | part | what it speaks of | what to do |", "|---|---|---|---|", *rows])


# Blinks of a device that is being set up → what to do first.
SETUP = {
    Blinks.FILE: "The boot file cannot be read as settings: save or copy it again.",
    Blinks.SETTING: "A setting is wrong: correct the line that is named.",
    Blinks.WIFI: "Wi-Fi is wrong: name, password and country.",
    Blinks.ENROL: "Where and with what to enrol is wrong: copy it again, or have a new card made.",
    Blinks.CITY: "At the next start: the city was not reached, or refuses this card. "
    "Look at the network, then ask.",
}


def setup_lights() -> str:
    """What lamps and buzzer say while a device is set up."""
    rows = [f"| {seen(DONE)} | {heard(DONE)} | Taken. Go on; pull the stick out. |"]
    for group, what in SETUP.items():
        rows.append(
            f"| red blinks {group.value} times, then dark 2 s | {group.value} beeps | {what} |"
        )
    return "\n".join(["| lamps | buzzer | what it says |", "|---|---|---|", *rows])


def boot_reasons() -> str:
    """Why a boot file is not taken, by id."""
    rows = [f"| {each.id} | {each.group.value} | {each.sentence} |" for each in BootReason]
    return "\n".join(["| id | red blinks | what to do |", "|---|---|---|", *rows])


def help_of(*command: str) -> str:
    """What --help prints, 80 columns wide."""
    result = CliRunner().invoke(scanner, [*command, "--help"], terminal_width=80)
    return f"```\n{result.output.rstrip()}\n```"


BLOCKS: dict[str, Callable[[], str]] = {
    "lights": lights,
    "reasons": reasons,
    "settings": settings,
    "findings": findings,
    "setup lights": setup_lights,
    "boot reasons": boot_reasons,
    "help": help_of,
    "help check": lambda: help_of("check"),
    "help doctor": lambda: help_of("doctor"),
    "help support-bundle": lambda: help_of("support-bundle"),
}


def renewed(text: str) -> str:
    """The text with every block printed anew."""
    return BLOCK.sub(lambda match: f"{match[1]}{BLOCKS[match[2]]()}\n{match[3]}", text)


if __name__ == "__main__":
    for path in FILES:
        path.write_text(renewed(path.read_text("utf-8")), "utf-8")
