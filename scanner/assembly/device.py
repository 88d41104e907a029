"""The device itself: camera, reader, lamps, clock and stores, joined to the loop."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from scanner.assembly.camera import camera_of, hand_scanner_of, is_live
from scanner.assembly.clock import open_known_time, start_clock
from scanner.assembly.housekeeping import Housekeeping, Stores
from scanner.assembly.place import PlaceWatch, check_configured, standing_of
from scanner.assembly.scan_log import LogKeeper, LogParts, scan_log
from scanner.assembly.stickers import StickerReport
from scanner.checkpoint import Ports, Scan, ScanLoop
from scanner.config import Settings
from scanner.core.errors import CheckpointError, ConfigError, PinHeldError
from scanner.core.reasons import SignalName
from scanner.core.record import NO_FLAGS, RecordFlag
from scanner.core.repeat import RepeatMemory
from scanner.core.signal import SIGNALS
from scanner.notify import SystemdNotifier
from scanner.ports import CameraState

if TYPE_CHECKING:
    from hardware.pins import Wiring
    from scanner.vision.link import ReaderLink

log = logging.getLogger("scanner.device")

# Between two turns, when no frame comes: presses wait so long at most, and typed codes, which are
# as urgent as frames.
PAUSE_S, TYPED_PAUSE_S = 0.05, 0.02
# Pins that somebody else holds are waited for: a new start takes longer than a look. Not for long:
# four ends within half a minute, which bring the fault pattern, must still come about.
HELD_S, HELD_EVERY_S = 3.0, 0.1

_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True)
class Device:
    """A running checkpoint: the loop, and what has to be done beside it."""

    loop: ScanLoop
    keep_house: Housekeeping
    keep_log: LogKeeper
    report_stickers: StickerReport
    notify: SystemdNotifier
    watch: PlaceWatch
    wait: Callable[[float], None]  # until there is a frame, at most so many seconds
    pause_s: float

    def turn(self) -> Scan | None:
        """One turn of the loop; systemd is told that it turned, so that a hang is noticed."""
        scan = self.loop.step()
        now_s = self.loop.ports.clock.monotonic_s()
        try:
            self.report_stickers(self.loop.gate.stickers, now_s)
            self.keep_house(now_s)
        except Exception as error:  # noqa: BLE001  # it must not end the checkpoint
            # A full disk is answered with STORE by the loop. Of other errors only the kind is told.
            told = error if isinstance(error, CheckpointError) else type(error).__name__
            log.error("housekeeping is tried again in a minute: %s", told)
        self.keep_log(now_s)
        self.notify.watchdog(now_s)
        return scan

    def pause(self) -> None:
        """Until there is a frame, or something else to be seen to."""
        self.wait(min(self.pause_s, self.loop.display.left_s))

    def has_ended(self) -> bool:
        """A recording has been shown to its end, or the city has said where the device stands."""
        return self.loop.ports.camera.state is CameraState.ENDED or self.watch.has_moved()


def reader_of(settings: Settings) -> ReaderLink:
    """The service behind the socket in $SCANNER_READER, where the unit of the loop names one.

    Else a child of our own, which decodes confined or, where no filter is had, as the settings say.
    Raises ConfigError, DeviceError.
    """
    from scanner.vision.link import ReaderLink
    from scanner.vision.session import connect, start_child

    # A loop whose unit has a reader beside it must not fall back on a child in silence.
    if service := os.environ.get("SCANNER_READER"):
        if settings.reader.may_be_open:
            raise ConfigError(
                "Take reader.may_be_open out of the settings: the reader of a device is a unit of "
                "its own, which does not read them. systemd/README.md says how it may be open."
            )
        return ReaderLink(partial(connect, Path(service)))
    return ReaderLink(partial(start_child, may_be_open=settings.reader.may_be_open))


def check_simulation(settings: Settings, simulate: bool) -> None:
    """Simulation never touches real pins or cameras, and a checkpoint never has mock lamps.

    Raises ConfigError.
    """
    is_mock = settings.pins.factory == "mock"
    is_recorded = not is_live(settings.camera) and settings.camera.hand_scanner is None
    if simulate and not (is_mock and is_recorded):
        raise ConfigError(
            'With --simulate, set pins.factory = "mock" and camera.source to dir:FOLDER or '
            "video:FILE, and no camera.hand_scanner: test keys are accepted, so nobody may take "
            "the lamps for real."
        )
    if not simulate and is_mock:
        raise ConfigError('pins.factory = "mock" lights no lamp: set "lgpio", or add --simulate.')


@contextmanager
def open_device(
    settings: Settings, state: Path, *, simulate: bool, at: datetime | None
) -> Iterator[Device]:
    """Camera, reader, lamps, clock and stores of this device, joined to the loop.

    `at`: the simulated time of day; only with `simulate`.
    Raises ConfigError, NotConfiguredError, DeviceError, StoreError.
    """
    from hardware.clock import system_time
    from hardware.indicator import GpioIndicator
    from hardware.pins import open_gpio
    from hardware.simulated import RunningClock
    from hardware.trigger import TriggerButton
    from scanner.store.outbox import SqliteOutbox
    from scanner.store.trust_list import SqliteLists

    check_simulation(settings, simulate)
    if not simulate:
        check_configured(settings, state)
    monotonic, wiring, gpio = time.monotonic, wiring_of(settings), open_gpio(settings.pins.factory)
    with ExitStack() as parts:
        # Lamps first: whatever fails later can be shown, and is dark when all is closed.
        lamps = parts.enter_context(
            closing(when_free(lambda: GpioIndicator(gpio, wiring, monotonic), monotonic))
        )
        lamps.show(SIGNALS[SignalName.SELF_TEST])
        lamps.confirm()
        trigger = None
        if wiring.trigger is not None:
            trigger = parts.enter_context(closing(TriggerButton(gpio, wiring.trigger, monotonic)))
        watch = PlaceWatch(state)
        standing = standing_of(settings, state)
        outbox = parts.enter_context(closing(SqliteOutbox(state)))
        lists = parts.enter_context(
            closing(SqliteLists(state, standing.checkpoint, allow_test_keys=simulate))
        )
        known = parts.enter_context(closing(open_known_time(state)))
        real = None if at else start_clock(known, lists.signed_at)
        clock = real or RunningClock(at or system_time(), monotonic)
        camera = parts.enter_context(
            closing(camera_of(settings.camera, monotonic, every_frame=simulate))
        )
        hand = hand_scanner_of(settings.camera, monotonic)
        if hand is not None:
            parts.enter_context(closing(hand))
        decoder = parts.enter_context(closing(reader_of(settings)))
        memory = RepeatMemory(os.urandom(32), monotonic(), clock.now().earliest)
        flags = RecordFlag.SIMULATED if simulate else NO_FLAGS
        loop = ScanLoop(
            Ports(camera, decoder, lamps, clock, lists, outbox, trigger, hand),
            memory,
            ready=lambda: SignalName.READY_OFFLINE if settings.standalone else SignalName.READY,
            flags=flags,
        )
        decoder.wait_until_ready()
        floor = None if real is None else lambda: real.memory.bounds.floor
        keeper = parts.enter_context(
            scan_log(LogParts(state, outbox, loop, standing.capacity, floor, flags))
        )
        keys = (Path(settings.fleet_key),) if settings.fleet_key else ()
        stores = Stores(lists, outbox, known, keys)
        house = Housekeeping(state, real, stores, forget=keeper.forget)
        stickers = StickerReport(clock, outbox)
        pause_s = PAUSE_S if hand is None else TYPED_PAUSE_S
        notify = SystemdNotifier()
        yield Device(loop, house, keeper, stickers, notify, watch, camera.wait, pause_s)


def when_free(
    open_part: Callable[[], _Part],
    monotonic: Callable[[], float],
    sleep: Callable[[float], object] = time.sleep,
) -> _Part:
    """What `open_part` opens, as soon as nobody else holds its pins.

    Raises DeviceError; PinHeldError after HELD_S seconds.
    """
    until_s, is_told = monotonic() + HELD_S, False
    while True:
        try:
            return open_part()
        except PinHeldError as error:
            if monotonic() >= until_s:
                raise
            if not is_told:
                log.warning("a pin is waited for: %s", error)
            is_told = True
        sleep(HELD_EVERY_S)


def wiring_of(settings: Settings) -> Wiring:
    """Raises DeviceError when two wires are on one pin."""
    from hardware.pins import Sounder, Wiring

    pins = settings.pins
    return Wiring(pins.green, pins.red, pins.buzzer, pins.trigger, pins.amber, Sounder(pins.sound))
