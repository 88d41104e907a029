"""How fast and how large the reader is: `python tests/bench/bench_reader.py`.

The figures are of the machine it runs on, never of a board it does not run on.
"""

from __future__ import annotations

import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

import cv2  # noqa: E402 - after the path has been set, so that no installation is needed
import numpy as np  # noqa: E402
import segno  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from scanner.ports import Frame  # noqa: E402
from scanner.vision.decode import decode  # noqa: E402
from scanner.vision.link import ReaderLink  # noqa: E402

Grey = NDArray[np.uint8]
KILLS, STOPS = 10, 5
HEIGHT, WIDTH = 720, 1280
BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

LOOP = """
import sys, time
began = time.process_time()
from contextlib import closing
import hardware.camera, scanner.vision.link
import sqlite3, cryptography.hazmat.primitives.asymmetric.ed25519
import scanner.core.claims, scanner.core.verdict, scanner.core.signal, scanner.core.record

def memory():
    status = open("/proc/self/status").read()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024

print(f"{(time.process_time() - began) * 1e3:.0f} {memory():.0f}")
with closing(scanner.vision.link.ReaderLink()) as link, closing(
    hardware.camera.open_camera(
        "dir:" + sys.argv[1], fps=200, monotonic=time.monotonic, loop=True, every_frame=True
    )
) as camera:
    link.wait_until_ready()
    read = 0
    while read < 100:
        frame = camera.newest()
        read += frame is not None and link.read(frame) is not None
print(f"{memory():.0f}")
"""


def scenes(seed: int = 1) -> Iterator[Grey]:
    """720p frames with one code each: from large and sharp to small, soft and grainy."""
    rng = np.random.default_rng(seed)
    for module_px in np.linspace(5.0, 1.8, 40):
        text = "MP1:" + "".join(rng.choice(list(BASE45), 346))
        code = segno.make(text, error="M", micro=False, boost_error=False)
        modules = np.pad(np.array([list(row) for row in code.matrix], np.uint8), 4)
        sharp = np.kron(1 - modules, np.full((8, 8), 200, np.uint8)).astype(np.uint8)
        side = int(modules.shape[0] * module_px)
        small = cv2.resize(sharp, (side, side), interpolation=cv2.INTER_AREA)
        frame = np.full((HEIGHT, WIDTH), 90, np.uint8)
        left, top = int(rng.integers(0, WIDTH - side)), int(rng.integers(0, HEIGHT - side))
        frame[top : top + side, left : left + side] = small
        soft = cv2.GaussianBlur(frame, (0, 0), float(rng.uniform(0.5, 1.3))).astype(np.float32)
        grain = rng.normal(0, float(rng.uniform(1, 10)), soft.shape)
        yield np.clip(soft + grain, 0, 255).astype(np.uint8)


def cpu_ms(frames: Sequence[Grey]) -> tuple[list[float], int]:
    """CPU milliseconds of each frame, and how many were read."""
    costs, read = [], 0
    for frame in frames:
        began = time.process_time()
        read += bool(decode(frame))
        costs.append((time.process_time() - began) * 1e3)
    return costs, read


def worker_of(parent: int) -> int:
    """The reader's worker, the only child of its parent."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = stat.read_text().rpartition(")")[2].split()
        if int(fields[1]) == parent and fields[0] != "Z":
            return int(stat.parent.name)
    raise SystemExit("the reader has no worker")


def kill_to_read_ms(link: ReaderLink, frame: Frame) -> Iterator[float]:
    """From kill -9 of the worker to the next decoded frame."""
    for _ in range(KILLS):
        assert link.process_id is not None
        worker = worker_of(link.process_id)
        began = time.perf_counter()
        os.kill(worker, signal.SIGKILL)
        while not link.read(frame):
            pass
        yield (time.perf_counter() - began) * 1e3


def late_to_read_ms(link: ReaderLink, frame: Frame) -> Iterator[float]:
    """From the deadline that a stopped worker has missed to the next decoded frame."""
    for _ in range(STOPS):
        assert link.process_id is not None
        os.kill(worker_of(link.process_id), signal.SIGSTOP)
        while link.read(frame):  # a worker that was just being replaced may have been the one
            pass
        began = time.perf_counter()
        while not link.read(frame):
            pass
        yield (time.perf_counter() - began) * 1e3


def memory_mb(pid: int, field: str) -> float:
    """`Rss` or `Pss` (what is shared is divided among those who share it) of a process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"no {field} of process {pid}")


def loop_figures(frames: Sequence[Grey]) -> tuple[str, str, str]:
    """CPU ms of the imports, MB after the imports, MB after 100 frames of a loop-like process."""
    with tempfile.TemporaryDirectory() as folder:
        for number, frame in enumerate(frames):
            cv2.imwrite(f"{folder}/{number:02}.png", frame)
        done = subprocess.run(
            [sys.executable, "-c", LOOP, folder],
            capture_output=True,
            check=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        )
    imports_ms, after_imports, after_frames = done.stdout.split()
    return imports_ms, after_imports, after_frames


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def rows() -> Iterator[tuple[str, str]]:
    frames = list(scenes())
    codes, read = cpu_ms(frames)
    empty, _ = cpu_ms([np.full_like(frame, 90) for frame in frames[:20]])
    with closing(ReaderLink()) as link:
        began = time.perf_counter()
        link.wait_until_ready()
        yield "start of the reader, ms", f"{(time.perf_counter() - began) * 1e3:.0f}"
        kills = list(kill_to_read_ms(link, Frame(1, frames[0], 0.0)))
        yield "kill -9 → next decoded frame, ms, median", f"{statistics.median(kills):.0f}"
        yield f"kill -9 → next decoded frame, ms, worst of {KILLS}", f"{max(kills):.0f}"
        stops = list(late_to_read_ms(link, Frame(1, frames[0], 0.0)))
        yield (
            f"hung past its deadline → next decoded frame, ms, worst of {STOPS}",
            (f"{max(stops):.0f}"),
        )
        assert link.process_id is not None
        worker = worker_of(link.process_id)
        for name, pid in (("parent", link.process_id), ("worker", worker)):
            sizes = f"{memory_mb(pid, 'Rss'):.0f} / {memory_mb(pid, 'Pss'):.0f}"
            yield f"reader, {name}, MB resident / its share", sizes
    yield (
        f"decode at 720p, CPU ms, median ({read} of {len(frames)} codes read)",
        (f"{statistics.median(codes):.1f}"),
    )
    yield "decode at 720p, CPU ms, p95", f"{percentile(codes, 0.95):.1f}"
    yield "decode at 720p, nothing in view, CPU ms, median", f"{statistics.median(empty):.1f}"
    imports_ms, after_imports, after_frames = loop_figures(frames[:20])
    yield "loop-like process, imports, CPU ms", imports_ms
    yield "loop-like process after imports, MB resident", after_imports
    yield "loop-like process after 100 frames, MB resident", after_frames


def main() -> None:
    print(f"Measured here on this machine ({platform.machine()}, {os.cpu_count()} cores):")
    for name, figure in rows():
        print(f"{name:62}{figure:>12}", flush=True)


if __name__ == "__main__":
    main()
