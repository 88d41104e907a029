"""One start of a device with a wrong clock, also as a process: `-m tests.faults.clock_case`.

What the system's clock says comes from the system, so that libfaketime can bend it; the rest of the
case is given as JSON, and so is the answer.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from hardware.clock import ClockReaders, SystemClock, boot_seconds
from scanner.checkpoint import decide
from scanner.core.claims import Pass
from scanner.core.errors import TimeError
from scanner.core.facts import Facts
from scanner.core.policy import Checkpoint
from scanner.store.known_time import KnownTime
from scanner.store.trust_list import SqliteLists
from tests import city

# How long this boot has lasted when the device starts.
STARTED_S = 30.0
KINDS = ("valid", "expired", "not_yet")


@dataclass(frozen=True)
class Start:
    """What the device finds. Times in seconds since 1970.

    at: the right time, which nothing but the passes and time codes knows. jump_s: how far the
    system's time is set on in the middle of the scan.
    """

    at: float
    boot: str = "b1"
    is_disciplined: bool = False
    rtc: float | None = None
    code: float | None = None
    jump_s: float = 0.0


@dataclass(frozen=True)
class Answer:
    """Level and reason of each pass; `reasons` in the order of KINDS."""

    level: str
    reasons: list[str]
    has_future: bool
    floor: float


def passes(at: float) -> list[bytes]:
    """Valid at `at`, expired six hours before, valid in six hours."""
    second, hours = int(at), 6 * 3600
    spans = ((-86400, 86400), (-86400, -hours), (hours, 86400))
    return [
        city.issue(nbf=second + begin, exp=second + end, iat=second - 86400) for begin, end in spans
    ]


def run(state: Path, start: Start, readers: ClockReaders, jump: Callable[[], None]) -> Answer:
    """Start, perhaps jump, judge three passes, keep what is known."""
    with (
        closing(KnownTime(state, start.boot, readers.boot_s())) as known,
        closing(SqliteLists(state, Checkpoint(), allow_test_keys=False)) as lists,
    ):
        clock = SystemClock(known.load(), known.save, readers)
        has_future = _hear(clock, lists)
        clock.now()
        if start.code is not None:
            clock.take_time_code(datetime.fromtimestamp(start.code, UTC))
        jump()
        now = clock.now()

        def facts_about(pass_: Pass) -> Facts:
            return Facts(lists.about(pass_, now))

        reasons = [decide(code, lists, facts_about, now).reason.name for code in passes(start.at)]
        memory = clock.save()
        known.save(memory)
        has_future = has_future or clock.future is not None
        return Answer(now.level.name, reasons, has_future, memory.bounds.floor.timestamp())


def _hear(clock: SystemClock, lists: SqliteLists) -> bool:
    """True when the lists claim a time too far ahead."""
    try:
        if lists.signed_at is not None:
            clock.hear_signed(lists.signed_at)
    except TimeError:
        return True
    return False


def readers_of(start: Start, system_s: Callable[[], float]) -> ClockReaders:
    """The system's time as given; boot, battery and discipline as the case has them."""
    began_s = boot_seconds()
    rtc = None if start.rtc is None else datetime.fromtimestamp(start.rtc, UTC)
    return ClockReaders(
        system_s=system_s,
        boot_s=lambda: STARTED_S + boot_seconds() - began_s,
        monotonic_s=time.monotonic,
        is_disciplined=lambda: start.is_disciplined,
        rtc=lambda: rtc,
    )


def main(state: Path, given: Start, faketime: Path) -> Answer:
    """With the time that libfaketime gives: the real one and the seconds that stand in the file."""

    def jump() -> None:
        if given.jump_s:
            faketime.write_text(f"{float(faketime.read_text()) + given.jump_s:+.0f}\n")

    return run(state, given, readers_of(given, ClockReaders().system_s), jump)


if __name__ == "__main__":
    case = Start(**json.loads(sys.argv[2]))
    print(json.dumps(asdict(main(Path(sys.argv[1]), case, Path(sys.argv[3])))))
