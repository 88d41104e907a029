"""A boot file as a whole: `checkpoint.toml` of a device, with [wifi] and [enrol] beside its tables.

    version = 1
    [checkpoint] [camera] [pins] …     as in /etc/scanner/checkpoint.toml
    [wifi]    ssid, password, country; open = true without a password; hidden
    [enrol]   url, token (or code), ca, issued_at: what stands on a card

The first mistake in the order file, version, tables, Wi-Fi, enrolment, settings is told.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner.boot import enrol_table, wifi
from scanner.boot.enrol_table import read_enrol
from scanner.boot.reasons import BootError, BootReason
from scanner.boot.settings import check_settings, table_names
from scanner.boot.text import line_of, read_tables, read_text, without_tables
from scanner.boot.wifi import Wifi, read_wifi
from scanner.config import Settings
from scanner.core.clock import ClockReading

VERSION = 1
_OWN = frozenset({wifi.TABLE, enrol_table.TABLE})
_VERSION = frozenset({"version"})
TAKEN = "# What stood here was taken by the scanner and removed: [wifi], [enrol].\n"


@dataclass(frozen=True, slots=True)
class BootFile:
    """settings_text: what goes to /etc/scanner. clean_text: what stays on the partition.

    card: the offer of a city as a card holds it; None: this device asks nobody.
    """

    settings: Settings
    settings_text: str
    clean_text: str
    wifi: Wifi | None
    card: bytes | None

    @property
    def has_secrets(self) -> bool:
        return self.wifi is not None or self.card is not None


def read_boot_file(raw: bytes, now: ClockReading) -> BootFile:
    """Raises BootError, and then nothing of it counts."""
    text = read_text(raw)
    members = read_tables(text)
    _check_version(members, text)
    network = read_network(raw)
    own = {name: members.pop(name) for name in ("version", *_OWN) if name in members}
    _check_tables(members, text)
    card = None
    if enrol_table.TABLE in own:
        card = read_enrol(own[enrol_table.TABLE], text, now)
        if members.get("standalone") is True:
            raise BootError(BootReason.STANDALONE, line=line_of(text, enrol_table.TABLE))
    settings = check_settings(members, text)
    clean_text = cleaned(raw) if own.keys() & _OWN else text
    settings_text = without_tables(clean_text, _OWN, _VERSION)
    _check_rest(settings_text, members)
    return BootFile(settings, settings_text, clean_text, network, card)


def read_network(raw: bytes) -> Wifi | None:
    """Only [wifi], which counts for ever; the rest need not be right. Raises BootError."""
    text = read_text(raw)
    members = read_tables(text)
    _check_version(members, text)
    return read_wifi(members[wifi.TABLE], text) if wifi.TABLE in members else None


def cleaned(raw: bytes) -> str:
    """The text without [wifi] and [enrol]. Raises BootError where more or less would be removed."""
    text = read_text(raw)
    kept = {name: value for name, value in read_tables(text).items() if name not in _OWN}
    clean_text = without_tables(text, _OWN)
    _check_rest(clean_text, kept)
    return clean_text.rstrip("\n") + "\n" + TAKEN


def _check_rest(text: str, members: dict[str, object]) -> None:
    """Whether what was left of a text says this and nothing else. Raises BootError."""
    try:
        is_same = read_tables(text) == members
    except BootError:
        is_same = False
    if not is_same:
        raise BootError(BootReason.FORM)


def _check_version(members: dict[str, object], text: str) -> None:
    version = members.get("version")
    if version is None:
        raise BootError(BootReason.VERSION_MISSING)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BootError(BootReason.VERSION_MISSING, line=1)
    if version > VERSION:
        raise BootError(BootReason.VERSION)


def _check_tables(members: dict[str, object], text: str) -> None:
    known = table_names()
    for name, value in members.items():
        if isinstance(value, dict) and name not in known:
            raise BootError(BootReason.TABLE, line=line_of(text, name), found=f"[{name[:32]}]")
