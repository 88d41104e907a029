"""The first boot, and every other: take the boot file, or say what is wrong with it.

    consider, the scanner's user ─▶ an order ─▶ carry_out, root ─▶ how it went, for the lamps

Neither asks a network: the enrolment that this begins is done by the scanner's own user, too
(`pending.py`). Run again after that, it tells beside the boot file how the enrolment went.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from scanner.boot.form import cleaned, read_boot_file, read_network
from scanner.boot.order import Order
from scanner.boot.partition import BootPartition
from scanner.boot.placing import carry_out
from scanner.boot.reasons import BootError, BootReason
from scanner.boot.taking import Places, differs, take_offer
from scanner.config import Settings
from scanner.core.clock import ClockReading
from scanner.core.errors import CheckpointError, StoreError
from scanner.core.setup_signal import DONE, Blinks, blinking, blinks_of
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
    """All of it in this process, which is root's. Raises StoreError: the partition is locked."""
    outcome, order = consider(folder, places, now)
    return as_placed(outcome, carry_out(order, places, BootPartition(folder)))


def consider(folder: Path, places: Places, now: ClockReading) -> tuple[Outcome, Order]:
    """Read the boot file, and begin its enrolment; nothing but the state folder is written.

    now: what the device knows of the time. Raises StoreError.
    """
    try:
        outcome, order = _taken(BootPartition(folder), places, now)
    except BootError as error:
        outcome, order = _wrong(str(error), error.reason.group), Order()
    return outcome, replace(order, line=outcome.line, blinks=blinks_of(outcome.signal))


def as_placed(outcome: Outcome, failure: str) -> Outcome:
    """failure: the line that `carry_out` has told instead; empty: all is in its place."""
    return _wrong(failure, BootReason.WRITE.group) if failure else outcome


def _wrong(line: str, group: Blinks) -> Outcome:
    return Outcome(line, blinking(group), is_good=False)


def _taken(partition: BootPartition, places: Places, now: ClockReading) -> tuple[Outcome, Order]:
    """Raises BootError, StoreError."""
    raw = partition.read()
    if (places.state / ENROLMENT_FILE).exists():
        return _only_network(raw)
    if raw is None:
        return _without_file(places), Order()
    boot = read_boot_file(raw, now)
    is_new = differs(boot, places)
    take_offer(boot, places.state)
    clean = boot.clean_text if boot.has_secrets else None
    order = Order(boot.settings_text, boot.wifi, clean)
    return _enrolment(places, boot.settings, is_new=is_new), order


def _only_network(raw: bytes | None) -> tuple[Outcome, Order]:
    """The device belongs to a city: what else stands in the file is not even read."""
    line = "OK This device is enrolled: of this file only [wifi] counts."
    if raw is None:
        return Outcome(line), Order()
    network = read_network(raw)
    clean = cleaned(raw)
    has_secrets = network is not None or b"[enrol]" in raw
    outcome = Outcome(line, DONE if network is not None else None)
    return outcome, Order(wifi=network, clean=clean if has_secrets else None)


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
