"""A time code before the camera: it sets the clock, and is no pass."""

from __future__ import annotations

import logging

from scanner.core.errors import TimeError
from scanner.core.reasons import SignalName
from scanner.core.time_code import open_time_code
from scanner.core.time_fault import TIME_SET_WORDS
from scanner.ports import Clock, Lists, Outbox

log = logging.getLogger("scanner.time_setting")

# Counted by the hour; a time code takes no record.
TAKEN, REFUSED = "TIME_CODE", "TIME_CODE_REFUSED"


def set_time(payload: bytes, lists: Lists, clock: Clock, outbox: Outbox) -> SignalName:
    """What to show. Signature before time; whatever is wrong leaves the clock as it was.

    Raises StoreError when it cannot be kept.
    """
    lists.refresh()
    try:
        clock.take_time_code(open_time_code(payload, lists.trust))
        words, counter, signal = TIME_SET_WORDS, TAKEN, SignalName.TIME_SET
    except TimeError as error:
        words, counter, signal = error.fault.words, REFUSED, SignalName.TIME_NOT_SET
    log.info("time code: %s %s", words.line, words.do)
    outbox.count(counter, clock.now().earliest)
    return signal
