"""A device takes what is its own from the stick of its box: settings first, the answer later.

    stick in ─▶ settings taken ─▶ keys made ─▶ request on the stick          one beep, next box
    (the city signs) stick in again ─▶ answer checked and kept, lists taken  one beep, done

All of it runs as the owner of the state folder, and what is root's is left to `placing.py`; run by
root, settings are placed first, and then it gives itself up. Pulled out in the middle, the same is
done again when the stick is back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from scanner.assembly.enrolling import install_answer, is_enrolled
from scanner.boot.form import read_boot_file
from scanner.boot.order import Order
from scanner.boot.taking import Places, take_offer
from scanner.config import Settings
from scanner.core.clock import ClockReading
from scanner.core.enrolment import MAX_FILE_BYTES
from scanner.core.errors import CheckpointError, EnrolmentError, StoreError, TimeError
from scanner.core.setup_signal import DONE, Blinks, blinking, blinks_of
from scanner.core.signal import Signal
from scanner.core.stick import (
    ANSWERS,
    DEVICES,
    LISTS,
    MARK,
    REASONS,
    REQUESTS,
    check_mark,
    one_line,
    read_serial,
)
from scanner.core.stick import DONE as DONE_FOLDER
from scanner.store.place import ENROLMENT_FILE
from scanner.store.whole_file import sync_folder, write_synced


@dataclass(frozen=True, slots=True)
class Plugged:
    """line: what was done. signal: for the lamps."""

    line: str
    signal: Signal
    settings: Settings
    is_good: bool = True


def plug(
    stick: Path,
    serial_file: Path,
    places: Places,
    now: ClockReading,
    place: Callable[[Order], str],
) -> Plugged:
    """One visit of the stick. Raises EnrolmentError, StoreError when not even a reason can be left.

    place: has an order carried out, or leaves it to be; what failed of it, empty: nothing yet.
    places.state is made where it is not there.
    """
    check_mark(_read(stick / MARK))
    serial = serial_of(serial_file)
    settings = Settings()
    try:
        if not (places.state / ENROLMENT_FILE).exists():
            settings = _take_settings(stick, serial, places, now, place)
        _become_owner(places.state)
        line = _go_on(stick, serial, places.state)
        _put(stick / REASONS / f"{serial}.txt", None)
        return Plugged(f"{serial}: {line}", DONE, settings)
    except CheckpointError as error:
        tell_reason(stick, serial, str(error))
        return Plugged(f"{serial}: {error}", blinking(Blinks.CITY), settings, is_good=False)


def plug_for_root(stick: Path, serial_file: Path, places: Places, now: ClockReading) -> Order:
    """The same, with what is root's left in the order; line and blinks: how the visit went."""
    left = [Order()]

    def leave(order: Order) -> str:
        left.append(order)
        return ""

    plugged = plug(stick, serial_file, places, now, leave)
    return replace(left[-1], line=plugged.line, blinks=blinks_of(plugged.signal))


def tell_reason(stick: Path, serial: str, reason: str) -> None:
    """For the sheet of the city. Raises StoreError."""
    _put(stick / REASONS / f"{serial}.txt", one_line(reason).encode())


def serial_of(serial_file: Path) -> str:
    """Of this board. Raises EnrolmentError."""
    return read_serial(_read(serial_file))


def _take_settings(
    stick: Path,
    serial: str,
    places: Places,
    now: ClockReading,
    place: Callable[[Order], str],
) -> Settings:
    """Of this board's own file. Raises EnrolmentError, BootError, StoreError."""
    path = stick / DEVICES / f"{serial}.toml"
    if not path.is_file():
        raise EnrolmentError(
            "Add this board to devices.csv and make the stick again: it is not on it."
        )
    boot = read_boot_file(_read(path), now)
    places.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    take_offer(boot, places.state)
    failure = place(Order(boot.settings_text, boot.wifi))
    if failure:
        raise StoreError(failure)
    return boot.settings


def _go_on(stick: Path, serial: str, state: Path) -> str:
    """An answer is taken where it is there, else asked for. Raises CheckpointError."""
    from scanner.store.enrolment import own_request
    from scanner.store.migrations import migrate

    migrate(state)
    answer = None if is_enrolled(state) else _own_answer(stick / ANSWERS / f"{serial}.json", state)
    if answer is not None:
        with suppress(TimeError):  # enrolled all the same; doctor tells of the clock
            install_answer(state, answer, anew=False)
    if is_enrolled(state):
        _take_lists(stick, state)
        _put(stick / DONE_FOLDER / f"{serial}.txt", b"enrolled\n")
        return "enrolled; done."
    request, _ = own_request(state)
    _put(stick / REQUESTS / f"{serial}.json", request)
    return "settings taken, request written; bring the stick back when the city has signed."


def _own_answer(path: Path, state: Path) -> bytes | None:
    """None: there is none, or for keys that are no more; then the city is asked again.

    Raises StoreError; EnrolmentError for one that cannot be read or is of a newer release.
    """
    from scanner.core.enrolment import check_answer, read_answer
    from scanner.core.signed_log import device_of, public_bytes
    from scanner.store.device_key import provide_device_key
    from scanner.store.enrolment import provide_tls_key

    if not path.is_file():
        return None
    raw, device = _read(path), device_of(public_bytes(provide_device_key(state)))
    answer = read_answer(raw)
    try:
        check_answer(answer, device, provide_tls_key(state).public_key())
    except EnrolmentError:
        return None
    return raw


def _take_lists(stick: Path, state: Path) -> None:
    """Where the package names the root that is trusted, the first lists come with the stick."""
    from scanner.assembly.sync import FLEET_KEY_FILE, Sync, sync_lists
    from scanner.config import SYSTEM_ROOT

    lists, fleet = stick / LISTS, state / FLEET_KEY_FILE
    if not (lists / "metadata").is_dir() or not SYSTEM_ROOT.is_file():
        return
    key = fleet if fleet.is_file() else None
    sync = Sync(state, str(lists), SYSTEM_ROOT, key, allow_test_keys=False)
    sync_lists(sync, _without_bar)


def _without_bar(names: list[str]) -> AbstractContextManager[Iterable[str]]:
    return nullcontext(names)


def _become_owner(state: Path) -> None:
    """Root gives itself up for good: what comes now is read from a stick. Raises StoreError.

    Groups such as gpio stay, for the lamps. The folders of root's unit are left, too: lgpio opens a
    pipe where it is started, and lists are fetched into $RUNTIME_DIRECTORY.
    """
    if os.geteuid() != 0 or not state.exists():
        return
    owner = state.stat()
    if owner.st_uid == 0:
        return
    try:
        os.setgroups([group for group in os.getgroups() if group != 0])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
        os.environ.pop("RUNTIME_DIRECTORY", None)
        os.chdir(state)
    except OSError as error:
        raise StoreError(f"Run this as root or as the scanner's user ({error.strerror}).") from None


def _put(path: Path, body: bytes | None) -> None:
    """Whole or not at all, synced; None: it is not there. Raises StoreError."""
    part = path.with_name(path.name + ".part")
    try:
        if body is None:
            path.unlink(missing_ok=True)
            return
        if path.is_file() and path.read_bytes() == body:
            return
        path.parent.mkdir(exist_ok=True)
        write_synced(part, body, 0o666)
        part.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(
            f"The stick cannot be written ({error.strerror}). Look whether it is full or locked."
        ) from None


def _read(path: Path) -> bytes:
    """Raises EnrolmentError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise EnrolmentError(
            f"Pull the stick out and put it in again: {path.name} cannot be read "
            f"({error.strerror})."
        ) from None
