"""The doors of the loop: what it asks of camera, reader, lamps, clock, stores and outbox.

Each Protocol is implemented by a real part and by a simulated one that ships with the product;
only `assembly` chooses which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from scanner.core.clock import ClockReading
from scanner.core.reading import Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]

    from scanner.core.claims import Pass
    from scanner.core.facts import ListFacts
    from scanner.core.policy import CheckpointPolicy
    from scanner.core.record import ScanRecord
    from scanner.core.signal import Signal
    from scanner.core.trust import TrustList


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: uint8 [H, W] luma, its running number, and when it was taken (monotonic, s)."""

    number: int
    grey: NDArray[np.uint8]
    taken_s: float


class CameraState(Enum):
    """LIVE: pictures come. WAITING: none yet, or reopening. LOST: given up after three tries."""

    LIVE = "live"
    WAITING = "waiting"
    LOST = "lost"
    ENDED = "ended"  # a recording or folder has been shown to its end


class Camera(Protocol):
    """A source of frames that keeps only the newest one."""

    @property
    def state(self) -> CameraState: ...

    def newest(self) -> Frame | None:
        """The newest frame not handed out before; None when there is none. Never blocks."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Typed:
    """A code from a scanner that types; no bytes: a part of it was lost. Monotonic seconds."""

    payload: bytes
    taken_s: float


class HandScanner(Protocol):
    """A second source of codes, beside the camera."""

    @property
    def fault(self) -> str | None:
        """Why it gives nothing, e.g. unplugged; None when nothing is known to be wrong."""

    def take(self) -> Typed | None:
        """The next code that was typed; None when there is none. Never blocks."""

    def close(self) -> None: ...


class Decoder(Protocol):
    """The reader: pixels in, the bytes of QR codes out."""

    def read(self, frame: Frame) -> Sequence[Reading] | None:
        """Every QR code in the frame; None when the frame was skipped (the reader was replaced)."""

    def close(self) -> None: ...


class Indicator(Protocol):
    """Lamps and buzzer."""

    def show(self, signal: Signal) -> None:
        """Start the lamps of a signal, at once and without its sound; replaces what was shown."""

    @property
    def fault(self) -> str | None:
        """What is wrong with lamps or buzzer; None when nothing is known to be."""

    def confirm(self) -> None:
        """The record of what is shown is on the disk: sound it, and let its lamps stay."""

    def end_view(self) -> None:
        """The code has left the view: a green lamp may go dark early."""

    def close(self) -> None:
        """All lamps and the buzzer off, pins released."""


class Press(Enum):
    """How long the trigger was held: SHORT less than a second, LONG up to ten."""

    SHORT = "short"
    LONG = "long"


class Trigger(Protocol):
    """The button beside the lamps; the loop knows what a press means."""

    @property
    def fault(self) -> str | None:
        """A button that is stuck; None when nothing is known to be wrong."""

    def presses(self) -> Sequence[Press]:
        """The presses that have ended since the last call; never blocks."""

    def close(self) -> None: ...


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> ClockReading:
        """What is known of the time of day."""

    def monotonic_s(self) -> float:
        """Seconds since some fixed point; never jumps."""

    def take_time_code(self, iat: datetime) -> None:
        """A signed time that was just seen. Raises TimeError; StoreError when it is not kept."""


class Lists(Protocol):
    """Everything signed that the device judges by."""

    @property
    def trust(self) -> TrustList: ...

    @property
    def policy(self) -> CheckpointPolicy: ...

    def about(self, pass_: Pass, now: ClockReading) -> ListFacts:
        """Status, holder list, issued set and the ages of these; raises StoreError."""

    def refresh(self) -> bool:
        """Take over what an update has installed; True when there was any. Raises StoreError."""


class Outbox(Protocol):
    """Where scan records wait for their upload."""

    def append(self, record: ScanRecord) -> int:
        """Commit one record to the disk; returns its seq; raises StoreError."""

    def count(self, counter: str, at: datetime, by: int = 1) -> None:
        """Add to an hourly counter, for what takes no seq; raises StoreError."""

    def count_forged(self, counter: str, at: datetime, kid: bytes, day: int) -> None:
        """As `count`, and to the counter of a key on a local day; raises StoreError."""
