"""What is left for root to do, once somebody without its rights has read a boot file.

    reader, the scanner's user ─▶ a folder with at most five small files ─▶ placing.py, root

Root opens no file that a stranger wrote: it copies texts to where they belong, and makes Wi-Fi anew
from four words that are checked once more, since it is obeyed by others with root's rights.
"""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from scanner.boot.text import MOST_BYTES
from scanner.boot.wifi import Wifi, is_sound
from scanner.core.errors import StoreError
from scanner.store.whole_file import write_synced

# Each unit has a /tmp of its own.
ORDER_FOLDER = Path("/tmp/scanner-order")
_SETTINGS, _WIFI, _CLEAN, _LINE, _SIGNAL = "settings", "wifi", "clean", "line", "signal"
_OPEN, _PASSWORD = "open", "password "


@dataclass(frozen=True, slots=True)
class Order:
    """settings: all of checkpoint.toml. clean: the boot file without secrets. line: of its result.

    None: that stays as it is. blinks: of red, for the lamps; 1: done; 0: nothing new.
    """

    settings: str | None = None
    wifi: Wifi | None = None
    clean: str | None = None
    line: str | None = None
    blinks: int = 0


def leave_order(order: Order, folder: Path) -> None:
    """Whole or not at all; root has no right to read what is not for all. Raises StoreError."""
    part = folder.with_name(folder.name + ".part")
    texts = {
        _SETTINGS: order.settings,
        _WIFI: None if order.wifi is None else _words_of(order.wifi),
        _CLEAN: order.clean,
        _LINE: order.line,
        _SIGNAL: str(order.blinks),
    }
    try:
        for old in (part, folder):
            shutil.rmtree(old, ignore_errors=True)
        part.mkdir()
        part.chmod(0o755)
        for name, text in texts.items():
            if text is not None:
                write_synced(part / name, text.encode(), 0o644)
                (part / name).chmod(0o644)
        part.rename(folder)
    except OSError as error:
        raise StoreError(
            f"Start the device again: {folder} cannot be written ({error.strerror})."
        ) from None


def read_order(folder: Path) -> Order:
    """Of whoever left it: no link is followed, nothing is waited for. Raises StoreError."""
    try:
        home = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise _wrong(error.strerror) from None
    try:
        texts = {name: _read(home, name) for name in (_SETTINGS, _WIFI, _CLEAN, _LINE, _SIGNAL)}
    finally:
        os.close(home)
    wifi, blinks = texts[_WIFI], texts[_SIGNAL] or "0"
    if len(blinks) != 1 or blinks not in "01234567":
        raise _wrong(_SIGNAL)
    return Order(
        texts[_SETTINGS],
        None if wifi is None else _wifi_in(wifi),
        texts[_CLEAN],
        texts[_LINE],
        int(blinks),
    )


def _read(home: int, name: str) -> str | None:
    """None: it is not there. Raises StoreError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=home)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _wrong(error.strerror) from None
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        raw = os.read(descriptor, MOST_BYTES + 1) if is_file else b""
    finally:
        os.close(descriptor)
    if not is_file or len(raw) > MOST_BYTES:
        raise _wrong(name)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _wrong(name) from None


def _words_of(wifi: Wifi) -> str:
    """Four lines, of which none can hold a line's end."""
    password = _OPEN if wifi.password is None else _PASSWORD + wifi.password
    return "\n".join((wifi.ssid.encode().hex(), password, str(wifi.is_hidden), wifi.country))


def _wifi_in(words: str) -> Wifi:
    """Raises StoreError."""
    try:
        ssid, password, is_hidden, country = words.split("\n")
        wifi = Wifi(
            bytes.fromhex(ssid).decode(),
            None if password == _OPEN else password.removeprefix(_PASSWORD),
            country,
            {"True": True, "False": False}[is_hidden],
        )
    except (ValueError, KeyError):
        raise _wrong(_WIFI) from None
    if not is_sound(wifi):
        raise _wrong(_WIFI)
    return wifi


def _wrong(what: str | None) -> StoreError:
    return StoreError(f"Start the device again: nothing was placed, the order is wrong ({what}).")
