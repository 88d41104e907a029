"""A chain of one device, and what is said of it."""

from __future__ import annotations

from scanner.core.chain import State, check_log
from scanner.core.logbook import DeviceLog
from scanner.core.reasons import Reason
from tests.core.chains import MINUTE, Chain, a_record


def a_chain() -> Chain:
    """Segments 1 to 4: records 1 to 3, a heartbeat, records 4 to 5, record 6."""
    chain = Chain()
    chain.seal(MINUTE, [a_record(MINUTE)] * 3)
    chain.seal(MINUTE + 15)
    chain.seal(MINUTE + 15, [a_record(MINUTE + 15, Reason.EXPIRED)] * 2)
    chain.seal(MINUTE + 30, [a_record(MINUTE + 30)])
    return chain


def states(log: DeviceLog) -> list[tuple[State, int, int]]:
    return [(found.state, found.first, found.last) for found in check_log(log)]


INTACT = [(State.INTACT, 1, 3), (State.INTACT, 4, 5), (State.INTACT, 6, 6)]
