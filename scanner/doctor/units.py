"""The units that systemd runs: whether they run, have failed, and belong to this program."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import scanner as package
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.software import AGAIN

ASK_S = 5.0


class Kind(Enum):
    """When a unit should be active."""

    ALWAYS = "always"
    SWITCHED_ON = "switched on"  # a timer or path: active where somebody has enabled it
    SOMETIMES = "sometimes"  # does its work and ends
    IN_FAULT = "in fault"  # shows the fault pattern while something is broken


LOOP = "scanner.service"
UNITS: Mapping[str, Kind] = {
    LOOP: Kind.ALWAYS,
    "scanner-reader.service": Kind.ALWAYS,
    "scanner-fault.service": Kind.IN_FAULT,
    "scanner-retry.timer": Kind.SOMETIMES,
    "scanner-first-boot.service": Kind.SOMETIMES,
    "scanner-enrol.timer": Kind.SWITCHED_ON,
    "scanner-enrol.service": Kind.SOMETIMES,
    "scanner-sync.timer": Kind.SWITCHED_ON,
    "scanner-sync.service": Kind.SOMETIMES,
    "scanner-upload.timer": Kind.SWITCHED_ON,
    "scanner-upload.service": Kind.SOMETIMES,
}
# Have an instance for each stick while it is plugged in; systemd shows no unit of these names.
INSTANCES = ("scanner-stick@.service", "scanner-lamps@.service")

_ASKED = (
    "Id,LoadState,ActiveState,SubState,Result,NRestarts,NeedDaemonReload,UnitFileState,"
    "ConditionResult,ConditionTimestampMonotonic,ExecStart"
)
# As `systemctl show` has it: { path=/opt/…/python ; argv[]=/opt/…/python -I -m scanner run ; … }
_PROGRAM = re.compile(r"argv\[\]=(\S+/scanner|\S+(?: -\w)* -m scanner) ")
# So often a scanner was started again since the device was switched on, or since it was reset.
MANY_RESTARTS = 3

Properties = Mapping[str, str]
Systemctl = Callable[[Sequence[str]], "str | None"]


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit as systemd describes it."""

    name: str
    kind: Kind
    has: Properties

    @property
    def state(self) -> str:
        """Such as `active (running)`."""
        return f"{self.has.get('ActiveState', 'unknown')} ({self.has.get('SubState', 'unknown')})"

    @property
    def is_active(self) -> bool:
        return self.has.get("ActiveState") in ("active", "activating", "reloading")

    @property
    def lacks_condition(self) -> bool:
        """It was to start, and its conditions were not met; "no" alone also means never asked."""
        asked_at = self.has.get("ConditionTimestampMonotonic", "0")
        return self.has.get("ConditionResult") == "no" and asked_at != "0"

    @property
    def restarts(self) -> int:
        """How often systemd has started it again."""
        text = self.has.get("NRestarts", "")
        return int(text) if text.isdigit() else 0

    @property
    def is_running(self) -> bool:
        """And not only being started, perhaps for the hundredth time."""
        return self.has.get("ActiveState") in ("active", "reloading")

    @property
    def has_failed(self) -> bool:
        return self.has.get("ActiveState") == "failed"


