"""A checkpoint that is timed: the parts that ship, with a scan log that is thrown away."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from scanner.assembly.camera import camera_of, is_live
from scanner.assembly.device import reader_of, wiring_of
from scanner.assembly.lists import install_lists
from scanner.checkpoint import Ports, ScanLoop
from scanner.config import Settings
from scanner.core.policy import Checkpoint
from scanner.core.reading import Reading
from scanner.core.record import RecordFlag
from scanner.core.repeat import RepeatMemory
from scanner.ports import Decoder, Frame
from scanner.store.database import LISTS

if TYPE_CHECKING:
    from hardware.camera import LatestFrameCamera
    from scanner.vision.link import ReaderLink

KEPT_EVERY, MOST_KEPT = 10, 24  # frames for a closer look at the stages of the reader


@dataclass(frozen=True, slots=True)
class Read:
    """One frame: seconds that it waited for the reader, and that the reader took. `codes` None: it
    was skipped."""

    number: int
    waited_s: float
    took_s: float
    codes: int | None


@dataclass
class TimedReader:
    """A Decoder that notes how long another one takes, and keeps some of the frames."""

    reader: Decoder
    monotonic: Callable[[], float]
    reads: list[Read] = field(default_factory=list)
    kept: list[Frame] = field(default_factory=list)

    def read(self, frame: Frame) -> Sequence[Reading] | None:
        begun_s = self.monotonic()
        readings = self.reader.read(frame)
        took_s = self.monotonic() - begun_s
        codes = None if readings is None else sum(bool(each.payload) for each in readings)
        self.reads.append(Read(frame.number, begun_s - frame.taken_s, took_s, codes))
        if len(self.reads) % KEPT_EVERY == 1 and len(self.kept) < MOST_KEPT:
            self.kept.append(frame)
        return readings

    def close(self) -> None:
        self.reader.close()


@dataclass(frozen=True, slots=True)
class TimedDevice:
    """`step_lamps` belongs into each turn: the lamps have no thread of their own here, so that what
    is timed ends when the pin has been driven."""

    loop: ScanLoop
    camera: LatestFrameCamera
    reader: TimedReader
    link: ReaderLink
    step_lamps: Callable[[], None]
    monotonic: Callable[[], float]


def is_simulated(settings: Settings) -> bool:
    """Whether frames or lamps are none of a device."""
    return settings.pins.factory == "mock" or not is_live(settings.camera)


@contextmanager
def timed_device(
    settings: Settings, state: Path, lists: Path | None = None
) -> Iterator[TimedDevice]:
    """Camera, reader and lamps of this device; records go to a scratch folder beside the state,
    which is on the same card.

    lists: a bundle to judge by; else the lists of the state folder; without any, by none.
    Raises DeviceError, StoreError, UpdateError, SyncError.
    """
    from hardware.clock import system_time
    from hardware.indicator import GpioIndicator
    from hardware.pins import open_gpio
    from hardware.simulated import RunningClock
    from scanner.store.migrations import migrate
    from scanner.store.outbox import SqliteOutbox
    from scanner.store.trust_list import SqliteLists

    monotonic, allows_test_keys = time.monotonic, settings.pins.factory == "mock"
    with ExitStack() as parts:
        beside = state if state.is_dir() else None
        scratch = Path(parts.enter_context(TemporaryDirectory(prefix="bench-", dir=beside)))
        migrate(scratch)
        if lists is not None:
            install_lists(scratch, lists, None, allow_test_keys=allows_test_keys)
        has_lists = lists is None and (state / LISTS.name).exists()
        gpio, wiring = open_gpio(settings.pins.factory), wiring_of(settings)
        lamps = parts.enter_context(
            closing(GpioIndicator(gpio, wiring, monotonic, in_thread=False))
        )
        known = parts.enter_context(
            closing(
                SqliteLists(
                    state if has_lists else scratch, Checkpoint(), allow_test_keys=allows_test_keys
                )
            )
        )
        outbox = parts.enter_context(closing(SqliteOutbox(scratch)))
        link = parts.enter_context(closing(reader_of(settings)))
        reader, clock = TimedReader(link, monotonic), RunningClock(system_time(), monotonic)
        link.wait_until_ready()
        camera = parts.enter_context(
            closing(camera_of(settings.camera, monotonic, loop=not is_live(settings.camera)))
        )
        memory = RepeatMemory(os.urandom(32), monotonic(), clock.now().earliest)
        ports = Ports(camera, reader, lamps, clock, known, outbox)
        loop = ScanLoop(ports, memory, flags=RecordFlag.SIMULATED)
        yield TimedDevice(loop, camera, reader, link, lamps.step, monotonic)
