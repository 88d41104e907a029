"""Goes on with the enrolment that a boot file has begun, until the city has answered."""

from __future__ import annotations

from pathlib import Path

from scanner.assembly.enrolling import enrol_online, is_enrolled
from scanner.core.enrol_call import CallError
from scanner.core.enrolment import EnrolmentAnswer
from scanner.core.errors import EnrolmentError, SyncError, TimeError

REFUSED, NETWORK, CITY = "E-ENROL-REFUSED", "E-ENROL-NETWORK", "E-ENROL-CITY"


def enrol_pending(state: Path) -> EnrolmentAnswer | None:
    """The answer; None when nothing is pending. What went wrong is kept for the boot file's result.

    An offer that the city refuses for good is forgotten. Raises EnrolmentError, SyncError,
    StoreError; TimeError as `accept_enrolment`.
    """
    from scanner.store import pending

    if is_enrolled(state):  # the power was cut after the answer was kept
        return _done(state, None)
    try:
        offer = pending.read_offer(state)
        return None if offer is None else _done(state, enrol_online(state, offer))
    except TimeError:
        _done(state, None)
        raise
    except SyncError as error:
        reason = NETWORK if error.retryable else CITY
        pending.keep_result(state, pending.EnrolResult(reason, str(error)))
        raise
    except EnrolmentError as error:
        # Not for what anybody on the network could say: only the city itself, shown as such.
        if isinstance(error, CallError) and not error.is_passing:
            pending.forget_offer(state)
        reason = REFUSED if isinstance(error, CallError) else CITY
        pending.keep_result(state, pending.EnrolResult(reason, str(error)))
        raise


def _done(state: Path, answer: EnrolmentAnswer | None) -> EnrolmentAnswer | None:
    from scanner.store import pending

    pending.forget_offer(state)
    pending.keep_result(state, None)
    return answer
