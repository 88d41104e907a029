"""A device without hardware: for the demo and for the tests of the whole path."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.assembly.scan_log import LogParts, scan_log
from scanner.checkpoint import Ports, ScanLoop
from scanner.config import LogTable
from scanner.core.policy import Checkpoint
from scanner.core.record import RecordFlag
from scanner.core.repeat import RepeatMemory
from scanner.ports import Frame, Indicator

if TYPE_CHECKING:
    from hardware.simulated import SimulatedClock
    from hardware.simulated_gpio import LampRecorder
    from scanner.ports import Grey
    from scanner.store.outbox import SqliteOutbox
    from scanner.store.trust_list import SqliteLists

FRAMES_A_SECOND = 15
LAMP_STEP_S = 0.002


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    """The loop that ships, on simulated camera, pins and clock, and real stores and reader.

    `show(grey)` puts a picture before the camera, None takes it away; `wait()` lets time pass until
    the camera has its next frame, with the lamps stepped and the log kept all the while.
    """

    loop: ScanLoop
    clock: SimulatedClock
    recorder: LampRecorder
    lists: SqliteLists
    outbox: SqliteOutbox
    show: Callable[[Grey | None], None]
    wait: Callable[[], None]


@contextmanager
def simulated_device(
    state: Path, at: datetime, watch: Callable[[Indicator], Indicator]
) -> Iterator[SimulatedDevice]:
    """Everything of a device that has no hardware; `watch` may stand between loop and lamps."""
    from hardware.indicator import GpioIndicator
    from hardware.pins import Wiring
    from hardware.simulated import SimulatedCamera, SimulatedClock, pass_time
    from hardware.simulated_gpio import LampRecorder, SimulatedChip
    from scanner.store.outbox import SqliteOutbox
    from scanner.store.trust_list import SqliteLists
    from scanner.vision.link import ReaderLink

    clock, wiring, scene = SimulatedClock(at), Wiring(), _Scene()
    recorder = LampRecorder(wiring, clock.monotonic_s)
    chip = SimulatedChip(state / "gpio-lines", recorder.note)
    with ExitStack() as parts:
        parts.callback(chip.close)
        lamps = GpioIndicator(chip.open(), wiring, clock.monotonic_s, in_thread=False)
        parts.callback(lamps.close)
        decoder = parts.enter_context(closing(ReaderLink()))
        outbox = parts.enter_context(closing(SqliteOutbox(state)))
        lists = parts.enter_context(closing(SqliteLists(state, Checkpoint(), allow_test_keys=True)))
        decoder.wait_until_ready()
        camera = SimulatedCamera(scene.frames(clock.monotonic_s))
        ports = Ports(camera, decoder, watch(lamps), clock, lists, outbox)
        memory = RepeatMemory(os.urandom(32), clock.monotonic_s(), at)
        flags = RecordFlag.SIMULATED
        loop = ScanLoop(ports, memory, flags=flags)
        room = LogTable().capacity
        keep_log = parts.enter_context(
            scan_log(LogParts(state, outbox, loop, room, flags=flags, keeps_days=False))
        )

        def wait() -> None:
            pass_time(clock, 1 / FRAMES_A_SECOND, lamps.step, step_s=LAMP_STEP_S)
            keep_log(clock.monotonic_s())

        yield SimulatedDevice(loop, clock, recorder, lists, outbox, scene.show, wait)


class _Scene:
    """What is before the simulated camera."""

    def __init__(self) -> None:
        self._grey: Grey | None = None

    def show(self, grey: Grey | None) -> None:
        self._grey = grey

    def frames(self, monotonic: Callable[[], float]) -> Iterator[Frame]:
        import numpy as np

        nothing = np.full((72, 128), 96, np.uint8)
        for number in itertools.count():
            yield Frame(number, nothing if self._grey is None else self._grey, monotonic())
