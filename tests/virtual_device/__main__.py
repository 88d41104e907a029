"""`python -m tests.virtual_device [PART...] [--cache DIR]`: the virtual device, part by part.

Exit 0: every figure is reached. 1: some are not; the table says which. 69: it cannot be built here.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.virtual_device import jobs
from tests.virtual_device.day import judge, play, together
from tests.virtual_device.jobs import Line
from tests.virtual_device.machine import GUESTS, Image, boot, side_by_side
from tests.virtual_device.script import COUNTS, Kind, day
from tests.virtual_device.visits import visits

HERE = Path(__file__).parent
SEED = 20270301
WARM_S = 180.0
UNAVAILABLE = 69
NEEDED = {
    "mmdebstrap": "mmdebstrap",
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mke2fs": "e2fsprogs",
    "zstd": "zstd",
}


def virtual_day(image: Image, work: Path) -> list[Line]:
    """The day in parts, each in a guest of its own, side by side; and how long a warm run took."""
    days = [day(SEED + part, part_of_day()) for part in range(GUESTS)]
    began_s, used_s = time.monotonic(), _processor_s()
    played = side_by_side(partial(play, image), days, work)
    judgement = together([judge(*each) for each in zip(days, played, strict=True)])
    took_s, used_s = time.monotonic() - began_s, _processor_s() - used_s
    took = f"{took_s:.0f} s ({GUESTS} x {used_s / GUESTS:.0f} s of a processor)"
    for line in judgement.wrong[:40]:
        print(" ", line)
    counts = Counter(event.kind.value for events in days for event in events)
    print("  " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
    right, edges = f"{judgement.right} of {judgement.events}", f"{judgement.edges} edges"
    return [
        Line("events of the day", f"{judgement.events} right", right, judgement.is_good),
        _none("green for what is no valid pass", judgement.green_for_invalid),
        _none(f"glitches among {edges}", judgement.glitches),
        Line("a warm run", f"≤ {WARM_S:g} s", took, took_s <= WARM_S),
    ]


def _processor_s() -> float:
    """Of the processes that this one has started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def part_of_day() -> dict[Kind, int]:
    """What happens before one of the cameras."""
    return {kind: count // GUESTS for kind, count in COUNTS.items()}


def _none(what: str, count: int) -> Line:
    return Line(what, "0", str(count), count == 0)


PARTS: dict[str, Callable[[Image, Path], list[Line]]] = {
    "day": virtual_day,
    "units": jobs.units,
    "ready": jobs.ready,
    "first-green": jobs.first_green,
    "faults": jobs.faults,
    "visits": visits,
}


def build(cache: Path) -> Image:
    """The image of this checkout's package; booted once. Raises CalledProcessError."""
    words = ["sh", str(HERE / "build.sh"), str(cache)]
    built = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    image = Image(Path(built.stdout.strip().splitlines()[-1]))
    boot(image, cache / "boot")
    return image


def missing() -> list[str]:
    """Debian's names of what is not here."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [package for word, package in NEEDED.items() if shutil.which(word, path=path) is None]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if lacking := missing():
        packages = " ".join(lacking)
        print(f"virtual device: as root, run:  apt-get install -y {packages}", file=sys.stderr)
        return UNAVAILABLE
    if os.geteuid() != 0:
        print("virtual device: run this as root: it makes a root file system.", file=sys.stderr)
        return UNAVAILABLE
    image = build(options.cache)
    lines = []
    for part in options.parts or PARTS:
        print(f"{part} …", flush=True)
        found = PARTS[part](image, options.cache / "runs" / part)
        print_lines(found)  # the rest may take an hour
        lines += found
    print_table(lines)
    return 0 if all(line.is_good for line in lines) else 1


def print_table(lines: Sequence[Line]) -> None:
    """One line a figure."""
    print(f"\n{'':7}{'figure':34}{'wanted':18}seen (emulated, never a Raspberry Pi's time)")
    print_lines(lines)


def print_lines(lines: Sequence[Line]) -> None:
    for line in lines:
        mark = "ok" if line.is_good else "WRONG"
        print(f"{mark:7}{line.what:34}{line.wanted:18}{line.got}", flush=True)


def default_cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "scanner-virtual-device"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.virtual_device", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART",
                        help=f"of {', '.join(PARTS)}; all by default")  # fmt: skip
    parser.add_argument("--cache", type=Path, default=default_cache())
    return parser


if __name__ == "__main__":
    sys.exit(main())
