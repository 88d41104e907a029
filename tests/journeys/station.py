"""A booth whose log can fail, and what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from scanner.assembly.scan_log import MINUTE_S, LogKeeper, LogParts, scan_log
from scanner.core.chain import check_log, is_sound
from scanner.core.reasons import Reason
from scanner.core.record import RecordFlag, ScanRecord, floored_minute
from scanner.core.segment import Segment, read_segment
from scanner.store.device_log import read_device_logs
from scanner.store.outbox import SqliteOutbox
from tests import city
from tests.journeys.booth import Booth

RECORD = ScanRecord(floored_minute(city.NOW, 15), Reason.OK.outcome, Reason.OK, 7, 0, 2)
MEGABYTE = 1 << 20


class Station:
    """A booth with its log; `live` lets time pass as a device would, turn by turn."""

    def __init__(self, booth: Booth, keeper: LogKeeper) -> None:
        self.booth, self.keeper = booth, keeper

    def turn(self) -> None:
        self.keeper(self.booth.clock.monotonic_s())

    def live(self, seconds: float, step_s: float = MINUTE_S) -> None:
        """Nobody comes by."""
        until_s = self.booth.clock.monotonic_s() + seconds
        while self.booth.clock.monotonic_s() < until_s:
            self.booth.clock.advance(step_s)
            self.turn()
            self.turn()

    def scan(self, *codes: bytes) -> None:
        """One after the other, a minute apart."""
        for code in codes:
            self.booth.scan(code)
            self.booth.clear()
            self.live(MINUTE_S)

    @property
    def segments(self) -> list[Segment]:
        (log,) = read_device_logs(self.booth.state)
        return [read_segment(signed) for signed in log.segments]

    @property
    def is_sound(self) -> bool:
        (log,) = read_device_logs(self.booth.state)
        return is_sound(check_log(log))


@contextmanager
def station(
    booth: Booth,
    capacity: int = 64 * MEGABYTE,
    floor: Callable[[], datetime] | None = None,
    outbox: SqliteOutbox | None = None,
) -> Iterator[Station]:
    """A run of this booth, from its start to its stop in order."""
    real = outbox or booth.outbox.real
    parts = LogParts(booth.state, real, booth.loop, capacity, floor, RecordFlag.SIMULATED)
    with scan_log(parts) as keeper:
        yield Station(booth, keeper)
