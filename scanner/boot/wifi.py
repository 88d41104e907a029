"""The network of a boot file: checked, and as NetworkManager and the kernel take it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from scanner.boot.reasons import BootError, BootReason
from scanner.boot.text import line_of

TABLE = "wifi"
LONGEST_SSID = 32
_PASSPHRASE = re.compile(r"[\x20-\x7e]{8,63}|[0-9A-Fa-f]{64}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9 _-]*")
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class _WifiTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ssid: str = ""
    password: str | None = None
    country: str = ""
    open: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Wifi:
    """password None: an open network. country: ISO 3166, two capitals."""

    ssid: str
    password: str | None
    country: str
    is_hidden: bool


def read_wifi(members: object, text: str) -> Wifi:
    """The table [wifi] of `text`. Raises BootError, which never repeats the password."""
    try:
        table = msgspec.convert(members, _WifiTable)
    except msgspec.ValidationError:
        raise BootError(BootReason.WIFI_KEY, line=line_of(text, TABLE)) from None
    _check(0 < len(table.ssid.encode()) <= LONGEST_SSID, BootReason.SSID, text, "ssid")
    _check(table.ssid.isprintable(), BootReason.SSID, text, "ssid")
    _check(table.open == (table.password is None), BootReason.PASSWORD, text, "password")
    if table.password is not None:
        is_good = _PASSPHRASE.fullmatch(table.password) is not None
        _check(is_good, BootReason.PASSWORD_LENGTH, text, "password")
    _check(_COUNTRY.fullmatch(table.country) is not None, BootReason.COUNTRY, text, "country")
    return Wifi(table.ssid, table.password, table.country, table.hidden)


def is_sound(wifi: Wifi) -> bool:
    """Whether nothing in it could be read as more than a name, a password and a country."""
    is_named = wifi.ssid.isprintable() and 0 < len(wifi.ssid.encode()) <= LONGEST_SSID
    is_shut = wifi.password is None or _PASSPHRASE.fullmatch(wifi.password) is not None
    return is_named and is_shut and _COUNTRY.fullmatch(wifi.country) is not None


def keyfile(wifi: Wifi) -> str:
    """For NetworkManager, mode 0600 [nm-settings-keyfile(5)]; tried again for ever."""
    lines = [
        "[connection]", "id=scanner-wifi", "type=wifi", "autoconnect=true",
        "autoconnect-retries=0", "", "[wifi]", "mode=infrastructure", f"ssid={_ssid(wifi.ssid)}",
        f"hidden={'true' if wifi.is_hidden else 'false'}", "",
    ]  # fmt: skip
    if wifi.password is not None:
        lines += ["[wifi-security]", "key-mgmt=wpa-psk", f"psk={_escaped(wifi.password)}", ""]
    lines += ["[ipv4]", "method=auto", "", "[ipv6]", "method=auto", ""]
    return "\n".join(lines)


def regulatory(wifi: Wifi) -> str:
    """For modprobe.d: without a country the radio of a Raspberry Pi stays off."""
    return f"options cfg80211 ieee80211_regdom={wifi.country}\n"


def _check(is_good: bool, reason: BootReason, text: str, key: str) -> None:
    if not is_good:
        raise BootError(reason, line=line_of(text, TABLE, key))


def _ssid(ssid: str) -> str:
    """As it is where it is plain, else byte by byte."""
    if _PLAIN.fullmatch(ssid):
        return ssid.rstrip() if not ssid.endswith(" ") else _by_bytes(ssid)
    return _by_bytes(ssid)


def _by_bytes(ssid: str) -> str:
    return "".join(f"{byte};" for byte in ssid.encode())


def _escaped(text: str) -> str:
    """As GLib reads it: a space at the begin would be lost."""
    spaces = len(text) - len(text.lstrip(" "))
    return r"\s" * spaces + text[spaces:].translate(_ESCAPED)
