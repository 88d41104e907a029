"""A device that lives through whole minutes, as processes of their own that can be killed anywhere.

    python -m tests.faults.killed_device [hasty]

Each line on standard input is one start of the device: `STATE ANSWER SERIAL MINUTES CALL AT`. It
enrols with the city's answer, scans, beeps, seals and sends by the parts that ship, with the loop
open and closed meanwhile; with 0 minutes it only sends what is there. A beep is a line on standard
output, `beep SEQ SERIAL`, written after the commit; `end CODE` follows when the process has ended.
Each scan has a serial of its own in the field for the list's version, so that a scan that was kept
twice can be told from two scans. `hasty`: the beep comes before the commit, which must be found.

Whoever watches (test_killed_by_strace.py) kills each process at its FATAL-th call of any kind. So a
process that shall end at its AT-th `CALL` makes FATAL - AT such calls beforehand, which do nothing:
one watcher serves all points, and the imports are paid once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import closing, nullcontext, suppress
from pathlib import Path

from scanner.__main__ import run
from scanner.assembly.desk import time_of_check
from scanner.assembly.upload import upload_records
from scanner.config import Settings
from scanner.core.reasons import Reason
from scanner.core.record import ScanRecord
from scanner.store.device_key import provide_device_key
from scanner.store.enrolment import read_enrolment
from scanner.store.migrations import migrate
from scanner.store.outbox import SqliteOutbox
from scanner.store.runs import begin_run, end_run
from scanner.store.segments import SegmentLog
from scanner.sync.push import PushReport
from tests.sync.sealed import RUNNING

FATAL = 1000
SCANS = (Reason.OK, Reason.EXPIRED)  # of a minute
NOWHERE = "/dev/null/nowhere"
EMPTY_CALLS: dict[str, Callable[[int], object]] = {
    "write": lambda null: os.write(null, b""),
    "pwrite64": lambda null: os.pwrite(null, b"", 0),
    "fsync": os.fsync,
    "fdatasync": os.fdatasync,
    "ftruncate": lambda null: os.ftruncate(null, 0),
    "rename": lambda null: os.rename(NOWHERE, NOWHERE),
    "unlink": lambda null: os.unlink(NOWHERE),
}


class Loop:
    """A minute of it: two scans, sealed. beep: hears serial and seq. is_hasty: as none may be."""

    def __init__(
        self, state: Path, beep: Callable[[int, int], None], *, is_hasty: bool = False
    ) -> None:
        self._state, self._beep, self._is_hasty = state, beep, is_hasty

    def live_a_minute(self, first_serial: int, *, sends_beside: bool = False) -> None:
        with (
            closing(SqliteOutbox(self._state)) as outbox,
            closing(SegmentLog(self._state, provide_device_key(self._state))) as log,
        ):
            for number, reason in enumerate(SCANS):
                self._scan(outbox, reason, first_serial + number)
            log.seal(time_of_check(None).earliest, RUNNING, whole=True)
            if sends_beside:
                send(self._state)

    def _scan(self, outbox: SqliteOutbox, reason: Reason, serial: int) -> None:
        """The officer hears it once it is on the disk."""
        minute = int(time_of_check(None).earliest.timestamp()) // 60
        record = ScanRecord(minute, reason.outcome, reason, 1, 0, serial)
        if self._is_hasty:
            self._beep(serial, outbox.last_seq + 1)
        seq = outbox.append(record)
        if not self._is_hasty:
            self._beep(serial, seq)


def tick(state: Path) -> PushReport:
    """What the timer starts."""
    return upload_records(
        state, Settings(), lambda total: nullcontext(_unwatched), lambda: time_of_check(None)
    )


def send(state: Path) -> int:
    """A tick that must succeed; how many segments the server has taken. SystemExit when not."""
    report = tick(state)
    if report.fault or report.aside:
        raise SystemExit(f"the upload ended early: {report}")
    return report.taken


def start_up(state: Path, answer: Path) -> None:
    """Databases and the city's answer, where they are not there yet."""
    migrate(state)
    if read_enrolment(state) is None:
        code = run(["enrol", "accept", str(answer), "--state", str(state)])
        assert code == 0, "the answer of the city was not accepted"
    begin_run(state)


def live(state: Path, first_serial: int, minutes: int, *, is_hasty: bool) -> None:
    """To an orderly stop, with everything sent."""
    loop = Loop(state, _say_beep, is_hasty=is_hasty)
    for minute in range(minutes):
        serial = first_serial + len(SCANS) * minute
        loop.live_a_minute(serial, sends_beside=minute % 2 == 0)
        send(state)
    while send(state):
        pass
    end_run(state)


def start(line: str, *, is_hasty: bool) -> None:
    """One line of input, in the process of the device."""
    state, answer, serial, minutes, call, at = line.split()
    null = os.open(os.devnull, os.O_RDWR)
    for _ in range(FATAL - int(at)):
        with suppress(OSError):
            EMPTY_CALLS[call](null)
    start_up(Path(state), Path(answer))
    live(Path(state), int(serial), int(minutes), is_hasty=is_hasty)


def _say_beep(serial: int, seq: int) -> None:
    os.write(sys.stdout.fileno(), f"beep {seq} {serial}\n".encode())


def _unwatched(_: int) -> None:
    """Nobody looks at the progress."""


def main() -> None:
    is_hasty = sys.argv[1:] == ["hasty"]
    for line in sys.stdin:
        child = os.fork()
        if not child:
            start(line, is_hasty=is_hasty)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.writev(sys.stdout.fileno(), [f"end {code}\n".encode()])  # a call that nobody counts


if __name__ == "__main__":
    main()
