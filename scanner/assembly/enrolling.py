"""A device becomes one of a city's: by files, by a card, by a code; one function behind all."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from scanner.assembly.clock import tell_time
from scanner.assembly.upload import own_clock
from scanner.core.enrolment import MAX_FILE_BYTES, EnrolmentAnswer
from scanner.core.errors import EnrolmentError
from scanner.core.offer import Offer, check_age
from scanner.core.time_bounds import TimeSource


def request_enrolment(state: Path, out: Path) -> str:
    """Write the request; returns the device id in hex. Raises StoreError."""
    from scanner.store.enrolment import write_request
    from scanner.store.migrations import migrate

    migrate(state)
    return write_request(state, out).hex()


def enrol_online(state: Path, offer: Offer, *, anew: bool = False) -> EnrolmentAnswer:
    """Ask the city of the offer, and install its answer; the same again after a lost reply.

    anew: as for `accept_enrolment`. Raises EnrolmentError, SyncError, StoreError; TimeError as
    `accept_enrolment`.
    """
    from scanner.store.enrolment import own_request
    from scanner.store.migrations import migrate
    from scanner.sync.enrol import ask_city

    migrate(state)
    now = offer.as_of(own_clock(state)())
    check_age(offer, now)
    request, _ = own_request(state)
    return install_answer(state, ask_city(offer, request, now), anew=anew)


def accept_enrolment(state: Path, file: Path, *, anew: bool) -> EnrolmentAnswer:
    """Check the city's answer and install it; it may tell the time. EnrolmentError, StoreError.

    What the last try has found does not matter any more, and nobody waits. anew: for another
    server, or one that lost its records: all that is here is sent once more.
    Raises TimeError when all is installed, but the time in it is too far ahead.
    """
    return install_answer(state, _read(file), anew=anew)


def install_answer(state: Path, raw: bytes, *, anew: bool) -> EnrolmentAnswer:
    """As `accept_enrolment`, from its bytes."""
    from scanner.core.signed_log import public_bytes
    from scanner.core.upload import RetryState
    from scanner.store.device_key import provide_device_key
    from scanner.store.enrolment import check_offered, keep_answer, sending_alone
    from scanner.store.migrations import migrate
    from scanner.store.upload_queue import UploadQueue

    migrate(state)
    answer = check_offered(state, raw, own_clock(state)(), anew=anew)
    public = public_bytes(provide_device_key(state))
    with sending_alone(state), closing(UploadQueue(state, public)) as queue:
        # First: a cut in between sends all of it to the server before, which has it already.
        if anew:
            queue.send_all_again()
        keep_answer(state, raw, answer.fleet_key)
        queue.keep_retry(RetryState(), "")
    tell_time(state, TimeSource.ENROLMENT, datetime.fromtimestamp(answer.issued_at, UTC))
    return answer


def is_enrolled(state: Path) -> bool:
    """Whether it belongs to a city. Raises StoreError when that cannot be known."""
    from scanner.store.enrolment import read_enrolment

    return read_enrolment(state) is not None


def _read(file: Path) -> bytes:
    """Raises EnrolmentError."""
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise EnrolmentError(
            f"Name the answer that the city gave: {file} cannot be read ({error.strerror})."
        ) from None
