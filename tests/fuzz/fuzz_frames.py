"""Random frames, nearly readable, through the real worker and the loop's side of it.

    python tests/fuzz/fuzz_frames.py --count 100000 --seed 1

The reader's parent never dies, nothing but our own exceptions comes out of the link, no memory
grows, no pass comes out that nobody signed, and a good frame is read after whatever came before.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import segno

from scanner.core.errors import PassError
from scanner.core.formats import open_pass
from scanner.ports import Frame
from scanner.vision.link import ReaderLink
from scanner.vision.parent import CAUSES
from scanner.vision.session import start_child
from scanner.vision.slots import Grey
from scanner.vision.worker import Ending
from tests.core.example import NOW, TRUST
from tests.fuzz.codes import code_picture
from tests.fuzz.memory import Watch
from tests.fuzz.pictures import changed, load
from tests.fuzz.readers import PASSES

SAMPLES = Path(__file__).parents[2] / "sample_codes"
LOOKS = 80  # at the memory
EVERY = 100  # frames between two that must be read
TRIES = 5  # the first may be lost with its worker
MOST_GROWTH_MB = 16.0
FAULT = CAUSES[Ending.ITS_OWN_FAULT]  # native code may be killed, ours may not raise


@dataclass
class Tally:
    """Frames that were read, that had nothing to read, that were skipped with their worker.

    `log`: how their workers ended, as the reader's parent says it.
    """

    log: list[str] = field(default_factory=list)
    frames: Counter[str] = field(default_factory=Counter)
    passes: int = 0
    memory: dict[str, str] = field(default_factory=dict)


def frames(
    count: int, seed: int, folders: Sequence[Path], first: int = 0
) -> Iterator[tuple[int, Grey]]:
    """With their numbers; of each frame the number and the seed are enough to make it again."""
    pictures = [*load(folders), *(_drawn(text) for text in PASSES)]
    for number in range(first, first + count):
        random = np.random.default_rng([seed, number])
        if random.random() < 0.5:
            grey = code_picture(random, PASSES)
            yield number, changed(random, grey, pictures) if random.random() < 0.5 else grey
        else:
            grey = pictures[int(random.integers(len(pictures)))]
            yield number, changed(random, grey, pictures)


def _drawn(text: bytes) -> Grey:
    code = segno.make(text, error="M", micro=False, boost_error=False)
    modules = np.pad(np.array([list(row) for row in code.matrix], np.uint8), 4)
    return np.kron((1 - modules) * np.uint8(255), np.ones((4, 4), np.uint8))


def run(
    count: int,
    seed: int,
    folders: Sequence[Path] = (SAMPLES,),
    first: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> Tally:
    """Raises AssertionError naming the frame at the first thing that may not be.

    progress: hears how far it is, LOOKS times.
    """
    tally, card = Tally(), _drawn(PASSES[0])
    with TemporaryFile("w+") as log, closing(_link(log.fileno())) as link:
        assert link.wait_until_ready()
        parent = link.process_id
        assert parent is not None
        watches = {"loop": Watch(), "reader's parent": Watch(parent)}
        for number, grey in frames(count, seed, folders, first):
            where = f"frame {number}, seed {seed}"
            if not _read(link, grey, tally, where):
                log.seek(0)
                tally.log = log.read().splitlines()
                assert not [line for line in tally.log if FAULT in line], f"{where}: {tally.log}"
            if number % EVERY == 0:
                assert _reads(link, card), f"{where}: a good frame is not read after it"
            assert (link.process_id, link.replaced) == (parent, 0), f"{where}: the parent has gone"
            if (number - first) % max(1, count // LOOKS) == 0:
                for name, watch in watches.items():
                    watch.look()
                    tally.memory[name] = f"{watch.seen_mb[-1]:.1f} MB"
                progress(f"{where}: {dict(tally.frames)}, {tally.memory}")
    for name, watch in watches.items():
        tally.memory[name] = story = watch.story()
        assert watch.growth_mb() < MOST_GROWTH_MB, f"memory of the {name} grew by {story}"
    return tally


def _link(log_fd: int) -> ReaderLink:
    """With so much time for a frame that a busy machine does not matter."""
    return ReaderLink(partial(start_child, hang_s=20.0, log_fd=log_fd), deadline_s=30.0)


def _read(link: ReaderLink, grey: Grey, tally: Tally, where: str) -> bool:
    """Whether there is an answer; what it yields is no pass, unless somebody signed it."""
    readings = link.read(Frame(1, grey, 0.0))
    if readings is None:
        tally.frames["skipped"] += 1
        return False
    tally.frames["read" if readings else "nothing"] += 1
    for reading in readings:
        if _opens(reading.payload):
            assert reading.payload in PASSES, f"{where}: a false pass"
            tally.passes += 1
    return True


def _opens(payload: bytes) -> bool:
    try:
        open_pass(payload, TRUST, NOW)
    except PassError:
        return False
    return True


def _reads(link: ReaderLink, card: Grey) -> bool:
    for _ in range(TRIES):
        if readings := link.read(Frame(1, card, 0.0)):
            return [reading.payload for reading in readings] == [PASSES[0]]
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--photos", type=Path, action="append", default=[], help="a folder more")
    parser.add_argument("--first", type=int, default=0, help="the number of the first frame")
    chosen = parser.parse_args()
    began = time.perf_counter()
    folders = (SAMPLES, *chosen.photos)
    tally = run(chosen.count, chosen.seed, folders, chosen.first, partial(print, file=sys.stderr))
    wall = time.perf_counter() - began
    counts = ", ".join(f"{name} {number}" for name, number in sorted(tally.frames.items()))
    grown = "; ".join(f"{name} {story}" for name, story in tally.memory.items())
    print(*tally.log, sep="\n")
    print(
        f"{chosen.count} frames, seed {chosen.seed}: {counts}; {tally.passes} genuine passes, no "
        f"false one; parent never died; {grown}; {wall:.0f} s ({chosen.count / wall:.0f} a second)"
    )


if __name__ == "__main__":
    main()
