"""One stick for a box of devices: what lies where on it, by names alone.

    stick.json            that this is such a stick, and of which form
    install/              the package or wheels of the scanner
    lists/                a bundle of signed lists
    devices/SERIAL.toml   a device's boot file, without a token
    requests/SERIAL.json  what the device asks; answers/SERIAL.json what the city answers
    done/SERIAL.txt       the device has taken its answer
    reasons/SERIAL.txt    one line: why a device or the city could not go on

SERIAL is the board's own serial number, as its firmware tells the kernel.
"""

from __future__ import annotations

import json
import re

from scanner.core import strict_json
from scanner.core.errors import EnrolmentError

VERSION = 1
MARK = "stick.json"
INSTALL, LISTS, DEVICES = "install", "lists", "devices"
REQUESTS, ANSWERS, DONE, REASONS = "requests", "answers", "done", "reasons"
FOLDERS = (INSTALL, LISTS, DEVICES, REQUESTS, ANSWERS, DONE, REASONS)
SERIAL = re.compile(r"[0-9a-f]{8,32}")
LONGEST_REASON = 400


def mark() -> bytes:
    """What stands in stick.json."""
    return json.dumps({"scanner_stick": VERSION}).encode() + b"\n"


def check_mark(raw: bytes) -> None:
    """Raises EnrolmentError for another stick, or one of a later form."""
    try:
        found = strict_json.parse(raw)
        version = found["scanner_stick"] if isinstance(found, dict) else None
    except (ValueError, KeyError):
        version = None
    if isinstance(version, int) and version > VERSION:
        raise EnrolmentError("Update the scanner: this stick was made by a newer release.")
    if version != VERSION:
        raise EnrolmentError("Make the stick again with `scanner fleet stick`: this is none.")


def read_serial(raw: bytes) -> str:
    """The board's serial number from the device tree, which ends it by a zero byte.

    Raises EnrolmentError.
    """
    text = raw.rstrip(b"\0\n").decode("ascii", "replace").lower()
    if not SERIAL.fullmatch(text):
        raise EnrolmentError("Enrol this board by card or code: it tells no serial number.")
    return text


def one_line(text: str) -> str:
    """As a reason stands on a stick: printable, and not long."""
    kept = "".join(each if each.isprintable() else " " for each in text)
    return kept.strip()[:LONGEST_REASON]
