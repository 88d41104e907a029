"""A device's records to the city's server, and the enrolment that says which server that is."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from scanner.assembly.clock import open_known_time, start_clock, tell_time
from scanner.assembly.running import running_beside
from scanner.config import Settings
from scanner.core.clock import ClockReading
from scanner.core.enrolment import MAX_FILE_BYTES, EnrolmentAnswer
from scanner.core.errors import EnrolmentError
from scanner.core.events import Event, SetAside
from scanner.core.time_bounds import TimeSource

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from scanner.sync.push import PushReport, Surroundings

NOT_ENROLLED = (
    "Enrol this device first: `scanner enrol request FILE`, have the city answer it, then "
    "`scanner enrol accept ANSWER`. Until then records are kept and not sent."
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
    clock, key = now or _own_clock(state), provide_device_key(state)
    server = Ed25519PublicKey.from_public_bytes(enrolment.receipt_key)
    with (
        sending_alone(state),
        closing(UploadQueue(state, public_bytes(key))) as queue,
        closing(HttpsTransport(enrolment, state / TLS_KEY_FILE, clock)) as transport,
        progress(queue.status().segments) as watch,
    ):
        sender = Sender(key, server, _noter(state, settings, key, clock))
        return push(queue, transport, sender, _surroundings(clock), watch)


def request_enrolment(state: Path, out: Path) -> str:
    """Write the request; returns the device id in hex. Raises StoreError."""
    from scanner.store.enrolment import write_request
    from scanner.store.migrations import migrate

    migrate(state)
    return write_request(state, out).hex()


def accept_enrolment(state: Path, file: Path, *, anew: bool) -> EnrolmentAnswer:
    """Check the city's answer and install it; it may tell the time. EnrolmentError, StoreError.

    What the last try has found does not matter any more, and nobody waits. anew: for another
    server, or one that lost its records: all that is here is sent once more.
    Raises TimeError when all is installed, but the time in it is too far ahead.
    """
    from datetime import UTC, datetime

    from scanner.core.signed_log import public_bytes
    from scanner.core.upload import RetryState
    from scanner.store.device_key import provide_device_key
    from scanner.store.enrolment import check_offered, keep_answer, sending_alone
    from scanner.store.migrations import migrate
    from scanner.store.upload_queue import UploadQueue

    migrate(state)
    raw = _read(file)
    answer = check_offered(state, raw, _own_clock(state)(), anew=anew)
    public = public_bytes(provide_device_key(state))
    with sending_alone(state), closing(UploadQueue(state, public)) as queue:
        # First: a cut in between sends all of it to the server before, which has it already.
        if anew:
            queue.send_all_again()
        keep_answer(state, raw)
        queue.keep_retry(RetryState(), "")
    tell_time(state, TimeSource.ENROLMENT, datetime.fromtimestamp(answer.issued_at, UTC))
    return answer


def _own_clock(state: Path) -> Callable[[], ClockReading]:
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


def _read(file: Path) -> bytes:
    """Raises EnrolmentError."""
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise EnrolmentError(
            f"Name the answer that the city gave: {file} cannot be read ({error.strerror})."
        ) from None
