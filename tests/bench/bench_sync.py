"""What signed lists cost a device: `python tests/bench/bench_sync.py`.

Bytes are counted where SQLite hands them to the system, WAL and checkpoints included, over a day
of updates with the loop's reader open beside them. Look-ups are timed one by one in a process that
holds nothing but the map and a day's changes.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from scanner.core.policy import Checkpoint  # noqa: E402 - after the path is set
from scanner.core.revocation import Delta, StatusBits, encode_delta, encode_map  # noqa: E402
from scanner.core.update import Step, Target, Update  # noqa: E402
from scanner.store.install import Installer  # noqa: E402
from scanner.store.migrations import migrate  # noqa: E402
from scanner.store.state import StateStore  # noqa: E402
from scanner.store.trust_list import SqliteLists  # noqa: E402
from scanner.store.writer import ListsWriter  # noqa: E402
from tests import city  # noqa: E402
from tests.bench.table import Rows, print_table  # noqa: E402
from tests.faults.power import Power, on  # noqa: E402

PASSES, REVOKED = 20_000_000, 5_000_000
APPLIES, FLIPS, RESTORES = 288, 10_000, 2_000
ID_BYTES = 16
LIMIT_WRITTEN, LIMIT_P99_MS, LIMIT_RSS_MB, LIMIT_DISK_MB = 10.0, 0.2, 24.0, 5.3
LOOK_UPS = 20_000

LOOK_UP = """
import json, random, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from scanner.core.revocation import StatusBits
from scanner.store.status_map import StatusMap
size, count, folder, file = int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), sys.argv[5]
dice = random.Random(1)
overlay = {dice.randrange(size): StatusBits.REVOKED for _ in range(12_000)}
map_ = StatusMap(folder, file, size)
spent = []
for index in [dice.randrange(size) for _ in range(count)]:
    began = time.perf_counter_ns()
    status = overlay.get(index)
    status = map_.status(index) if status is None else status
    spent.append(time.perf_counter_ns() - began)
spent.sort()
(peak,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
peak_kb = int(peak.split()[1])
p99 = spent[len(spent) * 99 // 100]
print(json.dumps([spent[len(spent) // 2] / 1e6, p99 / 1e6, peak_kb / 1e3, "numpy" in sys.modules]))
"""


def first_lists(taken: list[int]) -> dict[str, bytes]:
    """A city of 20 million passes, a quarter of them taken back."""
    revoked = dict.fromkeys(taken, StatusBits.REVOKED)
    files = {key: body for key, body in city.targets().items() if key[0] not in "bd"}
    return files | {f"base-7-1-{n}": part for n, part in enumerate(encode_map(PASSES, revoked))}


def deltas(taken: list[int], dice: random.Random) -> Iterator[tuple[str, bytes]]:
    """A day: 12 000 changes in 288 steps, as the ladder hands them to who polls each time."""
    free = set(dice.sample(range(PASSES), 2 * FLIPS)).difference(taken)
    revoked, restored = sorted(free)[:FLIPS], taken[:RESTORES]
    for turn in range(APPLIES):
        begin, end = 1 + turn, 2 + turn
        changes = dict.fromkeys(revoked[turn::APPLIES], StatusBits.REVOKED)
        changes |= dict.fromkeys(restored[turn::APPLIES], StatusBits.VALID)
        yield f"d-7-{begin}-{end}", encode_delta(Delta(7, begin, end, changes))


def a_day(state: Path, taken: list[int], dice: random.Random) -> tuple[int, int]:
    """Bytes written to the databases, and entries that changed."""
    writer, power = ListsWriter(state, bytes, allow_test_keys=False), Power(None, None)
    with on(power), closing(SqliteLists(state, Checkpoint(), allow_test_keys=False)) as reader:
        with closing(StateStore(state)) as floors:
            for turn, (name, body) in enumerate(deltas(taken, dice)):
                apply_one(writer, floors, turn, name, body)
                reader.refresh()
        changed = len(reader._now.overlays[7])
    return power.bytes, changed


def apply_one(writer: ListsWriter, floors: StateStore, turn: int, name: str, body: bytes) -> None:
    """What a run writes: the floors of the metadata, then the lists."""
    at = city.ISSUED_AT + 300 * (turn + 1)
    roles = ("timestamp", "snapshot", "rev", "issued")
    floors.raise_floors({f"tuf-{role}-0123456789abcdef": turn + 1 for role in roles})
    target = Target(len(body), hashlib.sha256(body).hexdigest())
    step = Step("status-7", turn + 2, (name,))
    current = {"status-7": turn + 2, "keys": 1, "policy": 3, "rules": 1, "ids": 1, "holders": 1}
    update = Update(at, (step,), {name: target}, current=current)
    applied = writer.apply(update, {name: body}.__getitem__)
    if applied.held or applied.refused:
        raise SystemExit(f"a step was not applied: {applied}")


def look_ups(state: Path) -> tuple[float, float, float]:
    """Median and p99 in milliseconds, resident megabytes at most."""
    (path,) = state.glob("status-7-*.db")
    arguments = [str(CHECKOUT), str(PASSES), str(LOOK_UPS), str(state), path.name]
    command = [sys.executable, "-c", LOOK_UP, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    median, p99, peak_mb, has_numpy = json.loads(done.stdout)
    if has_numpy:
        raise SystemExit("numpy was loaded")
    return median, p99, peak_mb


def rows(state: Path) -> Rows:
    dice = random.Random(20200415)
    migrate(state)
    power = Power(None, None)
    taken = dice.sample(range(PASSES), REVOKED)
    files = first_lists(taken)
    with on(power):
        Installer(state, bytes, allow_test_keys=False).install(files, city.ISSUED_AT)
    on_disk = (
        sum(path.stat().st_size for path in state.glob("*") if "outbox" not in path.name) / 1e6
    )
    yield f"{PASSES // 10**6} M passes on disk with all lists, MB", f"{on_disk:.2f}"
    yield from verdict(on_disk, LIMIT_DISK_MB)
    yield "installing that base, MB written", f"{power.bytes / 1e6:.2f}"
    median, p99, peak_mb = look_ups(state)
    yield "look-up, ms, median", f"{median:.4f}"
    yield "look-up, ms, p99", f"{p99:.4f}"
    yield from verdict(p99, LIMIT_P99_MS)
    yield "process of the look-ups, MB resident at most", f"{peak_mb:.1f}"
    yield from verdict(peak_mb, LIMIT_RSS_MB)
    written, changed = a_day(state, taken, dice)
    ids = (FLIPS + RESTORES) * ID_BYTES
    yield f"{FLIPS + RESTORES} changes in {APPLIES} updates, kB written", f"{written / 1e3:.0f}"
    yield f"  times the {ids / 1e3:.0f} kB of their ids", f"{written / ids:.1f}"
    yield from verdict(written / ids, LIMIT_WRITTEN)
    yield "  entries that had another value before", str(changed)


def verdict(figure: float, limit: float) -> Rows:
    yield f"  limit {limit:g}", "reached" if figure <= limit else "MISSED"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print_table("Signed lists on a device", rows(Path(folder)))


if __name__ == "__main__":
    main()
