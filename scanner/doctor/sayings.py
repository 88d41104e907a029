"""Lines that may leave a device: texts of ours, of systemd and of the kernel, with gaps.

An allow-list. A line goes only if it is one of these texts, and of what stands in its gaps only
numbers and words of VOCABULARY go; `…` stands for the rest. So whatever somebody has managed to
get into a log, a pass, a plate or a key, stays here.

    %s  anything: kept when it is a word of VOCABULARY      %p  a port such as 1-1.4
    %d  a number of at most 10 digits                       %n  one that may have decimals
    %x  4 or 16 hex digits                                  %t  a date, a time, or both
    %i  why a boot file was not taken, or the city not reached
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Sequence
from functools import cached_property

from scanner.assembly.pending import CITY, NETWORK, REFUSED
from scanner.boot.reasons import BootReason
from scanner.core import errors
from scanner.core.clock import ClockLevel
from scanner.core.reasons import Reason
from scanner.core.time_bounds import TimeSource
from scanner.doctor.ids import IDS
from scanner.doctor.parts import BY_NAME
from scanner.doctor.units import UNITS
from scanner.store.database import ALL_FILES

# What camera and pins say of themselves, to doctor and as the last words of a scanner.
HARDWARE = (
    "%s gives no picture: The camera is not there. Check its cable: %s",
    'Run this on a Raspberry Pi, or set the pin factory to "mock": %s',
    "Use a Raspberry Pi: none of the GPIO chips is its header (%s).",
    "Add this user to the group gpio and log in again: %s",
    "Remove one of two GPIO chips: gpiochip%d and gpiochip%d both say they are the header.",
    "Install lgpio: %s",
    "Free GPIO%d or name another pin in the settings: it is held by '%s'.",
    "Free GPIO%d or name another pin in the settings: %s.",
    "Let the scanner start a process: its lamps' keeper (%s).",
)
# Of a device that is neither enrolled nor stands alone: the loop, and what its unit asks first.
NOT_CONFIGURED = "Enrol this device, or set standalone = true: nobody has said where it stands."
# What the programs of the units print beside what they log.
PRINTED = (
    "ready at %s",
    "SIMULATED  ready at %s",
    "%s: up to date",
    "device %x, state folder %s",
    "The lamps show nothing of it: %s",
    "fault_lamp: the lamps cannot be driven: %s",
    "OK %s",
    "%i %s",
    "%i line %d: %s",
    NOT_CONFIGURED,
    *(f"scanner: {saying}" for saying in (*HARDWARE, NOT_CONFIGURED)),
)
# Every text that the device's own programs log; a test finds the ones that are missing here.
OURS = (
    "%s cannot be kept: %s",
    "%s may not be removed by the scanner; remove it by hand",
    "E-STICKER: a code that never moves hangs before the camera and is not read (%d of them). "
    "Take the sticker or poster out of view; passes beside it are read as ever.",
    "a check failed: %s",
    "a pin is waited for: %s",
    "an unreadable code cannot be counted: %s",
    "clock: %s",
    "clock: %s sets the floor from %s to %s",
    "housekeeping is tried again in a minute: %s",
    "no room for scan records, and none that may go. Free some room on the card.",
    "no room: the oldest scan records gave way to counts by the hour",
    "the camera did not take %s",
    "the camera is opened anew: %s",
    "the lists cannot be read: %s",
    "the regime has ended: lists, scan records and keys are wiped",
    "the scan log is seen to again in a minute: %s",
    "the server took no more: %s",
    "time code: %s %s",
)
SYSTEMD = (
    "Started %s - %s",
    "Starting %s - %s",
    "Stopped %s - %s",
    "Stopping %s - %s",
    "Finished %s - %s",
    "Failed to start %s - %s",
    "Started %s",
    "Starting %s",
    "Stopped %s",
    "Stopping %s",
    "Finished %s",
    "Failed to start %s",
    "Dependency failed for %s",
    "%s: Deactivated successfully.",
    "%s: Main process exited, code=%s, status=%d/%s",
    "%s: Control process exited, code=%s, status=%d/%s",
    "%s: Failed with result '%s'.",
    "%s: Scheduled restart job, restart counter is at %d.",
    "%s: Start request repeated too quickly.",
    "%s: Triggering OnFailure= dependencies.",
    "%s: Watchdog timeout (limit %s)!",
    "%s: Killing process %d (%s) with signal %s.",
    "%s: State '%s' timed out. Terminating.",
    "%s: A process of this unit has been killed by the OOM killer.",
    "%s: Consumed %s CPU time.",
)
KERNEL = (
    "usb %p: new %s USB device number %d using %s",
    "usb %p: reset %s USB device number %d using %s",
    "usb %p: USB disconnect, device number %d",
    "usb %p: New USB device found, idVendor=%x, idProduct=%x, bcdDevice=%s",
    "usb %p: device descriptor read/%d, error -%d",
    "usb %p: device not accepting address %d, error -%d",
    "usb usb%d-port%d: unable to enumerate USB device",
    "usb usb%d-port%d: over-current condition",
    "uvcvideo %p:%s: Non-zero status (-%d) in video completion handler.",
    "uvcvideo %p:%s: Failed to %s",
    "Under-voltage detected! %s",
    "Voltage normalised %s",
    "hwmon hwmon%d: Undervoltage detected!",
    "hwmon hwmon%d: Voltage normalised",
    "mmc%d: error -%d whilst initialising SD card",
    "mmc%d: Timeout waiting for hardware interrupt.",
    "I/O error, dev mmcblk%d, sector %d %s",
    "Buffer I/O error on dev mmcblk%dp%d, %s",
    "EXT4-fs error (device mmcblk%dp%d): %s",
    "EXT4-fs (mmcblk%dp%d): Remounting filesystem read-only",
    "imx%d %p: %s",
    "ov%d %p: %s",
    "unicam %s: %s",
    "rp1-cfe %s: %s",
    "gpio gpiochip%d: %s",
    "pinctrl-rp%d %s: %s",
    "pinctrl-bcm%d %s: %s",
    "Out of memory: Killed process %d (%s) %s",
)
# What doctor says: of an error or an address that it quotes only the id and the grade go.
FINDINGS = (
    "OK %s",
    "%i %s",
    "%i line %d: %s",
    "%s whole",
    "%s damaged",
    "device %x",
    "%d MB free",
    "%s: no errors; it tells nothing of its wear",
    "%s: no errors; %d % of its life are used",
    "%d errors in the file system of mmcblk%dp%d since it was made or checked",
    "the disk tells nothing of its health",
    "%d scan records wait for a server, %d of them not sealed yet",
    "the scan log takes %n MB, %d % of its room",
    "the scan log takes %n MB, %d % of its room; the disk has %n MB left",
    "%d starts after a cut of the power in two days",
    "few of the last scans were undecided",
    "over a fifth of the last ten minutes' scans were undecided",
    "level %s, not before %t: not confirmed",
    "level %s, not before %t, not after %t",
    "level %s, not before %t, not after %t, by %s",
    "no clock battery",
    "the clock battery is not known to be right",
    "clock battery, right on %t",
    "%t was claimed%s",
    "no %s installed",
    "no issuer key is trusted",
    "ages are not known",
    "the city's offline signatures hold until %t",
    "the key of the holder list is there",
    "it is known whose lists count",
    "it is not known whose lists count: there is no root.json",
    "%s version %d, %n h old",
    "stands alone: its log is pulled, not sent",
    "not enrolled, and standing alone neither: it does not scan",
    "the certificate holds until %t",
    "the certificate ended on %t: records are kept and not sent",
    "the server has receipted nothing yet; %d records in %d segments wait",
    "the server had all up to record %d on %t; %d records in %d segments wait",
    "no server yet: this device is not enrolled",
    "no server is configured, and none is needed",
    "%s answers and shows itself as the city's",
    "the reader does not read its test code",
    "the reader can open no file, device or socket and start no program",
    "%s: %d x %d, brightness %d of 255, %s seen",
    "%d frames a second read, %n asked for",
    "%n px a module of a dense pass, it takes %n",
    "%n px smeared by movement, below %n codes are read",
    "%n px blurred by the lens, below %n codes are read",
    "%d % of the dark modules are lit by a reflection",
    "the card's white is %d of 255, %d above its black",
    "%s gives no picture",
    *HARDWARE,
    "passes are judged in %s; the journal is in %s",
    "%s: red GPIO%d, green GPIO%d, buzzer GPIO%d%s",
    "not a Raspberry Pi (%s): its power cannot be asked",
    "undervoltage, %s",
    "the processor was slowed down, %s",
    "not: %s",
    "%d °C",
    "%d °C: the processor is slowed down from %d °C on",
    "%s %s (%s)",
    "%s %s (%s): %s",
    "%s %s (%s): it is not ready yet",
    "%s %s (%s): it waits for settings",
    "%s %s (%s): the lamps show the fault pattern",
    "%s %s (%s), started again %d times",
    "no unit of the scanner is installed, or no systemd runs here",
    "%s could not be looked at: %s at %s",
    "%s gave no answer in %d s",
)

_GAPS = {
    "%s": "(.*?)",
    "%d": r"(\d{1,10})",
    "%n": r"(\d{1,7}(?:\.\d{1,3})?)",
    "%x": "([0-9a-f]{4}|[0-9a-f]{16})",
    "%p": r"([\d.-]{1,16})",
    "%i": "(E-(?:BOOT|ENROL)-[A-Z0-9-]{1,30})",
    "%t": r"(\d{4}-\d\d-\d\d(?: \d\d:\d\dZ)?|\d\d:\d\dZ)",
}
_GAP = re.compile("(%[sdnxpti])")


def _vocabulary() -> frozenset[str]:
    """Kinds of errors, reasons, ids, units, and what systemd and the kernel say of a process."""
    kinds = {*vars(builtins), *vars(errors)}
    named = {*(reason.name for reason in Reason), *(known.id for known in IDS), *UNITS}
    named |= {*(reason.id for reason in BootReason), NETWORK, REFUSED, CITY}
    states = {"exited", "killed", "dumped", "FAILURE", "KILL", "ABRT", "SEGV", "TERM", "success"}
    results = {"exit-code", "signal", "core-dump", "watchdog", "timeout", "start-limit-hit"}
    speeds = {"low-speed", "full-speed", "high-speed", "SuperSpeed", "xhci_hcd", "dwc_otg"}
    of_units = {"active", "inactive", "failed", "activating", "running", "dead", "waiting"}
    of_units |= {"auto-restart", "auto-restart-queued", "exited", "elapsed", "protocol", "n/a"}
    of_stores = {*(file.name for file in ALL_FILES), "whole", "damaged", "SD", "MMC"}
    of_lists = {"keys", "policy", "holders", "ids", "now", "since the start", "lgpio", "mock"}
    of_camera = {"a code", "no code", "scanner-fault", "lg"}
    of_time = {*(level.name for level in ClockLevel), *(source.value for source in TimeSource)}
    ours = named | set(BY_NAME) | of_units | of_stores | of_lists | of_time | of_camera
    return frozenset(kinds | ours | states | results | speeds)


VOCABULARY = _vocabulary()


class Sieve:
    """Lets through what is one of these texts."""

    def __init__(self, sayings: Iterable[str]) -> None:
        self._sayings = tuple(sayings)

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
        # What says more comes first: a text that is nearly all gaps fits nearly everything.
        split = sorted(map(_GAP.split, self._sayings), key=_own_length, reverse=True)
        return tuple(
            (
                re.compile("".join(_GAPS.get(part) or re.escape(part) for part in parts)),
                tuple(parts),
            )
            for parts in split
        )

    def __call__(self, line: str) -> str | None:
        """The line with its gaps filled as far as they may be; None: it stays here."""
        for pattern, parts in self._patterns:
            if match := pattern.fullmatch(line):
                return _filled(parts, match.groups())
        return None


def _own_length(parts: Sequence[str]) -> int:
    """Characters that do not stand in gaps."""
    return sum(len(part) for part in parts if part not in _GAPS)


def _filled(parts: tuple[str, ...], gaps: tuple[str, ...]) -> str:
    left = iter(gaps)
    return "".join(_kept(part, next(left)) if part in _GAPS else part for part in parts)


def _kept(gap: str, text: str) -> str:
    """Other gaps than for words let nothing in but what they are for."""
    return text if gap not in ("%s", "%i") or text in VOCABULARY else "…"
