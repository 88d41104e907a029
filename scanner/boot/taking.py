"""Puts what a boot file says where the device looks for it: whole files, in an order that a cut of
the power may break anywhere, for the same again does no harm.

    settings ─▶ /etc/scanner/checkpoint.toml        read by all
    [wifi]   ─▶ NetworkManager's keyfile            root alone
             ─▶ the country, for the kernel's radio
             ─▶ the radio's switch in NetworkManager's state
    [enrol]  ─▶ enrol.pending in the state folder   the scanner's user alone
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from scanner.boot.form import BootFile
from scanner.boot.reasons import FILE, BootError, BootReason
from scanner.boot.wifi import Wifi, keyfile, regulatory
from scanner.store.pending import OFFER_FILE, RESULT_FILE
from scanner.store.whole_file import sync_folder

KEYFILE, REGULATORY = "scanner-wifi.nmconnection", "scanner-wifi.conf"
_FOR_ALL, _FOR_GROUP, _FOR_ONE = 0o644, 0o640, 0o600


ETC, NETWORK, MODPROBE, STATE = (
    Path("/etc/scanner"),
    Path("/etc/NetworkManager/system-connections"),
    Path("/etc/modprobe.d"),
    Path("/var/lib/scanner"),
)
RADIO = Path("/var/lib/NetworkManager/NetworkManager.state")


@dataclass(frozen=True, slots=True)
class Places:
    """Folders: of settings, of NetworkManager's connections, of modprobe, of the device's state.

    radio: the file in which NetworkManager keeps what is switched on; None: leave it alone.
    """

    etc: Path
    network: Path
    modprobe: Path
    state: Path
    radio: Path | None = None

    @classmethod
    def of_device(cls) -> Places:
        return cls(ETC, NETWORK, MODPROBE, STATE, RADIO)


def take_offer(boot: BootFile, state: Path) -> None:
    """What the scanner's own user needs, and may leave himself. Raises BootError(WRITE)."""
    if boot.card is None:
        return
    try:
        (state / RESULT_FILE).unlink(missing_ok=True)
        _put(state / OFFER_FILE, boot.card, _FOR_ONE, like=state)
    except OSError as error:
        raise _unwritten(error) from None


def differs(boot: BootFile, places: Places) -> bool:
    """Whether any of it is new: what is taken twice is told once."""
    try:
        is_there = (places.etc / FILE).read_bytes() == boot.settings_text.encode()
    except OSError:
        is_there = False
    return boot.has_secrets or not is_there


def place_settings(text: str, places: Places) -> None:
    """Raises BootError(WRITE)."""
    try:
        _put(places.etc / FILE, text.encode(), _FOR_ALL)
    except OSError as error:
        raise _unwritten(error) from None


def place_network(wifi: Wifi, places: Places) -> None:
    """Raises BootError(WRITE)."""
    try:
        _put(places.network / KEYFILE, keyfile(wifi).encode(), _FOR_ONE)
        _put(places.modprobe / REGULATORY, regulatory(wifi).encode(), _FOR_ALL)
        if places.radio is not None:
            _switch_on(places.radio)
    except OSError as error:
        raise _unwritten(error) from None


def _switch_on(state: Path) -> None:
    """Images of Raspberry Pi OS come with Wi-Fi off in this file until a country is chosen.

    NetworkManager, which starts after this, switches all radios on where the file does not forbid
    it. Written in place: half of it forbids nothing either.
    """
    try:
        body = state.read_bytes()
    except FileNotFoundError:
        return
    allowed = body.replace(b"WirelessEnabled=false", b"WirelessEnabled=true")
    if allowed != body:
        with state.open("r+b") as file:
            file.write(allowed)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())


def _unwritten(error: OSError) -> BootError:
    return BootError(BootReason.WRITE, found=str(error.strerror))


def _put(path: Path, body: bytes, mode: int, like: Path | None = None) -> bool:
    """Whole or not at all; False where it stands there already. like: whose it is to be.

    The folder may belong to another user: nothing in it is followed, and the owner is changed
    before the file has its name.
    """
    if like is None and path.is_file() and path.read_bytes() == body:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(fresh, flags, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)
        if like is not None:
            _leave(file.fileno(), like.stat())
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sync_folder(path.parent)
    return True


def _leave(fd: int, owner: os.stat_result) -> None:
    """To this owner; or where files may not be given away, as in the unit, to the group to read."""
    try:
        os.fchown(fd, owner.st_uid, owner.st_gid)
    except PermissionError:
        if os.fstat(fd).st_gid != owner.st_gid:
            raise
        os.fchmod(fd, _FOR_GROUP)
