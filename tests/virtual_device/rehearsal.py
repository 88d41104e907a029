"""The day without a guest: the shipped loop, rules and player on a simulated clock and chip.

The same feeder plays the same script; what the lines did is judged by the same judge. It shows that
script and judge are right before an hour of emulation is spent on them, and that the loop is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hardware.indicator import GpioIndicator
from hardware.pins import Wiring
from hardware.simulated import SimulatedClock, pass_time
from hardware.simulated_gpio import SimulatedChip
from scanner.__main__ import run
from scanner.checkpoint import Ports, ScanLoop
from scanner.core.policy import Checkpoint
from scanner.core.reading import Reading
from scanner.core.reasons import SignalName
from scanner.core.repeat import RepeatMemory
from scanner.ports import CameraState, Frame
from scanner.store.outbox import SqliteOutbox
from scanner.store.trust_list import SqliteLists
from scanner.vision.stream import StreamReader
from tests.virtual_device.edges import Edge
from tests.virtual_device.guest.feeder import Feeder, size_of
from tests.virtual_device.script import STARTS_AT, Event
from tests.virtual_device.stick import make_stick

STEP_S = 0.005


@dataclass
class FedCamera:
    """Has a picture whenever the feeder has shown one; without a plug it never has."""

    clock: SimulatedClock
    shape: tuple[int, int]
    state: CameraState = CameraState.LIVE
    _newest: Frame | None = None
    _count: int = 0

    def plug(self) -> None:
        """Pictures come again with the next one that is shown."""

    def unplug(self) -> None:
        self._newest = None

    def show(self, grey: bytes) -> None:
        self._count += 1
        picture = np.frombuffer(grey, np.uint8).reshape(self.shape)
        self._newest = Frame(self._count, picture, self.clock.monotonic_s())

    def newest(self) -> Frame | None:
        frame, self._newest = self._newest, None
        return frame

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class InProcessDecoder:
    """The reader's own code without its process."""

    reader: StreamReader = field(default_factory=StreamReader)

    def read(self, frame: Frame) -> Sequence[Reading]:
        return self.reader.look(frame.grey).answer

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class Street:
    """Lets time go by for loop and lamps alike; keeps what the loop said."""

    clock: SimulatedClock
    loop: ScanLoop
    lamps: GpioIndicator
    said: list[str] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.clock.monotonic_s()

    def sleep_until(self, moment_s: float) -> None:
        while moment_s - self.clock.monotonic_s() > 1e-9:
            step_s = min(STEP_S, moment_s - self.clock.monotonic_s())
            pass_time(self.clock, step_s, self.lamps.step, self._turn)

    def _turn(self) -> None:
        if (scan := self.loop.step()) is not None:
            self.said.append(f"[{self.monotonic():.6f}] python[1]: {scan.as_line()}")


def rehearse(work: Path, events: Sequence[Event]) -> tuple[list[Edge], str, str]:
    """The edges of all lines, the feeder's notes, and the scanner's journal."""
    job, state = work / "job", work / "state"
    make_stick(job, events)
    words = ["sync", "--from", str(job / "lists"), "--root", str(job / "root.json")]
    run([*words, "--fleet-key", str(job / "fleet.key"), "--state", str(state)])
    edges: list[Edge] = []
    clock = SimulatedClock(STARTS_AT, monotonic_s=100.0)

    def note(line: int, high: bool, hz: float | None) -> None:
        edges.append(Edge(clock.monotonic_s(), line, high))

    width, height = size_of(job)
    camera = FedCamera(clock, (height, width))
    with ExitStack() as parts:
        chip = SimulatedChip(work / "lines", note)
        lamps = GpioIndicator(chip.open(), Wiring(), clock.monotonic_s, in_thread=False)
        parts.callback(lamps.close)
        lists = parts.enter_context(
            closing(SqliteLists(state, Checkpoint(), allow_test_keys=False))
        )
        outbox = parts.enter_context(closing(SqliteOutbox(state)))
        ports = Ports(camera, InProcessDecoder(), lamps, clock, lists, outbox)
        memory = RepeatMemory(bytes(32), clock.monotonic_s(), STARTS_AT)
        loop = ScanLoop(ports, memory, ready=lambda: SignalName.READY_OFFLINE)
        street = Street(clock, loop, lamps)
        feeder = Feeder(job, camera, street)
        feeder.idle_until(lambda: clock.monotonic_s() > 106.0)
        timetable = ((event.picture, event.kind.value, event.lasts_s) for event in events)
        notes = "\n".join(json.dumps(noted) for noted in feeder.play_all(timetable))
    return _changes(edges), notes, "\n".join(street.said)


def _changes(edges: Sequence[Edge]) -> list[Edge]:
    """Levels that are set again are no edges."""
    level: dict[int, bool] = {}
    changes = []
    for edge in edges:
        if level.get(edge.pin, False) != edge.is_on:
            changes.append(edge)
            level[edge.pin] = edge.is_on
    return changes
