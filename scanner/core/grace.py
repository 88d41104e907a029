"""The grace after a reboot: what the floor of time alone may admit, where the policy says so.

A checkpoint without network and battery loses the time with each cut of the power, and a queue
waits. For half an hour a floor that was saved a minute before the cut stands for now, with a day
to spare. It is a bet of the policy on short cuts: a device that lay dark for longer than a day,
with no battery to tell, may admit a pass that ended in that time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from scanner.core.claims import Pass
from scanner.core.clock import ClockLevel, ClockReading, shifted
from scanner.core.policy import CheckpointPolicy

LASTS_S = 30 * 60.0
TO_SPARE = timedelta(hours=24)
_TICK = timedelta(seconds=1)


def is_graced(pass_: Pass, policy: CheckpointPolicy, now: ClockReading) -> bool:
    """At level C: begun by the floor, and not over a day after it; no rule and no leeway helps."""
    if not policy.reboot_grace or now.level is not ClockLevel.C or not now.is_just_rebooted:
        return False
    is_begun = pass_.not_before <= now.earliest
    return now.latest is None and is_begun and pass_.expires > shifted(now.earliest, TO_SPARE)


def follows(floor: datetime, now: ClockReading) -> bool:
    """Whether a floor is what is known of now, to the second: not one that a hand or the bounds of
    the clock have left behind."""
    return now.latest is not None and floor >= shifted(now.earliest, -_TICK)
