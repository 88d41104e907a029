"""The first boot, and every other: take the boot file, or say what is wrong with it.

Run by root, and asks no network: the enrolment that it begins is done by the scanner's own user
(`pending.py`). Run again after that, it tells beside the boot file how the enrolment went.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scanner.boot.form import cleaned, read_boot_file, read_network
from scanner.boot.partition import BootPartition
from scanner.boot.reasons import BootError, BootReason
from scanner.boot.taking import Places, take, take_network
from scanner.config import Settings
from scanner.core.clock import ClockReading
from scanner.core.errors import CheckpointError, StoreError
from scanner.core.setup_signal import DONE, Blinks, blinking
from scanner.core.signal import Signal
from scanner.store.pending import OFFER_FILE, read_result
from scanner.store.place import ENROLMENT_FILE


@dataclass(frozen=True, slots=True)
class Outcome:
    """line: for the result file. signal: for the lamps, None: nothing new. settings: their pins."""

    line: str
    signal: Signal | None = None
    settings: Settings = Settings()  # noqa: RUF009 - frozen
    is_good: bool = True


def first_boot(folder: Path, places: Places, now: ClockReading) -> Outcome:
    """now: what the device knows of the time. Raises StoreError when the partition is locked."""
    partition = BootPartition(folder)
    try:
        partition.tidy()
        outcome = _taken(partition, places, now)
    except BootError as error:
        outcome = Outcome(str(error), blinking(error.reason.group), is_good=False)
    partition.tell(outcome.line)
    return outcome


def _taken(partition: BootPartition, places: Places, now: ClockReading) -> Outcome:
    """Raises BootError, StoreError."""
    raw = partition.read()
    if (places.state / ENROLMENT_FILE).exists():
        return _only_network(partition, raw, places)
    if raw is None:
        return _without_file(places)
    boot = read_boot_file(raw, now)
    is_new = take(boot, places)
    if boot.has_secrets:
        partition.replace(boot.clean_text.encode())
    return _enrolment(places, boot.settings, is_new=is_new)


def _only_network(partition: BootPartition, raw: bytes | None, places: Places) -> Outcome:
    """The device belongs to a city: what else stands in the file is not even read."""
    line = "OK This device is enrolled: of this file only [wifi] counts."
    if raw is None:
        return Outcome(line)
    network = read_network(raw)
    take_network(network, places)
    clean = cleaned(raw)
    if network is not None or b"[enrol]" in raw:
        partition.replace(clean.encode())
    return Outcome(line, DONE if network is not None else None)


def _without_file(places: Places) -> Outcome:
    from scanner.boot.reasons import FILE
    from scanner.config import load_settings

    if not (places.etc / FILE).exists():
        raise BootError(BootReason.NONE)
    try:
        return _enrolment(places, load_settings(places.etc / FILE), is_new=False)
    except StoreError:
        raise
    except CheckpointError as error:
        return Outcome(str(error), blinking(Blinks.SETTING), is_good=False)


def _enrolment(places: Places, settings: Settings, *, is_new: bool) -> Outcome:
    """How far it is, as far as this device's own user has got with it."""
    result = read_result(places.state)
    if result is not None:
        line = f"{result.id} {result.words}"
        return Outcome(line, blinking(Blinks.CITY), settings, is_good=False)
    if (places.state / OFFER_FILE).exists():
        line = "OK The settings are taken; the device is asking the city to enrol it."
    elif settings.standalone:
        line = "OK The settings are taken; the device stands alone."
    else:
        line = "OK The settings are taken; enrol the device: hold its card before `scanner enrol`."
    return Outcome(line, DONE if is_new else None, settings)