def ask_systemd(arguments: Sequence[str]) -> str | None:
    """What systemctl prints; None where it is missing, hangs or reaches no systemd."""
    try:
        done = subprocess.run(
            ["systemctl", *arguments], capture_output=True, text=True, timeout=ASK_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def look_at_units(ask: Systemctl = ask_systemd) -> list[Unit]:
    """Those that are installed; empty where no systemd runs."""
    answer = ask(["show", f"--property={_ASKED}", *UNITS])
    found = []
    for block in (answer or "").split("\n\n"):
        has = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        kind = UNITS.get(has.get("Id", ""))
        if kind is not None and has.get("LoadState") not in (None, "not-found"):
            found.append(Unit(has["Id"], kind, has))
    return found


def is_scanning(ask: Systemctl = ask_systemd) -> bool:
    """Whether the loop runs as a unit: it has camera and lamps then, and nobody else can."""
    return any(unit.name == LOOP and unit.is_running for unit in look_at_units(ask))


def check_units(ask: Systemctl = ask_systemd) -> Iterator[Finding]:
    """Each unit, and whether unit files and programs are of one release."""
    units = look_at_units(ask)
    if not units:
        found = "no unit of the scanner is installed, or no systemd runs here"
        fix = "On a device install the package again; on a laptop there is nothing to do."
        yield Finding("E-UNIT", Grade.WARNING, found, fix)
        return
    for unit in units:
        yield _unit(unit)
        if unit.has.get("NeedDaemonReload") == "yes":
            fix = "Run `sudo systemctl daemon-reload`, then `sudo systemctl restart scanner`."
            found = f"{unit.name} was changed and is not in use yet"
            yield Finding("E-UNIT-RELOAD", Grade.WARNING, found, fix)
    yield from _versions(units)


def _unit(unit: Unit) -> Finding:
    found = f"{unit.name} {unit.state}"
    if unit.has_failed:
        grade = Grade.FAILURE if unit.kind is Kind.ALWAYS else Grade.WARNING
        return Finding("E-UNIT", grade, f"{found}: {unit.has.get('Result', '')}", _journal(unit))
    match unit.kind:
        case Kind.ALWAYS:
            return _always(unit, found)
        case Kind.SWITCHED_ON if not unit.is_active and unit.has.get("UnitFileState") == "enabled":
            fix = f"Run `sudo systemctl start {unit.name}`."
            return Finding("E-UNIT", Grade.WARNING, f"{found}, though it is enabled", fix)
        case Kind.IN_FAULT if unit.is_active:
            found = f"{found}: the lamps show the fault pattern"
            return Finding("E-UNIT-FAULT", Grade.FAILURE, found, "See the other findings.")
        case _:
            return Finding("E-UNIT", Grade.OK, found)


def _always(unit: Unit, found: str) -> Finding:
    """Of a unit that should run, and has not failed for good."""
    if not unit.is_active and unit.has.get("Result") == "exec-condition":
        found = f"{found}: it waits to be enrolled"
        return Finding("E-UNIT", Grade.WARNING, found, "See E-NOT-ENROLLED.")
    if not unit.is_active and unit.lacks_condition:
        found = f"{found}: it waits for settings"
        return Finding("E-UNIT", Grade.WARNING, found, "See E-CONFIG and E-BOOT-FILE.")
    if not unit.is_active:
        return Finding("E-UNIT", Grade.FAILURE, found, "Run `sudo systemctl enable --now scanner`.")
    if unit.restarts >= MANY_RESTARTS:
        grade = Grade.WARNING if unit.is_running else Grade.FAILURE
        found = f"{found}, started again {unit.restarts} times"
        return Finding("E-UNIT-RESTARTS", grade, found, _journal(unit))
    if not unit.is_running:
        found = f"{found}: it is not ready yet"
        return Finding("E-UNIT", Grade.WARNING, found, _journal(unit))
    return Finding("E-UNIT", Grade.OK, found)


def _journal(unit: Unit) -> str:
    return f"Read `sudo journalctl -u {unit.name} -n 50`."


def _versions(units: Sequence[Unit]) -> Iterator[Finding]:
    """This program against the one that the units start."""
    started = (_PROGRAM.search(unit.has.get("ExecStart", "")) for unit in units)
    programs = {match[1] for match in started if match}
    for program in sorted(programs):
        theirs = _version_of(program.split())
        found = f"{program} is {theirs or 'not to be started'}, this is {package.__version__}"
        fix = f"Use the program under /opt/scanner. {AGAIN}"
        if theirs is None:
            yield Finding("E-VERSION", Grade.FAILURE, found, fix)
        elif theirs != package.__version__:
            yield Finding("E-VERSION", Grade.WARNING, found, fix)
        else:
            yield Finding("E-VERSION", Grade.OK, f"{program} is {theirs}, as this one")


def _version_of(program: Sequence[str]) -> str | None:
    """None: it does not start."""
    try:
        done = subprocess.run(
            [*program, "--version"], capture_output=True, text=True, timeout=ASK_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip().rpartition(" ")[2] or None
