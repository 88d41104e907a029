"""Random bytes, nearly genuine, into everything that reads what strangers made.

    python tests/fuzz/fuzz_text.py --count 10000000 --seed 1

Only our own exceptions may come out, no pass that nobody signed, and memory stays where it is.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fuzz.memory import Watch
from tests.fuzz.mutation import mutated
from tests.fuzz.readers import READERS, Reader

LOOKS = 80  # at the memory
MOST_KEPT = 200  # inputs of a reader that had a new answer: later ones start from them, too
MOST_GROWTH_MB = 8.0


@dataclass
class Tally:
    """How often each reader was tried, and how often it took what it got."""

    tried: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    memory: str = ""


class Trial:
    """One reader, what it starts from, and the answers it has given."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._kept = list(reader.seeds)
        self._answers: set[str] = set()

    def next(self, random: Random) -> bytes:
        return mutated(random, random.choice((self.reader.seeds, self._kept)))

    def takes(self, raw: bytes) -> bool:
        """Whether it reads that without an error of its own. Any other error leaves."""
        try:
            self.reader.read(raw)
        except self.reader.own as error:
            self._keep(raw, f"{type(error).__name__} {error}"[:48])
            return False
        return True

    def _keep(self, raw: bytes, answer: str) -> None:
        """What brought a new answer went further than what came before: worth another edit."""
        if answer not in self._answers and len(self._kept) < MOST_KEPT:
            self._answers.add(answer)
            self._kept.append(raw)


def run(count: int, seed: int, readers: Sequence[Reader] = READERS) -> Tally:
    """Raises AssertionError naming reader, seed and bytes at the first answer that may not be."""
    random, watch, tally = Random(seed), Watch(), Tally()
    trials = [trial for trial in map(Trial, readers) for _ in range(trial.reader.share)]
    for number in range(count):
        trial = random.choice(trials)
        raw = trial.next(random)
        try:
            tally.taken[trial.reader.name] += trial.takes(raw)
        except Exception as error:
            name, kind = trial.reader.name, type(error).__name__
            raise AssertionError(f"{name}, seed {seed}: {kind} for {raw.hex()}") from error
        tally.tried[trial.reader.name] += 1
        if number % max(1, count // LOOKS) == 0:
            watch.look()
    tally.memory = watch.story()
    assert watch.growth_mb() < MOST_GROWTH_MB, f"memory grew by {tally.memory}"
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    began = time.perf_counter(), time.process_time()
    tally = run(chosen.count, chosen.seed)
    wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    for name, tried in tally.tried.most_common():
        print(f"{name:28}{tried:>10}{tally.taken[name]:>10} taken")
    print(
        f"{chosen.count} inputs, seed {chosen.seed}: no exception but ours, no false pass; "
        f"memory {tally.memory}; {wall:.0f} s ({chosen.count / wall:.0f} a second), "
        f"{cpu:.0f} s CPU"
    )


if __name__ == "__main__":
    main()
