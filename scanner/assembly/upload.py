"""A device's records to the city's server."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from scanner.assembly.clock import open_known_time, start_clock
from scanner.assembly.running import running_beside
from scanner.config import Settings
from scanner.core.clock import ClockReading
from scanner.core.errors import EnrolmentError
from scanner.core.events import Event, SetAside

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from scanner.sync.push import PushReport, Surroundings

NOT_ENROLLED = (
    "Enrol this device first: `scanner enrol` and the city's card, or by two files: `scanner enrol "
    "request FILE`, have the city answer it, `scanner enrol accept ANSWER`. Until then records are "
    "kept and not sent."
)


class Progress(Protocol):
    """From the number of segments that wait to what hears how many more were taken."""

    def __call__(self, total: int) -> AbstractContextManager[Callable[[int], None]]: ...


class NotEnrolledError(EnrolmentError):
    """This device belongs to nobody yet: its records are kept, and sent nowhere."""


def upload_records(
    state: Path,
    settings: Settings,
    progress: Progress,
    now: Callable[[], ClockReading] | None = None,
) -> PushReport:
    """One tick. now: of a simulated device, else what this one knows of the time.

    Raises NotEnrolledError, SyncError, StoreError.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from scanner.core.signed_log import public_bytes
    from scanner.store.device_key import provide_device_key
    from scanner.store.enrolment import TLS_KEY_FILE, read_enrolment, sending_alone
    from scanner.store.upload_queue import UploadQueue
    from scanner.sync.push import Sender, push
    from scanner.sync.transport import HttpsTransport

    enrolment = read_enrolment(state)
    if enrolment is None:
        raise NotEnrolledError(NOT_ENROLLED)
    clock, key = now or own_clock(state), provide_device_key(state)
    server = Ed25519PublicKey.from_public_bytes(enrolment.receipt_key)
    with (
        sending_alone(state),
        closing(UploadQueue(state, public_bytes(key))) as queue,
        closing(HttpsTransport(enrolment, state / TLS_KEY_FILE, clock)) as transport,
        progress(queue.status().segments) as watch,
    ):
        sender = Sender(key, server, _noter(state, settings, key, clock))
        return push(queue, transport, sender, _surroundings(clock), watch)


def own_clock(state: Path) -> Callable[[], ClockReading]:
    """As this device knows the time; nothing is kept of what it reads. Raises StoreError."""
    with closing(open_known_time(state)) as known:
        return start_clock(known, None).now


def _surroundings(clock: Callable[[], ClockReading]) -> Surroundings:
    from hardware.clock import boot_id, boot_seconds
    from scanner.sync.push import Surroundings

    return Surroundings(
        boot=boot_id(),
        boot_s=boot_seconds,
        now_s=lambda: int(clock().earliest.timestamp()),
        draw=random.Random(os.urandom(16)).random,
        sleep=time.sleep,
    )


def _noter(
    state: Path, settings: Settings, key: Ed25519PrivateKey, clock: Callable[[], ClockReading]
) -> Callable[[SetAside], None]:
    def note(aside: SetAside) -> None:
        from scanner.store.segments import SegmentLog

        running = running_beside(state, settings)
        with closing(SegmentLog(state, key)) as log:
            log.seal(clock().earliest, running, events=(Event(aside),))

    return note
