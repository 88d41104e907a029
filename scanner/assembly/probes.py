"""What `scanner doctor` tries on the hardware: each opens a part, looks, and closes it again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner.assembly.camera import camera_of
from scanner.assembly.device import reader_of, wiring_of
from scanner.config import Settings
from scanner.core.reading import Corners, Reading
from scanner.core.reasons import SignalName
from scanner.core.signal import SIGNALS
from scanner.ports import CameraState

if TYPE_CHECKING:
    from scanner.ports import Grey

CAMERA_S = 5.0
PAUSE_S = 0.005
MOST_CARDS = 3  # measuring one takes a second


@dataclass(frozen=True, slots=True)
class CameraProbe:
    """What came in CAMERA_S seconds or until the camera failed; brightness 0 to 255.

    `cards`: a few frames with the test card and its corners, as the confined reader gives them.
    `not_taken`: settings that the camera did not follow; `error`: what it said last.
    """

    state: CameraState
    frames: int
    seconds: float
    size: tuple[int, int] | None
    brightness: float
    codes: int
    cards: tuple[tuple[Grey, Corners], ...] = ()
    not_taken: tuple[str, ...] = ()
    error: str = ""


def probe_camera(settings: Settings) -> CameraProbe:
    """Frames for five seconds, and what the reader finds in them. DeviceError."""
    frames, codes, size, brightness = 0, 0, None, 0.0
    cards: list[tuple[Grey, Corners]] = []
    with (
        closing(camera_of(settings.camera, time.monotonic)) as camera,
        closing(reader_of(settings)) as reader,
    ):
        reader.wait_until_ready()
        begun_s = time.monotonic()
        while (spent_s := time.monotonic() - begun_s) < CAMERA_S:
            if camera.state in (CameraState.LOST, CameraState.ENDED):
                break
            frame = camera.newest()
            if frame is None:
                time.sleep(PAUSE_S)
                continue
            frames, brightness = frames + 1, float(frame.grey.mean())
            size = (frame.grey.shape[1], frame.grey.shape[0])
            readings = reader.read(frame) or ()
            codes = max(codes, len(readings))
            if (corners := _card_in(readings)) and spent_s >= len(cards) * CAMERA_S / MOST_CARDS:
                cards.append((frame.grey, corners))
        told = camera.not_taken, camera.last_error
        state = camera.state
    return CameraProbe(state, frames, spent_s, size, brightness, codes, tuple(cards), *told)


def _card_in(readings: Sequence[Reading]) -> Corners | None:
    """Where the test card is; None when it is not there, or not alone."""
    from scanner.vision.probe import TEST_PAYLOAD

    found = [reading.corners for reading in readings if reading.payload == TEST_PAYLOAD]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class ReaderProbe:
    """`missing`: why no filter of system calls can be had here, or None."""

    is_confined: bool
    is_read: bool
    missing: str | None


def probe_reader(settings: Settings) -> ReaderProbe:
    """A reader as this device starts it, looked at and shown a code. Raises DeviceError."""
    from scanner.ports import Frame
    from scanner.vision.probe import TEST_PAYLOAD, card_picture, is_confined
    from scanner.vision.seccomp import why_missing

    missing = why_missing()
    if missing is not None and not settings.reader.may_be_open:
        return ReaderProbe(is_confined=False, is_read=False, missing=missing)
    with closing(reader_of(settings)) as reader:
        reader.wait_until_ready()
        readings = reader.read(Frame(1, card_picture(), 0.0)) or ()
        is_read = [reading.payload for reading in readings] == [TEST_PAYLOAD]
        pid = reader.process_id
        return ReaderProbe(pid is not None and is_confined(pid), is_read, missing)


def probe_lamps(settings: Settings) -> str | None:
    """The self-test on the real pins; what is wrong with them, or None. Raises DeviceError."""
    from hardware.indicator import GpioIndicator
    from hardware.pins import open_gpio

    gpio, wiring = open_gpio(settings.pins.factory), wiring_of(settings)
    signal = SIGNALS[SignalName.SELF_TEST]
    with closing(GpioIndicator(gpio, wiring, time.monotonic)) as lamps:
        lamps.show(signal)
        lamps.confirm()
        time.sleep(signal.hold_s or 0.0)
        return lamps.fault
