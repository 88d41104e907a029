"""The process that turns pixels into bytes: does it read, and is it shut in?"""

from __future__ import annotations

from scanner.assembly import probes
from scanner.config import Settings
from scanner.core.errors import DeviceError
from scanner.doctor.finding import Finding, Grade
from scanner.doctor.software import AGAIN

_SHUT_IN = "the reader can open no file, device or socket and start no program"
_TAKE_BACK = "Use a 64-bit system of Debian or Raspberry Pi, and take reader.may_be_open away."


def check_reader(settings: Settings) -> Finding:
    """A reader as the settings ask for, started, looked at by the kernel, and shown a code."""
    try:
        probe = probes.probe_reader(settings)
    except DeviceError as error:
        fix = "Run `scanner doctor --only libraries`, and correct what it names."
        return Finding("E-READER", Grade.FAILURE, str(error), fix)
    if probe.missing is not None and not settings.reader.may_be_open:
        found = f"the reader cannot be confined and does not start: {probe.missing}"
        fix = (
            f"{_TAKE_BACK.partition(',')[0]}. To go on without: on a desk "
            "set reader.may_be_open = true; of a device see systemd/README.md, Sandboxes."
        )
        return Finding("E-READER-OPEN", Grade.FAILURE, found, fix)
    if not probe.is_read:
        return Finding("E-READER", Grade.FAILURE, "the reader does not read its test code", AGAIN)
    if not probe.is_confined:
        found = f"a hostile code may take over the reader: {probe.missing or 'it has no filter'}"
        return Finding("E-READER-OPEN", Grade.WARNING, found, _TAKE_BACK)
    return Finding("E-READER-OPEN", Grade.OK, _SHUT_IN)
