"""The only file that chooses concrete parts and joins them. Imports stay in the functions that
need them: the loop must not load what only a command uses."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.checkpoint import Ports, ScanLoop
from scanner.core.clock import ClockLevel, ClockReading
from scanner.core.policy import Checkpoint, CheckpointPolicy
from scanner.core.record import RecordFlag
from scanner.core.repeat import RepeatMemory
from scanner.core.trust import TrustList, parse_trust_list
from scanner.ports import Frame, Indicator, Lists

if TYPE_CHECKING:
    from hardware.simulated import SimulatedClock
    from hardware.simulated_gpio import LampRecorder
    from scanner.ports import Grey
    from scanner.store.outbox import SqliteOutbox
    from scanner.store.trust_list import SqliteLists

# Importing OpenCV and two readers on a small board takes its time.
READER_START_S = 20.0
FRAMES_A_SECOND = 15
LAMP_STEP_S = 0.005

# A trust list that somebody names on the command line is taken as it is.
_ALWAYS_FRESH = datetime(9999, 12, 31, tzinfo=UTC)


def install_lists(
    state: Path, folder: Path, fleet_key: Path | None, *, allow_test_keys: bool
) -> int:
    """Lists of a folder → `lists.db`, all or nothing; returns how many targets it had.

    Raises SyncError, UpdateError, StoreError.
    """
    from scanner.store.install import Installer
    from scanner.sync.bundle import holder_opener, read_bundle

    bundle = read_bundle(folder)
    opener = holder_opener(fleet_key) if fleet_key else None
    installer = Installer(state, opener, allow_test_keys=allow_test_keys)
    installer.install(bundle.targets, bundle.issued_at, bundle.end_of_regime)
    return len(bundle.targets)


def time_of_check(given: datetime | None) -> ClockReading:
    """The time a code is judged at on a desk: the given one, else what this computer says."""
    from hardware.clock import system_time

    if given is not None:
        return ClockReading.exact(given)
    return ClockReading.exact(system_time(), ClockLevel.B)


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    """The loop that ships, on simulated camera, pins and clock, and real stores and reader.

    `show(grey)` puts a picture before the camera, None takes it away; `wait()` lets time pass until
    the camera has its next frame, with the lamps stepped all the while.
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
        decoder.wait_until_ready(READER_START_S)
        camera = SimulatedCamera(scene.frames(clock.monotonic_s))
        ports = Ports(camera, decoder, watch(lamps), clock, lists, outbox)
        memory = RepeatMemory(os.urandom(32), clock.monotonic_s(), at)
        loop = ScanLoop(ports, memory, flags=RecordFlag.SIMULATED)

        def wait() -> None:
            pass_time(clock, 1 / FRAMES_A_SECOND, lamps.step, step_s=LAMP_STEP_S)

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


@contextmanager
def lists_of_check(
    site: Checkpoint,
    trust: Path | None,
    folder: Path | None,
    fleet_key: Path | None,
    state: Path | None,
) -> Iterator[tuple[Lists, bool]]:
    """The lists that `scanner check` was given, and whether they know of revocations.

    A folder of lists is installed into a passing state folder by the code that devices run.
    """
    from scanner.store.given import GivenTrust, OtherTrust
    from scanner.store.migrations import migrate
    from scanner.store.trust_list import SqliteLists

    given = _read_trust(trust) if trust else None
    if folder is None and state is None:
        yield GivenTrust(given or TrustList.of([]), CheckpointPolicy(checkpoint=site)), False
        return
    with tempfile.TemporaryDirectory(prefix="scanner-check-") as passing:
        where = state or Path(passing)
        if folder is not None:
            where = Path(passing)
            migrate(where)
            key = fleet_key or _fleet_key_beside(folder)
            install_lists(where, folder, key, allow_test_keys=True)
        known = SqliteLists(where, site, allow_test_keys=True)
        try:
            yield (OtherTrust(known, given) if given else known), True
        finally:
            known.close()


def _read_trust(path: Path) -> TrustList:
    keys = parse_trust_list(path.read_bytes(), allow_test_keys=True)
    return TrustList.of(keys, fresh_until=_ALWAYS_FRESH)


def _fleet_key_beside(folder: Path) -> Path | None:
    """The sample bundle has its fleet key one folder up."""
    beside = folder.resolve().parent / "fleet.key"
    return beside if beside.is_file() else None
