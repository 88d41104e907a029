"""What the process of the loop costs: `python tests/bench/bench_loop.py`.

Imports in a fresh process each time; then the device that ships, on recorded frames at 720p and
mock pins, with the reader in a process of its own.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from scanner.assembly.lists import install_lists  # noqa: E402 - after the path is set
from scanner.store.migrations import migrate  # noqa: E402
from tests.bench.table import print_table  # noqa: E402
from tests.house.test_startup import LOOP  # noqa: E402

TIMES, FRAMES = 5, 100
FRAMES_A_SECOND = 60.0
SAMPLES = CHECKOUT / "sample_codes"
SHOWN = "work-night.png"  # 1280 x 720
IMPORT_MS, IMPORTED_MB, SCANNED_MB = 400.0, 75.0, 110.0

MEMORY = """
def memory_mb():
    status = open("/proc/self/status").read()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
"""
BARE = MEMORY + "print(0, memory_mb())"
IMPORTS = (
    MEMORY
    + f"""
import importlib, time
began = time.process_time()
for name in {LOOP!r}:
    importlib.import_module(name)
print((time.process_time() - began) * 1e3, memory_mb())
"""
)
SCANS = (
    MEMORY
    + """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from scanner.assembly.device import open_device
from scanner.config import load_settings

settings, state = load_settings(Path(sys.argv[1])), Path(sys.argv[2])
at = datetime(2020, 4, 29, 1, 10, tzinfo=UTC)
with open_device(settings, state, simulate=True, at=at) as device:
    began, scans = time.process_time(), 0
    while not device.has_ended():
        scans += device.turn() is not None
        time.sleep(0.002)
    spent_ms = (time.process_time() - began) * 1e3
    if not scans:
        raise SystemExit("the recording led to no scan")
    print(spent_ms, memory_mb())
"""
)


def fresh(program: str, *arguments: object) -> tuple[float, float]:
    """Milliseconds of processor time and megabytes resident, as a new process prints them."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT), "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    spent_ms, memory_mb = map(float, done.stdout.split())
    return spent_ms, memory_mb


def median_of(program: str, *arguments: object) -> tuple[float, float]:
    spent_ms, memory_mb = zip(*(fresh(program, *arguments) for _ in range(TIMES)), strict=True)
    return statistics.median(spent_ms), statistics.median(memory_mb)


def make_device(folder: Path) -> tuple[Path, Path]:
    """Settings and state of a simulated device with a recording of FRAMES frames."""
    frames, state = folder / "frames", folder / "state"
    frames.mkdir()
    for number in range(FRAMES):
        shutil.copy(SAMPLES / SHOWN, frames / f"{number:03}.png")
    settings = folder / "checkpoint.toml"
    settings.write_text(
        f'standalone = true\n[camera]\nsource = "dir:{frames}"\nfps = {FRAMES_A_SECOND}\n'
        '[pins]\nfactory = "mock"\n'
    )
    migrate(state)
    install_lists(state, SAMPLES / "bundle", SAMPLES / "fleet.key", allow_test_keys=True)
    return settings, state


def rows(folder: Path) -> Iterator[tuple[str, str]]:
    yield "bare interpreter, MB resident", f"{median_of(BARE)[1]:.0f}"
    import_ms, imported_mb = median_of(IMPORTS)
    yield "imports of the loop, CPU ms", f"{import_ms:.0f}"
    yield _target(import_ms, IMPORT_MS)
    yield "loop process after imports, MB resident", f"{imported_mb:.0f}"
    yield _target(imported_mb, IMPORTED_MB)
    scan_ms, scanned_mb = median_of(SCANS, *make_device(folder))
    yield f"loop process after {FRAMES} frames at 720p, MB resident", f"{scanned_mb:.0f}"
    yield _target(scanned_mb, SCANNED_MB)
    yield (
        "a frame in the loop process, lamps and camera thread too, CPU ms",
        (f"{scan_ms / FRAMES:.1f}"),
    )


def _target(figure: float, most: float) -> tuple[str, str]:
    return f"  target {most:.0f}", "reached" if figure <= most else "MISSED"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print_table(f"Process of the loop, median of {TIMES}", rows(Path(folder)))


if __name__ == "__main__":
    main()
