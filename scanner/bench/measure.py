"""The loop that ships, turned for a while with every frame judged anew, and what it took."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scanner.assembly.bench import Read, TimedDevice, is_simulated, timed_device
from scanner.bench.stages import StageUse, used_stages
from scanner.checkpoint import Scan
from scanner.config import Settings
from scanner.core.errors import DeviceError
from scanner.ports import CameraState

Timed = tuple[Scan, Read]

PAUSE_S = 0.002
# Until the first frame: rpicam-vid and some USB cameras take seconds.
START_S = 20.0


@dataclass(frozen=True, slots=True)
class Spread:
    """Of some durations, in milliseconds; None without any."""

    p50: float
    p95: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread | None:
        """Nearest rank: each figure is one that was measured."""
        if not seconds:
            return None
        ordered = sorted(1000 * each for each in seconds)
        rank = [ordered[math.ceil(share * len(ordered)) - 1] for share in (0.5, 0.95)]
        return cls(rank[0], rank[1], ordered[-1])


@dataclass(frozen=True, slots=True)
class Bench:
    """What was measured. `given`: frames that the camera had; `read`: those that a reader saw;
    `skipped`: of these, without an answer; `with_code`: those in which it read a code."""

    is_simulated: bool
    source: str
    size: tuple[int, int] | None
    seconds: float
    given: int
    read: int
    with_code: int
    skipped: int
    readers_replaced: int
    latency: Spread | None  # from the frame's arrival to the pin
    waited: Spread | None
    reader: Spread | None
    judged: Spread | None
    verdicts: dict[str, int]
    stages: tuple[StageUse, ...]


def run_bench(
    settings: Settings, state: Path, *, seconds: float, frames: int | None, lists: Path | None
) -> Bench:
    """For so many seconds from the first frame on, or until so many frames were read.

    Raises DeviceError, StoreError and what reading the lists raises.
    """
    with timed_device(settings, state, lists) as device:
        scans, spent_s = _turned(device, seconds, frames)
        kept = list(device.reader.kept)
        found = _told(settings, device, scans, spent_s)
    return replace(found, stages=tuple(used_stages(kept, time.thread_time)))


def _turned(device: TimedDevice, seconds: float, frames: int | None) -> tuple[list[Timed], float]:
    """Every scan with its frame, and how long it took; the first frame is waited for."""
    scans: list[Timed] = []
    begun_s = now_s = device.monotonic()
    while device.camera.state is not CameraState.ENDED:
        now_s = device.monotonic()
        if not device.reader.reads:
            begun_s = now_s if device.camera.state is CameraState.LIVE else begun_s
        is_over = now_s - begun_s >= (seconds if device.reader.reads else START_S)
        if is_over or (frames is not None and len(device.reader.reads) >= frames):
            break
        device.loop.see_anew()  # each frame is a phone of its own
        scan = _step(device)
        device.step_lamps()
        if scan is not None:
            scans.append((scan, device.reader.reads[-1]))
        else:
            time.sleep(PAUSE_S)
    return scans, now_s - begun_s


def _step(device: TimedDevice) -> Scan | None:
    """One turn. Raises DeviceError with what the camera itself says."""
    try:
        return device.loop.step()
    except DeviceError as error:
        told = device.camera.last_error if device.camera.state is CameraState.LOST else ""
        raise DeviceError(told or str(error)) from None


def _told(settings: Settings, device: TimedDevice, scans: list[Timed], spent_s: float) -> Bench:
    reads = device.reader.reads
    numbers = [read.number for read in reads]
    shape = device.reader.kept[0].grey.shape if device.reader.kept else None
    coded = [read for read in reads if read.codes]
    return Bench(
        is_simulated=is_simulated(settings),
        source=settings.camera.source,
        size=None if shape is None else (shape[1], shape[0]),
        seconds=spent_s,
        given=numbers[-1] - numbers[0] + 1 if numbers else 0,
        read=len(reads),
        with_code=len(coded),
        skipped=sum(read.codes is None for read in reads),
        readers_replaced=device.link.replaced + device.link.renewed,
        latency=Spread.of([scan.latency_s for scan, _ in scans]),
        waited=Spread.of([read.waited_s for read in reads]),
        reader=Spread.of([read.took_s for read in reads]),
        judged=Spread.of([scan.latency_s - read.waited_s - read.took_s for scan, read in scans]),
        verdicts=dict(Counter(scan.verdict.reason.name for scan, _ in scans)),
        stages=(),
    )
