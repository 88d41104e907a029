"""What the scan log costs a card, and the loop: `python tests/bench/bench_outbox.py`.

Blocks of 4 kB are counted where SQLite hands bytes to the system: those that were touched between
two syncs of a file, each once, the WAL and its checkpoints among them. Times are of this machine,
whose disk is none of a Raspberry Pi.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from scanner.core.policy import LogPolicy  # noqa: E402 - after the path is set
from scanner.core.reasons import Reason  # noqa: E402
from scanner.core.record import local_day  # noqa: E402
from scanner.core.segment import MAX_RECORDS  # noqa: E402
from scanner.store.fold import fold_oldest  # noqa: E402
from scanner.store.migrations import migrate  # noqa: E402
from scanner.store.outbox import SqliteOutbox  # noqa: E402
from scanner.store.retention import Age, cut_wal, retire  # noqa: E402
from scanner.store.segments import SegmentLog  # noqa: E402
from tests.bench.table import Rows, print_table  # noqa: E402
from tests.faults.power import Power, on  # noqa: E402
from tests.store.log_case import AT, KEY, MOSCOW, RUNNING, record_at  # noqa: E402

SCANS, BLOCK = 5_000, 4096
RATES = (30, 10)
TARGET_BLOCKS = 1.6
SEALS = 30
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Blocks(Power):
    """Counts blocks that differ between two syncs of a file, and the syncs."""

    def __init__(self) -> None:
        super().__init__(None, None)
        self._touched: dict[str, set[int]] = {}
        self.blocks = self.syncs = 0

    def remember(self, path: str, at: int, size: int) -> None:
        self.bytes += size
        touched = range(at // BLOCK, (at + size - 1) // BLOCK + 1)
        self._touched.setdefault(path, set()).update(touched)

    def flushed(self, path: str) -> None:
        self.blocks += len(self._touched.pop(path, ()))
        self.syncs += 1


def a_shift(state: Path, a_minute: int, *, is_sealed: bool) -> Blocks:
    """So many scans, with the heartbeat of each minute and what it seals, or without."""
    migrate(state)
    disk, at = Blocks(), AT
    with on(disk), closing(SqliteOutbox(state)) as outbox, closing(SegmentLog(state, KEY)) as log:
        for number in range(1, SCANS + 1):
            reason = Reason.EXPIRED if number % 20 == 0 else Reason.OK
            outbox.append(record_at(at, reason))
            if number % a_minute == 0:
                at += MINUTE
                if is_sealed:
                    log.seal(at, RUNNING)
    return disk


def blocks(folder: Path) -> Rows:
    for a_minute in RATES:
        for is_sealed in (False, True):
            what = "with the log sealed each minute" if is_sealed else "records alone"
            disk = a_shift(folder / f"{a_minute}-{is_sealed}", a_minute, is_sealed=is_sealed)
            yield f"{a_minute} scans a minute, {what}, blocks a scan", f"{disk.blocks / SCANS:.2f}"
            if is_sealed:
                yield (
                    f"  syncs a scan, {disk.syncs / SCANS:.2f}; bytes",
                    f"{disk.bytes / SCANS:.0f}",
                )
                reached = disk.blocks / SCANS <= TARGET_BLOCKS
                yield f"  target {TARGET_BLOCKS}", "reached" if reached else "MISSED"


class Watch:
    """Milliseconds of a step, on the wall and of the processor."""

    def __init__(self) -> None:
        self._wall: list[float] = []
        self._cpu: list[float] = []

    def step(self, act: Callable[[], bool]) -> bool:
        wall, cpu = time.perf_counter(), time.process_time()
        more = act()
        self._cpu.append(1000 * (time.process_time() - cpu))
        self._wall.append(1000 * (time.perf_counter() - wall))
        return more

    def rows(self, what: str) -> Iterator[tuple[str, str]]:
        yield f"{what}, ms, median of {len(self._wall)}", f"{statistics.median(self._wall):.1f}"
        yield "  of the processor", f"{statistics.median(self._cpu):.1f}"
        yield "  the longest", f"{max(self._wall):.1f}"


def times(state: Path) -> Rows:
    migrate(state)
    sealing, beating, folding, retiring = Watch(), Watch(), Watch(), Watch()
    with closing(SqliteOutbox(state)) as outbox, closing(SegmentLog(state, KEY)) as log:
        for _ in range(SEALS):
            for _ in range(MAX_RECORDS):
                outbox.append(record_at(AT))
            sealing.step(lambda: log.seal(AT, RUNNING))
        for minute in range(SEALS * SEALS):
            beating.step(lambda at=AT + minute * MINUTE: log.seal(at, RUNNING))  # type: ignore[misc]
        later = AT + 40 * DAY
        for _ in range(3):
            folding.step(lambda: fold_oldest(log, AT + DAY, RUNNING))
        age = Age(local_day(later, MOSCOW), local_day(later, MOSCOW))
        while retiring.step(lambda: retire(log, later, RUNNING, LogPolicy(), age)):
            pass
        cutting = Watch()
        cutting.step(lambda: cut_wal(log))
    yield from sealing.rows(f"seal {MAX_RECORDS} records")
    yield from beating.rows("heartbeat")
    yield from retiring.rows("one step of removing days")
    yield from folding.rows("one step of folding on a full disk")
    yield from cutting.rows("cut the WAL")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print_table(f"Scan log, {SCANS} scans", blocks(Path(folder)))
        print_table("Beside the loop", times(Path(folder) / "times"))


if __name__ == "__main__":
    main()
