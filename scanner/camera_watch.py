"""Whether the device sees: the newest frame with what the reader found in it, or nothing for long.

A frame counts once it is read. A camera that shows nothing, one that shows only what was, and a
reader that skips every frame are the same to an officer: the scanner is blind, and must say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scanner.core.errors import DeviceError
from scanner.core.reading import Reading
from scanner.ports import Camera, CameraState, Clock, Decoder, Frame

# Older frames show what was, not what is: they are not decoded.
OLDEST_FRAME_S = 0.15
# So long without a frame that was read is a fault to be shown.
BLIND_S = 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """A frame of now, and every QR code in it; `readings` None: the reader skipped the frame."""

    frame: Frame
    readings: Sequence[Reading] | None


class CameraWatch:
    """Asks camera and reader, and remembers when they last had an answer."""

    def __init__(self, camera: Camera, decoder: Decoder, clock: Clock) -> None:
        self._camera, self._decoder, self._clock = camera, decoder, clock
        self._read_s: float | None = None  # None: not asked yet, starting may take its time

    def look(self) -> Look | None:
        """None when there is no new frame of now. DeviceError when camera or reader is lost."""
        frame, now_s = self._camera.newest(), self._clock.monotonic_s()
        if self._read_s is None:
            self._read_s = now_s
        if frame is None:
            self._check_camera()
            return None
        if now_s - frame.taken_s > OLDEST_FRAME_S:
            return None
        readings = self._decoder.read(frame)
        if readings is not None:
            self._read_s = now_s
        return Look(frame, readings)

    @property
    def is_blind(self) -> bool:
        """Nothing was read for long; a recording that has been shown to its end is no fault."""
        if self._read_s is None or self._camera.state is CameraState.ENDED:
            return False
        return self._clock.monotonic_s() - self._read_s > BLIND_S

    def _check_camera(self) -> None:
        if self._camera.state is CameraState.LOST:
            raise DeviceError(
                "The camera gives no picture. Check its cable, then run `scanner doctor`."
            )
