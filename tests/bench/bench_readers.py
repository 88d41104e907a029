"""What other open readers read and what ours reads: `python tests/bench/bench_readers.py`.

    python tests/bench/bench_readers.py --frames 20 --seed 7 --photos FOLDER --by-strength

All readers get the same frames in one run, one thread each. Frames are drawn anew from the seed;
photos are those of a folder with a text beside each picture. Prints Markdown. Costs are time on
the processor of the machine it runs on, never of a board it does not run on.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from tests.bench.cases import DEGRADATIONS, NONE, Case, photos, readable, synthetic  # noqa: E402
from tests.bench.peers import STILLS, STREAMS, Read, Reader  # noqa: E402
from tests.bench.presentations import (  # noqa: E402
    FPS,
    FRAMES,
    Presentation,
    Seen,
    present,
    present_nothing,
    watch,
)

PHOTOS = Path(os.environ.get("CHECKPOINT_IMAGES", CHECKOUT.parent / "shared" / "images"))
SHAKES, SOON_S = (0.4, 1.0), 0.5
SHOWN_EACH = 3  # presentations a frame asked for
SLOW = 4.0
HD_PIXELS = 1280 * 720


@dataclass
class Score:
    """Of one reader. read: by set and strength; false: texts that are not there; costs by kind."""

    read: dict[tuple[str, str], list[bool]] = field(default_factory=dict)
    false: dict[str, int] = field(default_factory=dict)
    with_code_ms: list[float] = field(default_factory=list)
    without_ms: list[float] = field(default_factory=list)

    def take(self, case: Case, read: Read) -> None:
        began = time.process_time()
        texts = {readable(payload) for payload in read(case.grey)}
        cost_ms = (time.process_time() - began) * 1e3
        self.read.setdefault((case.part, case.strength), []).append(bool(texts & case.texts))
        self.false[case.part] = self.false.get(case.part, 0) + len(texts - case.texts - {""})
        if case.grey.size == HD_PIXELS:
            (self.without_ms if case.part == NONE else self.with_code_ms).append(cost_ms)


Scores = dict[str, Score]


def compare(cases: Iterable[Case], readers: Sequence[Reader]) -> tuple[Scores, dict[str, bool]]:
    """Every reader on every case; which sets should be read at all."""
    scores, made = (
        {reader.name: Score() for reader in readers},
        [reader.make() for reader in readers],
    )
    parts: dict[str, bool] = {}
    for case in cases:
        parts[case.part] = case.is_whole
        for score, read in zip(scores.values(), made, strict=True):
            score.take(case, read)
    return scores, parts


def line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def heading(cells: Sequence[str]) -> Iterator[str]:
    yield line(cells)
    yield line("---" for _ in cells)


def reads_table(scores: Scores, parts: dict[str, bool], *, by_strength: bool) -> Iterator[str]:
    """Correct reads by set; the column before ours: any of the others."""
    others = [name for name in scores if not name.startswith("ours")]
    ours = [name for name in scores if name not in others]
    yield from heading(["correct reads", "of", *others, "any of them", *ours])
    whole = [part for part, is_whole in parts.items() if is_whole]
    for part in whole:
        keys = [key for key in scores[ours[0]].read if key[0] == part]
        if by_strength and len(keys) > 1:
            for key in keys:
                yield _reads_line(f"{part} {key[1]}", scores, [key], others, ours)
        else:
            yield _reads_line(_named(part, keys), scores, keys, others, ours)


def _named(part: str, keys: Sequence[tuple[str, str]]) -> str:
    strengths = ", ".join(strength for _, strength in keys if strength)
    is_drawn = any(part == each.name for each in DEGRADATIONS)
    return f"{part}: {strengths}" if is_drawn and len(keys) > 1 else part


def _reads_line(
    name: str,
    scores: Scores,
    keys: Sequence[tuple[str, str]],
    others: Sequence[str],
    ours: Sequence[str],
) -> str:
    hits = {
        reader: [hit for key in keys for hit in score.read[key]] for reader, score in scores.items()
    }
    together = [any(each) for each in zip(*(hits[other] for other in others), strict=True)]
    counts = [sum(hits[other]) for other in others]
    return line([name, len(together), *counts, sum(together), *(sum(hits[own]) for own in ours)])


def costs_table(scores: Scores, parts: dict[str, bool]) -> Iterator[str]:
    """False reads of all sets, of those without a whole code, and what a frame costs."""
    yield from heading(
        ["reader", "false reads", "of these where no code is", "CPU ms at 720p, median", "p95",
         "no code in view, median"]
    )  # fmt: skip
    for name, score in scores.items():
        nowhere = sum(score.false[part] for part, is_whole in parts.items() if not is_whole)
        yield line(
            [name, sum(score.false.values()), nowhere, percentile(score.with_code_ms, 0.5),
             percentile(score.with_code_ms, 0.95), percentile(score.without_ms, 0.5)]
        )  # fmt: skip


def percentile(values: Sequence[float], share: float) -> str:
    """With a digit; a dash where nothing was measured."""
    if not values:
        return "–"
    return f"{sorted(values)[min(len(values) - 1, int(len(values) * share))]:.1f}"


Present = Callable[[int, int, float], Presentation]


def watched(
    make: Present, count: int, seed: int, shake: float, readers: Sequence[Reader]
) -> dict[str, list[Seen]]:
    """By reader, what became of each presentation."""
    seen: dict[str, list[Seen]] = {reader.name: [] for reader in readers}
    for number in range(count):
        shown = make(seed, number, shake)
        for reader in readers:
            seen[reader.name].append(watch(reader, shown, SLOW))
    return seen


def streams_table(count: int, seed: int, shake: float, readers: Sequence[Reader]) -> Iterator[str]:
    """When a code held up by hand is read by readers that are busy meanwhile."""
    yield from heading(
        [f"{count} codes held up, shake {shake}", "read", f"within {SOON_S} s",
         "seconds, median of those read", "false", "CPU ms a frame, median", "p95"]
    )  # fmt: skip
    for name, all_seen in watched(present, count, seed, shake, readers).items():
        after = [each.after_s for each in all_seen if each.after_s is not None]
        median = f"{statistics.median(after):.2f}" if after else "–"
        soon = sum(after_s <= SOON_S for after_s in after)
        yield line([name, len(after), soon, median, *_false_and_costs(all_seen)])


def nothing_table(count: int, seed: int, readers: Sequence[Reader]) -> Iterator[str]:
    """What looking costs where there is nothing to be read."""
    what = f"{count} pages, keyboards, fences, squares, tiles held up"
    yield from heading([what, "false", "CPU ms a frame, median", "p95"])
    for name, all_seen in watched(present_nothing, count, seed, SHAKES[0], readers).items():
        yield line([name, *_false_and_costs(all_seen)])


def _false_and_costs(all_seen: Sequence[Seen]) -> Iterator[str]:
    costs = [cost for each in all_seen for cost in each.cpu_ms]
    yield str(sum(each.is_false for each in all_seen))
    yield percentile(costs, 0.5)
    yield percentile(costs, 0.95)


def cases(frames: int, seed: int, folder: Path | None, only: str) -> Iterator[Case]:
    if folder is not None and folder.is_dir() and only in ("all", "photos"):
        yield from photos(folder)
    if only in ("all", "frames"):
        yield from synthetic(frames, seed)


def still_tables(chosen: argparse.Namespace) -> Iterator[Iterator[str]]:
    """Of single pictures."""
    found = cases(chosen.frames, chosen.seed, chosen.photos, chosen.only)
    scores, parts = compare(found, STILLS)
    if parts:
        yield reads_table(scores, parts, by_strength=chosen.by_strength)
        yield costs_table(scores, parts)


def moving_tables(chosen: argparse.Namespace) -> Iterator[Iterator[str]]:
    """Of what is held up."""
    count = SHOWN_EACH * chosen.frames
    for shake in SHAKES:
        yield streams_table(count, chosen.seed, shake, STREAMS)
    yield nothing_table(count, chosen.seed, STREAMS)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--frames", type=int, default=1, help="at each strength; 20 for good figures")
    add("--seed", type=int, default=1)
    add("--photos", type=Path, default=PHOTOS, help="pictures with a .txt beside each")
    add("--only", choices=("all", "photos", "frames", "streams"), default="all")
    add("--by-strength", action="store_true", help="a line for each strength")
    return parser.parse_args()


def main() -> None:
    chosen = parsed()
    print(f"{platform.machine()}, {os.cpu_count()} cores, not a Raspberry Pi; seed {chosen.seed}")
    if chosen.only != "streams":
        print_tables(still_tables(chosen))
    if chosen.only in ("all", "streams"):
        print_tables(moving_tables(chosen))
        print(
            f"\nHeld up: {FRAMES} frames at {FPS} a second; a reader is busy for {SLOW:g} times "
            "its CPU time here, and misses the frames of that time."
        )


def print_tables(tables: Iterable[Iterable[str]]) -> None:
    """Each line as soon as it is known."""
    for table in tables:
        print()
        for row in table:
            print(row, flush=True)


if __name__ == "__main__":
    main()
