"""The samples before the device that ships: real reader process, mock pins, real databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scanner.assembly.lists import install_lists
from scanner.assembly.simulated import SimulatedDevice, simulated_device
from scanner.core.record import ScanRecord, unpack
from scanner.demo.journey import Journey, Shown
from scanner.demo.manifest import Line, read_manifest
from scanner.demo.stopwatch import Stopwatch
from scanner.ports import Indicator
from scanner.store.migrations import migrate

SAMPLES = Path(__file__).parents[2] / "sample_codes"
LINES = read_manifest(SAMPLES)


@dataclass(frozen=True, slots=True)
class SampleDevice:
    """`show(line)` presents a line of the manifest, as the demo does."""

    device: SimulatedDevice
    state: Path
    show: Callable[[Line], Shown]

    def records(self) -> list[ScanRecord]:
        return [unpack(body)[1] for body in self.device.outbox.records()]

    def counters(self) -> dict[str, int]:
        return self.device.outbox.counters()


@contextmanager
def sample_device(state: Path) -> Iterator[SampleDevice]:
    """A fresh device with the lists of the samples."""
    migrate(state)
    install_lists(state, SAMPLES / "bundle", SAMPLES / "fleet.key", allow_test_keys=True)
    watches: list[Stopwatch] = []

    def watch(indicator: Indicator) -> Indicator:
        watches.append(Stopwatch(indicator))
        return watches[0]

    with simulated_device(state, LINES[0].moment, watch) as device:
        journey = Journey(device, watches[0], SAMPLES, state)
        yield SampleDevice(device, state, journey.show)


def name_of(line: Line) -> str:
    """For the name of a test: a file may be shown twice, for different reasons."""
    return f"{line.file.removesuffix('.png')}-{line.reason}".lower()
