"""A checkpoint for tests: the loop that ships on simulated camera, clock and pins, and real stores.

Only the reader is scripted: what stands before the camera is given as bytes, not as pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from hardware.indicator import GpioIndicator
from hardware.pins import Wiring
from hardware.simulated import SimulatedCamera, SimulatedClock, pass_time
from hardware.simulated_gpio import LampRecorder, SimulatedChip
from scanner.checkpoint import Ports, Scan, ScanLoop
from scanner.core.claims import Movement
from scanner.core.errors import DeviceError, StoreError
from scanner.core.policy import Checkpoint
from scanner.core.reading import Reading
from scanner.core.record import RecordFlag, ScanRecord, unpack
from scanner.core.repeat import MEMORY_S, RepeatMemory
from scanner.core.signal import Lamps
from scanner.ports import CameraState, Frame, Indicator, Lists, Press, Typed
from scanner.store.install import Installer
from scanner.store.outbox import SqliteOutbox
from scanner.store.trust_list import SqliteLists
from tests import city

FRAME_S = 1 / 15
STEP_S = 0.005
_GREY = np.full((72, 128), 96, np.uint8)


@dataclass
class Scene:
    """What is before the camera, and how camera and reader are; changed by the test at will."""

    codes: tuple[bytes, ...] = ()
    gives_frames: bool = True
    frame_age_s: float = 0.0
    reader_skips: bool = False
    reader_is_lost: bool = False
    frames_read: int = 0
    states: list[CameraState] = field(default_factory=list)

    def frames(self, monotonic: Callable[[], float]) -> Iterator[Frame | CameraState | None]:
        """The script of the camera: states first, then frames for ever."""
        number = 0
        while True:
            number += 1
            if self.states:
                yield self.states.pop(0)
            elif self.gives_frames:
                yield Frame(number, _GREY, monotonic() - self.frame_age_s)
            else:
                yield None

    def read(self, frame: Frame) -> Sequence[Reading] | None:
        """The Decoder: every code in the scene, each at a place of its own."""
        if self.reader_is_lost:
            raise DeviceError("The reader process does not start. Run `scanner doctor`.")
        self.frames_read += 1
        if self.reader_skips:
            return None
        return [Reading(code, _square(200 * n)) for n, code in enumerate(self.codes)]

    def close(self) -> None:
        """Nothing is open."""


def _square(x: int) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]:
    return (x, 0), (x + 90, 0), (x + 90, 90), (x, 90)


@dataclass
class Finger:
    """The Trigger: presses that the test has made."""

    waiting: list[Press] = field(default_factory=list)
    fault: str | None = None

    def presses(self) -> list[Press]:
        presses, self.waiting = self.waiting, []
        return presses

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class HandHeld:
    """The HandScanner: codes that the test has scanned with it."""

    waiting: list[Typed] = field(default_factory=list)
    fault: str | None = None

    def take(self) -> Typed | None:
        return self.waiting.pop(0) if self.waiting else None

    def close(self) -> None:
        """Nothing is open."""


class WatchedOutbox:
    """The real outbox, which can be made to fail or to hang, and sees the lamps as it is asked."""

    def __init__(self, outbox: SqliteOutbox, look: Callable[[], tuple[Lamps, bool]]) -> None:
        self.real, self._look = outbox, look
        self.fails_with: Exception | None = None
        self.during: Callable[[], None] = lambda: None
        self.at_append: list[tuple[Lamps, bool]] = []
        self.tries = 0

    def append(self, record: ScanRecord) -> int:
        self.at_append.append(self._look())
        self._suffer()
        return self.real.append(record)

    def count(self, counter: str, at: datetime, by: int = 1) -> None:
        self._suffer()
        self.real.count(counter, at, by)

    def count_forged(self, counter: str, at: datetime, kid: bytes, day: int) -> None:
        self._suffer()
        self.real.count_forged(counter, at, kid, day)

    def _suffer(self) -> None:
        self.tries += 1
        self.during()
        if self.fails_with is not None:
            raise self.fails_with


class Booth:
    """Everything of a checkpoint, joined.

    lists: others than those of the state folder. watch: may stand between the loop and the lamps.
    """

    def __init__(
        self,
        state: Path,
        lists: Lists | None = None,
        watch: Callable[[Booth], Indicator] = lambda booth: booth.lamps,
    ) -> None:
        self.state, self._parts = state, ExitStack()
        self.clock = SimulatedClock(city.NOW, monotonic_s=1000.0)
        self.wiring = Wiring()
        self.recorder = LampRecorder(self.wiring, self.clock.monotonic_s)
        self.chip = SimulatedChip(state / "gpio-lines", self.recorder.note)
        self._parts.callback(self.chip.close)
        monotonic = self.clock.monotonic_s
        self.lamps: GpioIndicator = self._parts.enter_context(
            closing(GpioIndicator(self.chip.open(), self.wiring, monotonic, in_thread=False))
        )
        self.lists = self._parts.enter_context(
            closing(SqliteLists(state, Checkpoint(), allow_test_keys=False))
        )
        outbox = self._parts.enter_context(closing(SqliteOutbox(state)))
        self.outbox = WatchedOutbox(outbox, lambda: (self.recorder.lamps, self.is_buzzing))
        self.scene, self.finger, self.hand_held = Scene(), Finger(), HandHeld()
        self.each_step: Callable[[], None] = self.lamps.step
        self._asked, self._watched = lists or self.lists, watch(self)
        self.loop = self._loop(just_started=False)

    def _loop(self, *, just_started: bool) -> ScanLoop:
        started_s = self.clock.monotonic_s() - (0.0 if just_started else 2 * MEMORY_S)
        memory = RepeatMemory(bytes(32), started_s, self.clock.now().earliest)
        camera = SimulatedCamera(self.scene.frames(self.clock.monotonic_s))
        lamps, hand = self._watched, (self.finger, self.hand_held)
        ports = Ports(camera, self.scene, lamps, self.clock, self._asked, self.outbox, *hand)
        return ScanLoop(ports, memory, flags=RecordFlag.SIMULATED)

    def restart(self) -> None:
        """The loop starts again on the same stores: what it remembered is gone."""
        self.loop = self._loop(just_started=True)

    @property
    def is_buzzing(self) -> bool:
        return self.recorder.history[-1].hz is not None

    @property
    def lit(self) -> Lamps:
        return self.recorder.lamps

    def turn(self, seconds: float = FRAME_S) -> Scan | None:
        """Time for one frame, the lamps stepped along, and one turn of the loop."""
        pass_time(self.clock, seconds, self.each_step, step_s=STEP_S)
        return self.loop.step()

    def watch(self, seconds: float) -> list[Scan]:
        """Turn after turn for so long; the scans that came."""
        until_s = self.clock.monotonic_s() + seconds
        scans = []
        while self.clock.monotonic_s() < until_s - FRAME_S / 2:
            if (scan := self.turn()) is not None:
                scans.append(scan)
        return scans

    def show(self, *codes: bytes) -> Scan | None:
        """These codes before the camera, and one frame of them."""
        self.scene.codes = codes
        return self.turn()

    def scan(self, code: bytes) -> Scan:
        """The code before the camera, and what the loop makes of it at once."""
        scan = self.show(code)
        assert scan is not None, "no scan came of the first frame"
        return scan

    def clear(self, seconds: float = 1.0) -> None:
        """Nothing before the camera, for so long; no scan may come of it."""
        self.scene.codes = ()
        assert self.watch(seconds) == []

    def wait(self, seconds: float) -> None:
        """A long time with nothing before the camera, in three frames."""
        self.clear(0.5)
        self.clock.advance(seconds - 0.5)
        self.clear(3 * FRAME_S)

    def press(self, press: Press = Press.SHORT) -> Scan | None:
        """The officer's finger, and one turn."""
        self.finger.waiting.append(press)
        return self.turn()

    def scan_by_hand(self, code: bytes, ago_s: float = 0.0) -> Scan | None:
        """A code out of the hand scanner, typed so long ago, and one turn."""
        self.hand_held.waiting.append(Typed(code, self.clock.monotonic_s() + FRAME_S - ago_s))
        return self.turn()

    def records(self) -> list[ScanRecord]:
        """What stands in the outbox, by seq."""
        return [unpack(body)[1] for body in self.outbox.real.records()]

    def counters(self) -> dict[str, int]:
        return self.outbox.real.counters()

    def has_shown_green_since(self, since_s: float) -> bool:
        """Whether green alone was lit at any moment from then on."""
        entries = self.recorder.history
        ends = [entry.at_s for entry in entries[1:]] + [self.clock.monotonic_s()]
        return any(
            entry.lamps == Lamps(green=True) and end_s > since_s
            for entry, end_s in zip(entries, ends, strict=True)
        )

    def beeps_since(self, since_s: float) -> int:
        """How often the buzzer began to sound from then on."""
        history = self.recorder.history
        return sum(
            entry.hz is not None and before.hz is None and entry.at_s >= since_s
            for before, entry in pairwise(history)
        )

    def close(self) -> None:
        self._parts.close()


MakeBooth = Callable[..., Booth]
DISK_FULL = StoreError("outbox.db cannot be used (database or disk is full). Run `scanner doctor`.")


def pass_number(number: int, movement: Mapping[int, object] | None = None) -> bytes:
    """One of many good passes, each with an id and an index of its own."""
    own = {Movement.INDEX: 100 + number} | dict(movement or {})
    return city.issue(own, cti=f"pass-{number:010d}-".encode())


def install(state: Path, targets: Mapping[str, bytes], end_of_regime: int | None = None) -> None:
    """As an update would, at the time the city's lists were issued."""
    installer = Installer(state, lambda packed: packed, allow_test_keys=False)
    installer.install(targets, city.ISSUED_AT, end_of_regime)
